"""Targets divide what can be measured, and bands agree with them."""

from typing import Any

import pytest

from domain.terms.problems import Rule
from tests.domain.checked import UPTIME, found, kpi, problems

GOOD, MINOR, SEVERE = UPTIME["bands"]
OPEN_GOOD: dict[str, Any] = {"at_least": 99}


def bands(*said: Any, **values: Any) -> set[tuple[str, str]]:
    """What is found in a KPI with these bands, by paths inside it."""
    rows = found(kpis=[kpi(bands=list(said), **values)])
    return {(rule, path.removeprefix("kpis.uptime.")) for rule, path in rows}


def test_the_small_document_is_sound() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    "said",
    [
        ({**OPEN_GOOD, "reward": "2 %"}, {"below": 99, "points": 1}),
        ({**OPEN_GOOD}, {"below": 99, "amount": 100}),
        ({**OPEN_GOOD, "points": -1}, {"below": 99, "credit": "1 %", "points": 2}),
        ({"at_least": 99.9, "reward": "2 %"},),
        ({"below": 95, "name": "severe"},),
    ],
    ids=["reward", "amount", "bonus", "only-reward", "only-name"],
)
def test_bands_may_point_credit_reward_or_only_have_a_name(said: tuple[Any, ...]) -> None:
    assert bands(*said) == set()


@pytest.mark.parametrize(
    ("said", "rule", "path"),
    [
        ((GOOD, MINOR, {"below": 94, "credit": "10 %"}), Rule.BAND_GAP, "bands[1]"),
        ((GOOD, MINOR, {"below": 96, "credit": "10 %"}), Rule.BAND_OVERLAP, "bands[1]"),
        ((GOOD, {"at_least": 10, "below": 99, "points": 1}), Rule.BAND_GAP, "bands[1]"),
        ((MINOR, SEVERE), Rule.BAND_GAP, "bands[0]"),
        ((MINOR, SEVERE), Rule.TARGET_OUTSIDE_BANDS, "target.expected"),
        (({**GOOD, "credit": "1 %"}, MINOR, SEVERE), Rule.BAND_CREDITS_A_MET_TARGET, "bands[0]"),
        (({**GOOD, "points": 1}, MINOR, SEVERE), Rule.BAND_CREDITS_A_MET_TARGET, "bands[0]"),
        (
            ({"at_least": 98, "credit": "5 %"}, {"below": 98, "credit": "9 %"}),
            Rule.BAND_CREDITS_A_MET_TARGET,
            "bands[0]",
        ),
        (
            (OPEN_GOOD, {"below": 99, "reward": "1 %"}),
            Rule.BAND_REWARDS_A_MISSED_TARGET,
            "bands[1]",
        ),
        (
            (OPEN_GOOD, {"below": 99, "credit": "1 %", "reward": "1 %"}),
            Rule.EXACTLY_ONE,
            "bands[1].reward",
        ),
        ((OPEN_GOOD, {"below": 99, "amount": -5}), Rule.NOT_ABOVE_ZERO, "bands[1].amount"),
        ((GOOD, {**MINOR, "credit": "20 %"}, SEVERE), Rule.CREDITS_FALL, "bands.severe"),
        ((GOOD, {**MINOR, "points": 4}, SEVERE), Rule.CREDITS_FALL, "bands.severe"),
        ((OPEN_GOOD, {"below": 99}), Rule.BANDS_WITHOUT_CREDIT, "bands"),
        ((GOOD, MINOR, SEVERE, {"above": 100, "points": 9}), Rule.BAND_UNREACHABLE, "bands[3]"),
        ((GOOD, {"at_least": 9, "below": 9}, MINOR, SEVERE), Rule.BAND_EMPTY, "bands[1]"),
    ],
)
def test_bands_and_target_do_not_contradict_each_other(
    said: tuple[Any, ...], rule: Rule, path: str
) -> None:
    rows = bands(*said)

    assert (rule, path.replace(".severe", "[2]")) in rows


