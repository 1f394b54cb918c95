"""Patterns over runs of results: published cases, each rule by itself, and a brute-force oracle."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import EventFact
from domain.patterns import Completion, Element, completions, elements_of
from domain.patterns.elements import distinct, exceeded, hanging
from domain.patterns.wording import explained, told
from domain.results import Points, Result, Status, Total
from domain.terms.patterns import Afterwards, Pattern
from tests.domain.runs import (
    FIRST,
    LONDON,
    completed,
    day,
    kpi,
    months,
    pattern,
    pointed,
    result,
    run,
    terms,
    utc,
)

UPTIME = terms().kpi("uptime")
GOOD, MISS, BAD = 99, 95, 80
"""Met, below what is expected, below the minimum."""

NO_DATA, EXCUSED, BASELINE = Status.NO_DATA, Status.EXCUSED, Status.BASELINE


def missed_in(*numbers: int, of: int = 13) -> list[Result]:
    """A year and a month, with these months missed."""
    return run(UPTIME, [MISS if each in numbers else GOOD for each in range(1, of + 1)])


def when(found: Sequence[Completion]) -> list[str]:
    """The last month of each completion."""
    return [f"{each.at - timedelta(days=2):%Y-%m}" for each in found]


def named(*numbers: int) -> tuple[str, ...]:
    return tuple(f"uptime/{each.key}" for number in numbers for each in months(number, 1))


def total(number: int, percent: str | None, minor: int | None = None) -> Total:
    (period,) = months(number, 1)
    share = None if percent is None else Fraction(Decimal(percent))
    return Total(period, minor, minor, share, minor)


def event(name: str, at: datetime, kind: str = "delay", **columns: str) -> EventFact:
    value = columns.pop("value", None)
    amount = None if value is None else Decimal(value)
    return EventFact(name, at, kind, value=amount, columns=columns)


# --- published cases


FIFTY = pattern(sum="at least 50", of="points", window="3 months", same="agreement")


@pytest.mark.parametrize(("points", "fires"), [((18, 17, 15), True), ((18, 17, 14), False)])
def test_fifty_points_in_three_months_are_critical(points: tuple[int, ...], fires: bool) -> None:  # noqa: FBT001
    found = completed(FIFTY, pointed(UPTIME, points))

    assert [each.quantity for each in found] == ([50] if fires else [])
    assert when(found) == (["2027-03"] if fires else [])


FOUR_IN_A_YEAR = pattern(count=4, of="missed", window="12 months", afterwards="repeats")


@pytest.mark.parametrize(("missed", "fires"), [((1, 4, 7, 12), ["2027-12"]), ((1, 4, 7, 13), [])])
def test_the_fourth_miss_in_a_rolling_year(missed: tuple[int, ...], fires: list[str]) -> None:
    assert when(completed(FOUR_IN_A_YEAR, missed_in(*missed))) == fires


EVERY_TENTH = pattern(count=10, of="missed", window="12 months", afterwards="consumes")


@pytest.mark.parametrize(("failures", "fires"), [(9, 0), (10, 1), (11, 1), (19, 1), (20, 2)])
def test_every_tenth_failure_completes_once(failures: int, fires: int) -> None:
    kpis = terms(kpi("a"), kpi("b"))
    ones = run(kpis.kpi("a"), [MISS] * min(failures, 12))
    others = run(kpis.kpi("b"), [MISS] * max(0, failures - 12))
    wanted = EVERY_TENTH.model_copy(update={"same": "agreement"})

    assert [each.quantity for each in completed(wanted, ones + others)] == [10] * fires


def test_failures_that_end_together_complete_as_often_as_they_suffice() -> None:
    many = [
        result(UPTIME, months(1, 1)[0], MISS, dim=(("site", f"{number:02}"),))
        for number in range(25)
    ]
    wanted = EVERY_TENTH.model_copy(update={"same": "agreement"})

    found = completed(wanted, many)

    assert [each.labels[0] for each in found] == ["uptime/00/2027-01", "uptime/10/2027-01"]


ROLLING_MEAN = pattern(mean="below 97 %", of="value", window="3 periods")


@pytest.mark.parametrize(
    ("figures", "mean"),
    [(("96.0", "97.5", "97.4"), Fraction(2909, 30)), (("96.2", "97.5", "97.4"), None)],
)
def test_uptime_below_the_limit_on_a_rolling_average(
    figures: tuple[str, ...], mean: Fraction | None
) -> None:
    found = completed(ROLLING_MEAN, run(UPTIME, figures))

    assert [each.quantity for each in found] == ([] if mean is None else [mean])


def test_the_same_kpi_in_three_of_nine_periods() -> None:
    wanted = pattern(count=3, of="missed", window="9 periods")

    assert when(completed(wanted, missed_in(1, 5, 9))) == ["2027-09"]
    assert when(completed(wanted, missed_in(1, 5, 10))) == []


def test_below_the_minimum_twice_running_or_in_three_of_any_six_months() -> None:
    running = pattern(consecutive=2, of="below_minimum")
    any_six = pattern(count=3, of="below_minimum", window="6 months")
    results = run(UPTIME, [BAD, MISS, BAD, BAD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD, GOOD, BAD])

    assert when(completed(running, results)) == ["2027-04"]
    assert when(completed(any_six, results)) == ["2027-04"]


def test_credits_of_a_fifth_of_the_fees_in_two_months_of_four() -> None:
    wanted = pattern(count=2, of="credits", which="at least 20 %", window="4 months")
    credited = [total(1, "20"), total(2, "19.99"), total(4, "25"), total(8, "20"), total(12, "30")]

    found = completions(wanted, elements_of(wanted, [], credited), LONDON, FIRST)

    assert [each.labels for each in found] == [("credits/2027-01", "credits/2027-04")]


@pytest.mark.parametrize(("missed", "fires"), [(5, False), (6, True)])
def test_half_of_the_kpis_missed_in_a_month(missed: int, fires: bool) -> None:  # noqa: FBT001
    kpis = terms(*(kpi(f"kpi-{number:02}") for number in range(12))).kpis
    wanted = pattern(share="at least 50 %", of="missed", window="1 month", same="agreement")
    results = [
        each
        for number, measured in enumerate(kpis)
        for each in run(measured, [MISS if number < missed else GOOD])
    ]

    found = completed(wanted, results)

    assert [(int(each.quantity), len(each.labels), each.size) for each in found] == (
        [(50, 6, 12)] if fires else []
    )


# --- what counts


@pytest.mark.parametrize(
    ("of", "numbers"),
    [
        ("met", [1, 2]),
        ("missed", [3, 4]),
        ("below_expected", [3]),
        ("below_minimum", [4]),
        ("exceeded", [2]),
        ("no_data", [5]),
        ("default", []),
    ],
)
def test_which_results_count_for_a_status(of: str, numbers: list[int]) -> None:
    results = run(UPTIME, ["97.0", 98, MISS, BAD, NO_DATA, EXCUSED, BASELINE])

    found = [each.label for each in elements_of(pattern(count=1, of=of), results) if each.counts]

    assert tuple(found) == named(*numbers)


def test_a_default_counts_as_it_was_judged() -> None:
    (judged,) = run(UPTIME, [MISS])

    (element,) = elements_of(pattern(count=1, of="default"), [replace(judged, default=True)])

    assert element.counts


def test_better_than_expected_is_lower_where_lower_is_better() -> None:
    wait = terms(kpi("wait", unit="h", target={"expected": "at most 4 h"})).kpi("wait")

    assert [exceeded(each) for each in run(wait, ["3.9", 4, "4.1"])] == [True, False, False]


def test_without_a_target_nothing_is_exceeded() -> None:
    (untargeted,) = terms(kpi(target=None)).kpis

    assert not exceeded(run(untargeted, [99])[0])


def test_a_period_that_was_met_without_a_figure_is_not_better_than_expected() -> None:
    assert not exceeded(run(UPTIME, [Status.MET])[0])


def test_points_and_figures_are_quantities() -> None:
    results = [*pointed(UPTIME, [0, 3]), *run(UPTIME, [MISS, NO_DATA], first=3)]

    points = elements_of(pattern(sum="at least 1", of="points"), results)
    figures = elements_of(pattern(mean="at least 1 %", of="value"), results)

    assert [each.quantity for each in points] == [0, 3, 0, 0]
    assert [each.counts for each in points] == [False, True, False, False]
    assert [each.quantity for each in figures] == [100, 100, 95, None]
    assert [each.holds for each in figures] == [False, False, False, True]


def test_only_the_quantities_that_are_asked_for_count_or_are_added() -> None:
    results = pointed(UPTIME, [1, 2, 3])

    counted = completed(pattern(count=2, of="points", which="at least 2"), results)
    added = completed(pattern(sum="at least 5", of="points", which="at least 2"), results)

    assert [each.labels for each in counted] == [named(2, 3)]
    assert [each.quantity for each in added] == [5]


def test_figures_are_compared_in_the_unit_of_the_limit() -> None:
    kpis = terms(
        kpi("wait", unit="min", target=None), kpi("late", unit="day", target=None), kpi(target=None)
    )
    wanted = pattern(count=1, of="value", which="above 4 h", same="agreement")

    found = [
        [(each.quantity, each.counts) for each in elements_of(wanted, run(measured, [300]))]
        for measured in kpis.kpis
    ]

    assert found == [[(5, True)], [(None, False)], [(None, False)]]


def test_a_limit_without_a_unit_is_in_the_unit_of_the_figure() -> None:
    (measured,) = terms(kpi("wait", unit="min", target=None)).kpis
    wanted = pattern(count=1, of="value", which="above 4")

    assert [each.quantity for each in elements_of(wanted, run(measured, [300]))] == [300]


def test_only_selected_results_are_in_the_run() -> None:
    kpis = terms(
        kpi("a", service="web", classification="critical"), kpi("b", service="mail"), kpi("c")
    )
    results = [each for measured in kpis.kpis for each in run(measured, [MISS])]
    sites = [
        result(kpis.kpi("a"), months(1, 1)[0], MISS, dim=(("site", site),))
        for site in ("leeds", "york", "hull")
    ]

    def selected(**where: Any) -> list[str]:
        wanted = pattern(count=1, of="missed", where=where)
        return [
            each.label.removesuffix("/2027-01") for each in elements_of(wanted, results + sites)
        ]

    assert selected(kpis=["b", "c"]) == ["b", "c"]
    assert selected(services=["mail"]) == ["b"]
    assert selected(classification=["critical"]) == ["a", "a/leeds", "a/york", "a/hull"]
    assert selected(columns={"site": ["leeds", "hull"]}) == ["a/leeds", "a/hull"]
    assert selected(columns={"site": "york"}) == ["a/york"]


@pytest.mark.parametrize(
    ("same", "groups"),
    [
        ("kpi", ["a", "a/leeds", "b"]),
        ("service", ["web", "web", ""]),
        ("agreement", ["", "", ""]),
    ],
)
def test_what_is_counted_together(same: str, groups: list[str]) -> None:
    kpis = terms(kpi("a", service="web"), kpi("b"))
    results = [
        *run(kpis.kpi("a"), [MISS]),
        *run(kpis.kpi("a"), [MISS], dim=(("site", "leeds"),)),
        *run(kpis.kpi("b"), [MISS]),
    ]

    elements = elements_of(pattern(count=1, of="missed", same=same), results)

    assert [each.group for each in elements] == groups


def test_an_element_has_the_figure_and_says_what_it_does_to_a_chain() -> None:
    wanted = pattern(consecutive=2, of="missed", no_data="holds", excused="breaks")

    elements = elements_of(wanted, run(UPTIME, [GOOD, MISS, NO_DATA, EXCUSED]))

    assert [(each.quantity, each.counts, each.holds) for each in elements] == [
        (GOOD, False, False),
        (MISS, True, False),
        (None, False, True),
        (None, False, False),
    ]


def test_indicators_are_looked_at_only_where_they_are_named() -> None:
    kpis = terms(kpi("a"), kpi("b", classification="indicator"))
    results = [each for measured in kpis.kpis for each in run(measured, [MISS])]

    def looked_at(**where: Any) -> list[str]:
        wanted = pattern(count=1, of="missed", where=where)
        return [each.kpi.key for each in hanging(wanted.where, results)]

    assert looked_at() == ["a"]
    assert looked_at(kpis=["b"]) == ["a", "b"]  # `selects` then leaves a out
    assert looked_at(classification=["indicator"]) == ["a", "b"]


BANDED = terms(
    kpi(
        bands=[
            {"name": "severe", "below": "90", "points": "6"},
            {"at_least": "90", "below": "97", "points": "2"},
            {"name": "good", "at_least": "97", "points": "0"},
        ]
    )
).kpi("uptime")


def test_a_result_in_another_band_stays_in_the_run_and_ends_a_chain() -> None:
    wanted = pattern(consecutive=2, of="missed", where={"bands": ["severe"]})

    assert completed(wanted, run(BANDED, [80, 95, 80, 99])) == []
    assert when(completed(wanted, run(BANDED, [95, 80, 80, NO_DATA]))) == ["2027-03"]


def test_points_of_other_bands_are_not_added() -> None:
    wanted = pattern(sum="at least 1", of="points", where={"bands": ["severe"]})
    severe, minor = run(BANDED, [80, 95])
    results = [
        replace(severe, points=Points(Fraction(6))),
        replace(minor, points=Points(Fraction(2))),
    ]

    assert [each.quantity for each in elements_of(wanted, results)] == [6, None]


def test_what_several_editions_say_alike_is_said_once() -> None:
    assert list(distinct([(1, "a"), (2, "b"), (3, "a")])) == [
        ("a", frozenset({1, 3})),
        ("b", frozenset({2})),
    ]


# --- credits and events


def test_credits_are_compared_in_the_currency_where_the_limit_names_it() -> None:
    wanted = pattern(sum="at least 700.50 GBP", of="credits")

    found = completions(
        wanted,
        elements_of(wanted, [], [total(1, "1", 40_000), total(2, "1", 30_050)]),
        LONDON,
        FIRST,
    )

    assert [each.quantity for each in found] == [Fraction("700.5")]


@pytest.mark.parametrize(("said", "holds"), [("holds", True), ("breaks", False)])
def test_credits_without_a_known_charge_are_without_data(said: str, holds: bool) -> None:  # noqa: FBT001
    wanted = pattern(sum="at least 1 GBP", of="credits", no_data=said)

    (element,) = elements_of(wanted, [], [total(1, "1")])

    assert (element.quantity, element.counts, element.holds) == (None, False, holds)


def test_only_credits_above_nothing_count_where_no_limit_says_which() -> None:
    wanted = pattern(consecutive=2, of="credits")

    elements = elements_of(wanted, [], [total(1, "0"), total(2, "1"), total(3, "0.01")])

    assert [each.counts for each in elements] == [False, True, True]


def test_of_credits_and_events_only_the_quantities_that_are_asked_for_are_added() -> None:
    credited = [total(1, "1"), total(2, "2"), total(3, "3")]
    events = [event(f"e{value}", utc("2027-02-03T09:00"), value=value) for value in "123"]

    of_credits = elements_of(
        pattern(sum="above 4 %", of="credits", which="above 1 %"), [], credited
    )
    of_events = elements_of(pattern(sum="above 4", of="event", which="above 1"), [], [], events)

    assert [each.quantity for each in of_credits] == [None, 2, 3]
    assert [each.quantity for each in of_events] == [None, 2, 3]
    assert {each.group for each in of_credits + of_events} == {""}


def test_events_are_selected_by_type_and_columns() -> None:
    at = utc("2027-02-03T09:00")
    events = [event("e1", at, site="leeds"), event("e2", at, site="york"), event("e3", at, "audit")]
    wanted = pattern(count=1, of="event", where={"types": ["delay"], "columns": {"site": "leeds"}})

    assert [each.label for each in elements_of(wanted, [], [], events)] == ["delay/e1"]
    assert len(elements_of(pattern(count=1, of="event"), [], [], events)) == 3


def test_more_than_one_long_delay_in_three_months() -> None:
    wanted = pattern(count=2, of="event", which="above 24", window="3 months")
    events = [
        event("e1", utc("2027-01-10T08:00"), value="30"),
        event("e2", utc("2027-02-01T08:00"), value="24"),
        event("e3", utc("2027-02-20T08:00")),
        event("e4", utc("2027-04-10T07:00"), value="25"),
    ]

    found = completions(wanted, elements_of(wanted, [], [], events), LONDON, FIRST)

    assert [each.labels for each in found] == [("delay/e1", "delay/e4")]


def test_between_two_events_a_window_empties_so_that_the_pattern_rearms() -> None:
    wanted = pattern(count=1, of="event", window="1 month")
    events = [event(f"e{number}", utc(f"2027-0{number}-01T00:00")) for number in (1, 5)]
    near = [event("e1", utc("2027-01-01T00:00")), event("e2", utc("2027-01-20T00:00"))]

    def labels(facts: list[EventFact]) -> list[tuple[str, ...]]:
        found = completions(wanted, elements_of(wanted, [], [], facts), LONDON, FIRST)
        return [each.labels for each in found]

    assert labels(events) == [("delay/e1",), ("delay/e5",)]
    assert labels(near) == [("delay/e1",)]


def test_an_event_at_new_year_belongs_to_the_new_year() -> None:
    wanted = pattern(count=2, of="event", window="calendar year")
    events = [event("e1", utc("2027-12-31T12:00")), event("e2", utc("2028-01-01T00:00"))]

    assert completions(wanted, elements_of(wanted, [], [], events), LONDON, FIRST) == []


def test_an_event_in_the_last_second_of_a_year_belongs_to_it() -> None:
    wanted = pattern(count=2, of="event", window="calendar year")
    events = [event("e1", utc("2027-06-01T12:00")), event("e2", utc("2027-12-31T23:59:59"))]

    assert len(completions(wanted, elements_of(wanted, [], [], events), LONDON, FIRST)) == 1


# --- chains


@pytest.mark.parametrize("status", [NO_DATA, EXCUSED, BASELINE])
@pytest.mark.parametrize(("said", "fires"), [("holds", ["2027-03"]), ("breaks", [])])
def test_what_is_no_verdict_holds_a_chain_or_breaks_it(
    status: Status, said: str, fires: list[str]
) -> None:
    wanted = pattern(consecutive=2, of="missed", **{status.value: said})

    assert when(completed(wanted, run(UPTIME, [MISS, status, MISS]))) == fires


def test_a_met_period_breaks_a_chain() -> None:
    assert completed(pattern(consecutive=2, of="missed"), missed_in(1, 3, 5)) == []


def test_of_so_many_periods_those_that_hold_are_none() -> None:
    holding = pattern(count=2, of="missed", window="2 periods")
    breaking = pattern(count=2, of="missed", window="2 periods", no_data="breaks")
    results = run(UPTIME, [MISS, NO_DATA, MISS])

    assert [each.labels for each in completed(holding, results)] == [named(1, 3)]
    assert completed(breaking, results) == []


def test_over_a_span_of_time_what_is_no_verdict_simply_does_not_count() -> None:
    wanted = pattern(count=2, of="missed", window="2 months")

    assert completed(wanted, run(UPTIME, [MISS, NO_DATA, MISS])) == []


def test_a_chain_over_a_service_goes_by_periods_in_which_anything_was_missed() -> None:
    kpis = terms(kpi("a", service="web"), kpi("b", service="web"), kpi("c"))
    results = [
        *run(kpis.kpi("a"), [MISS, GOOD, MISS, MISS]),
        *run(kpis.kpi("b"), [GOOD, MISS, NO_DATA, MISS]),
        *run(kpis.kpi("c"), [GOOD, GOOD, MISS, GOOD]),
    ]

    (found,) = completed(pattern(consecutive=4, of="missed", same="service"), results)

    assert found.group == "web"
    assert found.labels == ("a/2027-01", "b/2027-02", "a/2027-03", "a/2027-04", "b/2027-04")
    assert found.quantity == 4


def test_a_chain_is_brought_about_by_what_counts_not_by_what_ends_together_with_it() -> None:
    measured = terms(kpi("a", service="web"), kpi("b", service="web"))
    wanted = pattern(consecutive=2, of="missed", same="service")
    elements = elements_of(
        wanted,
        [*run(measured.kpi("a"), [MISS, MISS]), *run(measured.kpi("b"), [GOOD, GOOD])],
    )

    (found,) = completions(wanted, elements, LONDON, FIRST)

    assert elements[found.index].label == "a/2027-02"


def test_a_month_and_a_quarter_that_end_together_are_two_windows_of_a_chain() -> None:
    (monthly,) = terms(kpi("a")).kpis
    quarter = replace(months(1, 1)[0], key="2027-Q1", end=months(3, 1)[0].end)
    results = [*run(monthly, [GOOD, GOOD, MISS]), result(monthly, quarter, MISS)]

    (found,) = completed(pattern(consecutive=2, of="missed"), results)

    assert found.labels == ("a/2027-Q1", "a/2027-03")


def test_a_share_is_reckoned_exactly() -> None:
    wanted = pattern(share="at most 50 %", of="missed", window="2 periods")

    (found,) = completed(wanted, run(UPTIME, [MISS, GOOD]))

    assert found.quantity == 50


def test_over_a_service_so_many_periods_are_periods_not_results() -> None:
    kpis = terms(kpi("a", service="web"), kpi("b", service="web"))
    results = [
        *run(kpis.kpi("a"), [MISS, GOOD, MISS]),
        *run(kpis.kpi("b"), [GOOD, MISS, GOOD]),
    ]
    wanted = pattern(count=3, of="missed", same="service", window="2 periods")

    assert completed(wanted, results) == []
    assert when(completed(wanted.model_copy(update={"count": 2}), results)) == ["2027-02"]


def test_each_site_of_a_kpi_has_a_run_of_its_own() -> None:
    results = [
        *run(UPTIME, [MISS, GOOD], dim=(("site", "leeds"),)),
        *run(UPTIME, [GOOD, MISS], dim=(("site", "york"),)),
    ]

    assert completed(pattern(consecutive=2, of="missed"), results) == []
    assert len(completed(pattern(consecutive=2, of="missed", same="agreement"), results)) == 1


def test_a_chain_may_have_to_lie_within_a_window() -> None:
    year = pattern(consecutive=3, of="missed", window="calendar year")
    three = pattern(consecutive=3, of="missed", window="3 periods", afterwards="repeats")

    assert completed(year, missed_in(11, 12, 13, of=14)) == []
    assert completed(pattern(consecutive=1, of="missed", window="20 days"), missed_in(1)) == []
    assert when(completed(year, missed_in(12, 13, 14, 15, of=15))) == ["2028-03"]
    assert [each.quantity for each in completed(three, missed_in(1, 2, 3, 4))] == [3, 3]


# --- windows


def test_a_contract_year_begins_on_the_day_of_the_term() -> None:
    wanted = pattern(count=2, of="missed", window="contract year")
    results = missed_in(5, 6)

    assert when(completed(wanted, results)) == ["2027-06"]
    assert completed(wanted, results, first_day=FIRST.replace(month=6)) == []


def test_a_mean_needs_a_window_that_lies_wholly_in_the_record() -> None:
    results = run(UPTIME, [96, 96, 96])
    low = {"mean": "below 97 %", "of": "value", "afterwards": "repeats"}

    assert when(completed(pattern(**low, window="3 months"), results)) == ["2027-03"]
    assert when(completed(pattern(**low, window="3 periods"), results)) == ["2027-03"]
    assert len(completed(pattern(**low, window="3 months", full=False), results)) == 3
    assert len(completed(pattern(**low), results)) == 3


def test_a_mean_of_a_fixed_year_is_told_when_the_year_is_over() -> None:
    low = {"mean": "below 97 %", "of": "value", "window": "calendar year"}
    two_years = run(UPTIME, [96] * 24)

    assert when(completed(pattern(**low), two_years)) == ["2027-12", "2028-12"]
    assert when(completed(pattern(**low), two_years[6:])) == ["2028-12"]
    assert len(completed(pattern(**low, full=False, afterwards="repeats"), two_years)) == 24


def test_a_mean_is_compared_with_the_target_where_the_terms_say_so() -> None:
    wanted = pattern(mean="expected", of="value", window="2 periods")
    (untargeted,) = terms(kpi(target=None)).kpis

    assert when(completed(wanted, run(UPTIME, [96, 97, 98]))) == ["2027-03"]
    assert completed(wanted, run(untargeted, [96, 97, 98])) == []


def test_a_sum_that_stays_low_is_completed_by_periods_without_any() -> None:
    wanted = pattern(sum="at most 0", of="points", window="2 months", full=False)

    (found,) = completed(wanted, pointed(UPTIME, [1, 0, 0]))

    assert (found.labels, int(found.quantity)) == (named(2, 3), 0)


def test_a_sum_is_completed_by_what_adds_to_it_and_a_count_by_what_counts() -> None:
    results = pointed(UPTIME, [0, 3, 0, 4, 0])

    (added,) = completed(pattern(sum="at least 7", of="points"), results)
    counted = completed(pattern(count=1, of="missed", afterwards="consumes"), missed_in(1, 2, 3))

    assert (added.labels, added.size) == (named(2, 4), 2)
    assert [(each.labels, each.size) for each in counted] == [
        (named(1), 1),
        (named(2), 1),
        (named(3), 1),
    ]


def test_of_several_that_end_together_the_earliest_that_suffice_are_consumed() -> None:
    kpis = terms(kpi("a"), kpi("b"), kpi("c")).kpis
    results = [each for measured in kpis for each in run(measured, [MISS])]
    wanted = pattern(count=2, of="missed", same="agreement", afterwards="consumes")

    (found,) = completed(wanted, results)

    assert (found.labels, found.size) == (("a/2027-01", "b/2027-01"), 2)


def test_what_is_passed_over_completes_nothing() -> None:
    wanted = pattern(sum="at most 0", of="points", window="2 months")

    found = completed(wanted, [*pointed(UPTIME, [1, 0]), *run(UPTIME, [NO_DATA, GOOD], first=3)])

    assert when(found) == ["2027-04"]


# --- what happens afterwards


@pytest.mark.parametrize(
    ("afterwards", "fires"),
    [
        (Afterwards.REARMS, [2, 7]),
        (Afterwards.CONSUMES, [2, 7]),
        (Afterwards.REPEATS, [2, 3, 7]),
        (Afterwards.ONCE, [2]),
    ],
)
def test_what_a_pattern_does_once_it_was_complete(afterwards: Afterwards, fires: list[int]) -> None:
    wanted = pattern(count=2, of="missed", window="3 months", afterwards=afterwards)

    found = completed(wanted, missed_in(1, 2, 3, 6, 7, of=8))

    assert when(found) == [months(number, 1)[0].key for number in fires]


def test_a_consumed_chain_begins_anew() -> None:
    wanted = pattern(consecutive=2, of="missed", afterwards="consumes")

    assert when(completed(wanted, missed_in(1, 2, 3, 4, 5))) == ["2027-02", "2027-04"]


def test_a_year_is_over_at_local_midnight_of_the_day_on_which_the_term_began() -> None:
    wanted = pattern(mean="below 97 %", of="value", window="contract year")

    found = completed(wanted, run(UPTIME, [96] * 13, first=6), first_day=FIRST.replace(month=6))

    assert [each.at for each in found] == [day("2028-06-01")]


def test_a_consumed_mean_needs_a_whole_window_again() -> None:
    low = {"mean": "below 97 %", "of": "value", "afterwards": "consumes"}
    results = run(UPTIME, [96] * 7)

    assert when(completed(pattern(**low, window="3 months"), results)) == ["2027-03", "2027-06"]
    assert when(completed(pattern(**low, window="3 periods"), results)) == ["2027-03", "2027-06"]


def test_a_consumed_share_consumes_all_that_was_weighed() -> None:
    wanted = pattern(share="at least 50 %", of="missed", window="4 months", afterwards="consumes")

    found = completed(wanted, run(UPTIME, [GOOD, MISS, GOOD, MISS]))

    assert when(found) == ["2027-02", "2027-04"]


def test_what_was_consumed_leaves_the_window_only_once() -> None:
    wanted = pattern(count=2, of="missed", window="3 periods", afterwards="consumes")

    assert when(completed(wanted, missed_in(1, 2, 4, 5, 6, 7))) == ["2027-02", "2027-05", "2027-07"]


def test_under_other_terms_nothing_completes_and_windows_still_fill() -> None:
    wanted = pattern(count=2, of="missed", window="6 months")
    elements = elements_of(wanted, missed_in(1, 2, 3))

    found = completions(
        wanted, elements, LONDON, FIRST, lambda each: each.start >= day("2027-03-01")
    )

    assert [each.labels for each in found] == [named(1, 2, 3)]


def test_no_elements_complete_nothing() -> None:
    assert completions(FOUR_IN_A_YEAR, [], LONDON, FIRST) == []


# --- words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"count": 3, "of": "missed", "window": "9 periods"}, "at least 3 missed within 9 periods"),
        ({"consecutive": 2, "of": "below_minimum"}, "at least 2 in a row below the minimum"),
        ({"share": "above 50 %", "of": "missed"}, "a share missed above 50 %"),
        ({"sum": "at least 50", "of": "points"}, "a sum of points at least 50"),
        ({"mean": "expected", "of": "value"}, "a mean of figures as good as expected"),
        (
            {
                "count": 1,
                "of": "event",
                "where": {"types": ["delay", "loss"]},
                "which": "above 24 h",
            },
            "at least 1 delay or loss events above 24 h",
        ),
        (
            {"count": 1, "of": "missed", "where": {"bands": ["serious", "severe"]}},
            "at least 1 missed in band serious or severe",
        ),
    ],
)
def test_a_pattern_says_what_it_asks_for(said: dict[str, Any], words: str) -> None:
    assert told(pattern(**said)) == words


def sentence(wanted: Pattern, results: list[Result]) -> str:
    elements = elements_of(wanted, results)
    (found,) = completions(wanted, elements, LONDON, FIRST)
    return explained(wanted, found, elements)


def test_a_completion_names_its_figures_its_periods_and_its_clause() -> None:
    said = pattern(count=3, of="missed", window="9 periods", clause="25.1")

    assert sentence(said, missed_in(1, 5, 9)) == (
        "3 missed within 9 periods. Asked for: at least 3 missed within 9 periods (25.1). "
        "By: uptime/2027-01, uptime/2027-05, uptime/2027-09."
    )


def test_a_chain_a_share_a_sum_and_a_mean_can_be_reckoned_again() -> None:
    chain = sentence(pattern(consecutive=2, of="missed"), missed_in(1, 2))
    share = sentence(pattern(share="above 60 %", of="missed"), run(UPTIME, [GOOD, MISS, MISS]))
    sums = sentence(FIFTY, pointed(UPTIME, [18, 17, 15]))
    mean = sentence(ROLLING_MEAN, run(UPTIME, ["96.0", "97.5", "97.4"]))
    target = sentence(
        pattern(mean="expected", of="value", window="2 periods"), run(UPTIME, [97, 98])
    )

    assert chain.startswith("2 in a row missed. Asked for: at least 2 in a row missed. By: ")
    assert share.startswith("2 of 3 missed: 66.666666… %. Asked for: a share missed above 60 %.")
    assert sums.startswith("The sum of points within 3 months: 18 + 17 + 15 = 50. Asked for: ")
    assert mean.startswith(
        "The mean of figures within 3 periods: (96 + 97.5 + 97.4) / 3 = 96.966666… %. "
        "Asked for: a mean of figures below 97 % within 3 periods. By: uptime/2027-01, "
    )
    assert "(97 + 98) / 2 = 97.5, expected at least 97.0 %." in target


def test_a_single_amount_is_told_once_and_very_many_only_in_part() -> None:
    one = sentence(pattern(sum="at least 1", of="points"), pointed(UPTIME, [2]))
    many = sentence(pattern(sum="at least 60", of="points"), pointed(UPTIME, [2] * 30))
    none = sentence(pattern(share="at most 10 %", of="missed"), run(UPTIME, [GOOD]))

    assert one.startswith("The sum of points: 2. Asked for: ")
    assert many.startswith("The sum of points: 60 = 60. Asked for: ")
    assert many.endswith("uptime/2029-06, and 6 before them.")
    assert none.endswith("By: none of them.")


# --- against brute force


START = datetime(2027, 1, 1, tzinfo=UTC)
WINDOWS = [None, "1 month", "3 months", "45 days", "1 period", "3 periods", "calendar quarter"]


@st.composite
def records(draw: st.DrawFn) -> list[Element]:
    """Runs of a few KPIs in one or two groups, months and quarters, in any order."""
    found = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        group, length = draw(st.sampled_from(["x", "y"])), draw(st.sampled_from([1, 1, 3]))
        kinds = draw(st.lists(st.integers(0, 4), min_size=1, max_size=14))
        for number, kind in enumerate(kinds):
            start = months(1 + number * length, 1)[0].start
            end = months(number * length + length, 1)[0].end
            quantity = draw(st.sampled_from([None, Fraction(0), Fraction(1, 3), Fraction(2)]))
            found.append(
                Element(
                    group,
                    start,
                    end,
                    f"{name}/{number:02}",
                    counts=kind in {0, 1},
                    quantity=quantity,
                    holds=kind == 3,
                )
            )
    return draw(st.permutations(found))


quantifiers = st.one_of(
    st.fixed_dictionaries({"count": st.integers(1, 4)}),
    st.fixed_dictionaries({"share": st.sampled_from(["at least 50 %", "below 40 %"])}),
    st.fixed_dictionaries({"sum": st.sampled_from(["at least 2", "at most 1"])}),
    st.fixed_dictionaries({"mean": st.sampled_from(["above 1", "at most 0.5"])}),
)


def oracle(wanted: Pattern, elements: list[Element]) -> Iterator[tuple[datetime, Fraction]]:
    """Every instant at which the pattern holds and something that ends there brings it about.

    By going through all elements each time, for patterns that repeat.
    """
    for group in {each.group for each in elements}:
        own = [each for each in elements if each.group == group]
        for at in {each.at for each in own}:
            inside = within(wanted, own, at)
            if wanted.count is not None:
                weighed = [each for each in inside if each.counts]
                holds, quantity = len(weighed) >= wanted.count, Fraction(len(weighed))
            elif wanted.share is not None:
                weighed = inside
                counting = sum(each.counts for each in weighed)
                quantity = Fraction(100 * counting, len(weighed) or 1)
                holds = wanted.share.holds(quantity)
            else:
                weighed = [each for each in inside if each.quantity is not None]
                quantity = sum((each.quantity or Fraction(0) for each in weighed), Fraction(0))
                if wanted.mean is not None:
                    quantity /= len(weighed) or 1
                limit = wanted.sum or wanted.mean
                holds = limit is not None and limit != "expected" and limit.holds(quantity)
            if holds and any(each.at == at for each in weighed):
                yield at, quantity


def within(wanted: Pattern, own: list[Element], at: datetime) -> list[Element]:
    there = [each for each in own if each.at <= at and not each.holds]
    window = wanted.window
    if window is None:
        return there
    if window.periods is not None:
        last = sorted({(each.at, each.start) for each in there})[-window.periods :]
        return [each for each in there if (each.at, each.start) in last]
    begins = window.begins(at, LONDON, FIRST)
    return [each for each in there if each.start >= begins]


@given(elements=records(), quantifier=quantifiers, window=st.sampled_from(WINDOWS))
def test_windows_hold_what_brute_force_finds_in_them(
    elements: list[Element], quantifier: dict[str, Any], window: str | None
) -> None:
    wanted = pattern(**quantifier, of="value", window=window, full=False, afterwards="repeats")

    found = completions(wanted, elements, LONDON, FIRST)

    assert sorted((each.at, each.quantity) for each in found) == sorted(oracle(wanted, elements))


@given(
    kinds=st.lists(st.integers(0, 4), max_size=20),
    needed=st.integers(1, 4),
    afterwards=st.sampled_from(Afterwards),
)
def test_chains_are_what_reading_along_finds(
    kinds: list[int], needed: int, afterwards: Afterwards
) -> None:
    figures = [(MISS, MISS, GOOD, NO_DATA, EXCUSED)[kind] for kind in kinds]
    wanted = pattern(consecutive=needed, of="missed", excused="breaks", afterwards=afterwards)
    length = 0
    expected: list[datetime] = []
    for number, figure in enumerate(figures, start=1):
        length = length + 1 if figure == MISS else length if figure == NO_DATA else 0
        (period,) = months(number, 1)
        if figure != MISS or length < needed:
            continue
        if afterwards == Afterwards.REARMS and length > needed:
            continue
        if afterwards == Afterwards.ONCE and expected:
            continue
        expected.append(period.end)
        if afterwards == Afterwards.CONSUMES:
            length = 0

    found = completed(wanted, run(UPTIME, figures))

    assert [each.at for each in found] == expected
    assert all(len(each.labels) == needed for each in found)


@given(
    elements=records(),
    quantifier=quantifiers,
    window=st.sampled_from(WINDOWS),
    afterwards=st.sampled_from(Afterwards),
    data=st.data(),
)
def test_the_order_of_results_changes_nothing(
    elements: list[Element],
    quantifier: dict[str, Any],
    window: str | None,
    afterwards: Afterwards,
    data: st.DataObject,
) -> None:
    wanted = pattern(**quantifier, of="value", window=window, afterwards=afterwards)
    shuffled = data.draw(st.permutations(elements))

    def told_of(found: list[Completion]) -> list[Any]:
        return [(each.at, each.group, each.labels, each.quantity) for each in found]

    assert told_of(completions(wanted, elements, LONDON, FIRST)) == told_of(
        completions(wanted, shuffled, LONDON, FIRST)
    )


@given(elements=records(), needed=st.integers(1, 4), window=st.sampled_from(WINDOWS))
def test_no_period_is_consumed_twice(
    elements: list[Element], needed: int, window: str | None
) -> None:
    wanted = pattern(count=needed, of="missed", window=window, afterwards="consumes")

    consumed = [
        each for found in completions(wanted, elements, LONDON, FIRST) for each in found.labels
    ]

    assert len(consumed) == len(set(consumed))
    assert len(consumed) % needed == 0


def test_ten_thousand_results_are_judged_at_once() -> None:
    """A quadratic engine would need a hundred million steps."""
    wanted = pattern(count=10_001, of="missed", same="agreement", window="12 months")
    hour = timedelta(hours=1)
    many = [
        Element("", START + each * hour, START + (each + 1) * hour, str(each), counts=True)
        for each in range(10_000)
    ]

    assert completions(wanted, many, LONDON, FIRST) == []
