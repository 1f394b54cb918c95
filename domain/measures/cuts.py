"""Stretches of time, half-open `[start, end)`: joined, cut at bounds, and taken out of others."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from domain.service_calendar import MICROSECOND, ServiceCalendar

Cut = tuple[datetime, datetime]


def within(cuts: Iterable[Cut], start: datetime, end: datetime) -> Iterator[Cut]:
    """What of the stretches lies in `[start, end)`."""
    for begins, ends in cuts:
        low, high = max(begins, start), min(ends, end)
        if low < high:
            yield low, high


def joined(cuts: Iterable[Cut]) -> tuple[Cut, ...]:
    """The same time as stretches apart from each other, in order; those that touch are one."""
    found: list[Cut] = []
    for start, end in sorted(cuts):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def without(start: datetime, end: datetime, cuts: tuple[Cut, ...]) -> Iterator[Cut]:
    """What is left of `[start, end)`; the cuts are apart and in order."""
    reached = start
    for begins, ends in within(cuts, start, end):
        if reached < begins:
            yield reached, begins
        reached = ends
    if reached < end:
        yield reached, end


def holds(cuts: Iterable[Cut], at: datetime) -> bool:
    """Whether the instant lies in one of them."""
    return any(start <= at < end for start, end in cuts)


def lasting(cuts: Iterable[Cut], hours: ServiceCalendar | None = None) -> Fraction:
    """The seconds in them, of open hours where there are hours."""
    lengths = (end - start if hours is None else hours.open_time(start, end) for start, end in cuts)
    return Fraction(sum(lengths, timedelta()) // MICROSECOND, 1_000_000)
