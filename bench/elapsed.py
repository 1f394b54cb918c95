"""Figure 8: open time between instants, for each by itself and for many at once, beside its peers."""

import csv
import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any, TypeAlias

import businesstimedelta
import numpy as np
import pytz
import workclock

from bench.assessing import scattered
from bench.figures import Figure, Row, percentile, ratio
from domain.open_arrays import Whole, elapsed, microseconds
from domain.opening_hours import compiled
from domain.service_calendar import MICROSECOND, ServiceCalendar
from domain.terms.calendars import Calendar
from domain.zones import instant, zone_named
from tests.real_data.shared_data import SHARED_DATA

ORACLE = "boston311_2015_due_date_oracle.csv.gz"
HOLIDAYS = "boston_holidays_2015_2016.json"
GENERATED = 35_000
"""So many intervals are made up where Boston's are not there."""

ZONE = "America/New_York"
OPENS, CLOSES = clock_time(8, 30), clock_time(17)
ROUNDS = 7
"""Each way takes its turn in every round; the median round is told."""

SLOW = 700
"""Of so many intervals the slowest peer is asked, evenly taken from all."""

Stretch: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Compared:
    """Intervals per second, by way, and how the peers' answers compare with the calendar's."""

    source: str
    intervals: int
    speeds: dict[str, float]
    asked: int
    differing: int
    largest: timedelta


