"""Figures of single readings: shares, means, sums, numbers, extremes, nearest ranks."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import Sample
from domain.measures import measured
from domain.measures.figure import Frame
from domain.results import Status
from domain.terms.shape import Kpi
from domain.zones import zone_named
from tests.domain.performing import (
    START,
    count,
    event,
    interval,
    january,
    outage,
    perform,
    sample,
    survey,
    terms,
    ticket,
)

LATENCY: dict[str, Any] = {"series": "latency"}
RESOLUTION: dict[str, Any] = {"tickets": "resolution"}


def value(kind: str, source: dict[str, Any], *facts: Any, unit: str = "ms") -> Fraction | None:
    return january({"kind": kind} | source, *facts, unit=unit).value


# --- worked examples


@pytest.mark.parametrize(("events", "share"), [(40, Fraction(95)), (35, Fraction(3300, 35))])
def test_two_misses_of_forty_are_95_percent_and_of_35_they_are_not(
    events: int, share: Fraction
) -> None:
    """finelineadvisors.com, earnback: a 95 % restore target on low volumes."""
    facts = [
        ticket(f"t{index:02}", "01-05 08:00", "01-05 09:00" if index > 1 else "01-05 13:00")
        for index in range(events)
    ]

    result = january(
        {"kind": "proportion", "good": "at most 4 h"} | RESOLUTION,
        *facts,
        target={"expected": "at least 95 %"},
    )

    assert result.value == share
    assert (result.status == Status.MET) == (events == 40)


@pytest.mark.parametrize(
    ("hours", "status"),
    [(("1.5", "3", "5"), "worst"), (("1.5", "2.0"), "best"), (("1.5", "3.9"), "even")],
)
def test_the_longest_repair_decides_between_penalty_and_reward(
    hours: tuple[str, ...], status: str
) -> None:
    """GNWT, severity 1: any above 4 h costs, all up to 2 h are rewarded."""
    bands = [
        {"name": "best", "at_most": "2", "reward": "10 %"},
        {"name": "even", "above": "2", "at_most": "4"},
        {"name": "worst", "above": "4", "credit": "10 %"},
    ]
    facts = [sample(f"s{index}", "01-05", each) for index, each in enumerate(hours)]

    result = january({"kind": "maximum"} | LATENCY, *facts, unit="h", bands=bands)

    assert result.band is not None
    assert result.kpi.bands[result.band].name == status


# --- each kind


def test_a_sum_adds_the_values_that_there_are() -> None:
    facts = sample("a", "01-05", "1.5"), sample("b", "01-06", "2"), sample("c", "01-07", None)

    result = january({"kind": "sum"} | LATENCY, *facts, unit="ms")

    assert result.value == Fraction(7, 2)
    assert result.reason == (
        "The sum of 2 samples of latency was 3.50 ms.",
        "1 more without a value was left out, as agreed.",
    )


def test_the_largest_and_the_smallest_are_values_themselves() -> None:
    facts = sample("a", "01-05", "-1.5"), sample("b", "01-06", "2"), sample("c", "01-07", None)

    assert value("maximum", LATENCY, *facts) == 2
    assert value("minimum", LATENCY, *facts) == Fraction(-3, 2)


@pytest.mark.parametrize("kind", ["sum", "maximum", "minimum", "percentile", "mean"])
def test_without_values_there_is_no_figure(kind: str) -> None:
    measure = {"kind": kind, "percentile": "95 %"} | LATENCY

    assert january(measure, unit="ms").status == Status.NO_DATA
    assert january(measure, sample("a", "01-05", None), unit="ms").reason[0] == (
        "1 fact was found, none with a value."
    )


@pytest.mark.parametrize(
    ("percent", "rank"), [("0", 1), ("1", 1), ("5", 1), ("5.1", 2), ("50", 10), ("95", 19)]
)
def test_a_percentile_is_the_value_of_the_nearest_rank(percent: str, rank: int) -> None:
    facts = [sample(f"s{index:02}", "01-05", str(21 - index)) for index in range(1, 21)]

    result = january({"kind": "percentile", "percentile": f"{percent} %"} | LATENCY, *facts)

    assert result.value == rank
    assert result.reason[0].startswith(
        f"In order of size, number {rank} of 20 samples of latency ({percent} %) was {rank}.00 %"
    )


def test_a_number_of_facts_is_a_figure_also_when_there_are_none() -> None:
    measure = {"kind": "count"} | RESOLUTION
    facts = ticket("a", "01-05"), ticket("b", "01-06", "01-07")

    assert january(measure, unit="tickets").value == 0
    result = january(measure, *facts, unit="tickets")

    assert result.value == 2
    assert result.reason == ("The number of tickets was 2 tickets.",)


def test_a_number_may_be_of_those_that_a_limit_holds_for() -> None:
    facts = ticket("a", "01-05", "01-06"), ticket("b", "01-05", "01-08"), ticket("c", "01-05")

    result = january({"kind": "count", "good": "above 2 days"} | RESOLUTION, *facts, unit="tickets")

    assert (result.value, result.sample) == (Fraction(1), 3)
    assert result.reason[0].startswith(
        "The number of tickets that had a resolution time of above 2 days was 1 tickets"
    )


def test_a_number_may_be_of_flagged_tickets() -> None:
    facts = ticket("a", "01-05", major="true"), ticket("b", "01-05", major="false")

    assert value("count", {"flag": "major"}, *facts, unit="tickets") == 1


# --- other sources


def test_ticket_times_are_told_in_the_unit_of_the_kpi() -> None:
    facts = ticket("a", "01-05", "01-07"), ticket("b", "01-05", "01-06")

    figures = [value("maximum", RESOLUTION, *facts, unit=unit) for unit in ("s", "min", "h", "day")]

    assert figures == [172_800, 2880, 48, 2]


def test_outages_have_their_lengths() -> None:
    source = {"outages": "web"}
    facts = outage("a", "01-05", 90), outage("b", "01-31 23:30", 60)

    assert value("sum", source, *facts, unit="min") == 120
    assert value("mean", source, *facts, unit="min") == 60
    assert value("maximum", source, *facts, unit="h") == Fraction(3, 2)
    assert value("count", source, *facts, unit="outages") == 2
    assert value("count", source | {"good": "above 30 min"}, *facts, unit="outages") == 1


def test_no_outages_are_a_sum_and_a_longest_of_zero_but_have_no_mean() -> None:
    source = {"outages": "web"}

    assert value("sum", source, unit="min") == 0
    assert value("maximum", source, unit="min") == 0
    assert value("count", source, unit="outages") == 0
    assert value("mean", source, unit="min") is None
    assert value("minimum", source, unit="min") is None


def test_counts_are_added_by_name() -> None:
    source = {"counts": "calls", "of": ["complaints"]}
    facts = (
        count("a", "01-05", "complaints", "2"),
        count("b", "01-06", "complaints", "3"),
        count("c", "01-06", "calls", "100"),
    )

    assert value("sum", source, *facts, unit="complaints") == 5
    assert value("sum", {"counts": "calls"}, *facts, unit="things") == 105


def test_answers_and_events_have_values() -> None:
    answers = survey("a", "01-05", "7"), survey("b", "01-06", "9")
    facts = event("a", "01-05", value="4"), event("b", "01-06", value="2")

    assert value("mean", {"surveys": "csat"}, *answers, unit="score") == 8
    assert value("mean", {"events": "report"}, *facts, unit="score") == 3


def test_events_may_be_in_time() -> None:
    facts = (
        event("a", "01-05 12:00", "01-05 12:00"),
        event("b", "02-06", "01-31"),
        event("never due", "01-06"),
    )

    result = january({"kind": "proportion", "events": "report", "good": "by due"}, *facts)

    assert result.value == 50
    assert result.reason[0].startswith("1 of 2 events of report were in time: 50.00 %")


def test_a_ticket_may_belong_to_the_period_of_another_of_its_instants() -> None:
    measure = {"kind": "count", "belongs_to": "resolved"} | RESOLUTION
    facts = ticket("a", "01-05", "02-03"), ticket("b", "01-05"), ticket("c", "01-05", "01-06")

    results = perform(terms({"measure": measure}), *facts, until="03-01").results

    assert [result.value for result in results] == [1, 1]


def test_where_may_name_columns_with_a_meaning_of_their_own() -> None:
    facts = outage("a", "01-05", 10, "power"), outage("b", "01-06", 10, "fault")
    answers = survey("a", "01-05", "7"), survey("b", "01-06", "9", country="de")

    assert value("count", {"outages": "web", "where": {"cause": "power"}}, *facts) == 1
    assert value("mean", {"surveys": "csat", "where": {"country": "de"}}, *answers) == 9


def test_a_kind_that_cannot_take_a_source_is_a_fault() -> None:
    kpi = Kpi.model_validate(
        {"key": "k", "unit": "%", "every": "month", "measure": {"kind": "mean", "series": "s"}}
    )
    frame = Frame(kpi, START, START, zone_named("UTC"), [interval("a", "01-05", "1")])

    with pytest.raises(TypeError, match="a mean cannot be taken of Interval"):
        measured(frame)


@pytest.mark.parametrize(
    ("measure", "fault"),
    [
        ({"kind": "percentile", "series": "latency"}, "needs `percentile`"),
        ({"kind": "survey_score", "surveys": "csat"}, "needs `score`"),
        ({"kind": "survey_score", "surveys": "csat", "score": "top_box"}, "needs `good`"),
        ({"kind": "composite", "parts": {"a": "1 %"}}, "needs `combine`"),
        ({"kind": "contact_service_level", "counts": "calls"}, "needs `formula`"),
        ({"kind": "proportion", "intervals": "requests"}, "needs `good`"),
        ({"kind": "proportion", "series": "latency"}, "needs `good`"),
    ],
)
def test_what_the_reading_of_terms_should_have_refused_is_a_fault(
    measure: dict[str, Any], fault: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=fault):
        january(measure, survey("a", "01-05", "7"), interval("i", "01-05", "1"))


# --- properties

readings = st.lists(st.none() | st.integers(-50, 50), min_size=1, max_size=12)


def samples(told: list[int | None]) -> list[Sample]:
    return [
        Sample(f"s{index:02}", "latency", START + timedelta(hours=index), _decimal(each))
        for index, each in enumerate(told)
    ]


def _decimal(each: int | None) -> Decimal | None:
    return None if each is None else Decimal(each)


@given(readings, st.integers(1, 100))
def test_so_many_percent_of_the_values_do_not_exceed_a_percentile(
    told: list[int | None], percent: int
) -> None:
    values = sorted(each for each in told if each is not None)

    found = value("percentile", LATENCY | {"percentile": f"{percent} %"}, *samples(told))

    if values:
        assert found == values[ceil(percent * len(values) / 100) - 1]
    else:
        assert found is None


@given(readings)
def test_figures_agree_with_plain_arithmetic(told: list[int | None]) -> None:
    values = [each for each in told if each is not None]
    facts = samples(told)

    assert value("sum", LATENCY, *facts) == (sum(values) if values else None)
    assert value("maximum", LATENCY, *facts) == max(values, default=None)
    assert value("minimum", LATENCY, *facts) == min(values, default=None)
    assert value("mean", LATENCY, *facts) == (
        Fraction(sum(values), len(values)) if values else None
    )


@given(st.permutations(samples([1, 2, None, 2, 5, 0])))
def test_the_order_of_facts_changes_nothing(facts: list[Sample]) -> None:
    measure = {"kind": "mean"} | LATENCY
    in_order = samples([1, 2, None, 2, 5, 0])

    assert january(measure, *facts) == january(measure, *in_order)
