"""Figures of clocks, surveys, other KPIs and due dates."""

from fractions import Fraction
from typing import Any

import pytest

from domain.facts import TicketEvent
from domain.results import Status
from tests.domain.performing import (
    at,
    event,
    january,
    outage,
    perform,
    perform_all,
    sample,
    survey,
    terms,
    ticket,
)

# --- clocks

CLOCKS: dict[str, Any] = {
    "calendars": {"office": {"hours": {"mon-fri": "08:00-18:00"}}},
    "clocks": [
        {
            "key": "fix",
            "stops": "resolution",
            "calendar": "office",
            "limits": [{"where": {"priority": "p2"}, "within": "4 h"}],
        }
    ],
}
ATTAINED: dict[str, Any] = {"kind": "attainment", "clock": "fix"}

# 2027-01-04 is a Monday.
IN_TIME = [ticket(f"ok{n}", "01-04 16:00", "01-05 09:59", priority="p2") for n in range(8)]
LATE = [ticket(f"late{n}", "01-04 16:00", "01-05 10:01", priority="p2") for n in range(3)]
OTHER = ticket("other", "01-04 16:00", "01-29 10:01", priority="p4")


def attained(*facts: Any, **said: Any) -> Any:
    measure = ATTAINED | said.pop("measure", {})
    return january(measure, *facts, sections=CLOCKS, **said)


def test_8_of_11_in_4_business_hours_are_72_72_percent() -> None:
    """Accenture-SAS P2: 8 of 11 within 4 business hours, target 90."""
    bands = [
        {"at_least": "90"},
        {"at_least": "85", "below": "90", "credit": "1.5 %"},
        {"at_least": "80", "below": "85", "credit": "2 %"},
        {"below": "80", "credit": "3 %"},
    ]

    result = attained(*IN_TIME, *LATE, OTHER, target={"expected": "at least 90 %"}, bands=bands)

    assert result.value == Fraction(800, 11)
    assert (result.status, result.band) == (Status.BELOW_EXPECTED, 3)
    assert result.reason == (
        "8 of 11 tickets kept the clock fix: 72.72 %, expected at least 90 %.",
        "Missed by: late0 by 1 min, late1 by 1 min, late2 by 1 min.",
    )


def test_many_that_were_late_are_told_in_part() -> None:
    late = [ticket(f"late{n:02}", "01-04 16:00", "01-05 10:01", priority="p2") for n in range(12)]

    assert "late09 by 1 min and 2 more." in attained(*late).reason[1]


def test_a_clock_that_runs_is_left_out_until_it_is_overdue() -> None:
    still_open = ticket("open", "01-04 16:00", priority="p2")

    running = attained(*IN_TIME[:1], still_open, known_at="01-05 09:59:30")
    assert (running.num, running.den) == (1, 1)
    assert running.reason[1] == "1 ticket not yet settled was left out."

    overdue = attained(*IN_TIME[:1], still_open, known_at="01-05 10:00")
    assert (overdue.num, overdue.den) == (1, 2)


def test_an_overdue_clock_that_has_not_stopped_may_be_left_out() -> None:
    still_open = ticket("open", "01-04 16:00", priority="p2")

    result = attained(*LATE[:1], still_open, measure={"missing": "excluded"}, known_at="01-08")

    assert (result.num, result.den) == (0, 1)


def test_without_an_instant_clocks_are_read_as_far_as_the_tickets_reach() -> None:
    still_open = ticket("open", "01-04 16:00", priority="p2")

    assert attained(still_open).status == Status.NO_DATA
    assert attained(still_open).reason[0] == "1 ticket not yet settled was left out."
    assert attained(still_open, ticket("later", "01-08 12:00")).value == 0


def test_no_ticket_with_such_a_clock_is_no_data() -> None:
    assert attained(OTHER).reason[0] == "There were no facts."


def test_clocks_have_lengths_in_open_hours() -> None:
    facts = (*IN_TIME[:1], *LATE[:1], ticket("open", "01-04 16:00", priority="p2"), OTHER)
    mean = {"kind": "mean", "clock": "fix"}
    within = {"kind": "proportion", "clock": "fix", "good": "below 241 min", "missing": "excluded"}

    assert january(mean, *facts, unit="min", sections=CLOCKS).value == 240
    assert january(within, *facts, sections=CLOCKS).value == 50
    assert january(within | {"good": "at most 241 min"}, *facts, sections=CLOCKS).value == 100


