"""Service hours and working days against a walk, minute by minute and day by day.

The walk shares nothing with the product but the published rules of zones: it steps through UTC,
asks `zoneinfo` for the clock on the wall, and reads hours and holidays from the terms as they are
written. `make oracle` walks tens of thousands of windows.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from domain.opening_hours import compiled
from domain.service_calendar import ServiceCalendar, monday_to_friday, working_after
from domain.terms.calendars import Calendar, ClosedDay, NamedDay
from domain.zones import zone_named
from tests.domain.test_service_calendar import WEEKS

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
DAYS = 8
"""Of every region that is walked; windows lie in its inner days."""

REGIONS = [
    ("UTC", "2024-02-29"),
    ("UTC", "2100-02-28"),
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("Europe/London", "2023-12-31"),
    ("Europe/Dublin", "2026-10-25"),
    ("Europe/Moscow", "2014-10-26"),
    ("Europe/Istanbul", "2016-09-07"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/New_York", "2032-02-29"),
    ("America/St_Johns", "2011-03-13"),
    ("America/St_Johns", "2010-11-07"),
    ("America/Sao_Paulo", "2013-10-20"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2019-02-16"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("America/Caracas", "2016-05-01"),
    ("America/Nuuk", "2024-03-31"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Australia/Adelaide", "2026-10-04"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("Pacific/Chatham", "2026-04-05"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-29"),
    ("Africa/Casablanca", "2019-06-09"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Asia/Kathmandu", "2024-02-28"),
    ("Asia/Kolkata", "2023-12-31"),
    ("Asia/Pyongyang", "2018-05-05"),
]
"""Clock changes of every kind, by an hour, half an hour, two hours, at midnight, backwards in
Ramadan, and for good; days that a zone skipped; leap days and turns of the year."""

LONG = "COVENANT_ORACLE_CASES" in os.environ
WINDOWS = 150 if LONG else 14
"""So many of each calendar that is walked in a region: 54,000 together; or 2,520, for then every
region takes every second calendar, in turn."""

WORKING = 600 if LONG else 8
"""So many additions of working days in each region: 21,600 together, or 288."""

FEWER = REGIONS if LONG else REGIONS[1::5]


def weeks(around: date) -> list[Calendar]:
    """The calendars that are walked; the last has days of its own, and changes with the region."""
    eve, after = around - DAY, around + DAY
    return [
        *WEEKS,
        Calendar.model_validate(
            {
                "hours": {"mon-fri": ["06:30-12:00", "12:45-22:15"], "sat": "22:00-02:30"},
                "holidays": [{"on": f"{eve}"}, f"{around}", f"{after}"],
                "drop": [f"{after}"],
                "add": [f"{after + DAY}"],
                "extra": [{"on": f"{around}", "hours": ["01:30-02:30", "23:00-03:00"]}],
                "versions": [
                    {
                        "effective_from": f"{after}",
                        "hours": {"mon-sun": ["00:15-03:45", "05:00-24:00"]},
                    }
                ],
            }
        ),
    ]


def several(around: str) -> Iterator[tuple[int, Calendar]]:
    """The calendars that are walked in a region, numbered."""
    day = date.fromisoformat(around)
    for salt, terms in enumerate(weeks(day)):
        if LONG or (salt + day.day + day.month) % 2:
            yield salt, terms


@cache
def published(zone: str) -> ZoneInfo:
    """The rules of a zone as the package `tzdata` has them."""
    with files("tzdata.zoneinfo").joinpath(*zone.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=zone)


# --- the walk


@dataclass(frozen=True)
class Region:
    """Some days of a zone: the local time of each minute, and where each local time first was."""

    start: datetime
    walls: list[datetime]
    first: dict[datetime, int]

    def minute_of(self, wall: datetime) -> int:
        """Of a local time: the first such minute; one skipped goes on from the last that was."""
        skipped = 0
        while wall - skipped * MINUTE not in self.first:
            skipped += 1
        return self.first[wall - skipped * MINUTE] + skipped

    @cached_property
    def days(self) -> list[date]:
        """Every local day that there was, in order."""
        return sorted({wall.date() for wall in self.walls})


@cache
def region(zone: str, around: str) -> Region:
    since = datetime.fromisoformat(around).replace(tzinfo=UTC) - DAYS // 2 * DAY
    walls = [
        (since + minute * MINUTE).astimezone(published(zone)).replace(tzinfo=None, fold=0)
        for minute in range(DAYS * 1440)
    ]
    first: dict[datetime, int] = {}
    for minute, wall in enumerate(walls):
        first.setdefault(wall, minute)
    return Region(since, walls, first)


def opens_on(terms: Calendar, day: date) -> list[str]:
    """The hours that the terms give for a day, as they are written."""
    hours, closed, extra = (
        terms.hours,
        _closed(terms),
        {each.on: each.hours for each in terms.extra},
    )
    for version in terms.versions:
        if version.effective_from <= day and version.hours is not None:
            hours = version.hours
    if day in extra:
        return _list(extra[day])
    if day in closed:
        return []
    if isinstance(hours, str):
        return ["00:00-24:00"]
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun") * 2
    found: list[str] = []
    for key, said in hours.items():
        for part in key.split(","):
            low, high = (part.strip().split("-") * 2)[:2]
            begin = names.index(low)
            if names[day.weekday()] in names[begin : names.index(high, begin) + 1]:
                found += _list(said)
    return found


def _closed(terms: Calendar) -> set[date]:
    return {*map(_day, terms.holidays)} - {*terms.drop} | {*map(_day, terms.add)}


def _day(said: ClosedDay) -> date:
    return said.on if isinstance(said, NamedDay) else said


def _list(said: tuple[str, ...] | str) -> list[str]:
    return [said] if isinstance(said, str) else [*said]


def walked(terms: Calendar, there: Region, *, whole: bool = False) -> list[bool]:
    """Whether each minute of the region is open, by its clock on the wall; or days that open whole."""
    flags = [False] * len(there.walls)
    for day in there.days[1:-2]:
        said = opens_on(terms, day)
        for text in ["00:00-24:00"] if whole and said else said:
            start, end = (
                datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a clock on the wall
                + timedelta(hours=int(time[:2]), minutes=int(time[3:]))
                for time in text.split("-")
            )
            end += timedelta(days=end < start)
            for minute in range(there.minute_of(start), there.minute_of(end)):
                flags[minute] = True
    return flags


def windows(salt: int) -> Iterator[tuple[int, int]]:
    """Minutes of the inner days, spread without chance."""
    for index in range(WINDOWS):
        start = 2 * 1440 + (salt * 7_919 + index * 4_447) % (3 * 1440)
        yield start, start + (salt * 104_729 + index * 613) % 1_440


@pytest.mark.parametrize(("zone", "around"), REGIONS)
def test_every_window_is_as_a_walk_by_the_minute_finds_it(zone: str, around: str) -> None:
    there = region(zone, around)
    for salt, terms in several(around):
        calendar, flags = compiled(terms, zone_named(zone)), walked(terms, there)
        for start, end in windows(salt):
            begins, ends = there.start + start * MINUTE, there.start + end * MINUTE
            count = sum(flags[start:end])
            said = (terms.hours, begins, ends)

            assert calendar.elapsed(begins, ends) == 60 * count, said
            if count:
                minutes = [minute for minute in range(start, end) if flags[minute]]
                due = there.start + (minutes[-1] + 1) * MINUTE
                since = there.start + minutes[0] * MINUTE
                assert calendar.add(begins, 60 * count) == due, said
                assert calendar.subtract(ends, 60 * count) == since, said


# --- working days

REACH = 8
"""So many working days are counted at most, forwards and backwards."""


@dataclass(frozen=True)
class Weeks:
    """Some weeks of a zone: every local day that there was, and the offsets of its clocks."""

    zone: ZoneInfo
    days: list[date]
    offsets: set[timedelta]

    @classmethod
    def around(cls, zone: ZoneInfo, day: datetime) -> "Weeks":
        """By the hour, since no clock changes twice in one."""
        hours = range(-20 * 24, 20 * 24)
        walls = [(day + timedelta(hours=hour)).astimezone(zone) for hour in hours]
        offsets = {wall.utcoffset() for wall in walls}
        return cls(
            zone, sorted({wall.date() for wall in walls}), {each for each in offsets if each}
        )

    def first(self, wall: datetime) -> datetime:
        """The first instant of a local time; one skipped goes on from the last that was."""
        for skipped in range(25 * 60):
            shown = wall - skipped * MINUTE
            instants = [
                at
                for offset in self.offsets | {timedelta()}
                if (at := (shown - offset).replace(tzinfo=UTC))
                .astimezone(self.zone)
                .replace(tzinfo=None, fold=0)
                == shown
            ]
            if instants:
                return min(instants) + skipped * MINUTE
        raise AssertionError(wall)


def day_walked(terms: Calendar, there: Weeks, at: datetime, days: int) -> datetime:
    """The instant so many working days on: a day that opens, at the same clock on the wall."""
    wall, step = at.astimezone(there.zone), 1 if days > 0 else -1
    index = there.days.index(wall.date())
    left = abs(days)
    while left:
        index += step
        left -= bool(opens_on(terms, there.days[index]))
    return there.first(datetime.combine(there.days[index], wall.time()))


@pytest.mark.parametrize(("zone", "around"), REGIONS)
def test_working_days_are_as_a_walk_by_the_day_finds_them(zone: str, around: str) -> None:
    """Forwards and backwards, from working days and others, at the clock on the wall."""
    day = datetime.fromisoformat(around).replace(tzinfo=UTC)
    there = Weeks.around(published(zone), day)
    weekdays = Calendar(hours={"mon-fri": "00:00-24:00"})
    every: list[tuple[Calendar, ServiceCalendar | None]] = [
        (terms, compiled(terms, zone_named(zone)))
        for terms in weeks(day.date())
        if sum(bool(opens_on(terms, each)) for each in there.days) > 4 * 5
    ]
    every += [(weekdays, None), (weekdays, monday_to_friday(zone_named(zone)))]
    for index in range(WORKING):
        terms, calendar = every[index % len(every)]
        # From about the change, and to it: there a local time is skipped, or comes twice.
        begins = day + (index * 5_233 % (8 * 1440) - 4 * 1440) * MINUTE
        days = (index * 7 + index // len(every)) % (2 * REACH + 1) - REACH
        expected = day_walked(terms, there, begins, days) if days else begins

        found = working_after(begins, days, calendar, zone_named(zone))

        assert found == expected, (terms.hours, begins, days)


@pytest.mark.parametrize(("zone", "around"), FEWER)
def test_time_on_working_days_is_as_a_walk_by_the_minute_finds_it(zone: str, around: str) -> None:
    """What is used of a length in working days: a day that opens, from midnight to midnight.

    Where midnight comes twice (St John's, 2010) the first one is meant, as of every time.
    """
    there = region(zone, around)
    for salt, terms in several(around):
        flags = walked(terms, there, whole=True)
        whole = compiled(terms, zone_named(zone)).whole_days
        for start, end in windows(salt):
            begins, ends = there.start + start * MINUTE, there.start + end * MINUTE

            assert whole.elapsed(begins, ends) == 60 * sum(flags[start:end]), (terms.hours, begins)


def test_there_are_thousands_of_windows() -> None:
    calendars = sum(len([*several(around)]) for _, around in REGIONS)

    assert calendars * WINDOWS == (54_000 if LONG else 2_520)
    assert len(REGIONS) * WORKING == (21_600 if LONG else 288)
