"""Every clock of an edition's terms on a ticket, with the calendars compiled once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from domain.clock import run
from domain.clocks.choices import fits
from domain.clocks.hours import Agreed
from domain.clocks.runs import ClockRun, where_text
from domain.facts import Ticket, TicketEvent
from domain.opening_hours import compiled
from domain.service_calendar import ServiceCalendar
from domain.terms.calendars import Stop, TicketClock
from domain.terms.shape import Terms
from domain.zones import zone_named

FEW = 100
"""Below so many tickets, reckoning the clock of each by itself costs less."""


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
        runs = (self._run(clock, ticket, events, now) for clock in self.terms.clocks)
        return [each for each in runs if each is not None]

    def why_none(self, ticket: Ticket) -> list[str]:
        """Why the ticket has no clock, a sentence for each clock of the terms."""
        if not self.terms.clocks:
            return ["The terms have no clocks."]
        return [_unfitting(clock, ticket) for clock in self.terms.clocks]

    def on_each(
        self, tickets: Iterable[Ticket], events: Mapping[str, Sequence[TicketEvent]], now: datetime
    ) -> dict[str, list[ClockRun]]:
        """The same of many tickets, by id; those without events are reckoned together."""
        tickets = list(tickets)
        plain = [ticket for ticket in tickets if not events.get(ticket.id)]
        found: dict[str, list[ClockRun]] = {ticket.id: [] for ticket in tickets}
        for clock in self.terms.clocks:
            together = self._together(clock, plain, now)
            for ticket in tickets:
                if ticket.id in together:
                    each = together[ticket.id]
                else:
                    each = self._run(clock, ticket, events.get(ticket.id, ()), now)
                if each is not None:
                    found[ticket.id].append(each)
        return found

    def _run(
        self, clock: TicketClock, ticket: Ticket, events: Sequence[TicketEvent], now: datetime
    ) -> ClockRun | None:
        return run(clock, ticket, events, self._calendars, self.zone, now, self._working)

    def _together(
        self, clock: TicketClock, plain: Sequence[Ticket], now: datetime
    ) -> Mapping[str, ClockRun | None]:
        if len(plain) < FEW or clock.stops == Stop.UPDATE:
            return {}
        from domain.clocks.plain import plain_runs  # numpy, only where there is use for it

        return plain_runs(clock, plain, Agreed(self._calendars, self.zone, self._working), now)


def _unfitting(clock: TicketClock, ticket: Ticket) -> str:
    if any(fits(ticket.columns, limits.where) for limits in clock.limits):
        return f"The clock `{clock.key}` had not begun yet."
    columns = dict.fromkeys(column for limits in clock.limits for column in limits.where)
    has = ", ".join(
        f"`{column}` `{ticket.columns[column]}`" if column in ticket.columns else f"no `{column}`"
        for column in columns
    )
    limits = "; ".join(where_text(limits.where) for limits in clock.limits)
    return (
        f"No limit of the clock `{clock.key}` fits: the ticket has {has}, limits are for {limits}."
    )
