"""A pattern has one quantifier, of something that can happen, in a window that can hold it."""

from typing import Any

import pytest

from domain.checks.patterns import fits
from domain.periods import parse_every
from domain.stretch import parse_stretch
from domain.terms.problems import Rule
from tests.domain.checked import ANSWERS, UPTIME, found, kpi, problems, remedy, trigger

MISSES: dict[str, Any] = {"count": 3, "of": "missed"}
REPORTED: dict[str, Any] = {
    "key": "reports",
    "unit": "%",
    "measure": {"kind": "reported"},
    "every": "month",
    "target": {"expected": "at least 90 %"},
}


def fired(when: Any, **sections: Any) -> set[tuple[str, str]]:
    """What is found in the pattern of a trigger, by paths inside it."""
    rows = found(triggers=[trigger(when)], **sections)
    return {(rule, path.removeprefix("triggers.plan.when").lstrip(".")) for rule, path in rows}


@pytest.mark.parametrize(
    "when",
    [
        MISSES,
        [MISSES, {"consecutive": 2, "of": "below_minimum"}],
        {"share": "above 50 %", "of": "missed", "window": "1 period", "same": "agreement"},
        {"sum": "at least 9 points", "of": "points", "window": "3 months"},
        {"sum": "at least 12", "of": "points", "window": "contract year"},
        {"mean": "below 97 %", "of": "value", "window": "3 months", "full": "false"},
        {"mean": "expected", "of": "value", "window": "contract year"},
        {"count": 2, "of": "credits", "which": "at least 5 %", "window": "calendar year"},
        {"sum": "at least 500 GBP", "of": "credits", "window": "12 months"},
        {"count": 2, "of": "event", "where": {"types": ["delay"]}, "which": "above 24 h"},
        {"sum": "above 48 h", "of": "event", "where": {"types": ["delay"], "columns": {"a": "b"}}},
        {"count": 2, "of": "missed", "where": {"bands": ["severe"], "services": ["desk"]}},
        {"count": 9, "of": "missed", "window": "term"},
    ],
)
def test_patterns_compose(when: Any) -> None:
    assert fired(when) == set()


@pytest.mark.parametrize(
    ("when", "rule", "path"),
    [
        ({"of": "missed"}, Rule.EXACTLY_ONE, ""),
        ({"count": 2, "consecutive": 2, "of": "missed"}, Rule.EXACTLY_ONE, ""),
        ({"count": 2, "of": "points"}, Rule.KEY_NEEDED, ""),
        ({"count": 2, "of": "missed", "which": "above 2"}, Rule.KEY_WITHOUT_USE, "which"),
        ({"sum": "above 2", "of": "missed"}, Rule.KEY_WITHOUT_USE, "sum"),
        ({"mean": "expected", "of": "points"}, Rule.KEY_WITHOUT_USE, "mean"),
        ({**MISSES, "full": "false"}, Rule.KEY_WITHOUT_USE, "full"),
        ({"share": "above 50", "of": "missed"}, Rule.UNIT_MISMATCH, "share"),
        ({"share": "above 101 %", "of": "missed"}, Rule.OUT_OF_RANGE, "share"),
        ({"mean": "below 97 h", "of": "value"}, Rule.UNIT_MISMATCH, "mean"),
        ({"sum": "at least 5 %", "of": "points"}, Rule.UNIT_MISMATCH, "sum"),
        ({"sum": "at least 5 USD", "of": "credits"}, Rule.UNIT_MISMATCH, "sum"),
        ({**MISSES, "where": {"kpis": ["uptim"]}}, Rule.UNKNOWN_NAME, "where.kpis[0]"),
        ({**MISSES, "where": {"services": ["x"]}}, Rule.UNKNOWN_NAME, "where.services[0]"),
        ({**MISSES, "where": {"bands": ["sever"]}}, Rule.UNKNOWN_NAME, "where.bands[0]"),
        ({**MISSES, "where": {"types": ["delay"]}}, Rule.KEY_WITHOUT_USE, "where.types"),
        (
            {"count": 1, "of": "event", "where": {"kpis": ["uptime"]}},
            Rule.KEY_WITHOUT_USE,
            "where.kpis",
        ),
        ({**MISSES, "window": "2 periods"}, Rule.COUNT_EXCEEDS_WINDOW, "count"),
        ({**MISSES, "window": "2 months"}, Rule.COUNT_EXCEEDS_WINDOW, "count"),
        (
            {"consecutive": 4, "of": "missed", "window": "calendar quarter"},
            Rule.COUNT_EXCEEDS_WINDOW,
            "consecutive",
        ),
        (
            {"count": 7, "of": "missed", "window": "3 months", "same": "agreement"},
            Rule.COUNT_EXCEEDS_WINDOW,
            "count",
        ),
        (
            {"count": 4, "of": "credits", "which": "above 1 %", "window": "3 months"},
            Rule.COUNT_EXCEEDS_WINDOW,
            "count",
        ),
        (
            {"sum": "above 2", "of": "points", "where": {"kpis": ["answers"]}},
            Rule.PATTERN_NEVER_TRUE,
            "of",
        ),
        (
            {"consecutive": 2, "of": "below_minimum", "where": {"services": ["desk"]}},
            Rule.PATTERN_NEVER_TRUE,
            "of",
        ),
        (
            {"sum": "at least 10 points", "of": "points", "window": "3 months"},
            Rule.POINTS_OUT_OF_REACH,
            "sum",
        ),
        (
            {"sum": "above 9", "of": "points", "window": "3 periods", "same": "agreement"},
            Rule.POINTS_OUT_OF_REACH,
            "sum",
        ),
        (
            {"count": 2, "of": "points", "which": "at least 3.5 points"},
            Rule.POINTS_OUT_OF_REACH,
            "which",
        ),
        (
            {"mean": "above 3 points", "of": "points", "window": "3 months"},
            Rule.POINTS_OUT_OF_REACH,
            "mean",
        ),
    ],
)
def test_a_pattern_that_cannot_come_true_is_refused(when: Any, rule: Rule, path: str) -> None:
    assert (rule, path) in fired(when)


