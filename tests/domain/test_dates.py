"""The dates of a term: days before its end are counted back from its last day."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.dates import after_agreed, dates
from domain.results import Dated
from domain.spans import parse_span
from domain.terms.shape import Terms
from domain.zones import local_date
from tests.domain.runs import LONDON, day, terms


def renewing(months: str = "12", starts_on: str = "2027-01-01", **renewal: Any) -> Terms:
    return terms(term={"starts_on": starts_on, "months": months}, renewal=renewal)


def test_sixty_days_before_the_31st_of_december_is_the_1st_of_november() -> None:
    assert dates(renewing(notice="60 days")) == [
        Dated("term_start", day("2027-01-01"), "the beginning of 2027-01-01, the first day"),
        Dated(
            "renewal_notice",
            day("2027-11-01"),
            "60 days before 2027-12-31, the last day of the term: in time on 2027-11-01",
        ),
        Dated(
            "expiry",
            day("2028-01-01"),
            "12 months from 2027-01-01: the end of 2027-12-31, the last day",
        ),
    ]


def test_silence_counts_from_another_date_where_that_is_agreed() -> None:
    found = dates(renewing(notice="3 months", decide_before="1 month"))

    assert [(each.key, each.at) for each in found[1:3]] == [
        ("renewal_notice", day("2027-09-30")),
        ("renewal_decision", day("2027-11-30")),
    ]


def test_without_renewal_a_term_begins_and_expires() -> None:
    agreed = terms(term={"starts_on": "2027-01-31", "months": "1"})

    assert [(each.key, each.at) for each in dates(agreed)] == [
        ("term_start", day("2027-01-31")),
        ("expiry", day("2027-02-28")),
    ]
    assert dates(agreed)[1].rule == "1 month from 2027-01-31: the end of 2027-02-27, the last day"


@given(
    starts_on=st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    months=st.integers(1, 60),
    notice=st.integers(0, 400),
)
def test_so_many_days_lie_between_the_notice_and_the_last_day(
    starts_on: date, months: int, notice: int
) -> None:
    agreed = renewing(str(months), str(starts_on), notice=f"{notice} days")

    at = {each.key: each.at for each in dates(agreed)}

    last = local_date(at["expiry"], LONDON) - timedelta(days=1)
    assert last - local_date(at["renewal_notice"], LONDON) == timedelta(days=notice)


def test_a_length_is_counted_by_the_zone_and_the_working_days_of_the_terms() -> None:
    office = {"office": {"hours": {"sun-thu": "09:00-17:00"}}}
    agreed, plain = terms(calendars=office, working_days="office"), terms()
    thursday = day("2027-03-25")

    assert after_agreed(plain, thursday, parse_span("1 working day")) == day("2027-03-26")
    assert after_agreed(agreed, thursday, parse_span("1 working day")) == day("2027-03-28")
    assert after_agreed(agreed, thursday, parse_span("4 days")) == day("2027-03-29")
