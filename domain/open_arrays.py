"""Open time of many stretches at once: what `domain.service_calendar` says of each, over arrays.

The only module of the domain that uses numpy (`docs/decisions`, open time over arrays). Instants
are whole microseconds since 1970 in UTC, lengths are whole microseconds, both as 64-bit integers,
so that nothing is rounded. Tests hold every answer equal to that of the calendar itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.service_calendar import AHEAD, MICROSECOND, ServiceCalendar, Table

Whole: TypeAlias = NDArray[np.int64]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = np.iinfo(np.int64).min
"""The instant that no calendar reaches."""


def microseconds(instants: Iterable[datetime]) -> Whole:
    """Aware instants as numbers."""
    return np.array([(at - EPOCH) // MICROSECOND for at in instants], dtype=np.int64)


def instants(numbers: Whole) -> list[datetime | None]:
    """Numbers as UTC instants; None for one that is never."""
    return [
        None if number == NEVER else EPOCH + timedelta(microseconds=number)
        for number in numbers.tolist()
    ]


def elapsed(calendar: ServiceCalendar, starts: Whole, ends: Whole) -> Whole:
    """The open time from each start to its end; negative when the end is the earlier."""
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    low = min(int(starts.min()), int(ends.min()))
    high = max(int(starts.max()), int(ends.max()))
    table = _arrays(calendar.reach(_year(low) - 1, _year(high) + 1))
    return table.until(ends) - table.until(starts)


def add(calendar: ServiceCalendar, starts: Whole, lengths: Whole | int) -> Whole:
    """The earliest instants at which so much open time has passed since each start, or NEVER.

    No length at all is the start itself. Lengths are not negative.
    """
    lengths = np.broadcast_to(np.asarray(lengths, dtype=np.int64), starts.shape)
    found = np.where(lengths == 0, starts, NEVER)
    open_still = np.flatnonzero(lengths)
    for years in AHEAD:
        if not len(open_still):
            break
        since = starts[open_still]
        first, last = _year(int(since.min())) - 1, _year(int(since.max())) + years
        table = _arrays(calendar.reach(first, last))
        found[open_still] = table.later(since, lengths[open_still])
        open_still = open_still[found[open_still] == NEVER]
    return found


def next_open(calendar: ServiceCalendar, at: Whole) -> Whole:
    """Each instant itself where it is open, else the next opening, or NEVER."""
    found = add(calendar, at, 1)  # a microsecond later in open time lies in that opening
    return np.where(found == NEVER, NEVER, found - 1)


def later_of(one: Whole, other: Whole) -> Whole:
    """The later of each two instants."""
    return np.maximum(one, other)


def _year(number: int) -> int:
    return (EPOCH + timedelta(microseconds=number)).year


@dataclass(frozen=True, eq=False, slots=True)
class _Arrays:
    """A table of open hours as arrays. Before the first opening stands one of no length."""

    opens: Whole
    closes: Whole
    before: Whole

    def until(self, at: Whole) -> Whole:
        index = np.searchsorted(self.opens, at, side="right") - 1
        within = np.minimum(at, self.closes[index])
        within -= self.opens[index]
        within += self.before[index]
        return within

    def later(self, starts: Whole, lengths: Whole) -> Whole:
        wanted = self.until(starts) + lengths
        index = np.searchsorted(self.before, wanted, side="left") - 1
        found = self.opens[index] + (wanted - self.before[index])
        return np.where(found <= self.closes[index], found, NEVER)


@lru_cache(maxsize=64)
def _arrays(table: Table) -> _Arrays:
    """The arrays of a table, which never changes; calendars that grow have another."""
    return _Arrays(
        _after(NEVER, microseconds(table.opens)),
        _after(NEVER, microseconds(table.closes)),
        _after(0, _lengths(table.before[:-1])),
    )


def _after(first: int, rest: Whole) -> Whole:
    return np.concatenate([np.array([first], dtype=np.int64), rest])


def _lengths(lengths: Sequence[timedelta]) -> Whole:
    return np.array([length // MICROSECOND for length in lengths], dtype=np.int64)