@pytest.mark.parametrize(
    "sections",
    [
        {"kpis": [{**REPORTED, "key": "uptime"}]},
        {"kpis": [{**ANSWERS, "key": "uptime"}]},
        {"kpis": [kpi(target={"expected": "at least 100 %"}, bands=None)]},
        {"kpis": [kpi(target=None)]},
    ],
)
def test_what_no_kpi_can_be_is_refused(sections: dict[str, Any]) -> None:
    minimum = {"count": 2, "of": "below_minimum", "where": {"kpis": ["uptime"]}}
    exceeded = {"count": 2, "of": "exceeded", "where": {"kpis": ["uptime"]}}
    never = {(Rule.PATTERN_NEVER_TRUE, "of")}
    can_be_exceeded = sections["kpis"][0].get("target", {}).get("expected") == "at least 90 %"

    assert fired(minimum, **sections) == never
    assert fired(exceeded, **sections) == (set() if can_be_exceeded else never)


def test_a_lower_figure_exceeds_where_less_is_better() -> None:
    measure = {"kind": "mean", "tickets": "closure"}
    when = {"count": 2, "of": "exceeded"}

    def seconds(most: int) -> list[dict[str, Any]]:
        said = {"expected": f"at most {most} s"}
        return [kpi(bands=None, unit="s", measure=measure, target=said)]

    assert fired(when, kpis=seconds(60)) == set()
    assert fired(when, kpis=seconds(0)) == {(Rule.PATTERN_NEVER_TRUE, "of")}


FIFTY = {"sum": "at least 50 points", "of": "points", "window": "3 months"}


@pytest.mark.parametrize(
    ("sections", "warned"),
    [
        ({"kpis": [kpi(bands=None, points_by_run=[1, 16])]}, "3 months can hold 48 points at most"),
        ({"kpis": [kpi(bands=None, points_by_run=[1, 17])]}, None),
        ({"repeats": [{"when": {"consecutive": 2, "of": "missed"}, "times": 5}]}, "45 points"),
        ({"repeats": [{"when": {"consecutive": 2, "of": "missed"}, "times": 6}]}, None),
        (
            {"repeats": [{"kpis": ["answers"], "when": {"count": 2, "of": "missed"}, "times": 9}]},
            "9 points",
        ),
        ({"kpis": [UPTIME, REPORTED]}, None),
    ],
)
def test_points_that_cannot_come_together_are_warned_of(
    sections: dict[str, Any], warned: str | None
) -> None:
    said = [each.message for each in problems(triggers=[trigger(FIFTY)], **sections)]

    assert [warned is not None and warned in each for each in said] == [True] * len(said)
    assert bool(said) == (warned is not None)


def test_points_of_several_kpis_add_up_where_they_are_counted_together() -> None:
    kpis = [kpi(service="a"), kpi(key="b", service="a"), kpi(key="c", service="b")]
    out = {(Rule.POINTS_OUT_OF_REACH, "sum")}

    for same, most in (("kpi", 9), ("service", 18), ("agreement", 27)):
        when = {"of": "points", "window": "3 months", "same": same}
        assert fired(when | {"sum": f"at least {most}"}, kpis=kpis) == set()
        assert fired(when | {"sum": f"at least {most + 1}"}, kpis=kpis) == out


def test_where_there_is_no_bound_no_sum_of_points_is_out_of_reach() -> None:
    split = [kpi(per=["site"])]

    assert fired(FIFTY | {"same": "agreement"}, kpis=split) == set()
    assert fired(FIFTY, kpis=split) == {(Rule.POINTS_OUT_OF_REACH, "sum")}
    assert fired(FIFTY | {"window": "term"}) == set()
    assert fired({"sum": "at least 50", "of": "points"}) == set()
    assert fired({"sum": "at most 50", "of": "points", "window": "3 months"}) == set()


