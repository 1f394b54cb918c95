"""Open tickets at risk: when shares of their clocks' limits are used up, and what is due next.

Pure: runs of clocks in, warnings out. Whoever tells people of them keeps their `key`, so that each
is told once, and sleeps until the earliest `due_at`. `domain.prospects` does the same for KPIs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from domain.clocks.hours import added
from domain.clocks.runs import ClockRun, ClockStatus, length_text, local_text
from domain.clocks.segments import SegmentKind

OPEN = frozenset({ClockStatus.RUNNING, ClockStatus.PAUSED, ClockStatus.MISSED})
"""How a clock stands that has not stopped."""


@dataclass(frozen=True, slots=True)
class ClockWarning:
    """A share of a clock's limit: when it is used up if nothing changes, or was.

    `number` counts the runs of the clock on the ticket: a clock that began anew, or that runs under
    another limit, warns again. In a pause what is not yet reached has no instant.
    """

    ticket: str
    clock: str
    number: int
    share: Decimal
    due_at: datetime | None
    reached: bool
    said: str

    @property
    def key(self) -> str:
        """What makes it one of its kind: told once."""
        return f"{self.ticket}/{self.clock}/{self.number}/{self.share.normalize():f}"


def warnings_of(run: ClockRun) -> tuple[ClockWarning, ...]:
    """The agreed warnings of a clock, from the smallest share on; none of one that has ended."""
    if not is_open(run):
        return ()
    return tuple(_warning(run, share) for share in sorted(run.terms.warn_at))


def is_open(run: ClockRun) -> bool:
    """Whether the clock has neither stopped nor been superseded."""
    return run.stopped_at is None and run.superseded is None and run.status in OPEN


def _warning(run: ClockRun, share: Decimal) -> ClockWarning:
    wanted = run.budget * Fraction(share) / 100
    reached = run.elapsed >= wanted
    at = _reached_at(run, wanted) if reached else _will_reach(run, wanted)
    return ClockWarning(
        ticket=run.ticket,
        clock=run.clock,
        number=len(run.earlier) + 1,
        share=share,
        due_at=at,
        reached=reached,
        said=_said(run, share, at, reached=reached),
    )


def _reached_at(run: ClockRun, wanted: Fraction) -> datetime:
    """When so many seconds had counted."""
    left = timedelta(microseconds=int(wanted * 1_000_000))
    for segment in run.segments:
        if segment.kind == SegmentKind.OPEN:
            if segment.end - segment.start >= left:
                return segment.start + left
            left -= segment.end - segment.start
    return run.begun_at  # nothing at all had to count


def _will_reach(run: ClockRun, wanted: Fraction) -> datetime | None:
    if run.status == ClockStatus.PAUSED:
        return None
    return added(run.basis.hours, max(run.until, run.begun_at), wanted - run.elapsed)


def _said(run: ClockRun, share: Decimal, at: datetime | None, *, reached: bool) -> str:
    what = f"{share.normalize():f} % of the {length_text(run.budget)} of clock `{run.clock}`"
    if at is None:
        return f"Ticket {run.ticket} uses {what} only when its pause is over."
    when = f"at {local_text(at, run.zone)}"
    due = "" if run.deadline is None else f"; its deadline is {local_text(run.deadline, run.zone)}"
    if reached:
        return f"Ticket {run.ticket} had used {what} {when}{due}."
    return f"Ticket {run.ticket} will have used {what} {when} if nothing changes{due}."


@dataclass(frozen=True, slots=True)
class ClockDue:
    """Something that comes if nothing changes: a warning, or the deadline itself (`share` None)."""

    due_at: datetime
    ticket: str
    clock: str
    share: Decimal | None
    key: str


def next_due(runs: Iterable[ClockRun]) -> list[ClockDue]:
    """What open tickets have before them, the soonest first; what is past, and pauses, left out."""
    found = [each for run in runs if is_open(run) for each in _ahead(run)]
    return sorted(found, key=lambda each: (each.due_at, each.ticket, each.clock, each.key))


def _ahead(run: ClockRun) -> Iterator[ClockDue]:
    for each in warnings_of(run):
        if each.due_at is not None and not each.reached:
            yield ClockDue(each.due_at, run.ticket, run.clock, each.share, each.key)
    if run.deadline is not None and run.deadline > run.until:
        key = f"{run.ticket}/{run.clock}/{len(run.earlier) + 1}/deadline"
        yield ClockDue(run.deadline, run.ticket, run.clock, None, key)
