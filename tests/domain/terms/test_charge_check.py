"""Charges, bases, currencies and caps: what money hangs on is there, and leaves room for it."""

from decimal import Decimal
from typing import Any

import pytest

from domain.checks.charges import largest_credit
from domain.terms.problems import Rule
from domain.terms.shape import Terms
from tests.domain.checked import (
    ANSWERS,
    DOCUMENT,
    UPTIME,
    found,
    kpi,
    problems,
    remedy,
    trigger,
)

LINES = {"currency": "GBP", "lines": {"hosting": {"amount": "900"}, "desk": {"amount": "100"}}}


@pytest.mark.parametrize(
    "charges",
    [
        None,
        {"currency": "GBP"},
        {"currency": "JPY", "amount": "1000"},
        {"currency": "GBP", "amount": "900.50", "lines": {"desk": {"amount": "100"}}},
    ],
)
def test_charges_may_be_left_out_or_come_with_the_facts(charges: Any) -> None:
    assert found(charges=charges, remedies=[remedy()]) == set()


@pytest.mark.parametrize(
    ("charges", "rule", "path"),
    [
        ({"currency": "GBP", "amount": "0"}, Rule.CHARGES_WITHOUT_EFFECT, "amount"),
        (
            {"currency": "GBP", "lines": {"desk": {"amount": "-1"}}},
            Rule.CHARGES_WITHOUT_EFFECT,
            "lines.desk.amount",
        ),
        ({"currency": "GBP", "credit_cap": "0 %"}, Rule.CHARGES_WITHOUT_EFFECT, "credit_cap"),
        ({"currency": "ABC", "amount": "1"}, Rule.NOT_A_CURRENCY, "currency"),
        ({"currency": "JPY", "amount": "1.5"}, Rule.NOT_IN_CURRENCY, "amount"),
        ({"currency": "GBP", "lines": {"all": {"amount": "1"}}}, Rule.REPEATED_KEY, "lines.all"),
        (
            {"currency": "GBP", "amount": "1", "lines": {"service": {"amount": "1"}}},
            Rule.REPEATED_KEY,
            "lines.service",
        ),
        ({"currency": "GBP", "credit_cap": "9 %"}, Rule.CAP_BELOW_CREDIT, "credit_cap"),
    ],
)
def test_charges_are_money_that_can_be_credited(
    charges: dict[str, Any], rule: Rule, path: str
) -> None:
    assert (rule, f"charges.{path}") in found(charges=charges)


# --- bases


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"remedies": [remedy()]}, "remedies.credits.base.line"),
        ({"remedies": [remedy(base={"line": "x"})]}, "remedies.credits.base.line"),
        ({"caps": [{"most": "50 %"}]}, "caps[0].of.line"),
        (
            {"remedies": [remedy(base={"line": "desk"}, caps=[{"most": "50 %"}])]},
            "remedies.credits.caps[0].of.line",
        ),
        (
            {"triggers": [trigger({"count": 1, "of": "missed"}, withhold={"percent": "5 %"})]},
            "triggers.plan.withhold.base.line",
        ),
        (
            {"indexation": [{"key": "cpi", "series": "x", "reference": "y", "on": "2028-01-01"}]},
            "indexation.cpi.line",
        ),
    ],
)
def test_a_base_is_one_of_the_lines_that_are_charged(sections: dict[str, Any], path: str) -> None:
    assert (Rule.UNKNOWN_NAME, path) in found(charges=LINES, **sections)


@pytest.mark.parametrize(
    "sections",
    [
        {"remedies": [remedy({"kind": "per_failure", "amount": "5"})]},
        {"remedies": [remedy({"kind": "ladder", "steps": [{"at_least": 1, "amount": "5"}]})]},
        {
            "remedies": [remedy()],
            "kpis": [kpi(bands=[{"at_least": 99}, {"below": 99, "amount": "5"}])],
        },
        {"caps": [{"amount": "50"}]},
    ],
)
def test_sums_need_no_base(sections: dict[str, Any]) -> None:
    assert found(charges=LINES, **sections) == set()


