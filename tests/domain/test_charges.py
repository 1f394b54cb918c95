"""What is charged in which settlement period."""

from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.charges import ChargeBook
from domain.money import split
from domain.periods import Period
from domain.terms.remedies import Base
from tests.domain.ledgers import agreed, at, book, charged, month, timeline


def span(start: str, end: str) -> Period:
    return Period(start, at(start), at(end))


def charging(**charges: Any) -> ChargeBook:
    return book(agreed(charges={"currency": "USD", **charges}))


def test_a_whole_settlement_period_is_charged_the_whole_amount() -> None:
    assert charging(amount="1000.10").charge("service", month("2027-02")) == 100_010


def test_a_part_of_a_month_is_charged_by_its_days() -> None:
    assert charging(amount="1000.00").charge("service", span("2027-02-01", "2027-02-15")) == 50_000


def test_a_day_of_23_hours_is_one_day() -> None:
    assert charging(amount="31.00").charge("service", span("2027-03-28", "2027-03-29")) == 100


def test_a_part_of_a_day_is_a_part_of_its_charge() -> None:
    half = Period("half", at("2027-01-05"), datetime(2027, 1, 5, 12, tzinfo=UTC))

    assert charging(amount="31.00").charge("service", half) == 50


def test_a_part_of_a_day_is_one_of_the_local_day_to_the_microsecond() -> None:
    summer = Period("half", at("2027-07-05"), datetime(2027, 7, 5, 11, tzinfo=UTC))
    least = Period("least", at("2027-01-05"), datetime(2027, 1, 5, 0, 0, 0, 1, tzinfo=UTC))

    assert charging(amount="31.00").charge("service", summer) == 50
    longest = Period("longest", at("2027-10-31"), datetime(2027, 10, 30, 23, 30, tzinfo=UTC))

    assert charging(amount="31.00").charge("service", least) == Fraction(100, 86_400_000_000)
    assert charging(amount="31.00").charge("service", longest) == 2  # half an hour of 25


def test_what_is_charged_for_a_settlement_period_is_charged_once_in_it() -> None:
    known = charging(amount="300", per="quarter")

    assert known.charge("service", span("2027-01-01", "2027-04-01")) == 30_000
    assert known.charge("service", month("2027-02")) == 10_000


def test_the_first_settlement_period_begins_with_the_term() -> None:
    terms = agreed(term={"starts_on": "2027-01-16", "months": "3"})
    settled = book(terms).settlements(at("2027-01-01"), at("2027-05-01"))

    assert [(each.key, each.start) for each in settled[:2]] == [
        ("2027-01", at("2027-01-16")),
        ("2027-02", at("2027-02-01")),
    ]
    assert book(terms).charge("service", month("2027-01")) == Fraction(100_000 * 16, 31)


def test_the_term_cuts_its_last_settlement_period_and_the_schedule_goes_on() -> None:
    terms = agreed(term={"starts_on": "2027-01-16", "months": "3"})
    cut = book(terms).settlements(at("2027-04-01"), at("2027-05-01"))

    assert [(each.key, each.start, each.end) for each in cut] == [
        ("2027-04", at("2027-04-01"), at("2027-04-16")),
        ("2027-04-16", at("2027-04-16"), at("2027-05-01")),
    ]
    assert book(terms).charge("service", cut[1]) == 50_000


def test_a_renewed_term_is_cut_where_it_ends_now() -> None:
    terms = agreed(term={"starts_on": "2027-01-16", "months": "3"})
    renewed = ChargeBook(timeline(terms), (), at("2027-07-16"))

    assert [each.key for each in renewed.settlements(at("2027-04-01"), at("2027-05-01"))] == [
        "2027-04"
    ]


def test_without_charges_settlement_is_by_calendar_month_and_nothing_is_known() -> None:
    unknown = book(agreed(charges=None))

    assert unknown.settlement_of(at("2027-03-01")) == month("2027-02")
    assert unknown.charge("service", month("2027-02")) is None
    assert unknown.charge("all", month("2027-02")) is None
    assert unknown.currency is None


def test_a_period_that_ends_with_a_settlement_period_is_settled_in_it() -> None:
    quarterly = charging(amount="3000", per="quarter")

    assert quarterly.settlement_of(at("2027-04-01")).key == "2027-Q1"
    assert quarterly.settlement_of(at("2027-04-02")).key == "2027-Q2"
    assert quarterly.settlement_of(at("2026-11-01")).key == "2027-Q1"


@pytest.mark.parametrize(
    ("amount", "per", "minor"),
    [("126000", "year", 1_050_000), ("300", "quarter", 10_000), ("20", "day", 56_000)],
)
def test_a_line_of_another_rhythm_is_charged_by_its_share(
    amount: str, per: str, minor: int
) -> None:
    lines = charging(lines={"fee": {"amount": amount, "per": per}})

    assert lines.charge("fee", month("2027-02")) == minor


