"""A clock on a ticket as it stands: its figures, its ledger, and the sentences that tell of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.clocks.closings import MEANS, WAITS_FOR
from domain.clocks.hours import Basis
from domain.clocks.ignored import ignored
from domain.clocks.pauses import Pause
from domain.clocks.segments import Segment, SegmentKind, by_day, counting
from domain.facts import TicketEvent
from domain.numbers import shown
from domain.terms.calendars import Closing, Limits, Policy, Stop, TicketClock
from domain.terms.measures import Where


class ClockStatus(StrEnum):
    """Where a clock stands. One that stopped exactly at its deadline is met.

    One is superseded that another limit or a reopening replaced before it was settled, and left out
    where that was agreed of a ticket that is closed while the clock waits.
    """

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    SUPERSEDED = "superseded"
    LEFT_OUT = "left out"


SETTLED = frozenset({ClockStatus.MET, ClockStatus.MISSED})


def stopped(at: datetime, deadline: datetime | None, closing: Closing | None) -> ClockStatus:
    """How a clock ended that stopped: in time or not, or as was agreed of a closing."""
    late = deadline is not None and at > deadline
    match closing:
        case Closing.MISSED:
            return ClockStatus.MISSED
        case Closing.LEFT_OUT:
            return ClockStatus.LEFT_OUT
        case Closing.LAPSES:
            return ClockStatus.MISSED if late else ClockStatus.LEFT_OUT
        case _:
            return ClockStatus.MISSED if late else ClockStatus.MET


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch in which one limit counted."""

    start: datetime
    end: datetime | None
    limits: Limits
    basis: Basis = field(repr=False)
    why: str = ""


