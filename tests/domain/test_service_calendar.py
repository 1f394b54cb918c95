"""Service hours: cases with known answers, and what adding up must obey.

`test_calendar_walk` holds them to a walk minute by minute.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.opening_hours import calendar_problems, compiled, weekdays
from domain.service_calendar import (
    ALWAYS,
    EARLIEST,
    LATEST,
    NeverOpenError,
    ServiceCalendar,
    later,
    monday_to_friday,
    working_after,
)
from domain.spans import Span, Unit, after
from domain.terms.calendars import Calendar
from domain.zones import zone_named

LONDON = zone_named("Europe/London")
UTC_ZONE = zone_named("UTC")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(zone: str, said: str, days: str = "mon-fri", *holidays: str) -> ServiceCalendar:
    """Hours as the terms have them: `09:00-12:00 13:00-17:00` on these days, less holidays."""
    closed = tuple(date.fromisoformat(day) for day in holidays)
    terms = Calendar(hours={days: tuple(said.split())}, holidays=closed)
    return compiled(terms, zone_named(zone))


# --- cases with known answers


def test_business_hours_from_a_wednesday_to_a_saturday_in_madrid() -> None:
    madrid = hours("Europe/Madrid", "08:00-20:00")

    assert madrid.elapsed(utc("2016-01-20T11:00"), utc("2016-01-30T11:30")) == 331_200


@pytest.mark.parametrize(("minutes", "due"), [(60, "10:30"), (180, "12:30"), (240, "13:30")])
def test_minutes_of_one_business_day_in_berlin(minutes: int, due: str) -> None:
    berlin = hours("Europe/Berlin", "09:00-17:00")

    assert berlin.add(utc("2013-03-21T09:30"), minutes * 60) == utc(f"2013-03-21T{due}")


@pytest.mark.parametrize(
    ("day", "opens"), [("2014-03-09 02:30", "10:30"), ("2014-11-02 01:30", "08:30")]
)
def test_hours_open_after_a_gap_and_in_the_first_of_two_equal_hours(day: str, opens: str) -> None:
    """Los Angeles, Sundays on which clocks change."""
    on, at = day.split()
    los_angeles = hours("America/Los_Angeles", f"{at}-12:00", "sun")

    first, _ = next(los_angeles.open(utc(on), utc(on) + timedelta(days=1)))

    assert first == utc(f"{on}T{opens}")


@pytest.mark.parametrize(
    ("start", "due"),
    [("2016-11-14T14:00", "2016-11-15T10:00"), ("2016-11-18T14:00", "2016-11-21T10:00")],
)
def test_four_hours_that_do_not_end_today_go_on_at_the_next_opening(start: str, due: str) -> None:
    assert hours("UTC", "08:00-16:00").add(utc(start), 4 * 3600) == utc(due)


def test_nights_and_week_ends_are_not_business_hours() -> None:
    office = hours("UTC", "08:00-17:00")

    elapsed = office.elapsed(utc("2026-11-06T20:49"), utc("2026-11-09T09:44"))

    assert elapsed == (1 * 60 + 44) * 60


def test_four_hours_from_friday_at_four_are_monday_at_eleven_not_tuesday() -> None:
    """With hours from 08:00 to 17:00; a published example says Tuesday, and is wrong."""
    due = hours("UTC", "08:00-17:00").add(utc("2026-11-06T16:00"), 4 * 3600)

    assert due == utc("2026-11-09T11:00")


def test_a_day_s_work_from_friday_at_closing_is_due_on_monday_at_closing() -> None:
    """With hours from 09:00 to 17:00; a published example says Monday at nine, and is wrong."""
    due = hours("UTC", "09:00-17:00").add(utc("2026-11-06T17:00"), 8 * 3600)

    assert due == utc("2026-11-09T17:00")


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-02", 10, "2026-11-16"),
        ("2026-11-16", 15, "2026-12-07"),
        ("2026-12-07", 5, "2026-12-14"),
    ],
)
def test_the_working_days_of_an_action_plan(start: str, days: int, due: str) -> None:
    assert working_after(utc(start), days, None, LONDON) == utc(due)


# --- what hours mean


def test_what_ends_exactly_at_closing_is_due_at_closing() -> None:
    office = hours("UTC", "08:00-17:00")

    assert office.add(utc("2026-11-02T13:00"), 4 * 3600) == utc("2026-11-02T17:00")
    assert office.add(utc("2026-11-01T13:00"), 9 * 3600) == utc("2026-11-02T17:00")


def test_what_begins_exactly_at_opening_begins_at_opening() -> None:
    office = hours("UTC", "08:00-17:00")

    assert office.subtract(utc("2026-11-03T12:00"), 4 * 3600) == utc("2026-11-03T08:00")
    assert office.subtract(utc("2026-11-04T06:00"), 9 * 3600) == utc("2026-11-03T08:00")


def test_nothing_added_is_the_instant_itself_even_when_closed() -> None:
    office, sunday = hours("UTC", "08:00-17:00"), utc("2026-11-01T13:00")

    assert office.add(sunday, 0) == office.subtract(sunday, 0) == sunday


def test_less_than_nothing_cannot_be_added() -> None:
    with pytest.raises(ValueError, match="-1 s is less than nothing"):
        ALWAYS.add(utc("2026-11-01"), -1)


def test_microseconds_count() -> None:
    office = hours("UTC", "08:00-17:00")
    due = office.add(utc("2026-11-02T16:59:59.999999"), Fraction(3, 1_000_000))

    assert due == utc("2026-11-03T08:00:00.000002")
    assert office.elapsed(utc("2026-11-02T16:59:59.999999"), due) == Fraction(3, 1_000_000)


def test_time_backwards_is_negative() -> None:
    office = hours("UTC", "08:00-17:00")

    assert office.elapsed(utc("2026-11-03T09:00"), utc("2026-11-02T16:00")) == -2 * 3600
    assert list(office.open(utc("2026-11-03T09:00"), utc("2026-11-02T16:00"))) == []


@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_whole_day_on_which_clocks_change_has_its_own_length(day: str, length: int) -> None:
    sunday = hours("Europe/London", "00:00-24:00", "sun")
    noon = utc(f"{day}T12:00")

    assert sunday.elapsed(noon - timedelta(days=2), noon + timedelta(days=2)) == length * 3600


def test_hours_that_end_before_they_start_end_on_the_next_day() -> None:
    night = hours("UTC", "22:00-06:00", "fri")

    assert list(night.open(utc("2026-11-02"), utc("2026-11-09"))) == [
        (utc("2026-11-06T22:00"), utc("2026-11-07T06:00"))
    ]


def test_on_a_holiday_nothing_starts_but_the_night_before_ends() -> None:
    night = hours("UTC", "22:00-06:00", "mon-sun", "2026-12-25")

    assert list(night.open(utc("2026-12-24T12:00"), utc("2026-12-27"))) == [
        (utc("2026-12-24T22:00"), utc("2026-12-25T06:00")),
        (utc("2026-12-26T22:00"), utc("2026-12-27")),
    ]


def test_hours_that_touch_or_overlap_are_one() -> None:
    calendar = Calendar(
        hours={
            "mon": ("08:00-12:00", "12:00-14:00"),
            "mon,tue": "13:00-24:00",
            "tue": "00:00-01:00",
        }
    )

    assert list(compiled(calendar, UTC_ZONE).open(utc("2026-11-02"), utc("2026-11-03T12:00"))) == [
        (utc("2026-11-02T08:00"), utc("2026-11-03T01:00"))
    ]


def test_hours_within_longer_hours_add_nothing() -> None:
    calendar = Calendar(hours={"mon": ("08:00-17:00", "09:00-10:00")})

    assert compiled(calendar, UTC_ZONE).elapsed(utc("2026-11-02"), utc("2026-11-03")) == 9 * 3600


def test_a_calendar_with_a_zone_keeps_it() -> None:
    calendar = Calendar(hours={"mon": "08:00-17:00"}, zone="America/New_York")

    assert next(compiled(calendar, LONDON).open(utc("2026-11-02"), utc("2026-11-09"))) == (
        utc("2026-11-02T13:00"),
        utc("2026-11-02T22:00"),
    )


def test_a_day_that_a_zone_skipped_has_no_hours_and_is_no_working_day() -> None:
    """Samoa went from Thursday, 29 December 2011, to Saturday."""
    samoa = hours("Pacific/Apia", "08:00-16:00")

    assert list(samoa.open(utc("2011-12-29T12:00"), utc("2012-01-02T12:00"))) == [
        (utc("2011-12-29T18:00"), utc("2011-12-30T02:00")),
        (utc("2012-01-01T18:00"), utc("2012-01-02T02:00")),
    ]
    assert not samoa.is_working_day(date(2011, 12, 30))


def test_hours_that_a_gap_swallows_do_not_open() -> None:
    """London goes from 01:00 to 02:00, and 01:30 means 02:30, after the end."""
    sunday = hours("Europe/London", "01:30-02:15", "sun")

    assert sunday.elapsed(utc("2026-03-29"), utc("2026-03-30")) == 0


def test_around_the_clock_is_elapsed_time() -> None:
    start = utc("1999-12-31T23:59:59.5")

    assert ALWAYS.elapsed(start, utc("2030-01-01")) == Fraction(946_771_200) + Fraction(1, 2)
    assert ALWAYS.add(start, 86_400) == start + timedelta(days=1)
    assert list(ALWAYS.open(start, utc("2030-01-01"))) == [(start, utc("2030-01-01"))]


def test_what_is_asked_first_changes_no_answer() -> None:
    start, end = utc("2026-01-01"), utc("2026-03-01")
    fresh, used = hours("Europe/London", "22:00-06:00"), hours("Europe/London", "22:00-06:00")
    for year in (2050, 1990, 2027):
        used.elapsed(utc(f"{year}-01-01"), utc(f"{year}-02-01"))

    assert used.elapsed(start, end) == fresh.elapsed(start, end)
    assert list(used.open(start, end)) == list(fresh.open(start, end))
    assert used.add(start, 9_999_999) == fresh.add(start, 9_999_999)


# --- where there is no answer


@pytest.mark.parametrize("calendar", [Calendar(hours={}), Calendar(hours={"mon": ()})])
def test_a_calendar_that_never_opens_says_so(calendar: Calendar) -> None:
    never, at = compiled(calendar, UTC_ZONE), utc("2026-11-02")

    assert never.elapsed(at, at + timedelta(days=9)) == 0
    assert list(never.open(at, at + timedelta(days=9))) == []
    with pytest.raises(NeverOpenError, match="not open for 60 s after 2026-11-02"):
        never.add(at, 60)
    with pytest.raises(NeverOpenError, match="not open for 60 s before 2026-11-02"):
        never.subtract(at, 60)
    with pytest.raises(NeverOpenError, match="not open for a working day from 2026-11-02"):
        working_after(at, 1, never, UTC_ZONE)


def test_nothing_is_open_outside_the_years_that_are_known() -> None:
    assert ALWAYS.elapsed(utc("0001-01-01"), utc("9999-12-31")) == Fraction(
        (utc(f"{LATEST + 1}-01-01") - utc(f"{EARLIEST}-01-01")) // timedelta(seconds=1)
    )
    with pytest.raises(NeverOpenError):
        ALWAYS.add(utc(f"{LATEST}-12-31"), 86_401)
    with pytest.raises(NeverOpenError):
        ALWAYS.subtract(utc(f"{EARLIEST}-01-02"), 86_401)


def test_a_hundred_years_of_one_hour_a_week_are_found() -> None:
    rare = hours("UTC", "08:00-09:00", "mon")

    due = rare.add(utc("2026-11-01"), 5_200 * 3600)

    assert due == utc("2026-11-02T09:00") + timedelta(weeks=5_199)


# --- how weekdays and hours are written


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon", (0,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("fri-mon", (4, 5, 6, 0)),
        ("sat-sun", (5, 6)),
        ("mon, wed", (0, 2)),
        ("mon-wed,tue-thu", (0, 1, 2, 3)),
        ("sun-sun", (6,)),
    ],
)
def test_weekdays_are_names_ranges_and_lists(key: str, days: tuple[int, ...]) -> None:
    assert weekdays(key) == days


def test_a_good_calendar_has_no_problems() -> None:
    calendar = Calendar(
        hours={
            "mon-fri": ("08:00-12:00", "12:00-17:00"),
            "sat": "22:00-06:00",
            "sun": "00:00-24:00",
        }
    )

    assert calendar_problems(calendar) == []


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ({}, ["it has no hours; write for example `mon-fri`"]),
        ({"mon": ()}, ["`mon` has no hours; leave out a day that is closed"]),
        *(
            (
                {key: "08:00-17:00"},
                [f"`{key}` names no weekdays; write for example `mon`, `mon-fri` or `mon,wed`"],
            )
            for key in ("monday", "Mon", "mon-", "-fri", "mon,,tue", "mon-wed-fri")
        ),
        (
            {"mon": "08:00-24:30"},
            [
                "`mon`: 08:00-24:30 ends after 24:00; "
                "write the time of the next day, for example 22:00-06:00"
            ],
        ),
        (
            {"mon": "08:00-08:00"},
            ["`mon`: 08:00-08:00 is no time at all; a whole day is 00:00-24:00"],
        ),
        (
            {"mon-wed": ("13:00-17:00", "08:00-13:01"), "wed": "16:00-18:00"},
            [
                "08:00-13:01 and 13:00-17:00 overlap on mon, tue, wed; "
                "let one end before the other starts",
                "13:00-17:00 and 16:00-18:00 overlap on wed; let one end before the other starts",
            ],
        ),
    ],
)
def test_what_is_wrong_with_hours_is_said(
    said: dict[str, tuple[str, ...] | str], problems: list[str]
) -> None:
    assert calendar_problems(Calendar(hours=said)) == problems


@pytest.mark.parametrize("said", [{"monday": "08:00-17:00"}, {"mon": "08:00-24:30"}])
def test_hours_that_cannot_be_read_are_not_compiled(said: dict[str, tuple[str, ...] | str]) -> None:
    with pytest.raises(ValueError, match=r"monday|24:30"):
        compiled(Calendar(hours=said), UTC_ZONE)


# --- working days


def test_a_working_day_has_hours_and_is_no_holiday() -> None:
    office = hours("UTC", "22:00-06:00", "mon-thu", "2026-11-03")

    assert [office.is_working_day(date(2026, 11, day)) for day in range(2, 9)] == [
        *(True, False, True, True, False),
        *(False, False),
    ]


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-11-07T15:00", 1, "2026-11-09T15:00"),
        ("2026-11-06T15:00", 1, "2026-11-09T15:00"),
        ("2026-11-07T15:00", 0, "2026-11-07T15:00"),
        ("2026-11-07T15:00", -1, "2026-11-06T15:00"),
        ("2026-11-09T15:00", -1, "2026-11-06T15:00"),
        ("2026-11-09T15:00", -6, "2026-10-30T15:00"),
    ],
)
def test_working_days_are_counted_from_the_day_after(start: str, days: int, due: str) -> None:
    assert working_after(utc(start), days, None, UTC_ZONE) == utc(due)


def test_working_days_of_a_calendar_leave_out_its_holidays() -> None:
    office = hours("UTC", "09:00-17:00", "mon-fri", "2026-12-25", "2026-12-28")

    assert working_after(utc("2026-12-24T18:00"), 1, office, UTC_ZONE) == utc("2026-12-29T18:00")


def test_working_days_keep_the_local_clock_time() -> None:
    assert working_after(utc("2026-10-23T08:00"), 1, None, LONDON) == utc("2026-10-26T09:00")


def test_whole_working_days_are_open_from_midnight_to_midnight() -> None:
    office = hours("Europe/London", "22:00-06:00", "mon-thu", "2026-11-03")

    assert list(office.whole_days.open(utc("2026-11-02"), utc("2026-11-09"))) == [
        (utc("2026-11-02"), utc("2026-11-03")),
        (utc("2026-11-04"), utc("2026-11-06")),
    ]
    assert monday_to_friday(LONDON).whole_days.is_working_day(date(2026, 11, 6))


@given(
    st.integers(0, 60),
    st.sampled_from([unit for unit in Unit if unit != Unit.WORKING_DAY]),
    st.sampled_from([1, -1]),
)
def test_later_is_after_but_for_working_days(amount: int, unit: Unit, sign: int) -> None:
    at, span = utc("2026-10-23T08:00"), Span(amount, unit)
    days = Span(amount, Unit.WORKING_DAY)

    assert later(at, span, LONDON, None, sign) == after(at, span, LONDON, sign)
    assert later(at, days, LONDON, None, sign) == working_after(at, sign * amount, None, LONDON)


# --- properties

WEEKS = [
    Calendar(hours={"mon-fri": "08:00-18:00"}),
    Calendar(hours={"mon-fri": ("08:30-12:00", "13:00-17:15"), "sat": "09:00-12:00"}),
    Calendar(hours={"mon-sun": "22:00-06:00"}),
    Calendar(hours={"mon-sun": "00:00-24:00"}),
    Calendar(hours="24x7"),
    Calendar(hours={"fri-mon": "00:30-02:30", "wed": "12:00-24:00"}),
    Calendar(hours={"sat-sun": ("01:15-02:45", "23:00-03:00")}),
    Calendar(hours={"mon-sun": ("00:00-00:30", "02:00-03:00", "23:30-24:00")}),
    Calendar(
        hours={"mon-sun": ("07:00-19:00", "20:00-04:00")},
        holidays=(date(2024, 2, 29), date(2026, 3, 29), date(2026, 10, 25), date(2011, 3, 13)),
    ),
]
ZONES = [
    "Europe/London",
    "America/New_York",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Havana",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Cairo",
]
CALENDARS = [compiled(week, zone_named(ZONES[index])) for index, week in enumerate(WEEKS)]

calendars = st.sampled_from(CALENDARS)
instants = st.datetimes(datetime(2010, 1, 1), datetime(2013, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.integers(1, 40 * 86_400 * 1_000_000).map(lambda number: Fraction(number, 1_000_000))


@given(calendars, instants, lengths)
def test_what_was_added_has_elapsed(
    calendar: ServiceCalendar, start: datetime, seconds: Fraction
) -> None:
    end = calendar.add(start, seconds)

    assert calendar.elapsed(start, end) == seconds
    assert calendar.elapsed(start, end - timedelta(microseconds=1)) < seconds


@given(calendars, instants, lengths)
def test_what_was_subtracted_has_elapsed(
    calendar: ServiceCalendar, end: datetime, seconds: Fraction
) -> None:
    start = calendar.subtract(end, seconds)

    assert calendar.elapsed(start, end) == seconds
    assert calendar.elapsed(start + timedelta(microseconds=1), end) < seconds


@given(calendars, instants, lengths)
def test_adding_and_subtracting_undo_each_other(
    calendar: ServiceCalendar, start: datetime, seconds: Fraction
) -> None:
    end = calendar.add(start, seconds)
    back = calendar.subtract(end, seconds)

    assert calendar.elapsed(start, back) == 0
    assert calendar.add(back, seconds) == end


@given(calendars, instants, lengths)
def test_from_an_open_instant_adding_and_subtracting_are_exact_inverses(
    calendar: ServiceCalendar, start: datetime, seconds: Fraction
) -> None:
    """From a closed one they lead to the next opening, which is as far from the end."""
    back = calendar.subtract(calendar.add(start, seconds), seconds)

    micro = timedelta(microseconds=1)
    is_open = calendar.elapsed(start, start + micro) > 0
    assert (back == start) if is_open else back == next(calendar.open(start, back + micro))[0]


@given(calendars, instants, instants, instants)
def test_parts_add_up_to_the_whole(
    calendar: ServiceCalendar, one: datetime, two: datetime, three: datetime
) -> None:
    assert calendar.elapsed(one, three) == calendar.elapsed(one, two) + calendar.elapsed(two, three)


@given(calendars, instants, st.integers(0, 3_000))
def test_open_hours_are_in_order_apart_and_add_up(
    calendar: ServiceCalendar, start: datetime, length: int
) -> None:
    end = start + timedelta(hours=length)
    bounds = [at for pair in calendar.open(start, end) for at in pair]
    seconds = sum((bounds[at + 1] - bounds[at] for at in range(0, len(bounds), 2)), timedelta())

    assert bounds == sorted(set(bounds))
    assert calendar.elapsed(start, end) == Fraction(seconds // timedelta(microseconds=1), 1_000_000)
