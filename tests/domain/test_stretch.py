"""Stretches of time: rolling, fixed in the calendar or the term, or so many periods."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.spans import Span, Unit
from domain.stretch import Fixed, Stretch, parse_stretch
from domain.zones import midnight, zone_named

LONDON = zone_named("Europe/London")
FIRST = date(2027, 3, 15)

stretches = st.one_of(
    st.builds(
        lambda amount, unit: Stretch(span=Span(amount, unit)),
        st.integers(1, 40),
        st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR]),
    ),
    st.builds(lambda count: Stretch(periods=count), st.integers(1, 99)),
    st.builds(lambda fixed: Stretch(fixed=fixed), st.sampled_from(Fixed)),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(stretches)
def test_a_stretch_is_read_as_it_is_written(stretch: Stretch) -> None:
    assert parse_stretch(str(stretch)) == stretch


@pytest.mark.parametrize(
    ("text", "stretch"),
    [
        ("6 months", Stretch(span=Span(6, Unit.MONTH))),
        (" 9 periods ", Stretch(periods=9)),
        ("1 period", Stretch(periods=1)),
        ("contract year", Stretch(fixed=Fixed.CONTRACT_YEAR)),
        ("term", Stretch(fixed=Fixed.TERM)),
    ],
)
def test_stretches_are_read(text: str, stretch: Stretch) -> None:
    assert parse_stretch(text) == stretch


@pytest.mark.parametrize(
    "text", ["", "year", "0 months", "0 periods", "4 h", "10 working days", "fiscal year"]
)
def test_what_is_no_stretch_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a stretch of time; write for example `6 months`"):
        parse_stretch(text)


@pytest.mark.parametrize(
    ("text", "end", "begins"),
    [
        ("6 months", "2027-09-30T23:00", "2027-04-01"),
        ("2 weeks", "2027-04-04T23:00", "2027-03-22"),
        ("contract year", "2028-03-15T00:00", "2027-03-15"),
        ("contract year", "2028-03-15T00:00:01", "2028-03-15"),
        ("contract year", "2027-09-30T23:00", "2027-03-15"),
        ("calendar year", "2028-01-01T00:00", "2027-01-01"),
        ("calendar quarter", "2027-06-30T23:00", "2027-04-01"),
        ("calendar month", "2027-05-15T00:00", "2027-05-01"),
        ("term", "2029-01-01T00:00", "2027-03-15"),
    ],
)
def test_a_stretch_reaches_back_from_the_last_instant_before_its_end(
    text: str, end: str, begins: str
) -> None:
    stretch = parse_stretch(text)

    assert stretch.begins(utc(end), LONDON, FIRST) == midnight(date.fromisoformat(begins), LONDON)


def test_only_the_run_of_results_knows_where_so_many_periods_begin() -> None:
    with pytest.raises(ValueError, match="3 periods is no stretch of the calendar"):
        Stretch(periods=3).begins(utc("2027-09-30T23:00"), LONDON, FIRST)


@given(
    stretches.filter(lambda stretch: stretch.periods is None),
    st.integers(1, 3000),
    st.sampled_from(["UTC", "Europe/London", "Pacific/Apia"]).map(zone_named),
)
def test_a_stretch_always_begins_before_its_end(
    stretch: Stretch, days: int, zone: ZoneInfo
) -> None:
    end = midnight(FIRST, zone) + timedelta(days=days)

    assert stretch.begins(end, zone, FIRST) < end


@pytest.mark.parametrize(
    ("fixed", "over"),
    [
        (Fixed.CALENDAR_MONTH, ["2027-03-31", "2027-06-30", "2027-12-31"]),
        (Fixed.CALENDAR_QUARTER, ["2027-03-31", "2027-06-30", "2027-12-31"]),
        (Fixed.CALENDAR_YEAR, ["2027-12-31"]),
        (Fixed.CONTRACT_YEAR, ["2028-03-14"]),
        (Fixed.TERM, ["2027-03-31", "2027-05-15", "2027-06-30", "2027-12-31", "2028-03-14"]),
    ],
)
def test_a_fixed_stretch_is_over_on_its_last_day(fixed: Fixed, over: list[str]) -> None:
    days = ["2027-03-31", "2027-05-15", "2027-06-30", "2027-12-31", "2028-03-14"]
    ends = {each: midnight(date.fromisoformat(each) + timedelta(days=1), LONDON) for each in days}
    stretch = Stretch(fixed=fixed)

    assert [each for each in days if stretch.is_over(ends[each], LONDON, FIRST)] == over


def test_a_rolling_stretch_is_whole_at_any_instant() -> None:
    assert parse_stretch("3 months").is_over(utc("2027-05-15 12:00"), LONDON, FIRST)
