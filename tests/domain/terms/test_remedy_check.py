"""A remedy has what its scheme needs, and something that it can credit."""

from typing import Any

import pytest

from domain.checks.remedies import SCHEMES
from domain.terms.problems import Rule
from domain.terms.remedies import Scheme, SchemeKind
from tests.domain.checked import ANSWERS, found, kpi, problems, remedy

PAYS = {"met": "100 %", "below_expected": "38 %", "below_minimum": "0 %"}
STEPS: list[dict[str, Any]] = [
    {"at_least": 3, "below": 10, "credit": "5 %"},
    {"at_least": 10, "amount": "100"},
]
AT_RISK: dict[str, Any] = {"kind": "at_risk", "at_risk": "10 %"}

SOUND: list[dict[str, Any]] = [
    {"kind": "tiers"},
    {"kind": "points", "percent": "0.2 %"},
    {"kind": "points", "amount": "50"},
    {"kind": "ladder", "steps": STEPS, "reset_after": 3},
    {"kind": "ladder", "steps": STEPS, "window": "6 months"},
    {**AT_RISK},
    {**AT_RISK, "pool": "40 %", "allocation": {"uptime": "50 %"}},
    {**AT_RISK, "allocation": {"uptime": "150 %"}, "allocation_limit": "200 %"},
    {"kind": "per_failure", "percent": "5 %", "every": 2, "failures": "below_minimum"},
    {"kind": "per_failure", "amount": "50", "every": 10, "failures": "value", "window": "1 year"},
    {"kind": "recurrence", "run": ["12.5 %", "25 %", "50 %"]},
    {"kind": "linear", "percent": "2 %", "per": "0.1", "part_units": "up", "below": "minimum"},
    {"kind": "payment_share", "share": "40 %", "pays": PAYS},
]


def checked(scheme: dict[str, Any], **values: Any) -> set[tuple[str, str]]:
    """What is found in a remedy with this scheme, by paths inside it."""
    rows = found(remedies=[remedy(scheme, **values)])
    return {(rule, path.removeprefix("remedies.credits.")) for rule, path in rows}


@pytest.mark.parametrize("scheme", SOUND, ids=str)
def test_every_scheme_is_sound_with_what_it_needs(scheme: dict[str, Any]) -> None:
    assert checked(scheme) == set()


@pytest.mark.parametrize("scheme", SOUND, ids=str)
def test_nobody_is_rewarded_for_failures(scheme: dict[str, Any]) -> None:
    pays_for_good = scheme["kind"] == "linear" or scheme.get("failures") == "value"
    expected = set() if pays_for_good else {(Rule.REWARD_OF_FAILURE, "sign")}

    assert checked(scheme, sign="reward") == expected


def test_the_table_knows_every_scheme_and_every_key_of_one() -> None:
    known = {key for keys in SCHEMES.values() for key in (*keys.needs, *keys.one_of, *keys.allows)}

    assert set(SCHEMES) == set(SchemeKind)
    assert known | {"kind", "clause"} == set(Scheme.model_fields)


@pytest.mark.parametrize(
    ("scheme", "rule", "path"),
    [
        ({"kind": "tiers", "percent": "5 %"}, Rule.KEY_WITHOUT_USE, "scheme.percent"),
        ({"kind": "tiers", "every": 1}, Rule.KEY_WITHOUT_USE, "scheme.every"),
        ({"kind": "points"}, Rule.EXACTLY_ONE, "scheme"),
        ({"kind": "per_failure"}, Rule.EXACTLY_ONE, "scheme"),
        ({"kind": "per_failure", "percent": "1 %", "amount": "5"}, Rule.EXACTLY_ONE, "scheme"),
        ({"kind": "recurrence"}, Rule.KEY_NEEDED, "scheme"),
        ({"kind": "payment_share", "share": "40 %"}, Rule.KEY_NEEDED, "scheme"),
        (
            {"kind": "ladder", "steps": STEPS, "reset_after": 3, "window": "6 months"},
            Rule.EXACTLY_ONE,
            "scheme.reset_after",
        ),
        (
            {"kind": "recurrence", "run": ["25 %", "12.5 %"]},
            Rule.CREDITS_FALL,
            "scheme.run[1]",
        ),
        (
            {**AT_RISK, "allocation": {"uptime": "150 %"}},
            Rule.ALLOCATION_ABOVE_WHOLE,
            "scheme.allocation",
        ),
        (
            {**AT_RISK, "allocation": {"uptime": "250 %"}, "allocation_limit": "200 %"},
            Rule.ALLOCATION_OVER_LIMIT,
            "scheme.allocation",
        ),
        (
            {**AT_RISK, "allocation": {"answers": "50 %"}},
            Rule.UNKNOWN_NAME,
            "scheme.allocation.answers",
        ),
        ({**AT_RISK, "allocation_limit": "50 %"}, Rule.KEY_NEEDED, "scheme"),
        (
            {"kind": "per_failure", "percent": "5 %", "every": 4, "window": "3 months"},
            Rule.COUNT_EXCEEDS_WINDOW,
            "scheme.every",
        ),
        ({"kind": "per_failure", "percent": "0 %"}, Rule.NOT_ABOVE_ZERO, "scheme.percent"),
        ({"kind": "linear", "amount": "-5"}, Rule.NOT_ABOVE_ZERO, "scheme.amount"),
    ],
)
def test_a_scheme_is_whole_and_says_nothing_idle(
    scheme: dict[str, Any], rule: Rule, path: str
) -> None:
    assert (rule, path) in checked(scheme)