def test_a_proportion_of_a_clock_without_more_is_its_attainment() -> None:
    measure = {"kind": "proportion", "clock": "fix"}

    assert january(measure, *IN_TIME, *LATE, sections=CLOCKS).value == Fraction(800, 11)


def test_a_clock_may_run_around_the_clock_and_on_working_days() -> None:
    clocks = [{"key": "fix", "stops": "resolution", "limits": [{"within": "1 working day"}]}]
    facts = ticket("a", "01-08 16:00", "01-12 00:00"), ticket("b", "01-08 16:00", "01-12 16:01")
    days = {"calendars": {"days": {"hours": {"tue": "00:00-24:00"}}}, "working_days": "days"}

    assert january(ATTAINED, *facts, sections={"clocks": clocks}).value == 0
    assert january(ATTAINED, *facts, sections={"clocks": clocks} | days).value == 50


def test_a_pause_that_an_event_tells_of_does_not_count() -> None:
    clocks = [CLOCKS["clocks"][0] | {"pauses": ["pending"]}]
    events = [
        TicketEvent("e1", "late0", at("01-05 09:00"), "state", "pending", "desk"),
        TicketEvent("e2", "late0", at("01-05 09:02"), "state", "open", "desk"),
    ]

    assert january(ATTAINED, *LATE[:2], *events, sections=CLOCKS | {"clocks": clocks}).value == 50


def test_a_clock_that_two_kpis_read_is_run_once_for_both() -> None:
    agreed = terms({"measure": ATTAINED}, {"key": "other", "measure": ATTAINED}, **CLOCKS)

    first, second = perform_all(agreed, *IN_TIME, *LATE).results

    assert first.value == second.value == Fraction(800, 11)


# --- surveys


def scored(score: str, *answers: Any, unit: str = "%", **said: Any) -> Any:
    measure = {"kind": "survey_score", "surveys": "csat", "score": score} | said
    return january(measure, *answers, unit=unit)


ANSWERS = [
    survey(f"s{index}", "01-05", score) for index, score in enumerate(("10", "9", "8", "7", "3"))
]


def test_the_net_promoter_score_is_promoters_less_detractors() -> None:
    result = scored("net_promoter", *ANSWERS, unit="points")

    assert result.value == 20
    assert result.reason[0] == "(2 promoters - 1 detractors) of 5 answers of csat: 20.00 points."


def test_a_mean_score_is_in_its_scale_or_in_percent_of_it() -> None:
    answers = survey("a", "01-05", "4", "5"), survey("b", "01-05", "9", "10")

    assert scored("mean", *ANSWERS, unit="points").value == Fraction(37, 5)
    assert scored("mean", *answers).value == 85


@pytest.mark.parametrize("good", ["at least 8", "at least 80 %"])
def test_a_top_box_is_the_share_of_good_answers(good: str) -> None:
    result = scored("top_box", *ANSWERS, good=good)

    assert result.value == 60
    assert result.reason[0] == f"3 of 5 answers of csat were {good}: 60.00 %."


def test_no_answers_are_no_score() -> None:
    assert scored("mean").status == Status.NO_DATA


# --- composites


def composed(combine: str, *values: str | None, weights: tuple[str, ...] = ()) -> Any:
    """A composite of samples `a`, `b` …, each a KPI of its own."""
    names = "abcdefgh"[: len(values)]
    shares = weights or ("50",) * len(values)
    parts = [
        {"key": name, "measure": {"kind": "mean", "series": "latency", "where": {"kpi": name}}}
        for name in names
    ]
    of = {name: f"{share} %" for name, share in zip(names, shares, strict=True)}
    kpi = {"measure": {"kind": "composite", "combine": combine, "parts": of}}
    facts = [
        sample(name, "01-05", value, kpi=name)
        for name, value in zip(names, values, strict=True)
        if value is not None
    ]
    results = perform_all(terms(kpi, *parts), *facts).results
    return next(result for result in results if result.kpi.key == "k")


