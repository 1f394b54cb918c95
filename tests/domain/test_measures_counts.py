"""Figures of counted things: ratios, rates, and the five formulas of contact centres."""

from fractions import Fraction
from typing import Any

import pytest

from domain.numbers import RoundingMode, rounded
from domain.results import Status
from tests.domain.performing import count, january, perform, terms, ticket

RATIO: dict[str, Any] = {"kind": "ratio", "counts": "calls"}
CALLS = [
    count("a", "01-05", "answered", "1000"),
    count("b", "01-05", "answered_within", "860"),
    count("c", "01-05", "abandoned", "60"),
    count("d", "01-05", "abandoned_within", "20"),
    count("e", "01-05", "abandoned_short", "10"),
]


@pytest.mark.parametrize(
    ("formula", "value", "shown", "reason"),
    [
        (
            "both_within",
            Fraction(880, 1060),
            "83.02",
            "(860 answered_within + 20 abandoned_within) / (1,000 answered + 60 abandoned)",
        ),
        ("answered_only", Fraction(860, 1000), "86.00", "(860 answered_within) / (1,000 answered)"),
        (
            "all_offered",
            Fraction(860, 1060),
            "81.13",
            "(860 answered_within) / (1,000 answered + 60 abandoned)",
        ),
        (
            "late_abandoned",
            Fraction(860, 1040),
            "82.69",
            "(860 answered_within) / (1,000 answered + 60 abandoned - 20 abandoned_within)",
        ),
        (
            "short_abandoned_excluded",
            Fraction(860, 1050),
            "81.90",
            "(860 answered_within) / (1,000 answered + 60 abandoned - 10 abandoned_short)",
        ),
    ],
)
def test_five_formulas_give_five_service_levels(
    formula: str, value: Fraction, shown: str, reason: str
) -> None:
    """callcentrehelper.com: 1000 answered, 860 in 20 s, 60 abandoned, 20 within, 10 in 5 s."""
    measure = {"kind": "contact_service_level", "counts": "calls", "formula": formula}

    result = january(measure, *CALLS)

    assert result.value == 100 * value
    assert str(rounded(100 * value, 2, RoundingMode.HALF_UP)) == shown
    assert result.reason[0].startswith(reason)


def test_counts_are_pooled_over_the_period() -> None:
    facts = (
        count("a", "01-05", "fixed", "8"),
        count("b", "01-05", "found", "10"),
        count("c", "01-06", "fixed", "1"),
        count("d", "01-06", "waived", "1"),
        count("e", "01-06", "found", "2"),
    )
    measure = RATIO | {"of": ["fixed", "waived"], "over": "found"}

    result = january(measure, *facts)

    assert result.value == Fraction(1000, 12)
    assert (result.num, result.den, result.sample) == (Fraction(10), Fraction(12), 12)
    assert january(measure, *facts, unit="ratio").value == Fraction(10, 12)
    assert result.reason[0] == "(9 fixed + 1 waived) / (12 found) = 10 / 12: 83.33 %."


def test_a_ratio_may_exceed_its_volume() -> None:
    facts = count("a", "01-05", "fixed", "8"), count("b", "01-05", "found", "4")

    assert january(RATIO | {"of": "fixed", "over": "found"}, *facts).value == 200


def test_without_volume_there_is_no_ratio() -> None:
    measure = RATIO | {"of": "fixed", "over": "found"}

    assert january(measure).reason[0] == "There were no facts."
    result = january(measure, count("a", "01-05", "fixed", "8"))

    assert result.status == Status.NO_DATA
    assert result.reason[0] == "There was no volume of found."


def test_a_rate_is_so_many_for_each_thousand() -> None:
    measure = {"kind": "rate", "counts": "calls", "of": "lost", "over": "calls", "times": "1000"}
    facts = count("a", "01-05", "lost", "3"), count("b", "01-05", "calls", "4000")

    result = january(measure, *facts, unit="lost")

    assert result.value == Fraction(3, 4)
    assert result.reason[0] == "3 lost x 1,000 / 4,000 calls: 0.75 lost."


@pytest.mark.parametrize(("unit", "value"), [("tickets", Fraction(1, 5)), ("%", Fraction(20))])
def test_a_rate_without_a_name_above_counts_tickets(unit: str, value: Fraction) -> None:
    measure = {"kind": "rate", "counts": "calls", "over": "users", "where": {"type": "incident"}}
    facts = (
        ticket("a", "01-05", type="incident"),
        ticket("b", "01-06", type="request"),
        ticket("c", "02-06", type="incident"),
        count("d", "01-05", "users", "5"),
    )

    assert january(measure, *facts, unit=unit).value == value


def test_a_rate_of_no_tickets_is_zero_and_without_volume_there_is_none() -> None:
    measure = {"kind": "rate", "counts": "calls", "over": "users"}

    assert january(measure, count("d", "01-05", "users", "5"), unit="tickets").value == 0
    assert january(measure, ticket("a", "01-05"), unit="tickets").value is None
    assert january(measure, unit="tickets").value is None


def test_tickets_and_volumes_are_split_alike() -> None:
    kpi = {"measure": {"kind": "rate", "counts": "calls", "over": "users"}, "per": ["site"]}
    facts = (
        ticket("a", "01-05", site="leeds"),
        count("b", "01-05", "users", "5", site="leeds"),
        count("c", "01-05", "users", "2", site="york"),
        count("d", "01-05", "users", "2"),
    )

    performed = perform(terms(kpi | {"unit": "tickets"}), *facts)

    assert {result.dim: result.value for result in performed.results} == {
        (("site", "leeds"),): Fraction(1, 5),
        (("site", "york"),): 0,
    }
    assert performed.troubles[0].message == "1 fact of k left out: without `site`"


def test_what_changes_a_rate_changes_its_digest() -> None:
    measure = {"kind": "rate", "counts": "calls", "over": "users"}
    one = january(measure, count("d", "01-05", "users", "5"), ticket("a", "01-05"), unit="t")
    other = january(measure, count("d", "01-05", "users", "6"), ticket("a", "01-05"), unit="t")

    assert one.inputs_digest != other.inputs_digest


def test_a_share_of_calls_above_the_whole_gives_no_figure_and_says_why() -> None:
    measure = {"kind": "contact_service_level", "counts": "calls", "formula": "answered_only"}
    more = [count("a", "01-05", "answered", "1000"), count("b", "01-05", "answered_within", "1008")]

    performed = perform(terms({"measure": measure}), *more)

    (result,), (trouble,) = performed.results, performed.troubles
    assert (result.value, result.status) == (None, Status.NO_DATA)
    assert result.reason[0] == (
        "(1,008 answered_within) / (1,000 answered) = 1,008 / 1,000: more calls were in time than "
        "there were, so the counts contradict each other and give no figure."
    )
    assert (trouble.level, trouble.message) == (
        "error",
        "k/2027-01 has no figure: more calls were in time than there were",
    )