@dataclass(frozen=True, slots=True)
class ClockRun:
    """A clock on a ticket, as it stood at `until`: when it stopped or was superseded, or else now.

    `elapsed` is the time that counts less pauses, `left` what remains of the limit, in seconds;
    negative when overrun. There is no deadline in a pause, and none that no calendar reaches.
    `since` is when this run began: the opening, or where the clock began anew; it counts from
    `begun_at` on. `earlier` are the runs before it, each finished as it stood: under another limit,
    before a reopening, until an update. `closing` is what was agreed where the ticket was closed
    before what the clock waited for.
    """

    ticket: str
    terms: TicketClock
    deadline: datetime | None
    elapsed: Fraction
    left: Fraction
    status: ClockStatus
    opened_at: datetime
    since: datetime
    begun_at: datetime
    stopped_at: datetime | None
    until: datetime
    pauses: tuple[Pause, ...]
    stages: tuple[Stage, ...]
    zone: ZoneInfo = field(repr=False)
    why: str = "the opening"
    superseded: str | None = None
    counts: bool = True
    closing: Closing | None = None
    earlier: tuple["ClockRun", ...] = ()
    told: tuple[TicketEvent, ...] = field(default=(), repr=False, compare=False)

    @property
    def clock(self) -> str:
        """The key of the clock."""
        return self.terms.key

    @property
    def limits(self) -> Limits:
        """The limit that counts."""
        return self.stages[-1].limits

    @property
    def basis(self) -> Basis:
        """The time in which that limit counts."""
        return self.stages[-1].basis

    @property
    def budget(self) -> Fraction:
        """The seconds that it may run."""
        return self.elapsed + self.left

    @property
    def cycles(self) -> "tuple[ClockRun, ...]":
        """Of a clock for updates, its cycles up to this one; of any other there are none."""
        if self.terms.stops != Stop.UPDATE:
            return ()
        return tuple(each for each in (*self.earlier, self) if each.counts)

    @property
    def judged(self) -> "tuple[ClockRun, ...]":
        """The runs whose outcome stands, this one included: settled, and not reckoned anew since."""
        every = () if self.is_left_out else (*self.earlier, self)
        return tuple(each for each in every if each.counts and each.status in SETTLED)

    @property
    def is_left_out(self) -> bool:
        """Whether the whole ticket is left out, with the runs before this one."""
        return self.closing == Closing.LEFT_OUT

    @property
    def was_done(self) -> bool:
        """Whether it stopped with what it waited for, or with what is as good."""
        return self.stopped_at is not None and self.closing in {None, Closing.STOPS}

    @property
    def kept(self) -> bool:
        """Whether none of its runs was missed; what was missed before a restart stays missed."""
        return all(each.status == ClockStatus.MET for each in self.judged)

    @property
    def ignored(self) -> tuple[tuple[TicketEvent, str], ...]:
        """The events that did not count for it, each with the reason."""
        return tuple(ignored(self.terms, self.told))

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What it did from its beginning on, in order, cut at local midnights."""
        return tuple(by_day(self._stretches(), self.zone))

    @property
    def ledger(self) -> tuple[Segment, ...]:
        """What the clock did from the opening to `until`, its earlier runs included."""
        return tuple(by_day(self._whole(), self.zone))

    @property
    def reason(self) -> tuple[str, ...]:
        """How the figures come about, in sentences; local times of the agreement's zone."""
        return tuple(self._sentences())

    def _whole(self) -> Iterator[Segment]:
        reached = self.opened_at
        for run in (*(each for each in self.earlier if each.counts), self):
            why = "no limit fitted" if run is self.first_counted else "finished, until it went on"
            yield Segment(reached, run.since, SegmentKind.NO_CLOCK, why)
            yield from run._stretches()  # noqa: SLF001 - its own kind
            reached = run.until

    @property
    def first_counted(self) -> "ClockRun":
        """The earliest of its runs that counts."""
        return next((each for each in self.earlier if each.counts), self)

    def _stretches(self) -> Iterator[Segment]:
        begun = min(self.begun_at, self.until)
        waits = f"it starts with the next open hour of `{self.calendar}`"
        yield Segment(self.since, begun, SegmentKind.CLOSED_HOURS, waits)
        reached = begun
        for pause in self.pauses:
            end = pause.end or self.until
            yield from self._counting(reached, pause.start)
            yield Segment(pause.start, end, SegmentKind.PAUSE, pause.why)
            reached = end
        yield from self._counting(reached, self.until)

    def _counting(self, start: datetime, end: datetime) -> Iterator[Segment]:
        """What it does between pauses, under each limit."""
        reached = start
        for stage in self.stages:
            low, high = max(start, stage.start), end if stage.end is None else min(end, stage.end)
            if low < high:
                yield Segment(reached, low, SegmentKind.NO_CLOCK, "no limit fitted")
                yield from counting(stage.basis, low, high)
                reached = high
        if reached < end:
            yield Segment(reached, end, SegmentKind.NO_CLOCK, "no limit fitted")

    @property
    def calendar(self) -> str | None:
        """The calendar of the limit that counts."""
        return self.limits.calendar or self.terms.calendar

    def seconds_in(self, pause: Pause) -> Fraction:
        """What a pause took of the time that counts."""
        end = pause.end or self.until
        return sum((_shared(stage, pause.start, end) for stage in self.stages), Fraction(0))

    # --- sentences

    def _sentences(self) -> Iterator[str]:
        clause = f" (clause {self.limits.clause})" if self.limits.clause else ""
        start = self.why if self.begun_at == self.since else f"the first open hour after {self.why}"
        yield (
            f"The clock `{self.clock}` allows {self.limits.within} {self.basis.how}{clause}, "
            f"{length_text(self.budget)} from {start} at "
            f"{local_text(self.begun_at, self.zone)} ({self.zone.key})."
        )
        yield from self._choice()
        for pause in self.pauses:
            end = pause.end or self.until
            taken = length_text(self.seconds_in(pause))
            span = f"from {local_text(pause.start, self.zone)} to {local_text(end, self.zone)}"
            yield f"It paused {span} ({pause.why}), {taken} of the time that counts."
        if self.deadline is not None:
            yield f"Its deadline is {local_text(self.deadline, self.zone)}."
        elif self.superseded is None:
            yield (
                "It is paused, so there is no deadline."
                if self.status == ClockStatus.PAUSED
                else "There is no deadline: the calendar is not open for so long."
            )
        yield self._ending()

    def _choice(self) -> Iterator[str]:
        """Which limit it is, and what was agreed for a change of it."""
        if self.limits.where:
            yield f"This limit is for tickets with {where_text(self.limits.where)}."
        elif len(self.terms.limits) > 1:
            yield "This limit is for tickets that no limit before it fits."
        said = {
            Policy.CARRY: "what was used before counts on",
            Policy.RETROACTIVE: "the limit counts from the beginning",
            Policy.RESTART: "the clock began anew",
        }
        for stage in self.stages:
            policy = self.terms.on_change
            if stage.why and policy is not None:
                at = f" at {local_text(stage.start, self.zone)}" if stage.start > self.since else ""
                yield f"It applies because {stage.why}{at}; agreed is {policy}: {said[policy]}."

    def _ending(self) -> str:
        at = local_text(self.until, self.zone)
        ended = f"It stopped at {at}" if self.stopped_at else f"It had not stopped at {at}"
        if self.closing is not None:
            ended = (
                f"It was closed at {at}{WAITS_FOR[self.terms.stops]}; agreed of that is "
                f"{self.closing}: {MEANS[self.closing]}"
            )
        if self.superseded is not None:
            ended = f"It was superseded at {at} because {self.superseded}"
        over = (
            f"{length_text(-self.left)} over" if self.left < 0 else f"{length_text(self.left)} left"
        )
        if self.left == 0 and self.status == ClockStatus.MISSED and self.closing is None:
            # Closed hours and pauses after the deadline use no time, and mend nothing.
            over += ", but after its deadline"
        return f"{ended}, {length_text(self.elapsed)} used, {over}: {self.status}."


def _shared(stage: Stage, start: datetime, end: datetime) -> Fraction:
    low = max(start, stage.start)
    high = end if stage.end is None else min(end, stage.end)
    return stage.basis.hours.elapsed(low, high) if low < high else Fraction(0)


def where_text(where: Where) -> str:
    """The columns and values for which a limit is: `priority` `p1` or `p2`."""
    return ", ".join(
        f"`{column}` " + " or ".join(f"`{each}`" for each in _several(values))
        for column, values in where.items()
    )


def _several(values: tuple[str, ...] | str) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else values


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


def local_text(at: datetime, zone: ZoneInfo) -> str:
    """The local day and time, `2027-01-04 09:30`; with seconds where there are any.

    With the offset where the local clock shows that time twice: `2026-10-25 01:30+01:00`.
    """
    local = at.astimezone(zone)
    plain = local.replace(tzinfo=None).isoformat(" ")
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    offset = local.isoformat(" ").removeprefix(plain) if twice else ""
    return plain.removesuffix(":00") + offset