def measure() -> Compared:
    """Take every way in turn, several rounds, over the same intervals."""
    source, stretches, holidays = _intervals()
    calendar = compiled(
        Calendar(hours={"mon-fri": "08:30-17:00"}, holidays=tuple(holidays)), zone_named(ZONE)
    )
    few = stretches[:: max(1, len(stretches) // SLOW)]
    starts, ends = (microseconds(side) for side in zip(*stretches, strict=True))
    schedule = workclock.Schedule(
        [workclock.WorkDay(OPENS, CLOSES), workclock.Holidays(holidays)], time_zone=ZONE
    )
    rules = _rules(holidays)
    bare = Bare.of(calendar, starts, ends)
    ways: dict[str, tuple[int, Callable[[], Any]]] = {
        "each": (len(stretches), lambda: [calendar.open_time(*each) for each in stretches]),
        "fraction": (len(stretches), lambda: [calendar.elapsed(*each) for each in stretches]),
        "workclock": (len(stretches), lambda: [schedule.between(*each) for each in stretches]),
        "businesstimedelta": (len(few), lambda: [_difference(rules, *each) for each in few]),
        "arrays": (len(stretches), lambda: elapsed(calendar, starts, ends)),
        "numpy": (len(stretches), lambda: bare.elapsed(starts, ends)),
    }
    answers = {name: ask() for name, (_, ask) in ways.items()}  # each is warm from here on
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (count, ask) in ways.items():
            begun = time.perf_counter()
            ask()
            taken[name].append(count / (time.perf_counter() - begun))
    own = [length // MICROSECOND for length in answers["each"]]
    exact = [int(seconds * 1_000_000) for seconds in answers["fraction"]]
    assert own == exact, "the length and the fraction of it differ"
    assert own == answers["arrays"].tolist(), "arrays say something else than the calendar"
    assert own == answers["numpy"].tolist(), "bare numpy says something else than the calendar"
    theirs = [length // MICROSECOND for length in answers["workclock"]]
    assert own == theirs, "workclock says something else than the calendar"
    off = [
        abs(length - calendar.open_time(*each))
        for each, length in zip(few, answers["businesstimedelta"], strict=True)
    ]
    return Compared(
        source,
        len(stretches),
        {name: percentile(speeds, 50) for name, speeds in taken.items()},
        len(few),
        sum(map(bool, off)),
        max(off),
    )


def _intervals() -> tuple[str, list[Stretch], list[date]]:
    """From opened to due, and the holidays: Boston's, or else made up, which is said loudly."""
    if not (SHARED_DATA / ORACLE).exists():
        said = f"GENERATED, because {SHARED_DATA / ORACLE} is not there"
        return said, list(_generated()), [date(year, 12, 25) for year in (2014, 2015, 2016)]
    holidays = [date.fromisoformat(day) for day in json.loads((SHARED_DATA / HOLIDAYS).read_text())]
    with gzip.open(SHARED_DATA / ORACLE, "rt", encoding="utf-8", newline="") as text:
        stretches = [
            (_local(row["open_dt"]), _local(row["target_dt"])) for row in csv.DictReader(text)
        ]
    return "from opened to due of Boston's requests of 2015", stretches, holidays


def _local(text: str) -> datetime:
    return instant(datetime.fromisoformat(text), zone_named(ZONE))


def _generated() -> Iterator[Stretch]:
    for number in range(GENERATED):
        start = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * number)
        yield start, start + timedelta(minutes=60 + 40 * scattered(number))


def _rules(holidays: Sequence[date]) -> Any:  # noqa: ANN401 - it has no types
    zone = pytz.timezone(ZONE)
    days = businesstimedelta.WorkDayRule(
        start_time=OPENS, end_time=CLOSES, working_days=list(range(5)), tz=zone
    )
    off = businesstimedelta.HolidayRule(dict.fromkeys(holidays, "closed"), tz=zone)
    return businesstimedelta.Rules([days, off])


def _difference(rules: Any, start: datetime, end: datetime) -> timedelta:  # noqa: ANN401
    found: timedelta = rules.difference(start, end).timedelta
    return found


@dataclass(frozen=True, slots=True)
class Bare:
    """What one writes by hand with numpy: openings, closings, and the sums of them."""

    opens: Whole
    closes: Whole
    before: Whole

    @classmethod
    def of(cls, calendar: ServiceCalendar, starts: Whole, ends: Whole) -> "Bare":
        """The openings of the years around the intervals."""
        first, last = (
            datetime.fromtimestamp(int(number) // 1_000_000, UTC)
            for number in (starts.min(), ends.max())
        )
        margin = timedelta(days=30)
        hours = list(calendar.open(first - margin, last + margin))
        opens, closes = (microseconds(side) for side in zip(*hours, strict=True))
        sums = np.cumsum(closes - opens)
        return cls(opens, closes, np.concatenate([np.zeros(1, dtype=np.int64), sums[:-1]]))

    def until(self, at: Whole) -> Whole:
        """The open time before each instant."""
        index = np.searchsorted(self.opens, at, side="right") - 1
        return self.before[index] + np.minimum(at, self.closes[index]) - self.opens[index]

    def elapsed(self, starts: Whole, ends: Whole) -> Whole:
        """The open time between."""
        return self.until(ends) - self.until(starts)


def figure(found: Compared) -> Figure:
    """The eighth figure as it is told."""
    speeds = found.speeds
    return Figure(
        f"8. Open time of {found.intervals:,} intervals, {found.source}",
        (
            Row(
                "each by itself",
                f"{speeds['each']:,.0f} per second",
                f"{ratio(speeds['each'], speeds['workclock'])} workclock "
                f"({speeds['workclock']:,.0f}), goal 3; "
                f"{ratio(speeds['each'], speeds['businesstimedelta'])} businesstimedelta "
                f"({speeds['businesstimedelta']:,.0f}), goal 500",
            ),
            Row("as exact fractions", f"{speeds['fraction']:,.0f} per second"),
            Row(
                "over arrays",
                f"{speeds['arrays']:,.0f} per second",
                f"{ratio(speeds['arrays'], speeds['numpy'])} bare numpy "
                f"({speeds['numpy']:,.0f}), goal 0.5",
            ),
            Row(
                "agreement",
                "all equal",
                f"by workclock and both ways of numpy; of {found.asked:,} that businesstimedelta "
                f"was asked, {found.differing:,} differ, by {found.largest} at most",
            ),
        ),
    )