def test_three_of_three_months_fit_and_four_do_not() -> None:
    fitting = {"count": 3, "of": "missed", "window": "3 months"}

    assert fired(fitting) == set()
    assert fired(fitting | {"count": 4}) == {(Rule.COUNT_EXCEEDS_WINDOW, "count")}
    assert fired(fitting | {"count": 6, "same": "agreement"}) == set()
    assert fired(fitting | {"count": 4, "same": "service"}) == {
        (Rule.COUNT_EXCEEDS_WINDOW, "count")
    }


def test_a_kpi_that_is_split_has_results_for_each_part() -> None:
    when = {"count": 9, "of": "missed", "window": "3 months"}

    assert fired(when, kpis=[kpi(per=["site"])]) == set()


def test_without_charges_credits_settle_by_the_month() -> None:
    when = {"count": 4, "of": "credits", "which": "above 1 %", "window": "3 months"}

    assert (Rule.COUNT_EXCEEDS_WINDOW, "count") in fired(when, charges=None)
    assert (Rule.UNIT_MISMATCH, "which") in fired(when | {"which": "above 1 GBP"}, charges=None)


def test_nothing_hangs_on_an_indicator_unless_it_is_named() -> None:
    kpis = [kpi(classification="indicator"), ANSWERS]
    when = {"sum": "above 2 points", "of": "points"}

    assert fired(when, kpis=kpis) == {(Rule.PATTERN_NEVER_TRUE, "of")}
    assert fired(when | {"where": {"kpis": ["uptime"]}}, kpis=kpis) == set()
    assert fired(when | {"where": {"classification": ["indicator"]}}, kpis=kpis) == set()


def test_what_is_reported_may_come_with_any_points() -> None:
    points = {"sum": "above 2 points", "of": "points"}

    assert fired(points, kpis=[REPORTED]) == set()
    assert fired(points, kpis=[{**ANSWERS, "points_by_run": [1, 2]}]) == set()


def test_times_are_compared_in_any_unit_of_time() -> None:
    measured = {"measure": {"kind": "mean", "tickets": "closure"}, "unit": "min"}
    hours = [kpi(bands=None, target={"expected": "at most 90 min"}, **measured)]

    assert fired({"mean": "above 2 h", "of": "value", "window": "3 months"}, kpis=hours) == set()


@pytest.mark.parametrize(
    ("window", "every", "most"),
    [
        ("3 periods", "week", 3),
        ("3 months", "month", 3),
        ("4 months", "quarter", 2),
        ("1 year", "month from 2027-01-16", 12),
        ("contract year", "half_year", 2),
        ("calendar month", "day", 31),
        ("1 month", "week", 5),
        ("30 days", "month", 2),
        ("2 weeks", "day", 14),
        ("term", "month", None),
    ],
)
def test_a_window_holds_so_many_periods_at_most(window: str, every: str, most: int | None) -> None:
    assert fits(parse_stretch(window), parse_every(every)) == most


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"kpis": [kpi(default_when={"count": 2, "of": "default"})]}, "kpis.uptime.default_when"),
        (
            {"repeats": [{"times": 2, "when": {"sum": "above 1 %", "of": "credits"}}]},
            "repeats[0].when",
        ),
        (
            {
                "remedies": [
                    remedy(
                        earn_back={
                            "steps": [
                                {"when": {"sum": "at most 1 %", "of": "credits"}, "share": "50 %"}
                            ]
                        }
                    )
                ]
            },
            "remedies.credits.earn_back.steps[0].when",
        ),
    ],
)
def test_nothing_is_decided_by_what_is_decided_after_it(
    sections: dict[str, Any], path: str
) -> None:
    assert (Rule.CIRCULAR, f"{path}.of") in found(**sections)


def test_a_pattern_of_one_kpi_looks_at_that_alone() -> None:
    when = {"count": 4, "of": "below_expected", "window": "3 months", "same": "agreement"}

    assert found(kpis=[kpi(default_when=when), ANSWERS]) == {
        (Rule.COUNT_EXCEEDS_WINDOW, "kpis.uptime.default_when.count")
    }


def test_a_name_that_is_nearly_right_is_guessed() -> None:
    (problem,) = problems(triggers=[trigger({**MISSES, "where": {"kpis": ["uptim"]}})])

    assert problem.remedy == "did you mean `uptime`?"


def test_a_hole_in_one_pattern_hides_nothing_in_another() -> None:
    broken = [{"count": "x", "of": "missed"}, {"of": "missed"}]

    assert fired(broken) == {
        (Rule.NOT_A_WHOLE_NUMBER, "[0].count"),
        (Rule.EXACTLY_ONE, "[1]"),
    }
    rows = fired(MISSES, kpis=[kpi(key="Bad"), UPTIME])
    assert (Rule.NOT_A_KEY, "kpis.Bad.key") in rows
