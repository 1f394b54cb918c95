"""KPIs at risk: what can still become of a promise while its period runs."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.facts import Fact
from domain.prospects import Outlook, Prospect, budget_warnings, prospects
from domain.results import Result
from tests.domain.performing import (
    event,
    interval,
    january,
    outage,
    sample,
    ticket,
)

GOOD = {"kind": "proportion", "series": "latency", "good": "at most 1"}
AT_LEAST_95 = {"expected": "at least 95 %", "minimum": "at least 90 %"}
UPTIME: dict[str, Any] = {"kind": "availability", "outages": "web"}


def provisional(*facts: Fact, **kpi: Any) -> Result:
    """The result of January with the facts that are known so far."""
    return january(kpi.pop("measure"), *facts, **kpi)


def counted(good: int, bad: int, **kpi: Any) -> Result:
    facts = [sample(f"g{n}", "01-05", "1") for n in range(good)]
    facts += [sample(f"b{n}", "01-05", "2") for n in range(bad)]
    return provisional(*facts, **{"measure": GOOD, "target": AT_LEAST_95, **kpi})


def outlooks(result: Result, volume: int | None = None) -> list[Any]:
    found = prospects(result, volume)
    return [(each.promise, str(each.outlook), each.misses_left, each.good_needed) for each in found]


def only(result: Result, volume: int | None = None) -> Prospect:
    (found,) = prospects(result, volume)
    return found


# --- shares


@pytest.mark.parametrize(
    ("good", "bad", "expected", "minimum"),
    [
        (40, 1, ("on_course", 1, None), ("on_course", 3, None)),
        (40, 2, ("about_to_be_missed", 0, None), ("on_course", 2, None)),
        (40, 3, ("missed_so_far", None, 17), ("on_course", 1, None)),
        (40, 5, ("missed_so_far", None, 55), ("missed_so_far", None, 5)),
    ],
)
def test_how_many_more_may_fail_or_must_succeed(
    good: int, bad: int, expected: Any, minimum: Any
) -> None:
    result = counted(good, bad)

    assert outlooks(result) == [("expected", *expected), ("minimum", *minimum)]


def test_with_a_known_volume_it_can_be_sure_or_lost() -> None:
    target = {"expected": "at least 95 %"}

    assert only(counted(40, 1, target=target), 42).outlook == Outlook.SURE
    assert only(counted(40, 1, target=target), 43).outlook == Outlook.ON_COURSE
    assert only(counted(40, 3, target=target), 60).outlook == Outlook.MISSED_SO_FAR
    lost = only(counted(40, 3, target=target), 59)
    assert lost.outlook == Outlook.CANNOT_BE_MET
    assert lost.said == (
        "k/2027-01: expected (at least 95 %) can no longer be met with 16 still to come."
    )


def test_a_promise_of_all_is_lost_with_the_first_miss() -> None:
    lost = only(counted(9, 1, target={"expected": "at least 100 %"}))

    assert told(lost) == ("cannot_be_met", "expected (at least 100 %) can no longer be met.")


def test_a_promise_of_nothing_is_sure() -> None:
    assert only(counted(0, 3, target={"expected": "at least 0 %"})).outlook == Outlook.SURE


@pytest.mark.parametrize(
    ("bad", "outlook", "left", "needed"),
    [(3, "on_course", 2, None), (10, "missed_so_far", None, 100)],
)
def test_where_less_is_better_the_bad_ones_are_counted(
    bad: int, outlook: str, left: int | None, needed: int | None
) -> None:
    late = {**GOOD, "good": "above 1"}

    result = counted(100 - bad, bad, measure=late, target={"expected": "at most 5 %"})

    assert outlooks(result) == [("expected", outlook, left, needed)]


def test_rounding_as_agreed_is_part_of_the_comparison() -> None:
    rounding = {"places": 0, "mode": "half_up"}

    result = counted(37, 2, target={"expected": "at least 95 %"}, rounding=rounding)

    assert only(result).outlook == Outlook.ABOUT_TO_BE_MISSED


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 8), st.integers(0, 30))
def test_the_outlook_never_cries_too_soon(good: int, bad: int, more: int) -> None:
    """By walking every future of so many more facts, from all bad to all good."""
    if not good + bad:
        return
    base = counted(1, 0, target={"expected": "at least 95 %"})
    now = replace(
        base, num=Fraction(good), den=Fraction(good + bad), value=Fraction(100 * good, good + bad)
    )
    volume = good + bad + more
    kept = [20 * (good + well) >= 19 * volume for well in range(more + 1)]

    found = only(now, volume)

    assert (found.outlook == Outlook.SURE) == all(kept)
    assert (found.outlook == Outlook.CANNOT_BE_MET) == (not any(kept))
    if found.misses_left is not None:
        assert 20 * good >= 19 * (good + bad + found.misses_left)
        assert 20 * good < 19 * (good + bad + found.misses_left + 1)


# --- downtime


@pytest.mark.parametrize(
    ("minutes", "outlook", "left"),
    [(0, "on_course", 446.4), (446.4, "about_to_be_missed", 0), (447, "cannot_be_met", -0.6)],
)
def test_how_much_downtime_is_left_of_the_whole_period(
    minutes: float, outlook: str, left: float
) -> None:
    facts = [outage("o", "01-05", minutes)] if minutes else []

    result = provisional(*facts, measure=UPTIME, target={"expected": "at least 99 %"})

    found = only(result)
    assert (str(found.outlook), found.seconds_left) == (outlook, Fraction(str(left)) * 60)


# --- figures that can only get worse


def test_a_count_of_failures_never_falls() -> None:
    count = {"kind": "count", "series": "latency"}

    def after(number: int) -> Prospect:
        facts = [sample(f"s{each}", "01-05", "1") for each in range(number)]
        target = {"expected": "at most 3 points"}
        return only(provisional(*facts, measure=count, unit="points", target=target))

    assert [(str(after(n).outlook), after(n).misses_left) for n in (1, 3, 4)] == [
        ("on_course", 2),
        ("about_to_be_missed", 0),
        ("cannot_be_met", None),
    ]


@pytest.mark.parametrize(
    ("kind", "target", "value", "outlook"),
    [
        ("maximum", "at most 5 points", "6", "cannot_be_met"),
        ("maximum", "at most 5 points", "5", "on_course"),
        ("minimum", "at least 5 points", "4", "cannot_be_met"),
    ],
)
def test_extremes_only_get_worse(kind: str, target: str, value: str, outlook: str) -> None:
    measure = {"kind": kind, "series": "latency"}

    result = provisional(
        sample("s", "01-05", value), measure=measure, unit="points", target={"expected": target}
    )

    assert only(result).outlook == outlook


def test_a_sum_of_outages_only_grows_and_a_sum_of_values_may_not() -> None:
    target = {"expected": "at most 5 min"}
    down = {"kind": "sum", "outages": "web"}

    result = provisional(outage("o", "01-05", 6), measure=down, unit="min", target=target)

    assert only(result).outlook == Outlook.CANNOT_BE_MET


def test_a_delay_only_grows() -> None:
    late = event("e", "01-09", due="01-05")
    measure = {"kind": "delay", "events": late.type}

    result = provisional(late, measure=measure, unit="days", target={"expected": "at most 3 days"})

    assert only(result).outlook == Outlook.CANNOT_BE_MET


# --- of which nothing is said


@pytest.mark.parametrize(
    "kpi",
    [
        {"target": None},
        {"measure": {"kind": "mean", "series": "latency"}, "unit": "points"},
        {
            "measure": {"kind": "maximum", "series": "latency"},
            "target": {"expected": "at least 1 %"},
        },
        {"measure": {"kind": "sum", "series": "latency"}, "target": {"expected": "at most 9 %"}},
        {"low_volume": {"fewer_than": 20}},
        {"averaging": {"periods": 2}},
    ],
)
def test_of_what_may_still_move_either_way_nothing_is_said(kpi: dict[str, Any]) -> None:
    assert prospects(counted(9, 1, **kpi)) == ()


def test_without_facts_nothing_is_said() -> None:
    assert prospects(counted(0, 0)) == ()


def test_an_open_ticket_that_counts_against_may_still_come_good() -> None:
    late = {"kind": "proportion", "tickets": "resolution", "good": "at most 4 h"}
    facts = [ticket("t1", "01-05"), ticket("t2", "01-05 10:00", "01-05 11:00")]

    def told_of(**more: Any) -> int:
        measure = {**late, **more}
        return len(prospects(provisional(*facts, measure=measure, target=AT_LEAST_95)))

    assert told_of() == 0
    assert told_of(missing="excluded") == 2


def test_of_a_figure_that_assumes_the_intervals_to_come_nothing_is_said() -> None:
    slices = {
        "kind": "proportion",
        "intervals": "requests",
        "interval": "5 min",
        "good": "at least 99 %",
        "empty": "good",
    }

    def told_of(absent: str) -> int:
        fact = interval("i", "01-05", "100")
        measure = {**slices, "absent": absent}
        return len(prospects(provisional(fact, measure=measure, target=AT_LEAST_95)))

    assert [told_of("bad"), told_of("excluded")] == [0, 2]


# --- budgets


def test_shares_of_a_budget_that_are_used() -> None:
    def shares(minutes: float) -> list[str]:
        facts = [outage("o", "01-05", minutes)] if minutes else []
        result = provisional(
            *facts,
            measure=UPTIME,
            target={"expected": "at least 99 %"},
            warn_at=["100 %", "50 %", "0.1 %"],
        )
        return [f"{each.share:f}" for each in budget_warnings(result)]

    assert [shares(each) for each in (0, 1, 223.2, 446.4)] == [
        [],
        ["0.1"],
        ["0.1", "50"],
        ["0.1", "50", "100"],
    ]


def test_a_budget_of_nothing_is_used_up_with_the_first_miss() -> None:
    values = {"target": {"expected": "at least 100 %"}, "warn_at": ["50 %"]}

    (found,) = budget_warnings(counted(9, 1, **values))

    assert budget_warnings(counted(9, 0, **values)) == ()
    assert (found.key, found.said) == (
        "k/2027-01/50",
        "k/2027-01 has used 50 % of its error budget or more: 1.00 of 0.00.",
    )


def test_a_figure_without_budget_warns_of_none() -> None:
    mean = {"kind": "mean", "series": "latency"}

    assert budget_warnings(counted(1, 1, measure=mean, unit="points", target=None)) == ()


def test_a_budget_of_time_is_told_in_time() -> None:
    result = provisional(
        outage("o", "01-05", 300),
        measure=UPTIME,
        target={"expected": "at least 99 %"},
        warn_at=["50 %"],
    )

    (found,) = budget_warnings(result)

    assert found.said.endswith("error budget or more: 5 h of 7 h 26 min 24 s.")


def told(prospect: Prospect) -> tuple[str, str]:
    assert prospect.key == f"k/2027-01/{prospect.promise}/{prospect.outlook}"
    return str(prospect.outlook), prospect.said.removeprefix("k/2027-01: ")
