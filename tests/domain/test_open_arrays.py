"""Open time over arrays: every answer is the one that the calendar gives for each by itself."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import open_arrays
from domain.open_arrays import EPOCH, NEVER, microseconds
from domain.opening_hours import compiled
from domain.service_calendar import LATEST, NeverOpenError, ServiceCalendar
from domain.terms.calendars import Calendar
from domain.zones import zone_named
from tests.domain.test_service_calendar import CALENDARS, hours, utc

calendars = st.sampled_from(CALENDARS)
moments = st.datetimes(datetime(2010, 1, 1), datetime(2013, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
stretches = st.lists(st.tuples(moments, moments), max_size=30)
lengths = st.one_of(st.just(0), st.integers(1, 40 * 86_400 * 1_000_000))


@settings(deadline=None, max_examples=60)  # a first example compiles the years
@given(calendars, stretches)
def test_the_open_time_of_many_stretches_is_that_of_each(
    calendar: ServiceCalendar, several: list[tuple[datetime, datetime]]
) -> None:
    starts, ends = (
        microseconds(side) for side in ([a for a, _ in several], [b for _, b in several])
    )

    found = open_arrays.elapsed(calendar, starts, ends).tolist()

    assert [Fraction(each, 1_000_000) for each in found] == [
        calendar.elapsed(start, end) for start, end in several
    ]


@settings(deadline=None, max_examples=60)  # a first example compiles the years
@given(calendars, st.lists(st.tuples(moments, lengths), max_size=30))
def test_what_many_deadlines_are_is_what_each_is(
    calendar: ServiceCalendar, several: list[tuple[datetime, int]]
) -> None:
    starts = microseconds(at for at, _ in several)
    asked = np.array([length for _, length in several], dtype=np.int64)

    found = open_arrays.instants(open_arrays.add(calendar, starts, asked))

    assert found == [calendar.add(start, Fraction(length, 1_000_000)) for start, length in several]


@settings(deadline=None, max_examples=60)  # a first example compiles the years
@given(calendars, st.lists(st.tuples(moments, lengths), max_size=30))
def test_what_many_added_has_elapsed(
    calendar: ServiceCalendar, several: list[tuple[datetime, int]]
) -> None:
    starts = microseconds(at for at, _ in several)
    asked = np.array([length for _, length in several], dtype=np.int64)

    due = open_arrays.add(calendar, starts, asked)

    assert open_arrays.elapsed(calendar, starts, due).tolist() == asked.tolist()


@settings(deadline=None, max_examples=60)  # a first example compiles the years
@given(calendars, st.lists(moments, max_size=30))
def test_the_next_open_instant_is_the_instant_itself_or_the_next_opening(
    calendar: ServiceCalendar, several: list[datetime]
) -> None:
    found = open_arrays.instants(open_arrays.next_open(calendar, microseconds(several)))

    year = timedelta(days=365)
    assert found == [next(calendar.open(at, at + year))[0] for at in several]


def test_what_ends_exactly_at_closing_is_due_at_closing() -> None:
    office = hours("UTC", "08:00-17:00")
    friday = microseconds([utc("2026-11-06T16:00"), utc("2026-11-06T17:00")])

    due = open_arrays.add(office, friday, 3600 * 1_000_000)

    assert open_arrays.instants(due) == [utc("2026-11-06T17:00"), utc("2026-11-09T09:00")]


def test_a_calendar_that_is_never_open_has_no_deadline_but_for_no_length() -> None:
    never = compiled(Calendar(hours={}), zone_named("UTC"))
    now = microseconds([utc("2026-11-06T16:00")])

    assert open_arrays.instants(open_arrays.add(never, now, 1)) == [None]
    assert open_arrays.instants(open_arrays.add(never, now, 0)) == [utc("2026-11-06T16:00")]
    assert open_arrays.next_open(never, now).tolist() == [NEVER]
    assert open_arrays.elapsed(never, now, now + 10**12).tolist() == [0]


def test_what_no_year_of_the_calendar_reaches_is_never() -> None:
    office = hours("UTC", "08:00-17:00")
    late = datetime(LATEST, 12, 30, 12, tzinfo=UTC)
    with pytest.raises(NeverOpenError):
        office.add(late, 30 * 9 * 3600)

    due = open_arrays.add(office, microseconds([late]), 30 * 9 * 3600 * 1_000_000)

    assert due.tolist() == [NEVER]


def test_instants_are_whole_microseconds_before_and_after_1970() -> None:
    said = [
        EPOCH - timedelta(microseconds=1),
        EPOCH,
        datetime(2299, 12, 31, 23, 59, 59, 999_999, UTC),
    ]

    assert open_arrays.instants(microseconds(said)) == said
    assert microseconds([]).tolist() == []
