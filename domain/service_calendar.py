"""Service hours: which instants are open, how much open time lies between them, working days.

Opening and closing are local clock times, read as `domain.zones.instant` reads them: one that a
clock skipped is moved forward by what it skipped, one that comes twice means the first. So a day
from 00:00 to 24:00 has 23 or 25 hours where clocks change, and only hours that begin before they
end are open.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache, cached_property
from itertools import chain
from typing import TypeAlias
from zoneinfo import ZoneInfo

from domain.spans import Span, Unit, after
from domain.zones import instant, local_date, zone_named

DAY = 24 * 60
"""Minutes on a local clock from midnight to midnight."""

EARLIEST, LATEST = 1900, 2299
"""Outside these years nothing is open, so that no search is without end."""

AHEAD = (1, 4, 16, 64, LATEST - EARLIEST)
"""How many years are compiled, further each time, until enough of them is open."""

MICROSECOND = timedelta(microseconds=1)

Opening: TypeAlias = tuple[int, int]
"""Minutes from local midnight, `[start, end)`; past `DAY` they are of the next day."""

Week: TypeAlias = tuple[tuple[Opening, ...], ...]
"""The openings that start on each weekday, from Monday."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds from a local day on: hours by weekday, and the days that have none or their own."""

    since: date
    week: Week
    closed: frozenset[date] = frozenset()
    extra: Mapping[date, tuple[Opening, ...]] = field(default_factory=dict)

    def openings(self, day: date) -> tuple[Opening, ...]:
        """The openings that start on a day."""
        if day in self.extra:
            return self.extra[day]
        return () if day in self.closed else self.week[day.weekday()]

    @property
    def whole_days(self) -> "Rules":
        """The same working days, from midnight to midnight."""
        week = tuple(_whole(openings) for openings in self.week)
        return replace(
            self, week=week, extra={day: _whole(each) for day, each in self.extra.items()}
        )


def _whole(openings: tuple[Opening, ...]) -> tuple[Opening, ...]:
    return ((0, DAY),) if openings else ()


class NeverOpenError(ValueError):
    """The calendar is not open for so long in the years that it knows."""


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """Everything open in some whole years: disjoint, in order, with prefix sums.

    `before` is the open time before each opening, and at last all of it. `zeros` are instants such
    that the open time before an instant within opening `n` is what has passed since `zeros[n]`.
    """

    first: int
    last: int
    opens: Sequence[datetime]
    closes: Sequence[datetime]
    before: Sequence[timedelta]
    edges: Sequence[datetime]
    """The openings and closings in turn."""
    zeros: Sequence[datetime]
    since: datetime
    """From `since` to `ends` a year's margin is left on both sides, enough for every zone."""
    ends: datetime

    @classmethod
    def of(
        cls, first: int, last: int, opens: Sequence[datetime], closes: Sequence[datetime]
    ) -> "Table":
        """The table of these hours."""
        before = [timedelta()]
        for start, end in zip(opens, closes, strict=True):
            before.append(before[-1] + (end - start))
        return cls(
            first,
            last,
            opens,
            closes,
            before,
            edges=list(chain.from_iterable(zip(opens, closes, strict=True))),
            zeros=[at - so_far for at, so_far in zip(opens, before, strict=False)],
            since=datetime(first + 1, 1, 1, tzinfo=UTC),
            ends=datetime(last, 1, 1, tzinfo=UTC),
        )

    def until(self, at: datetime) -> timedelta:
        """The open time of the table before an instant."""
        edge = bisect_right(self.edges, at)
        return at - self.zeros[edge >> 1] if edge & 1 else self.before[edge >> 1]

    def later(self, start: datetime, length: timedelta) -> datetime | None:
        """The earliest instant with so much open time since `start`; None beyond the table."""
        wanted = self.until(start) + length
        index = bisect_left(self.before, wanted) - 1
        return self.zeros[index] + wanted if index < len(self.zeros) else None

    def earlier(self, end: datetime, length: timedelta) -> datetime | None:
        """The latest instant with so much open time up to `end`; None before the table."""
        wanted = self.until(end) - length
        index = bisect_right(self.before, wanted) - 1
        return self.zeros[index] + wanted if index >= 0 else None