@pytest.mark.parametrize(
    ("steps", "rule", "index"),
    [
        ([{"at_least": 3, "credit": "5 %", "amount": "5"}], Rule.EXACTLY_ONE, 0),
        ([{"at_least": 3}], Rule.EXACTLY_ONE, 0),
        ([{"at_least": 3, "below": 3, "credit": "5 %"}], Rule.BAND_EMPTY, 0),
        (
            [{"at_least": 3, "credit": "5 %"}, {"at_least": 10, "credit": "9 %"}],
            Rule.STEP_OVERLAP,
            1,
        ),
        (
            [{"at_least": 3, "below": 12, "credit": "5 %"}, {"at_least": 10, "credit": "9 %"}],
            Rule.STEP_OVERLAP,
            1,
        ),
        (
            [{"at_least": 3, "below": 9, "credit": "5 %"}, {"at_least": 10, "credit": "9 %"}],
            Rule.STEP_GAP,
            1,
        ),
        ([{"at_least": 3, "below": 9, "credit": "5 %"}], Rule.STEP_GAP, 0),
        ([{"at_least": 3, "amount": "-1"}], Rule.NOT_ABOVE_ZERO, "0].amount"),
    ],
)
def test_every_number_of_points_has_one_step(steps: Any, rule: Rule, index: object) -> None:
    path = f"scheme.steps[{index}".removesuffix("]") + ("" if "." in str(index) else "]")

    assert (rule, path) in checked({"kind": "ladder", "steps": steps})


def test_the_nth_failure_is_counted_over_all_kpis_and_parts() -> None:
    scheme = {"kind": "per_failure", "percent": "5 %", "every": 6, "window": "3 months"}

    assert checked(scheme, kpis=["uptime", "answers"]) == set()
    assert checked(scheme, kpis=["uptim"]) == {(Rule.UNKNOWN_NAME, "kpis[0]")}
    assert not found(kpis=[kpi(per=["site"])], remedies=[remedy(scheme)])
    assert checked({**scheme, "window": "term"}) == set()


def test_a_remedy_without_kpis_is_of_all_but_indicators() -> None:
    scheme = {"kind": "points", "percent": "1 %"}

    assert checked(scheme, kpis=["answers"]) == {(Rule.NOTHING_GIVES_POINTS, "scheme")}
    indicator = {**kpi(), "classification": "indicator"}
    rows = found(kpis=[indicator, ANSWERS], remedies=[{**remedy(scheme), "kpis": ["answers"]}])
    assert rows == {(Rule.NOTHING_GIVES_POINTS, "remedies.credits.scheme")}
    everything = {key: value for key, value in remedy(scheme).items() if key != "kpis"}
    assert found(remedies=[everything]) == set()


def test_tiers_over_bands_that_give_nothing_are_warned_of() -> None:
    rows = problems(remedies=[remedy(kpis=["answers"])])

    assert [(each.rule, each.refuses) for each in rows] == [(Rule.REMEDY_WITHOUT_EFFECT, False)]


# --- earn-back


def earning(*steps: tuple[str, str], **values: Any) -> set[tuple[str, str]]:
    said = [{"when": {"consecutive": 2, "of": of}, "share": share} for of, share in steps]
    scheme = values.pop("scheme", "tiers")
    rows = found(remedies=[remedy(scheme, earn_back={"steps": said}, **values)])
    return {(rule, path.removeprefix("remedies.credits.")) for rule, path in rows}


def test_credits_are_earned_back_by_good_service() -> None:
    assert earning(("met", "50 %"), ("exceeded", "50 %")) == set()
    assert earning(("met", "50 %"), scheme={"kind": "points", "percent": "1 %"}) == set()
    assert earning(("met", "50 %"), scheme={"kind": "recurrence", "run": ["5 %"]}) == set()


@pytest.mark.parametrize(
    ("values", "rule", "path"),
    [
        ({"sign": "reward"}, Rule.EARN_BACK_WITHOUT_CREDITS, "earn_back"),
        ({"kpis": ["answers"]}, Rule.EARN_BACK_WITHOUT_CREDITS, "earn_back"),
        (
            {"kpis": ["answers"], "scheme": {"kind": "points", "percent": "1 %"}},
            Rule.EARN_BACK_WITHOUT_CREDITS,
            "earn_back",
        ),
    ],
)
def test_what_credits_nothing_has_nothing_to_earn_back(
    values: dict[str, Any], rule: Rule, path: str
) -> None:
    assert (rule, path) in earning(("met", "50 %"), **values)


def test_no_more_than_the_whole_credit_is_earned_back() -> None:
    assert earning(("met", "50 %"), ("met", "60 %")) == {
        (Rule.EARN_BACK_ABOVE_WHOLE, "earn_back.steps")
    }


def test_failures_earn_nothing() -> None:
    assert earning(("missed", "50 %")) == {
        (Rule.EARN_BACK_FOR_FAILURE, "earn_back.steps[0].when.of")
    }


def test_a_hole_in_one_remedy_hides_nothing_in_another() -> None:
    broken = remedy({"kind": "points", "percent": "x"})
    other = {**remedy({"kind": "recurrence"}), "key": "other"}

    assert found(remedies=[broken, other]) == {
        (Rule.NOT_A_PERCENTAGE, "remedies.credits.scheme.percent"),
        (Rule.KEY_NEEDED, "remedies.other.scheme"),
    }
