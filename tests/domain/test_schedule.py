"""Each period is evaluated after its end and cut-off, under the edition in force as it began."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import Every
from domain.schedule import DuePeriod, TermsAt, schedule
from domain.terms.shape import Agreement
from tests.domain.agreed import with_kpi


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


LIVE, END = utc("2027-03-01T00:00"), utc("2029-03-01T00:00")


def editions(*from_when: tuple[datetime, Agreement]) -> TermsAt:
    def terms_at(at: datetime) -> tuple[int, Agreement]:
        number = max(index for index, (since, _) in enumerate(from_when) if since <= at)
        return number + 1, from_when[number][1]

    return terms_at


MONTHLY = with_kpi("resolution")
WEEKLY = with_kpi("resolution", every="week", target={"expected": "at least 97 %"}, cut_off="1 day")


def monthly_then_weekly(changed: str) -> list[DuePeriod]:
    terms_at = editions((LIVE, MONTHLY), (utc(changed), WEEKLY))
    return list(schedule("resolution", LIVE, utc("2027-06-01T00:00"), terms_at))


def test_a_period_is_due_after_its_end_and_the_cut_off_by_the_local_clock() -> None:
    first, *_ = schedule("resolution", LIVE, END, editions((LIVE, MONTHLY)))

    assert first.period.key == "2027-03"
    assert first.period.end == utc("2027-03-31T23:00")
    assert first.due_at == utc("2027-04-03T23:00")


def test_a_kpi_has_all_the_periods_of_the_term() -> None:
    found = list(schedule("resolution", LIVE, END, editions((LIVE, MONTHLY))))

    assert len(found) == 24
    assert (found[0].period.start, found[-1].period.end) == (LIVE, END)


def test_a_period_that_a_new_edition_falls_into_ends_as_it_began() -> None:
    found = monthly_then_weekly("2027-04-14T23:00")

    assert [(each.edition, each.period.key) for each in found[:5]] == [
        (1, "2027-03"),
        (1, "2027-04"),
        (2, "2027-W17"),
        (2, "2027-W18"),
        (2, "2027-W19"),
    ]


def test_a_new_rhythm_begins_where_the_old_one_ended() -> None:
    found = monthly_then_weekly("2027-04-14T23:00")

    assert found[2].period.start == found[1].period.end == utc("2027-04-30T23:00")
    assert found[2].period.end == utc("2027-05-02T23:00")


def test_target_and_cut_off_are_those_of_the_edition() -> None:
    _, before, after, *_ = monthly_then_weekly("2027-04-14T23:00")

    assert [str(each.kpi.target.expected) for each in (before, after)] == [
        "at least 95 %",
        "at least 97 %",
    ]
    assert after.due_at - after.period.end == timedelta(days=1)


def test_an_edition_counts_from_the_very_instant_of_a_period() -> None:
    found = monthly_then_weekly("2027-03-31T23:00")

    assert [each.edition for each in found[:2]] == [1, 2]


def test_nothing_is_due_of_no_time() -> None:
    assert list(schedule("resolution", LIVE, LIVE, editions((LIVE, MONTHLY)))) == []


def test_a_kpi_that_nobody_agreed_on_is_an_error() -> None:
    with pytest.raises(KeyError):
        next(schedule("other", LIVE, END, editions((LIVE, MONTHLY))))


BY_RHYTHM = {every: with_kpi("resolution", every=every.value) for every in Every}


@given(
    st.lists(st.tuples(st.integers(1, 400), st.sampled_from(list(Every))), max_size=4),
    st.integers(0, 200),
    st.integers(1, 300),
)
def test_whatever_changes_periods_are_contiguous_and_each_under_its_edition(
    changes: list[tuple[int, Every]], began: int, lasted: int
) -> None:
    since = LIVE + timedelta(days=began)
    until = since + timedelta(days=lasted)
    terms_at = editions(
        (LIVE, MONTHLY),
        *((LIVE + timedelta(days=day), BY_RHYTHM[every]) for day, every in sorted(changes)),
    )

    found = list(schedule("resolution", since, until, terms_at))

    assert (found[0].period.start, found[-1].period.end) == (since, until)
    assert all(one.period.end == other.period.start for one, other in pairwise(found))
    assert len({each.period.key for each in found}) == len(found)
    for each in found:
        edition, terms = terms_at(each.period.start)
        assert (each.edition, each.kpi) == (edition, terms.kpi("resolution"))
        assert each.due_at >= each.period.end


@given(st.integers(0, 700))
def test_going_on_from_where_it_stopped_is_the_same_schedule(after: int) -> None:
    terms_at = editions((LIVE, MONTHLY), (LIVE + timedelta(days=200), WEEKLY))
    whole = list(schedule("resolution", LIVE, END, terms_at))
    stopped = after % len(whole)

    rest = list(schedule("resolution", whole[stopped].period.end, END, terms_at))

    assert rest == whole[stopped + 1 :]
