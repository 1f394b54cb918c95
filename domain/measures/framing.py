"""From the facts of an agreement to the frames of its windows; what frames share is made once."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.clock import ClockRun, run
from domain.clocks.every import FEW
from domain.clocks.hours import Agreed, calendars_of
from domain.facts import CountFact, Fact, Outage, Ticket, TicketEvent
from domain.facts.book import FactBook
from domain.measurement import carries_on
from domain.measures.cuts import Cut, without
from domain.measures.figure import Frame
from domain.measures.selection import Selection, Shelf, select
from domain.opening_hours import compiled
from domain.periods import Period
from domain.results import Dim
from domain.service_calendar import ServiceCalendar
from domain.terms.calendars import Stop, TicketClock
from domain.terms.shape import Kpi, Terms
from domain.timeline import Edition, Timeline
from domain.zones import zone_named

NONE = Shelf()


@dataclass(frozen=True, slots=True)
class Known:
    """The facts, the events of each ticket, and the instant as of which clocks are read.

    `known_at` is that as of which everything is known; None is without end.
    """

    book: FactBook
    events: Mapping[str, list[TicketEvent]]
    now: datetime | None
    known_at: datetime | None = None


def known(book: FactBook, known_at: datetime | None) -> Known:
    """Clocks are read as of `known_at`, or as far as the facts about tickets reach."""
    events: dict[str, list[TicketEvent]] = defaultdict(list)
    for event in book.ticket_events:
        events[event.ticket].append(event)
    if known_at is not None:
        return Known(book, events, known_at, known_at)
    instants = [event.at for event in book.ticket_events]
    for ticket in book.tickets:
        told = (ticket.opened_at, ticket.responded_at, ticket.resolved_at, ticket.closed_at)
        instants.extend(at for at in told if at is not None)
    return Known(book, events, max(instants, default=None))


@dataclass(frozen=True, slots=True)
class Settings:
    """Every edition's setting for the same facts, each made once."""

    timeline: Timeline
    known: Known
    made: dict[int, "Setting"] = field(default_factory=dict)

    def of(self, edition: Edition) -> "Setting":
        """The setting of an edition."""
        if edition.number not in self.made:
            self.made[edition.number] = Setting(edition, self.known, self)
        return self.made[edition.number]

    def at(self, instant: datetime) -> "Setting":
        """The setting of the edition in force."""
        return self.of(self.timeline.at(instant))