def test_where_less_is_better_the_bands_are_read_the_other_way() -> None:
    measure = {"kind": "count", "events": "fault"}
    target = {"expected": "at most 4 faults"}
    rising: list[dict[str, Any]] = [
        {"at_most": 4},
        {"above": 4, "at_most": 9, "credit": "1 %"},
        {"above": 9, "credit": "2 %"},
    ]
    values: dict[str, Any] = {"measure": measure, "unit": "faults", "target": target}

    assert bands(*rising, **values) == set()
    falling = [rising[0], {**rising[1], "credit": "3 %"}, rising[2]]
    assert bands(*falling, **values) == {(Rule.CREDITS_FALL, "bands[2]")}
    rewarding = [{"at_most": 4, "reward": "1 %"}, {"above": 4, "reward": "1 %"}]
    assert bands(*rewarding, **values) == {(Rule.BAND_REWARDS_A_MISSED_TARGET, "bands[1]")}


def test_without_a_target_bands_stand_for_themselves() -> None:
    assert bands(GOOD, MINOR, SEVERE, target=None) == set()


def test_a_percentage_that_may_exceed_the_whole_needs_bands_only_up_to_it() -> None:
    measure = {"kind": "ratio", "counts": "calls", "of": "a", "over": "b"}

    assert bands({**GOOD, "at_most": 100}, MINOR, SEVERE, measure=measure) == set()
    assert bands({**GOOD, "at_most": 120}, MINOR, SEVERE, measure=measure) == set()


@pytest.mark.parametrize(
    ("values", "rule", "path"),
    [
        ({"target": None, "improvement": {}}, Rule.KEY_NEEDED, "improvement"),
        ({"target": None, "default_when": {}}, Rule.KEY_NEEDED, "default_when"),
        ({"improvement": {"to": "step"}}, Rule.KEY_NEEDED, "improvement"),
        (
            {"improvement": {"to": "mean", "step": "5 %"}},
            Rule.KEY_WITHOUT_USE,
            "improvement.step",
        ),
        (
            {"low_volume": {"fewer_than": 9, "misses_allowed": 1}},
            Rule.KEY_WITHOUT_USE,
            "low_volume.misses_allowed",
        ),
        ({"promotion": {"to": "key"}}, Rule.KEY_WITHOUT_USE, "promotion.to"),
        ({"no_data": "failed", "asked_within": "5 days"}, Rule.KEY_WITHOUT_USE, "asked_within"),
        ({"per": ["site", "site"]}, Rule.REPEATED_KEY, "per[1]"),
        ({"points_by_run": [1, 2]}, Rule.EXACTLY_ONE, "points_by_run"),
        ({"bands": None, "points_by_run": [2, 1]}, Rule.CREDITS_FALL, "points_by_run[1]"),
        ({"bands": None, "no_data": "worst_band"}, Rule.KEY_NEEDED, "no_data"),
    ],
)
def test_the_parts_of_a_kpi_fit_together(values: dict[str, Any], rule: Rule, path: str) -> None:
    when = {"consecutive": 2, "of": "exceeded"}
    whole: dict[str, Any] = {
        "improvement": {"when": when, "to": "midpoint"},
        "default_when": when,
        "promotion": {"notice": "90 days"},
    }
    filled = {
        key: {**whole[key], **value} if key in whole and value is not None else value
        for key, value in values.items()
    }

    assert (rule, f"kpis.uptime.{path}") in found(kpis=[kpi(**filled)])


def test_only_a_percentage_has_a_rest_to_the_whole() -> None:
    improvement = {"when": {"consecutive": 2, "of": "exceeded"}, "to": "step", "step": "5 %"}
    counted = kpi(
        measure={"kind": "count", "events": "fault"},
        unit="faults",
        target={"expected": "at least 4 faults"},
        bands=None,
        improvement=improvement,
    )
    falling = counted | {"target": {"expected": "at most 4 faults"}}

    assert found(kpis=[falling]) == set()
    assert found(kpis=[counted]) == {(Rule.UNIT_MISMATCH, "kpis.uptime.improvement.to")}
    assert found(kpis=[kpi(improvement=improvement)]) == set()


def test_a_contradiction_says_which_figures_and_what_to_do() -> None:
    (problem,) = problems(
        kpis=[kpi(bands=[GOOD, {**MINOR, "credit": "20 %"}, SEVERE])],
    )

    assert problem.message == "the band gives 10 %, and a better one gives 20 %"
    assert problem.remedy == "write 20 % or more, if that is not meant"
    assert not problem.refuses
    assert " warning: " in str(problem)
