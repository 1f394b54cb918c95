"""From what the facts amount to, to a judgement and its reason."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import Judgement, Severity, Status, judge, severity
from domain.measurement import Aggregate
from domain.measures.readings import figure_of
from domain.terms.shape import Kpi
from tests.facts.terms import kpi

RESOLUTION_TIME = {"kind": "mean", "tickets": "resolution"}
DELAY = {"kind": "mean", "series": "delay"}
RESOLVED = {"kind": "proportion", "tickets": "resolution", "good": "at most 4 h"}
BOTH = {"expected": "at least 80 %", "minimum": "at least 70 %"}


def amount(num: int | str, den: int, missing: int = 0, facts: int | None = None) -> Aggregate:
    return Aggregate(Decimal(num), den, den if facts is None else facts, missing, "")


def judged(terms: Kpi, aggregate: Aggregate) -> Judgement:
    return judge(terms, figure_of(terms, aggregate))


@pytest.mark.parametrize(
    ("good", "status"),
    [
        (80, Status.MET),
        (79, Status.BELOW_EXPECTED),
        (70, Status.BELOW_EXPECTED),
        (69, Status.BELOW_MINIMUM),
    ],
)
def test_a_figure_on_the_target_meets_it(good: int, status: Status) -> None:
    assert judged(kpi(target=BOTH), amount(good, 100)).status == status


def test_without_a_minimum_nothing_is_severe() -> None:
    assert judged(kpi(), amount(0, 100)).status == Status.BELOW_EXPECTED


@pytest.mark.parametrize(("sum_", "status"), [("23", Status.MET), ("24", Status.BELOW_EXPECTED)])
def test_a_mean_may_have_to_be_low(sum_: str, status: Status) -> None:
    terms = kpi(DELAY, unit="min", target={"expected": "below 24 min", "minimum": "at most 30 min"})

    assert judged(terms, amount(sum_, 1)).status == status


@pytest.mark.parametrize(("unit", "value"), [("s", 5400), ("min", 90), ("h", Fraction(3, 2))])
def test_the_mean_of_a_clock_is_in_the_unit_of_the_kpi(unit: str, value: Fraction) -> None:
    terms = kpi(RESOLUTION_TIME, unit=unit, target={"expected": f"below 2 {unit}"})

    assert judged(terms, amount("10800.000000", 2)).value == value


@given(st.integers(1, 10**9), st.integers(0, 10**6))
def test_one_good_fact_less_than_the_target_is_a_miss(den: int, permille: int) -> None:
    target = Decimal(permille % 1001) / 10
    terms = kpi(target={"expected": f"at least {target} %"})
    needed = -(-den * (permille % 1001) // 1000)

    assert judged(terms, amount(needed, den)).status == Status.MET
    if needed:
        assert judged(terms, amount(needed - 1, den)).status == Status.BELOW_EXPECTED


def test_figures_are_compared_exactly_unless_rounding_is_agreed() -> None:
    nearly = amount(79_996, 100_000)
    half_up = {"places": "2", "mode": "half_up"}
    down = {"places": "2", "mode": "down"}

    assert judged(kpi(), nearly).status == Status.BELOW_EXPECTED
    assert judged(kpi(rounding=half_up), nearly).status == Status.MET
    assert judged(kpi(rounding=half_up), nearly).value == 80
    assert judged(kpi(rounding=down), nearly).status == Status.BELOW_EXPECTED


@pytest.mark.parametrize("target", [{"expected": "at least 80 %"}, BOTH])
def test_a_period_without_facts_is_left_out_when_agreed(target: dict[str, str]) -> None:
    found = judged(kpi(target=target), amount(0, 0))

    assert found.status == Status.NO_DATA
    assert found.value is None
    assert found.reason == ("There were no facts.", "Such a period is left out, as agreed.")


def test_a_period_without_facts_fails_the_worst_target_when_agreed() -> None:
    assert judged(kpi(no_data="failed"), amount(0, 0)).status == Status.BELOW_EXPECTED

    found = judged(kpi(no_data="failed", target=BOTH), amount(0, 0))

    assert found.status == Status.BELOW_MINIMUM
    assert found.reason == ("There were no facts.", "Such a period has failed, as agreed.")


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (1, "1 fact was found, none with a value."),
        (2000, "2,000 facts were found, none with a value."),
    ],
)
def test_facts_without_values_are_told_from_no_facts(facts: int, sentence: str) -> None:
    found = judged(kpi(), amount(0, 0, missing=facts, facts=facts))

    assert found.status == Status.NO_DATA
    assert found.reason[0] == sentence


def test_the_reason_is_told_in_sentences() -> None:
    terms = kpi(target={"expected": "at least 80 %", "minimum": "at least 75 %"})

    assert judged(terms, amount(3211, 4171, missing=60)).reason == (
        "3,211 of 4,171 samples of arrivals were below 15 min: 76.98 %, expected at least 80 %.",
        "60 of them had no value and count against, as agreed.",
        "The minimum, at least 75 %, is kept.",
    )


def test_the_reason_of_a_mean_tells_what_was_left_out() -> None:
    terms = kpi(
        RESOLUTION_TIME,
        unit="h",
        target={"expected": "below 24 h", "minimum": "below 36 h"},
        rounding={"places": "1", "mode": "half_even"},
    )

    assert judged(terms, amount(3600 * 100, 2, missing=1, facts=3)).reason == (
        "The mean of 2 tickets was 50.00 h, expected below 24 h.",
        "1 more without a value was left out, as agreed.",
        "50.0 h is compared: rounded half to even at 1 decimal place, as agreed.",
        "The minimum, below 36 h, is missed.",
    )


def test_one_is_told_as_one() -> None:
    terms = kpi(RESOLVED, rounding={"places": "2", "mode": "down"})

    assert judged(terms, amount(0, 1, missing=1)).reason == (
        "0 of 1 ticket had a resolution time of at most 4 h: 0.00 %, expected at least 80 %.",
        "1 of them had no value and counts against, as agreed.",
        "0.00 % is compared: cut off at 2 decimal places, as agreed.",
    )


def test_several_left_out_are_told_as_several() -> None:
    terms = kpi({"kind": "proportion", "flag": "made_sla", "missing": "excluded"})

    assert judged(terms, amount(9, 10, missing=2, facts=12)).reason == (
        "9 of 10 tickets were flagged made_sla: 90.00 %, expected at least 80 %.",
        "2 more without a value were left out, as agreed.",
    )


@pytest.mark.parametrize(
    ("expected", "num", "den", "figure"),
    [
        ("at least 80 min", "79999", 1000, "79.99 min"),
        ("at most 24 min", "24001", 1000, "24.001 min"),
        ("at most 24 min", f"24.{'0' * 11}1", 1, f"24.{'0' * 11}1 min"),
        ("at most 24 min", f"24.{'0' * 11}1", 3 * 10**9, "0.00 min"),
        ("at most 0 min", "1", 10**15, "very little above 0.00 min"),
        ("at least 0 min", "-1", 10**15, "very little below 0.00 min"),
    ],
)
def test_a_figure_never_shows_on_the_other_side_of_the_target(
    expected: str, num: str, den: int, figure: str
) -> None:
    terms = kpi(DELAY, unit="min", target={"expected": expected})

    assert f"was {figure}, expected" in judged(terms, amount(num, den)).reason[0]


def test_a_figure_never_shows_on_the_other_side_of_a_band_beside_a_target() -> None:
    bands = [{"at_most": 5, "credit": "0 %"}, {"above": 5, "credit": "5 %"}]
    terms = kpi(DELAY, unit="min", target={"expected": "at most 4 min"}, bands=bands)

    assert "was 5.001 min, expected" in judged(terms, amount("5001", 1000)).reason[0]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.BELOW_MINIMUM, Severity.SEVERE),
        (Status.BELOW_EXPECTED, Severity.MINOR),
        (Status.MET, None),
        (Status.NO_DATA, None),
    ],
)
def test_below_the_minimum_is_severe(status: Status, expected: Severity | None) -> None:
    assert severity(status) == expected


def test_what_is_measured_by_its_due_date_is_told_as_in_time() -> None:
    terms = kpi({"kind": "proportion", "tickets": "closure", "good": "by due"})

    assert judged(terms, amount(9, 10)).reason == (
        "9 of 10 tickets were in time: 90.00 %, expected at least 80 %.",
    )