@dataclass(frozen=True, slots=True)
class Setting:
    """One edition's terms and the facts; keeps selections, calendars and clocks once made."""

    edition: Edition
    known: Known
    every: Settings
    selections: dict[str, Selection] = field(default_factory=dict)
    calendars: dict[str, ServiceCalendar] = field(default_factory=dict)
    runs: dict[tuple[str, str], ClockRun | None] = field(default_factory=dict)

    @property
    def terms(self) -> Terms:
        """The edition's terms."""
        return self.edition.terms

    @property
    def zone(self) -> ZoneInfo:
        """The agreement's zone."""
        return zone_named(self.terms.zone)

    def selection(self, kpi: Kpi) -> Selection:
        """The facts that a KPI of these terms takes."""
        if kpi.key not in self.selections:
            self.selections[kpi.key] = select(kpi, self.known.book)
        return self.selections[kpi.key]

    def calendar(self, key: str) -> ServiceCalendar:
        """A calendar of these terms, compiled."""
        if key not in self.calendars:
            self.calendars[key] = compiled(self.terms.calendars[key], self.zone)
        return self.calendars[key]

    @property
    def working(self) -> ServiceCalendar | None:
        """The calendar of working days; None is Monday to Friday."""
        key = self.terms.working_days
        return None if key is None else self.calendar(key)

    def dims(self, kpi: Kpi, since: datetime, until: datetime) -> set[Dim]:
        """Every dimension of which there are facts in that time."""
        selection = self.selection(kpi)
        shelves = (*selection.facts.items(), *selection.volumes.items())
        carried = carries_on(kpi.measure)
        return {
            dim
            for dim, shelf in shelves
            if shelf.within(since, until) or (carried and shelf.last_before(since))
        }

    def frame(
        self,
        kpi: Kpi,
        dim: Dim,
        period: Period,
        cut: tuple[Cut, ...] = (),
        parts: Mapping[str, Fraction | None] | None = None,
    ) -> Frame:
        """A period of a KPI with all that its measure needs; what happened in `cut` is left out."""
        selection = self.selection(kpi)
        shelf = selection.facts.get(dim, NONE)
        if carries_on(kpi.measure):
            # A state of before holds on; whatever is cut, the states stay whole.
            within = shelf.within(period.start, period.end)
            facts = [*shelf.last_before(period.start), *within]
        else:
            facts = _uncut(shelf, period, cut)
        volumes = _uncut(selection.volumes.get(dim, NONE), period, cut)
        hours = kpi.measure.calendar
        return Frame(
            kpi=kpi,
            start=period.start,
            end=period.end,
            zone=self.zone,
            facts=facts,
            volumes=[fact for fact in volumes if isinstance(fact, CountFact)],
            runs=self._runs_of(kpi, facts),
            parts=parts or {},
            hours=None if hours is None else self.calendar(hours),
            cut=cut,
            known_at=self.known.known_at,
        )

    def _runs_of(self, kpi: Kpi, facts: list[Fact]) -> dict[str, ClockRun | None]:
        """The clock of each ticket by the terms at its opening, whichever those of the period are.

        So it is the same clock whose deadline people were told, and a later edition judges nothing
        by a limit that was not agreed when the ticket came.
        """
        key = kpi.measure.clock
        if key is None:
            return {}
        tickets: dict[int, list[Ticket]] = defaultdict(list)
        for ticket in (fact for fact in facts if isinstance(fact, Ticket)):
            tickets[self.every.at(ticket.opened_at).edition.number].append(ticket)
        return {
            name: each
            for number, several in tickets.items()
            for name, each in self.every.made[number].clocks(key, several).items()
        }

    def clocks(self, key: str, tickets: list[Ticket]) -> dict[str, ClockRun | None]:
        """A clock of these terms on tickets, by their ids; None where no limit fits."""
        clock = next(each for each in self.terms.clocks if each.key == key)
        self._run_plain(clock, tickets)
        return {ticket.id: self._run(clock, ticket) for ticket in tickets}

    def _run_plain(self, clock: TicketClock, tickets: list[Ticket]) -> None:
        """Where many tickets have no events, their clocks are reckoned together."""
        plain = [
            ticket
            for ticket in tickets
            if (clock.key, ticket.id) not in self.runs and not self.known.events.get(ticket.id)
        ]
        if self.known.now is None or len(plain) < FEW or clock.stops == Stop.UPDATE:
            return
        from domain.clocks.plain import plain_runs  # numpy, only where there is use for it

        hours = {key: self.calendar(key) for key in calendars_of(clock)}
        agreed = Agreed(hours, self.zone, self.working)
        for name, each in plain_runs(clock, plain, agreed, self.known.now).items():
            self.runs[clock.key, name] = each

    def _run(self, clock: TicketClock, ticket: Ticket) -> ClockRun | None:
        place = clock.key, ticket.id
        if place not in self.runs:
            hours = {key: self.calendar(key) for key in calendars_of(clock)}
            events = self.known.events.get(ticket.id, [])
            now = self.known.now or ticket.opened_at
            self.runs[place] = run(clock, ticket, events, hours, self.zone, now, self.working)
        return self.runs[place]


def _uncut(shelf: Shelf, period: Period, cut: tuple[Cut, ...]) -> list[Fact]:
    """The facts of a period less those in the cut. Outages stay whole: their measure cuts them."""
    found = shelf.within(period.start, period.end)
    if not cut or (found and isinstance(found[0], Outage)):
        return found
    return [
        fact
        for start, end in without(period.start, period.end, cut)
        for fact in shelf.within(start, end)
    ]