@pytest.mark.parametrize(
    "scheme",
    [
        {"kind": "per_failure", "percent": "5 %"},
        {"kind": "recurrence", "run": ["5 %"]},
        {"kind": "ladder", "steps": [{"at_least": 1, "credit": "5 %"}]},
    ],
)
def test_shares_need_one(scheme: dict[str, Any]) -> None:
    assert found(charges=LINES, remedies=[remedy(scheme)]) == {
        (Rule.UNKNOWN_NAME, "remedies.credits.base.line")
    }


def test_all_lines_and_any_line_of_the_charges_can_be_a_base() -> None:
    for line in ("hosting", "desk", "all"):
        assert found(charges=LINES, remedies=[remedy(base={"line": line})]) == set()


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"remedies": [remedy({"kind": "points", "amount": "5"})]}, "scheme.amount"),
        (
            {"remedies": [remedy({"kind": "ladder", "steps": [{"at_least": 1, "amount": "5"}]})]},
            "scheme.steps[0].amount",
        ),
        ({"remedies": [remedy(pays_only="above 1 GBP")]}, "pays_only"),
        ({"remedies": [remedy(caps=[{"amount": "5"}])]}, "caps[0].amount"),
    ],
)
def test_an_amount_needs_a_currency(sections: dict[str, Any], path: str) -> None:
    assert (Rule.NO_CURRENCY, f"remedies.credits.{path}") in found(charges=None, **sections)
    assert (Rule.NO_CURRENCY, f"remedies.credits.{path}") not in found(**sections)


def test_an_amount_of_a_band_needs_a_currency() -> None:
    bands = [{"at_least": 99}, {"below": 99, "amount": "5"}]

    assert found(charges=None, kpis=[kpi(bands=bands)]) == {
        (Rule.NO_CURRENCY, "kpis.uptime.bands[1].amount")
    }


def test_what_is_paid_only_above_is_in_the_currency() -> None:
    assert found(remedies=[remedy(pays_only="above 1 %")]) == set()
    assert found(remedies=[remedy(pays_only="above 1 USD")]) == {
        (Rule.UNIT_MISMATCH, "remedies.credits.pays_only")
    }


# --- caps


@pytest.mark.parametrize(
    ("cap", "rule", "path"),
    [
        ({}, Rule.KEY_NEEDED, ""),
        ({"most": "0 %"}, Rule.CHARGES_WITHOUT_EFFECT, ".most"),
        ({"amount": "-5"}, Rule.CHARGES_WITHOUT_EFFECT, ".amount"),
        ({"most": "20 %", "remedies": ["x"]}, Rule.UNKNOWN_NAME, ".remedies[0]"),
        (
            {"most": "20 %", "over": "kpi", "remedies": ["credits"]},
            Rule.KEY_WITHOUT_USE,
            ".remedies",
        ),
        ({"most": "9 %"}, Rule.CAP_BELOW_CREDIT, ".most"),
    ],
)
def test_a_cap_says_how_much_and_of_what(cap: dict[str, Any], rule: Rule, path: str) -> None:
    assert (rule, f"caps[0]{path}") in found(caps=[cap], remedies=[remedy()])
    assert (rule, f"remedies.credits.caps[0]{path}") in found(remedies=[remedy(caps=[cap])])


SUMS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"kind": "tiers"},
        {"bands": [{"at_least": 99, "amount": "0"}, {"below": 99, "amount": "50"}]},
    ),
    ({"kind": "points", "amount": "25"}, {"bands": [{"at_least": 99}, {"below": 99, "points": 2}]}),
    ({"kind": "ladder", "steps": [{"at_least": 1, "amount": "50"}]}, {}),
    ({"kind": "per_failure", "amount": "50"}, {}),
]


@pytest.mark.parametrize(("scheme", "bands"), SUMS)
@pytest.mark.parametrize("window", [{}, {"window": "12 months"}])
def test_a_cap_of_a_sum_is_not_below_a_single_sum(
    scheme: dict[str, Any], bands: dict[str, Any], window: dict[str, str]
) -> None:
    def warned(most: str) -> set[tuple[str, str]]:
        return found(
            kpis=[kpi(**bands)], remedies=[remedy(scheme, caps=[{"amount": most} | window])]
        )

    assert warned("49.99") == {(Rule.CAP_BELOW_CREDIT, "remedies.credits.caps[0].amount")}
    assert warned("50") == set()


