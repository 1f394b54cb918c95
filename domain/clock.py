"""The clocks that run on tickets: how long one ran, until when it may, and how it ended.

A clock starts when its ticket is opened; `domain.pauses` tells when it stops and pauses.

Lengths in hours, minutes and seconds are of open hours. Days, weeks, months and years keep the
local clock time of the opening and run around the clock, whatever the calendar; working days run
from midnight to midnight of working days. The deadline moves by what each pause takes of that
time, if it starts before the deadline. While a clock is paused there is none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.facts import Ticket, TicketEvent
from domain.numbers import shown
from domain.pauses import Pause, disjoint, in_states, stop_of
from domain.service_calendar import (
    ALWAYS,
    NeverOpenError,
    ServiceCalendar,
    later,
    monday_to_friday,
)
from domain.spans import SECONDS, Span, Unit
from domain.terms.calendars import Limits, TicketClock
from domain.terms.measures import Where
from domain.zones import local_date, midnight


class ClockStatus(StrEnum):
    """Where a clock stands. One that stopped exactly at its deadline is met."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"


class SegmentKind(StrEnum):
    """What a clock did in a stretch of time; in a pause, open hours make no difference."""

    OPEN = "open"
    CLOSED_HOURS = "closed hours"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch within one local day in which a clock did one thing, and why."""

    start: datetime
    end: datetime
    kind: SegmentKind
    why: str


@dataclass(frozen=True, slots=True)
class Basis:
    """The time in which a length counts, and how to say so."""

    hours: ServiceCalendar = field(repr=False)
    how: str


@dataclass(frozen=True, slots=True)
class ClockRun:
    """A clock on a ticket, as it stood at `until`: when it stopped, or else now.

    `elapsed` is the time that counts less pauses, `left` what remains of the limit, in seconds;
    negative when overrun. There is no deadline in a pause, and none that no calendar reaches.
    """

    ticket: str
    clock: str
    deadline: datetime | None
    elapsed: Fraction
    left: Fraction
    status: ClockStatus
    opened_at: datetime
    stopped_at: datetime | None
    until: datetime
    pauses: tuple[Pause, ...]
    limits: Limits
    basis: Basis = field(repr=False)
    zone: ZoneInfo = field(repr=False)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What it did from the opening on, in order, cut at local midnights."""
        return tuple(_by_day(self._stretches(), self.zone))

    @property
    def reason(self) -> tuple[str, ...]:
        """How the figures come about, in sentences; local times of the agreement's zone."""
        return tuple(self._sentences())

    def _stretches(self) -> Iterator[Segment]:
        reached = self.opened_at
        for pause in self.pauses:
            end = pause.end or self.until
            yield from _counting(self.basis, reached, pause.start)
            yield Segment(pause.start, end, SegmentKind.PAUSE, pause.why)
            reached = end
        yield from _counting(self.basis, reached, self.until)

    def _sentences(self) -> Iterator[str]:
        within = self.elapsed + self.left
        clause = f" (clause {self.limits.clause})" if self.limits.clause else ""
        yield (
            f"The clock `{self.clock}` allows {self.limits.within} {self.basis.how}{clause}, "
            f"{length_text(within)} from the opening at {_local(self.opened_at, self.zone)} "
            f"({self.zone.key})."
        )
        for pause in self.pauses:
            end = pause.end or self.until
            taken = length_text(self.basis.hours.elapsed(pause.start, end))
            span = f"from {_local(pause.start, self.zone)} to {_local(end, self.zone)}"
            yield f"It paused {span} ({pause.why}), {taken} of the time that counts."
        if self.deadline is not None:
            yield f"Its deadline is {_local(self.deadline, self.zone)}."
        elif self.status == ClockStatus.PAUSED:
            yield "It is paused, so there is no deadline."
        else:
            yield "There is no deadline: the calendar is not open for so long."
        ended = "It stopped at" if self.stopped_at else "It had not stopped at"
        over = (
            f"{length_text(-self.left)} over" if self.left < 0 else f"{length_text(self.left)} left"
        )
        yield (
            f"{ended} {_local(self.until, self.zone)}, {length_text(self.elapsed)} used, {over}: "
            f"{self.status}."
        )