class ServiceCalendar:
    """The open hours of a service. What is compiled grows with use; what it answers does not.

    Seconds are exact fractions. Instants are whole microseconds: what is finer is cut.
    """

    def __init__(self, rules: Sequence[Rules], zone: ZoneInfo) -> None:
        """`rules` are in the order of their days; before its day the first one holds too."""
        self.rules = tuple(rules)
        self.zone = zone
        self._since = [each.since for each in rules]
        self._table = Table.of(LATEST + 1, EARLIEST - 1, (), ())
        self._years: dict[int, list[tuple[datetime, datetime]]] = {}
        self._working: dict[tuple[date, int], date] = {}

    def elapsed(self, start: datetime, end: datetime) -> Fraction:
        """The open seconds from `start` to `end`; negative when `end` is the earlier."""
        length = self.open_time(start, end)
        if length.microseconds:
            return Fraction(length // MICROSECOND, 1_000_000)
        return Fraction(length.days * 86_400 + length.seconds)  # the same, without a common divisor

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """The same as a length of time: `elapsed` without the cost of a fraction."""
        table = self._table
        since, ends = table.since, table.ends
        if not (since <= start < ends and since <= end < ends):
            low, high = sorted((start.year, end.year))
            table = self.reach(low - 1, high + 1)
        # `Table.until` of both, written out: this is asked for every ticket and every outage.
        edges, zeros, before = table.edges, table.zeros, table.before
        edge = bisect_right(edges, end)
        until = end - zeros[edge >> 1] if edge & 1 else before[edge >> 1]
        edge = bisect_right(edges, start)
        return until - (start - zeros[edge >> 1] if edge & 1 else before[edge >> 1])

    def add(self, start: datetime, seconds: Fraction | int) -> datetime:
        """The earliest instant at which so many open seconds have passed since `start`.

        What ends exactly at closing ends at closing, not at the next opening.
        """
        length = _length(seconds)
        if not length:
            return start.astimezone(UTC)
        for years in AHEAD:
            table = self.reach(start.year - 1, start.year + years)
            if (at := table.later(start, length)) is not None:
                return at
        raise _never_open(f"{seconds} s after {start:%Y-%m-%d}")

    def subtract(self, end: datetime, seconds: Fraction | int) -> datetime:
        """The latest instant from which so many open seconds lie before `end`."""
        length = _length(seconds)
        if not length:
            return end.astimezone(UTC)
        for years in AHEAD:
            table = self.reach(end.year - years, end.year + 1)
            if (at := table.earlier(end, length)) is not None:
                return at
        raise _never_open(f"{seconds} s before {end:%Y-%m-%d}")

    def open(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """What is open in `[start, end)`, in order; hours that touch are one."""
        if start < end:
            table = self.reach(start.year - 1, end.year + 1)
            first, last = bisect_right(table.closes, start), bisect_left(table.opens, end)
            for index in range(first, last):
                yield max(table.opens[index], start), min(table.closes[index], end)

    def is_working_day(self, day: date) -> bool:
        """Whether hours start on this local day: not a holiday, nor a day that the zone skipped."""
        return bool(self._openings(day))

    def working_day(self, day: date, days: int) -> date:
        """The local day so many working days after another, or before it; both may be any day."""
        found = self._working.get((day, days))
        if found is None:
            found = day
            for _ in range(abs(days)):
                found = self._next_working_day(found, 1 if days > 0 else -1)
            self._working[day, days] = found
        return found

    def _next_working_day(self, day: date, step: int) -> date:
        following = day
        while EARLIEST <= following.year <= LATEST:
            following += timedelta(days=step)
            if self.is_working_day(following):
                return following
        raise _never_open(f"a working day from {day}")

    @cached_property
    def whole_days(self) -> "ServiceCalendar":
        """The same working days, each open from midnight to midnight."""
        return ServiceCalendar([each.whole_days for each in self.rules], self.zone)

    def rules_on(self, day: date) -> Rules:
        """What holds on a local day."""
        return self.rules[max(bisect_right(self._since, day) - 1, 0)]

    def _openings(self, day: date) -> tuple[Opening, ...]:
        openings = self.rules_on(day).openings(day)
        if not openings:
            return ()
        # The noon of a day that was skipped (Samoa, 2011-12-30) is moved to another day.
        noon = instant(datetime.combine(day, time(12)), self.zone)
        return openings if local_date(noon, self.zone) == day else ()

    def reach(self, first: int, last: int) -> Table:
        """A table that holds these years, as far as there are any."""
        first, last = (min(max(year, EARLIEST), LATEST) for year in (first, last))
        table = self._table
        if first < table.first or table.last < last:
            table = self._compiled(min(first, table.first), max(last, table.last))
            self._table = table
        return table

    def _compiled(self, first: int, last: int) -> Table:
        opens: list[datetime] = []
        closes: list[datetime] = []
        for start, end in sorted(chain.from_iterable(map(self._hours, range(first, last + 1)))):
            if closes and start <= closes[-1]:
                closes[-1] = max(closes[-1], end)
            else:
                opens.append(start)
                closes.append(end)
        return Table.of(first, last, opens, closes)

    def _hours(self, year: int) -> Sequence[tuple[datetime, datetime]]:
        """The hours that start in a year, by local days."""
        if year not in self._years:
            self._years[year] = [
                (start, end)
                for ordinal in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
                for start, end in self.hours_of(date.fromordinal(ordinal))
                if start < end
            ]
        return self._years[year]

    def hours_of(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The hours that start on a local day, as UTC instants."""
        local = datetime.combine(day, time())
        for start, end in self._openings(day):
            yield (
                instant(local + timedelta(minutes=start), self.zone),
                instant(local + timedelta(minutes=end), self.zone),
            )


def _length(seconds: Fraction | int) -> timedelta:
    if seconds < 0:
        msg = f"{seconds} s is less than nothing"
        raise ValueError(msg)
    return timedelta(microseconds=seconds.numerator * 1_000_000 // seconds.denominator)


def _never_open(what: str) -> NeverOpenError:
    return NeverOpenError(f"the calendar is not open for {what}, in {EARLIEST} to {LATEST}")


AROUND_THE_CLOCK: Week = (((0, DAY),),) * 7

ALWAYS = ServiceCalendar([Rules(date.min, AROUND_THE_CLOCK)], zone_named("UTC"))
"""Around the clock, the same in every zone."""


# --- working days


@cache
def monday_to_friday(zone: ZoneInfo) -> ServiceCalendar:
    """The working days where nothing else is agreed, each from midnight to midnight."""
    return ServiceCalendar([Rules(date.min, (*AROUND_THE_CLOCK[:5], (), ()))], zone)


def working_after(
    at: datetime, days: int, calendar: ServiceCalendar | None, zone: ZoneInfo
) -> datetime:
    """The instant so many working days after `at` (before it when negative), at the same local time.

    Day 1 is the first working day after the local day of `at`, whether that is one or not. No days
    are the instant itself. Without a calendar, Monday to Friday are working days.
    """
    if days == 0:
        return at.astimezone(UTC)
    local = at.astimezone(zone)
    day = (calendar or monday_to_friday(zone)).working_day(local.date(), days)
    return instant(datetime.combine(day, local.time()), zone)


def later(
    at: datetime,
    span: Span,
    zone: ZoneInfo,
    calendar: ServiceCalendar | None = None,
    sign: int = 1,
) -> datetime:
    """The UTC instant a span after `at` (before it, with `sign` -1), of working days too."""
    if span.unit == Unit.WORKING_DAY:
        return working_after(at, sign * span.amount, calendar, zone)
    return after(at, span, zone, sign)