def test_a_weekly_line_is_charged_by_its_days_in_the_month() -> None:
    weekly = charging(lines={"fee": {"amount": "7", "per": "week"}})

    assert weekly.charge("fee", month("2027-02")) == 2_800


def test_the_months_of_a_line_are_those_of_the_settlement() -> None:
    anchored = charging(
        per="month from 2027-01-16", lines={"fee": {"amount": "1200", "per": "year"}}
    )

    assert anchored.charge("fee", span("2027-02-16", "2027-03-16")) == 10_000


def test_the_months_of_a_line_are_calendar_months_where_settlement_is_by_weeks() -> None:
    known = charging(
        per="2 weeks from 2027-01-04", lines={"fee": {"amount": "3100", "per": "month"}}
    )

    assert known.charge("fee", month("2027-02")) == 310_000


def test_the_months_of_a_line_may_be_its_own() -> None:
    anchored = charging(lines={"fee": {"amount": "310", "per": "month from 2027-01-16"}})

    assert anchored.charge("fee", month("2027-02")) == Fraction(31_000 * 15, 31) + Fraction(
        31_000 * 13, 28
    )


def test_all_is_the_sum_of_the_lines() -> None:
    lines = charging(amount="1000", lines={"seats": {"amount": "200"}})

    assert lines.charge("all", month("2027-02")) == 120_000
    assert lines.charge("seats", month("2027-02")) == 20_000
    assert lines.charge("other", month("2027-02")) is None


def test_facts_of_charges_go_before_what_is_scheduled() -> None:
    facts = [charged("2027-02-01", "2027-03-01", "1500.00", name="inv-7")]
    known = book(agreed(), facts=facts)

    assert known.charge("service", month("2027-02")) == 150_000
    assert known.charge("service", month("2027-03")) == 100_000
    assert known.charge("service", span("2027-02-01", "2027-04-01")) == 250_000


def test_a_fact_that_lies_partly_inside_is_shared_by_days() -> None:
    facts = [charged("2027-01-16", "2027-03-16", "590.00", name="inv-8")]
    known = book(agreed(), facts=facts)

    assert known.charge("service", month("2027-02")) == 28_000
    assert known.told("service", month("2027-02")) == (
        "`service` as charged by inv-8: 28 of 59 days of 590.00 USD is 280.00 USD.",
    )


def test_a_fact_is_shared_by_local_days_across_the_change_of_the_clocks() -> None:
    known = book(agreed(), facts=[charged("2027-03-01", "2027-05-01", "61.00")])

    assert [known.charge("service", month(each)) for each in ("2027-03", "2027-04")] == [
        3_100,
        3_000,
    ]


def test_facts_of_one_line_and_period_add_up() -> None:
    facts = [
        charged("2027-02-01", "2027-03-01", "100", name="a"),
        charged("2027-02-01", "2027-03-01", "20", name="b"),
        charged("2027-02-01", "2027-03-01", "3", line="extra"),
    ]
    known = book(agreed(), facts=facts)

    assert known.charge("service", month("2027-02")) == 12_000
    assert known.charge("all", month("2027-02")) == 12_300
    assert known.knows("extra")
    assert not known.knows("other")


def test_a_charge_in_another_currency_is_left_out_and_said() -> None:
    known = book(agreed(), facts=[charged("2027-02-01", "2027-03-01", "5", currency="EUR")])

    assert known.charge("service", month("2027-02")) == 100_000
    assert known.troubles[0].where == "charge service-2027-02-01"
    assert "EUR" in known.troubles[0].message


def test_facts_alone_tell_the_currency_where_the_terms_do_not() -> None:
    known = book(agreed(charges=None), facts=[charged("2027-02-01", "2027-03-01", "5")])

    assert known.currency == "USD"
    assert known.charge("service", month("2027-02")) == 500
    assert known.charge("service", span("2027-02-01", "2027-04-01")) is None


def test_before_the_term_nothing_is_charged() -> None:
    assert charging(amount="5").charge("service", month("2026-12")) == 0


@pytest.mark.parametrize(
    ("period", "bounds"),
    [
        ("same", ("2027-05-01", "2027-06-01")),
        ("next", ("2027-06-01", "2027-07-01")),
        ("year", ("2027-01-01", "2028-01-01")),
        ("contract_year", ("2027-03-15", "2028-03-15")),
    ],
)
def test_a_base_is_the_charge_of_the_same_or_the_next_period_or_of_a_year(
    period: Any, bounds: tuple[str, str]
) -> None:
    known = book(agreed(term={"starts_on": "2027-03-15", "months": "24"}))
    basis = known.basis(Base(period=period), month("2027-05"))

    assert (basis.start, basis.end) == (at(bounds[0]), at(bounds[1]))