def length_text(seconds: Fraction) -> str:
    """The length in hours, minutes and seconds, leaving out what is none: `1 h 44 min`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    if minutes:
        parts.append(f"{minutes} min")
    if rest or not parts:
        parts.append(f"{shown(rest, 6).rstrip('0').rstrip('.')} s")
    return " ".join(parts)


def _local(at: datetime, zone: ZoneInfo) -> str:
    """The local day and time, `2027-01-04 09:30`; with seconds where there are any."""
    return at.astimezone(zone).replace(tzinfo=None).isoformat(" ").removesuffix(":00")


def run(
    clock: TicketClock,
    ticket: Ticket,
    events: Iterable[TicketEvent],
    hours: Mapping[str, ServiceCalendar],
    zone: ZoneInfo,
    now: datetime,
    working: ServiceCalendar | None = None,
) -> ClockRun | None:
    """The clock on a ticket as it stands now; None if it has no limit for it, or is not yet opened.

    What happened after `now` is unknown. `hours` are the compiled calendars by key; `working` has
    the working days of a clock without a calendar, None is Monday to Friday.
    """
    limits = next((each for each in clock.limits if _fits(ticket.columns, each.where)), None)
    if limits is None or now < ticket.opened_at:
        return None
    opened = ticket.opened_at
    told = [event for event in events if event.ticket == ticket.id and event.at <= now]
    idle, stopped = stop_of(clock.stops, ticket, told, now)
    pauses = [*in_states(clock.pauses, told), *(idle if clock.reopening_continues else ())]
    paused = tuple(disjoint(pauses, opened, stopped))

    basis = _basis(clock, limits.within.unit, hours, zone, working)
    until = now if stopped is None else stopped
    lost = [basis.hours.elapsed(each.start, each.end or until) for each in paused]
    elapsed = basis.hours.elapsed(opened, until) - sum(lost)
    due, within = _due(limits.within, opened, basis.hours, zone)
    deadline = _moved(due, paused, basis.hours)
    return ClockRun(
        ticket=ticket.id,
        clock=clock.key,
        deadline=deadline,
        elapsed=elapsed,
        left=within - elapsed,
        status=_status(deadline, paused, stopped, now),
        opened_at=opened,
        stopped_at=stopped,
        until=until,
        pauses=paused,
        limits=limits,
        basis=basis,
        zone=zone,
    )


def _fits(columns: Mapping[str, str], where: Where) -> bool:
    return all(
        columns.get(column) in ((values,) if isinstance(values, str) else values)
        for column, values in where.items()
    )


# --- until when it may run


def _basis(
    clock: TicketClock,
    unit: Unit,
    hours: Mapping[str, ServiceCalendar],
    zone: ZoneInfo,
    working: ServiceCalendar | None,
) -> Basis:
    own = None if clock.calendar is None else hours[clock.calendar]
    if unit == Unit.WORKING_DAY:
        days = own or working or monday_to_friday(zone)
        return Basis(days.whole_days, "on working days")
    if own is not None and unit in SECONDS:
        return Basis(own, f"in the open hours of `{clock.calendar}`")
    return Basis(ALWAYS, "around the clock")


def _due(
    within: Span, opened: datetime, hours: ServiceCalendar, zone: ZoneInfo
) -> tuple[datetime | None, Fraction]:
    """The deadline of a clock that never pauses, and the seconds that it may run."""
    if within.unit in SECONDS:
        seconds = Fraction(within.amount * SECONDS[within.unit])
        return _added(hours, opened, seconds), seconds
    due = later(opened, within, zone, hours)
    return due, hours.elapsed(opened, due)


def _added(hours: ServiceCalendar, at: datetime, seconds: Fraction) -> datetime | None:
    try:
        return hours.add(at, seconds)
    except NeverOpenError:
        return None


def _moved(
    due: datetime | None, pauses: Iterable[Pause], hours: ServiceCalendar
) -> datetime | None:
    for pause in pauses:
        if due is None or pause.start >= due:
            return due
        if pause.end is None:
            return None
        due = _added(hours, due, hours.elapsed(pause.start, pause.end))
    return due


def _status(
    deadline: datetime | None,
    pauses: Iterable[Pause],
    stopped: datetime | None,
    now: datetime,
) -> ClockStatus:
    if stopped is not None:
        met = deadline is None or stopped <= deadline
        return ClockStatus.MET if met else ClockStatus.MISSED
    if deadline is not None and now >= deadline:
        return ClockStatus.MISSED
    paused = any(pause.end is None for pause in pauses)
    return ClockStatus.PAUSED if paused else ClockStatus.RUNNING


# --- segments


def _counting(basis: Basis, start: datetime, end: datetime) -> Iterator[Segment]:
    """What a clock does that does not pause: it runs in open hours."""
    reached = start
    closed = f"it counts only {basis.how}"
    for opens, closes in basis.hours.open(start, end):
        yield Segment(reached, opens, SegmentKind.CLOSED_HOURS, closed)
        yield Segment(opens, closes, SegmentKind.OPEN, f"it counts {basis.how}")
        reached = closes
    yield Segment(reached, end, SegmentKind.CLOSED_HOURS, closed)


def _by_day(segments: Iterable[Segment], zone: ZoneInfo) -> Iterator[Segment]:
    """The segments, cut at local midnights; those of no length are left out."""
    for segment in segments:
        day, last = (local_date(at, zone) for at in (segment.start, segment.end))
        reached = segment.start
        while day < last:
            day += timedelta(days=1)
            cut = midnight(day, zone)
            if reached < cut < segment.end:
                yield replace(segment, start=reached, end=cut)
                reached = cut
        if reached < segment.end:
            yield replace(segment, start=reached)
