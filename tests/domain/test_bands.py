"""Service credits by bands, and what a month of them comes to."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import evaluate
from domain.measurement import Aggregate
from domain.money import Money
from domain.remedies.bands import MonthTotal, credit_percent, month_total
from tests.facts.terms import kpi

BANDS = [
    {"at_least": "95", "credit": "0 %"},
    {"at_least": "90", "below": "95", "credit": "2.5 %"},
    {"at_least": "85", "below": "90", "credit": "5 %"},
    {"below": "85", "credit": "10 %"},
]


def credit(good: int, of: int = 1000, **terms: Any) -> Decimal | None:
    agreed = kpi(**({"bands": BANDS, "target": {"expected": "at least 95 %"}} | terms))
    return credit_percent(agreed, evaluate(agreed, Aggregate(Decimal(good), of, of, 0, "")))


@pytest.mark.parametrize(
    ("good", "percent"),
    [
        (1000, "0"),
        (950, "0"),
        (949, "2.5"),
        (900, "2.5"),
        (899, "5"),
        (850, "5"),
        (849, "10"),
        (0, "10"),
    ],
)
def test_a_figure_credits_what_its_band_says(good: int, percent: str) -> None:
    assert credit(good) == Decimal(percent)


def test_bands_may_exclude_their_lower_and_include_their_upper_edge() -> None:
    bands = [{"above": "85", "at_most": "90", "credit": "5 %"}, {"at_most": "85", "credit": "10 %"}]

    assert [credit(good, bands=bands) for good in (901, 900, 851, 850)] == [0, 5, 5, 10]


def test_a_figure_on_an_excluded_edge_is_outside_the_band() -> None:
    bands = [{"above": "90", "credit": "5 %"}]

    assert [credit(good, bands=bands) for good in (901, 900)] == [5, 0]


def test_the_deepest_of_overlapping_bands_counts() -> None:
    bands = [{"below": "95", "credit": "2 %"}, {"below": "90", "credit": "4 %"}]

    assert [credit(good, bands=bands) for good in (949, 899)] == [2, 4]


def test_without_bands_there_is_no_credit_to_speak_of() -> None:
    assert credit(0, bands=[]) is None


def test_a_period_that_failed_for_want_of_data_is_in_the_worst_band() -> None:
    assert credit(0, of=0, no_data="failed") == 10


def test_a_period_that_was_left_out_credits_nothing() -> None:
    assert credit(0, of=0) == 0


def test_the_band_is_that_of_the_rounded_figure_when_rounding_is_agreed() -> None:
    assert credit(94_996, of=100_000) == Decimal("2.5")
    assert credit(94_996, of=100_000, rounding={"places": "2", "mode": "half_up"}) == 0


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_better_service_never_credits_more(one: int, other: int) -> None:
    better, worse = credit(max(one, other)), credit(min(one, other))

    assert better is not None
    assert worse is not None
    assert better <= worse


def test_a_month_adds_up_under_its_cap_and_is_made_money_of_once() -> None:
    percents = [Decimal("2.5"), Decimal("0.05"), Decimal("0.05")]

    assert month_total(percents, Decimal(10), Money(999, "EUR")) == MonthTotal(
        Decimal("2.60"), Decimal("2.60"), Money(26, "EUR")
    )


def test_the_cap_is_never_exceeded() -> None:
    total = month_total([Decimal(8), Decimal("4.5")], Decimal(10), Money(100_000, "EUR"))

    assert total == MonthTotal(Decimal("12.5"), Decimal(10), Money(10_000, "EUR"))
    assert total.capped


def test_a_month_without_charges_has_percents_only() -> None:
    total = month_total([], Decimal(10))

    assert total == MonthTotal(Decimal(0), Decimal(0), None)
    assert not total.capped
