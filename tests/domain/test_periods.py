"""Measurement periods tile the time that is served: no gap, no overlap, no instant twice."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import (
    Every,
    Period,
    first_day,
    next_first_day,
    parse_every,
    period_key,
    periods,
)
from domain.spans import Span, Unit, add_months
from domain.zones import UnknownZoneError, local_date, midnight, zone_named

QUARTER_HOUR = timedelta(minutes=15)

ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
]

CALENDAR = [Every.DAY, Every.WEEK, Every.MONTH, Every.QUARTER, Every.HALF_YEAR, Every.YEAR]

anchors = st.dates(date(1990, 1, 1), date(2060, 12, 31))
counted = st.one_of(
    st.sampled_from([every.span for every in CALENDAR]),
    st.builds(Span, st.integers(1, 60), st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH])),
)
anchored = st.builds(Every, counted, anchors)
rhythms = st.one_of(st.sampled_from(CALENDAR), anchored)

zones = st.sampled_from(ZONES).map(zone_named)
instants = st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ranges = st.builds(
    lambda start, minutes: (start, start + timedelta(minutes=minutes)),
    instants,
    st.one_of(st.integers(1, 3000), st.integers(1, 500_000)),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(rhythms, zones, ranges)
def test_periods_tile_the_range_without_gap_or_overlap(
    every: Every, zone: ZoneInfo, span: tuple[datetime, datetime]
) -> None:
    found = list(periods(every, zone, *span))

    edges = [found[0].start, *(each.end for each in found)]
    assert (edges[0], edges[-1]) == span
    assert all(before.end == after.start for before, after in pairwise(found))
    assert edges == sorted(set(edges))


@given(rhythms, zones, ranges)
def test_no_two_periods_have_one_key(
    every: Every, zone: ZoneInfo, span: tuple[datetime, datetime]
) -> None:
    keys = [each.key for each in periods(every, zone, *span)]

    assert len(set(keys)) == len(keys)


@given(rhythms, zones, ranges, st.data())
def test_clipping_changes_only_the_ends(
    every: Every, zone: ZoneInfo, span: tuple[datetime, datetime], data: st.DataObject
) -> None:
    whole = {each.key: each for each in periods(every, zone, *span)}
    length = int((span[1] - span[0]).total_seconds())
    cut = span[0] + timedelta(seconds=data.draw(st.integers(0, length - 1)))

    for each in periods(every, zone, cut, span[1]):
        assert each == Period(each.key, max(whole[each.key].start, cut), whole[each.key].end)


@given(rhythms, st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_a_day_falls_into_the_period_of_its_first_day(every: Every, day: date) -> None:
    first = first_day(every, day)

    assert first <= day < next_first_day(every, first)
    assert first_day(every, first) == first
    assert first_day(every, next_first_day(every, first)) == next_first_day(every, first)


@pytest.mark.parametrize(
    ("every", "first", "key"),
    [
        (Every.DAY, "2027-01-05", "2027-01-05"),
        (Every.WEEK, "2027-01-04", "2027-W01"),
        (Every.WEEK, "2026-12-28", "2026-W53"),
        (Every.WEEK, "2024-12-30", "2025-W01"),
        (Every.MONTH, "2027-01-01", "2027-01"),
        (Every.QUARTER, "2027-01-01", "2027-Q1"),
        (Every.QUARTER, "2027-10-01", "2027-Q4"),
        (Every.HALF_YEAR, "2027-01-01", "2027-H1"),
        (Every.HALF_YEAR, "2027-07-01", "2027-H2"),
        (Every.YEAR, "2027-01-01", "2027"),
        (parse_every("month from 2026-11-16"), "2027-01-16", "2027-01-16"),
    ],
)
def test_a_period_is_named_after_its_place_in_the_calendar(
    every: Every, first: str, key: str
) -> None:
    assert period_key(every, date.fromisoformat(first)) == key


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/London", "2017-03-25", 24),
        ("Europe/London", "2017-03-26", 23),
        ("Europe/London", "2017-10-29", 25),
        ("America/Sao_Paulo", "2017-10-15", 23),
        ("America/Sao_Paulo", "2018-02-17", 25),
        ("Asia/Beirut", "2017-03-26", 23),
        ("Asia/Beirut", "2017-10-28", 25),
        ("Africa/Cairo", "2023-04-28", 23),
        ("Africa/Cairo", "2023-10-26", 25),
        ("Australia/Lord_Howe", "2017-10-01", 23.5),
        ("Antarctica/Troll", "2017-03-26", 22),
        ("Antarctica/Troll", "2017-10-29", 26),
        ("Pacific/Apia", "2011-12-29", 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone: str, day: str, hours: float) -> None:
    at = midnight(date.fromisoformat(day), zone_named(zone))

    (found,) = periods(Every.DAY, zone_named(zone), at, at + timedelta(hours=hours))

    assert found.key == day
    following = midnight(date.fromisoformat(day) + timedelta(days=1), zone_named(zone))
    assert following - found.start == timedelta(hours=hours)


def test_a_day_that_the_zone_skipped_is_no_period() -> None:
    zone = zone_named("Pacific/Apia")

    found = list(periods(Every.DAY, zone, utc("2011-12-29T10:00"), utc("2012-01-01T10:00")))

    assert [each.key for each in found] == ["2011-12-29", "2011-12-31", "2012-01-01"]


def test_an_instant_belongs_to_the_period_that_it_begins() -> None:
    first, second = periods(
        Every.MONTH, zone_named("UTC"), utc("2027-01-10T00:00"), utc("2027-02-10T00:00")
    )

    assert first == Period("2027-01", utc("2027-01-10T00:00"), utc("2027-02-01T00:00"))
    assert second == Period("2027-02", utc("2027-02-01T00:00"), utc("2027-02-10T00:00"))


def test_an_empty_range_has_no_periods() -> None:
    at = utc("2027-01-10T00:00")

    assert list(periods(Every.MONTH, zone_named("UTC"), at, at)) == []


# --- rhythms with an anchor


@given(anchored, st.integers(-40, 40))
def test_periods_begin_whole_spans_from_the_anchor_and_month_ends_do_not_drift(
    every: Every, index: int
) -> None:
    assert every.anchor is not None
    amount = index * every.span.amount
    match every.span.unit:
        case Unit.MONTH:
            begins = add_months(every.anchor, amount)
        case Unit.WEEK:
            begins = every.anchor + timedelta(weeks=amount)
        case _:
            begins = every.anchor + timedelta(days=amount)

    assert first_day(every, begins) == begins
    assert first_day(every, begins - timedelta(days=1)) < begins


@given(anchored, zones, instants)
def test_an_instant_is_in_exactly_one_period(every: Every, zone: ZoneInfo, at: datetime) -> None:
    around = periods(every, zone, at - timedelta(days=400), at + timedelta(days=400))

    holding = [each for each in around if each.start <= at < each.end]

    assert len(holding) == 1


def test_months_from_the_31st_end_where_the_next_begins() -> None:
    every = parse_every("month from 2026-08-31")
    days = [date(2027, 1, 31), date(2027, 2, 27), date(2027, 2, 28), date(2027, 3, 30)]

    assert [first_day(every, day).isoformat() for day in days] == [
        "2027-01-31",
        "2027-01-31",
        "2027-02-28",
        "2027-02-28",
    ]
    assert next_first_day(every, date(2027, 2, 28)) == date(2027, 3, 31)


def test_months_from_the_16th_are_windows_of_the_zone() -> None:
    (found, *_) = periods(
        parse_every("month from 2027-01-16"),
        zone_named("Europe/London"),
        utc("2027-03-16T00:00"),
        utc("2027-09-01T00:00"),
    )

    assert found == Period("2027-03-16", utc("2027-03-16T00:00"), utc("2027-04-15T23:00"))


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("month", Every.MONTH),
        (" half_year ", Every.HALF_YEAR),
        ("month from 2027-01-16", Every(Span(1, Unit.MONTH), date(2027, 1, 16))),
        ("1 month from 2027-01-16", Every(Span(1, Unit.MONTH), date(2027, 1, 16))),
        ("2 weeks from 2027-01-04", Every(Span(2, Unit.WEEK), date(2027, 1, 4))),
        ("10 days from 2027-01-04", Every(Span(10, Unit.DAY), date(2027, 1, 4))),
        ("1 year from 2027-04-01", Every(Every.YEAR.span, date(2027, 4, 1))),
    ],
)
def test_rhythms_are_read(text: str, every: Every) -> None:
    assert parse_every(text) == every


@given(rhythms)
def test_a_rhythm_is_read_as_it_is_written(every: Every) -> None:
    assert parse_every(str(every)) == every


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is not a rhythm; write `day`, `week`"),
        ("fortnight", "is not a rhythm"),
        ("from 2027-01-04", "is not a rhythm"),
        ("0 weeks from 2027-01-04", "is not a rhythm"),
        ("4 h from 2027-01-04", "is not a rhythm"),
        ("5 working days from 2027-01-04", "is not a rhythm"),
        ("2 weeks", "does not say from when; write for example `2 weeks from 2027-01-04`"),
        ("month from 2027-02-30", "'2027-02-30' is not a calendar date; write"),
        ("month from 1066-10-14", "'1066-10-14' is not a calendar date"),
    ],
)
def test_what_is_no_rhythm_is_refused_with_an_example(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_every(text)


# --- days on which a clock changes, walked by the quarter of an hour


@cache
def changes() -> list[tuple[str, datetime]]:
    """Every change of a clock from 2009 to 2019, of every zone, to the day."""
    found = []
    for name in sorted(available_timezones()):
        try:
            zone = zone_named(name)
        except UnknownZoneError:  # of the machine, not of the package
            continue
        weeks = [utc("2009-01-01T00:00") + timedelta(weeks=week) for week in range(11 * 52)]
        for before, after in pairwise(weeks):
            if before.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
                continue
            day = next(
                each
                for each in (before + timedelta(days=day) for day in range(1, 8))
                if each.astimezone(zone).utcoffset() != before.astimezone(zone).utcoffset()
            )
            found.append((name, day - timedelta(days=1)))
    return found


def walked_days(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Period]:
    """The days by walking: a day lasts from when the clock first shows it until it shows a later."""
    day, opened, at = local_date(start, zone), start, start
    while at < end:
        shows = local_date(at, zone)
        if shows > day:
            yield Period(day.isoformat(), opened, at)
            day, opened = shows, at
        at += QUARTER_HOUR
    yield Period(day.isoformat(), opened, end)


def test_days_around_every_change_of_a_clock_are_as_the_clock_shows_them() -> None:
    cases = changes()[::2]

    wrong = [
        (name, at)
        for name, at in cases
        for start, end in [(at - timedelta(hours=30), at + timedelta(hours=48))]
        if list(periods(Every.DAY, zone_named(name), start, end))
        != list(walked_days(zone_named(name), start, end))
    ]

    assert len(cases) > 2000
    assert wrong == []


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/St_Johns", "2009-11-01"),  # 00:01 became 23:01 of the day before
        ("America/St_Johns", "2010-03-14"),
        ("Asia/Gaza", "2011-04-01"),
        ("Pacific/Apia", "2011-12-30"),
        ("Asia/Pyongyang", "2018-05-05"),
        ("America/Caracas", "2007-12-09"),
    ],
)
def test_days_around_an_odd_change_are_as_the_clock_shows_them(
    zone: str, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "QUARTER_HOUR", timedelta(minutes=1))
    start = utc(f"{day}T00:00") - timedelta(hours=30)
    end = start + timedelta(hours=72)

    assert list(periods(Every.DAY, zone_named(zone), start, end)) == list(
        walked_days(zone_named(zone), start, end)
    )