def test_a_contract_year_begins_and_ends_at_local_midnight() -> None:
    known = book(agreed(term={"starts_on": "2027-07-15", "months": "24"}))
    basis = known.basis(Base(period="contract_year"), month("2027-09"))

    assert (basis.start, basis.end) == (at("2027-07-15"), at("2028-07-15"))


def test_a_year_is_charged_as_far_as_the_term_goes() -> None:
    known = book(agreed(term={"starts_on": "2027-01-01", "months": "6"}))
    basis = known.basis(Base(period="year"), month("2027-05"))

    assert known.charge("service", basis) == 600_000


def test_after_the_term_a_year_is_whole() -> None:
    known = book(agreed(term={"starts_on": "2027-01-01", "months": "6"}))
    first = known.basis(Base(period="year"), month("2027-07"))
    later = known.basis(Base(period="year"), month("2028-05"))

    assert known.charge("service", first) == known.charge("service", later) == 1_200_000


def test_an_edition_that_splits_cuts_the_settlement_period_and_charges_each_part() -> None:
    dearer = agreed(charges={"currency": "USD", "amount": "3100"})
    split_up = book(agreed(), dearer, starts=["2027-03-11"], splits=True)
    march = split_up.settlements(at("2027-03-01"), at("2027-04-01"))

    assert [each.key for each in march] == ["2027-03", "2027-03-11"]
    assert split_up.charge("service", march[0]) == Fraction(100_000 * 10, 31)
    assert split_up.charge("service", march[1]) == 210_000


def test_an_edition_that_does_not_split_charges_from_the_next_period_on() -> None:
    dearer = agreed(charges={"currency": "USD", "amount": "3100"})
    known = book(agreed(), dearer, starts=["2027-03-11"])

    assert known.charge("service", month("2027-03")) == 100_000
    assert known.charge("service", month("2027-04")) == 310_000


def test_how_a_charge_comes_about_is_told_where_it_is_not_one_amount() -> None:
    known = charging(amount="31", lines={"fee": {"amount": "1200", "per": "year"}})

    assert known.told("service", month("2027-03")) == ()
    assert known.told("fee", month("2027-03")) == (
        "`fee`, 1/12 of 1,200.00 USD per year: 100.00 USD.",
    )
    assert known.told("service", span("2027-03-01", "2027-03-02")) == (
        "`service`: 1 of 31 days of 31.00 USD is 1.00 USD.",
    )
    assert known.told("fee", span("2027-01-01", "2028-01-01")) == (
        "The charge of 2027-01-01 is the sum of 12 parts.",
    )
    assert known.told("other", month("2027-03")) == ()


def test_up_to_four_parts_of_a_charge_are_told_one_by_one() -> None:
    two_months = {"amount": "200", "per": "2 months from 2027-01-01"}
    known = charging(amount="31", lines={"fee": two_months})

    assert len(known.told("service", span("2027-01-01", "2027-05-01"))) == 4
    assert known.told("fee", month("2027-03")) == (
        "`fee`, 1/2 of 200.00 USD per 2 months from 2027-01-01: 100.00 USD.",
    )


def test_a_part_of_a_day_is_told_with_places() -> None:
    third = Period("third", at("2027-01-05"), datetime(2027, 1, 5, 8, tzinfo=UTC))

    assert "0.3333 of 31 days" in charging(amount="31.00").told("service", third)[0]


@given(st.integers(1, 10**7), st.lists(st.integers(2, 364), max_size=6))
def test_the_parts_of_a_year_add_up_to_it(cents: int, cuts: list[int]) -> None:
    known = charging(lines={"fee": {"amount": f"{cents / 100:.2f}", "per": "year"}})
    first = at("2027-01-01")
    edges = sorted({0, 365, *cuts})
    days = [at("2027-01-01") + (at("2027-01-02") - first) * each for each in edges]
    parts = [known.charge("fee", Period("part", start, end)) for start, end in pairwise(days)]

    assert sum(part for part in parts if part is not None) == cents


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_split_parts_add_up_and_none_is_more_than_a_unit_from_its_share(
    total: int, weights: list[int]
) -> None:
    parts = split(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


@pytest.mark.parametrize(
    ("minor", "said"),
    [
        (Fraction(286_363), "2,863.63 USD"),
        (Fraction(31_500_000, 110), "2,863.636363… USD"),
        (Fraction(1, 2), "0.005000 USD"),
    ],
)
def test_an_amount_to_reckon_from_is_told_exactly(minor: Fraction, said: str) -> None:
    assert charging(amount="1").exactly(minor) == said
