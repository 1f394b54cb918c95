"""Every clock of an edition's terms on a ticket, with the calendars compiled once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from domain.clock import run
from domain.clocks.runs import ClockRun
from domain.facts import Ticket, TicketEvent
from domain.opening_hours import compiled
from domain.service_calendar import ServiceCalendar
from domain.terms.shape import Terms
from domain.zones import zone_named


@dataclass(frozen=True)
class Clocks:
    """The clocks of terms."""

    terms: Terms

    @cached_property
    def zone(self) -> ZoneInfo:
        """The agreement's zone."""
        return zone_named(self.terms.zone)

    @cached_property
    def _calendars(self) -> Mapping[str, ServiceCalendar]:
        return {key: compiled(each, self.zone) for key, each in self.terms.calendars.items()}

    @cached_property
    def _working(self) -> ServiceCalendar | None:
        key = self.terms.working_days
        return None if key is None else self._calendars[key]

    def on(self, ticket: Ticket, events: Iterable[TicketEvent], now: datetime) -> list[ClockRun]:
        """The clocks that have a limit for the ticket, as they stand now."""
        events = tuple(events)
        runs = (
            run(clock, ticket, events, self._calendars, self.zone, now, self._working)
            for clock in self.terms.clocks
        )
        return [each for each in runs if each is not None]