def test_two_times_95_percent_are_90_percent_by_their_shortfalls() -> None:
    """OpenSLO: a composite of two RatioTimeslices at 95 %."""
    result = composed("shortfalls", "95", "95")

    assert result.value == 90
    assert result.reason[0] == "100 less the shortfalls, a 5 + b 5: 90.00 %."


def test_weights_are_shares_of_their_sum() -> None:
    assert composed("weighted", "90", "100", weights=("60", "40")).value == 94
    assert composed("weighted", "90", "100", weights=("3", "1")).value == Fraction(185, 2)


def test_the_lowest_part_may_count() -> None:
    assert composed("lowest", "90", "100", "85").reason[0] == (
        "The lowest of a 90, b 100 and c 85 was 85.00 %."
    )


def test_a_part_without_a_figure_is_left_out() -> None:
    result = composed("weighted", "90", None, weights=("60", "40"))

    assert result.value == 90
    assert result.reason[1] == "Left out, without a figure: b."
    assert composed("weighted", None, None).reason[0] == "None of its parts has a figure."


def test_a_composite_is_split_as_its_parts_are() -> None:
    measure = {"kind": "composite", "combine": "lowest", "parts": {"a": "50 %", "b": "50 %"}}
    uptime = {"kind": "availability", "outages": "web"}
    agreed = terms(
        {"measure": measure, "per": ["site"]},
        {"key": "a", "per": ["site"]},
        {"key": "b", "measure": uptime},
    )
    facts = sample("s", "01-05", "40", site="leeds"), sample("t", "01-05", "101", site="york")

    performed = perform(agreed, *facts, outage("o", "01-05", 60))

    assert {result.dim: result.value for result in performed.results} == {
        (("site", "leeds"),): 40,
        (("site", "york"),): Fraction(74_300, 744),
    }


def test_a_composite_of_itself_has_no_figure() -> None:
    measure = {"kind": "composite", "combine": "lowest", "parts": {"k": "50 %", "gone": "50 %"}}

    (result,) = perform(terms({"measure": measure})).results

    assert result.status == Status.NO_DATA


# --- delays


def late(*facts: Any, unit: str = "h", **sections: Any) -> Any:
    return january({"kind": "delay", "events": "report"}, *facts, unit=unit, sections=sections)


def test_the_longest_delay_counts_and_nothing_is_early() -> None:
    facts = (
        event("a", "01-05 12:00", "01-05 10:00"),
        event("b", "01-06 12:30", "01-06 09:00"),
        event("c", "01-06 12:30", "01-08 09:00"),
        event("never due", "01-20"),
    )

    assert late(*facts).value == Fraction(7, 2)
    assert late(facts[2]).value == 0
    assert late(*facts).reason[0] == (
        "3 events of report were due; b was due 2027-01-06 09:00 and came 2027-01-06 12:30, "
        "late by 3.50 h."
    )


def test_a_delay_belongs_to_the_period_in_which_it_was_due() -> None:
    agreed = terms({"measure": {"kind": "delay", "events": "report"}, "unit": "day"})

    results = perform(agreed, event("a", "02-03", "01-31"), until="03-01").results

    assert [result.value for result in results] == [3, None]


@pytest.mark.parametrize(("unit", "value"), [("day", 1), ("days", 1), ("h", 23)])
def test_days_are_told_by_the_local_clock(unit: str, value: int) -> None:
    # Clocks in Berlin go forward on 2027-03-28.
    facts = event("a", "03-28 10:00:30", "03-27 11:00:30")
    march = {"zone": "Europe/Berlin", "term": {"starts_on": "2027-03-01", "months": "1"}}
    measure = {"kind": "delay", "events": "report"}

    (result,) = perform(
        terms({"measure": measure, "unit": unit}, **march), facts, until=None
    ).results

    assert result.value == value
    assert "was due 2027-03-27 12:00:30" in result.reason[0]
    assert at("03-27").day == 27


def test_nothing_due_is_no_data() -> None:
    assert late(event("a", "01-05")).status == Status.NO_DATA
