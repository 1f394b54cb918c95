"""Lengths of time: hours elapse, days keep the clock time, months clamp and do not drift."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.spans import (
    SECONDS,
    Span,
    Unit,
    add_months,
    after,
    before,
    fewest_days,
    most_days,
    parse_span,
    shift,
)
from domain.zones import zone_named

LONDON = zone_named("Europe/London")
ZONES = [
    zone_named(name)
    for name in (
        "UTC",
        "Europe/London",
        "America/Sao_Paulo",
        "America/Havana",
        "Australia/Lord_Howe",
        "Antarctica/Troll",
        "Pacific/Apia",
        "Africa/Cairo",
    )
]

spans = st.builds(Span, st.integers(0, 999_999), st.sampled_from(Unit))
exact_spans = st.builds(Span, st.integers(0, 10_000), st.sampled_from(list(SECONDS)))
ELAPSING = [unit for unit in Unit if unit != Unit.WORKING_DAY]
"""Units that need no calendar of working days."""

elapsing_spans = st.builds(Span, st.integers(0, 200), st.sampled_from(ELAPSING))
calendar_spans = st.builds(
    Span, st.integers(0, 200), st.sampled_from([unit for unit in ELAPSING if unit not in SECONDS])
)
days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(spans)
def test_a_span_is_read_as_it_is_written(span: Span) -> None:
    assert parse_span(str(span)) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("4 h", Span(4, Unit.HOUR)),
        (" 30min ", Span(30, Unit.MINUTE)),
        ("90 s", Span(90, Unit.SECOND)),
        ("1 days", Span(1, Unit.DAY)),
        ("1 week", Span(1, Unit.WEEK)),
        ("2 months", Span(2, Unit.MONTH)),
        ("10 working days", Span(10, Unit.WORKING_DAY)),
        ("1 working day", Span(1, Unit.WORKING_DAY)),
        ("0 years", Span(0, Unit.YEAR)),
    ],
)
def test_lengths_are_read(text: str, span: Span) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize(
    "text",
    [
        *("", "4", "h", "-1 h", "+1 h", "1.5 h", "4  h", "4 H", "4 hs", "mins", "1 mins"),
        *("1234567 h", "1 h 30 min", "٤ h", "P2M", "2 fortnights", "2 working weeks", "1e3 s"),
    ],
)
def test_what_is_not_a_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a length of time; write for example `4 h`"):
        parse_span(text)


@pytest.mark.parametrize(
    ("day", "months", "landed"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2027-03-31", -1, "2027-02-28"),
        ("2027-12-15", 1, "2028-01-15"),
        ("2027-01-15", -1, "2026-12-15"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
    ],
)
def test_a_month_without_such_a_day_has_its_last(day: str, months: int, landed: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(landed)


@given(days, st.integers(-300, 300))
def test_months_land_in_the_right_month_as_near_to_the_day_as_it_has(
    day: date, months: int
) -> None:
    landed = add_months(day, months)

    assert (landed.year - day.year) * 12 + landed.month - day.month == months
    assert landed.day == min(day.day, monthrange(landed.year, landed.month)[1])


@given(days, calendar_spans)
def test_a_shift_there_and_back_differs_only_by_clamping(day: date, span: Span) -> None:
    back = shift(shift(day, span), span, -1)

    assert back <= day
    assert (day - back).days <= (0 if span.unit in {Unit.DAY, Unit.WEEK} else 3)


@given(days, st.integers(0, 100))
def test_a_week_is_seven_days_and_a_year_twelve_months(day: date, amount: int) -> None:
    assert shift(day, Span(amount, Unit.WEEK)) == shift(day, Span(7 * amount, Unit.DAY))
    assert shift(day, Span(amount, Unit.YEAR)) == shift(day, Span(12 * amount, Unit.MONTH))


@pytest.mark.parametrize("unit", [*SECONDS, Unit.WORKING_DAY])
def test_a_date_cannot_be_shifted_by_hours_or_by_working_days(unit: Unit) -> None:
    with pytest.raises(ValueError, match="is not a number of days"):
        shift(date(2027, 1, 1), Span(24, unit))


@given(days, st.builds(Span, st.integers(0, 60), st.sampled_from(ELAPSING)))
def test_wherever_a_length_lies_it_has_no_fewer_and_no_more_days_than_said(
    day: date, span: Span
) -> None:
    if span.unit in SECONDS:
        hours = Fraction(span.amount * SECONDS[span.unit], 86_400)
        assert (fewest_days(span), most_days(span)) == (floor(hours), ceil(hours))
    else:
        assert fewest_days(span) <= (shift(day, span) - day).days <= most_days(span)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2017-03-25T15:00", "1 day", "2017-03-26T14:00"),
        ("2017-03-25T15:00", "24 h", "2017-03-26T15:00"),
        ("2017-10-28T14:00", "1 day", "2017-10-29T15:00"),
        ("2017-10-28T14:00", "24 h", "2017-10-29T14:00"),
        ("2017-01-31T09:00", "6 months", "2017-07-31T08:00"),
        ("2017-03-25T01:30", "1 day", "2017-03-26T01:30"),  # 01:30 is skipped that day
        ("2017-10-28T00:30", "1 day", "2017-10-29T00:30"),  # 01:30 comes twice: the first
    ],
)
def test_hours_elapse_and_days_keep_the_clock_time(start: str, span: str, end: str) -> None:
    assert after(utc(start), parse_span(span), LONDON) == utc(end)


def test_before_keeps_the_clock_time_too() -> None:
    assert before(utc("2017-03-26T14:00"), parse_span("1 day"), LONDON) == utc("2017-03-25T15:00")


@given(instants, exact_spans, st.sampled_from(ZONES))
def test_an_exact_length_is_the_same_in_every_zone(
    at: datetime, span: Span, zone: ZoneInfo
) -> None:
    elapsed = timedelta(seconds=span.amount * SECONDS[span.unit])

    assert after(at, span, zone) - at == elapsed
    assert at - before(at, span, zone) == elapsed


@given(instants, calendar_spans, st.sampled_from(ZONES))
def test_days_later_the_clock_shows_the_same_time_if_it_shows_it_at_all(
    at: datetime, span: Span, zone: ZoneInfo
) -> None:
    local = at.astimezone(zone)

    landed = after(at, span, zone).astimezone(zone)

    wanted = datetime.combine(shift(local.date(), span), local.time())
    exists = wanted.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    if exists.replace(tzinfo=None) == wanted:
        assert landed.replace(tzinfo=None) == wanted
    else:
        assert landed.replace(tzinfo=None) > wanted


@given(instants, elapsing_spans, st.sampled_from(ZONES))
def test_a_length_never_leads_back(at: datetime, span: Span, zone: ZoneInfo) -> None:
    assert before(at, span, zone) <= at <= after(at, span, zone)


@pytest.mark.parametrize("unit", Unit)
def test_no_time_after_the_second_of_two_equal_hours_is_no_time_at_all(unit: Unit) -> None:
    second = utc("2017-10-29T01:30")

    assert after(second, Span(0, unit), LONDON) == second


@pytest.mark.parametrize("text", ["90 min", "0 days", "1 day"])
def test_an_instant_may_be_given_in_any_zone_and_comes_in_utc(text: str) -> None:
    at = utc("2017-03-26T00:30")

    landed = after(at.astimezone(LONDON), parse_span(text), LONDON)

    assert landed == after(at, parse_span(text), LONDON)
    assert landed.tzinfo is UTC