def test_a_cap_of_a_sum_that_is_too_small_says_so_in_the_currency() -> None:
    capped = remedy({"kind": "per_failure", "amount": "50"}, caps=[{"amount": "40"}])

    (warning,) = problems(remedies=[capped])

    assert not warning.refuses
    assert warning.message == "one credit of `credits` alone, 50, is above this cap"


@pytest.mark.parametrize(
    "cap",
    [
        {"most": "10 %"},
        {"amount": "5"},
        {"most": "9 %", "window": "12 months"},
        {"most": "9 %", "of": {"period": "year"}},
        {"most": "9 %", "remedies": ["other"]},
    ],
)
def test_a_cap_above_each_credit_or_of_something_else_is_fine(cap: dict[str, Any]) -> None:
    other = {**remedy({"kind": "linear", "percent": "1 %"}), "key": "other"}

    assert found(caps=[cap], remedies=[remedy(), other]) == set()


@pytest.mark.parametrize(
    ("scheme", "largest"),
    [
        ({"kind": "tiers"}, "10"),
        ({"kind": "points", "percent": "0.5 %"}, "1.5"),
        ({"kind": "points", "amount": "5"}, None),
        ({"kind": "ladder", "steps": [{"at_least": 1, "credit": "7 %"}]}, "7"),
        (
            {
                "kind": "at_risk",
                "at_risk": "10 %",
                "pool": "40 %",
                "allocation": {"uptime": "50 %"},
            },
            "2",
        ),
        ({"kind": "at_risk", "at_risk": "10 %"}, "10"),
        ({"kind": "per_failure", "percent": "3 %"}, "3"),
        ({"kind": "recurrence", "run": ["12.5 %", "25 %"]}, "25"),
        ({"kind": "linear", "percent": "1 %"}, None),
        (
            {
                "kind": "payment_share",
                "share": "40 %",
                "pays": {"met": "100 %", "below_expected": "38 %", "below_minimum": "0 %"},
            },
            "40",
        ),
    ],
)
def test_the_largest_credit_of_one_result_follows_from_the_scheme(
    scheme: dict[str, Any], largest: str | None
) -> None:
    terms = Terms.model_validate(DOCUMENT | {"remedies": [remedy(scheme)]})

    assert largest_credit(terms, terms.remedies[0]) == (largest and Decimal(largest))


def test_points_of_a_run_count_for_the_largest_credit() -> None:
    runs = {**ANSWERS, "points_by_run": ["1", "4"]}
    document = DOCUMENT | {"kpis": [UPTIME, runs]}
    scheme = remedy({"kind": "points", "percent": "1 %"}, kpis=["answers"])
    terms = Terms.model_validate(document | {"remedies": [scheme]})

    assert largest_credit(terms, terms.remedies[0]) == 4


@pytest.mark.parametrize("over", ["kpi", "service"])
def test_a_cap_over_one_kpi_cannot_hold_the_points_of_all(over: str) -> None:
    points = remedy({"kind": "points", "percent": "1 %"})
    cap = {"most": "5 %", "over": over}

    assert (Rule.CAP_CANNOT_HOLD, "caps[0].over") in found(caps=[cap], remedies=[points])
    tiers = {**remedy(), "key": "tiers"}
    assert Rule.CAP_CANNOT_HOLD not in {
        rule for rule, _ in found(caps=[cap], remedies=[points, tiers])
    }


@pytest.mark.parametrize(("day", "late"), [("2028-12-31", False), ("2029-01-01", True)])
def test_an_indexation_after_the_term_is_warned_of(day: str, late: bool) -> None:  # noqa: FBT001
    rule = {"key": "cpi", "line": "desk", "series": "x", "reference": "y", "on": day}

    told = problems(
        charges=LINES, indexation=[rule], term={"starts_on": "2027-01-01", "months": "24"}
    )

    assert [(each.rule, each.path, each.refuses) for each in told] == (
        [(Rule.INDEXED_AFTER_TERM, "indexation.cpi.on", False)] if late else []
    )
