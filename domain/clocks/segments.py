"""The ledger of a clock: what it did in each stretch of time, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.clocks.hours import Basis
from domain.zones import local_date, midnight


class SegmentKind(StrEnum):
    """What a clock did in a stretch of time; in a pause, open hours make no difference."""

    OPEN = "open"
    CLOSED_HOURS = "closed hours"
    PAUSE = "pause"
    NO_CLOCK = "no clock"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch within one local day in which a clock did one thing, and why."""

    start: datetime
    end: datetime
    kind: SegmentKind
    why: str


def counting(basis: Basis, start: datetime, end: datetime) -> Iterator[Segment]:
    """What a clock does that does not pause: it runs in open hours."""
    reached = start
    closed = f"it counts only {basis.how}"
    for opens, closes in basis.hours.open(start, end):
        yield Segment(reached, opens, SegmentKind.CLOSED_HOURS, closed)
        yield Segment(opens, closes, SegmentKind.OPEN, f"it counts {basis.how}")
        reached = closes
    yield Segment(reached, end, SegmentKind.CLOSED_HOURS, closed)


def by_day(segments: Iterable[Segment], zone: ZoneInfo) -> Iterator[Segment]:
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
