"""How far back facts are still needed: until nothing can be judged from them any more."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest

from domain.results import Result, Status
from domain.retention import EVER, Course, Need, needs, reach_of
from domain.schedule import periods_of, rests_on
from domain.terms.shape import Terms
from tests.domain.runs import day, kpi, run, terms, timeline

SAMPLES = {"kind": "mean", "series": "wait"}

LIVE = Course(day("2027-01-01"), day("2030-01-01"), None)


def waiting(**more: Any) -> dict[str, Any]:
    return kpi("it", unit="points", measure=SAMPLES, target={"expected": "at least 10"}) | more


def first(
    agreed: Terms,
    now: str,
    figures: int = 6,
    course: Course = LIVE,
    cases: Collection[tuple[str, str]] = (),
    results: list[Result] | None = None,
) -> Need | None:
    """The earliest need, after so many months were evaluated."""
    made = run(agreed.kpis[0], (10,) * figures) if results is None else results
    return next(iter(needs(timeline(agreed), made, course, cases, day(now))), None)


def test_facts_are_needed_while_their_period_can_be_restated() -> None:
    agreed = terms(waiting(restate_within="90 days"))

    assert first(agreed, "2027-05-03") == Need(
        day("2027-02-01"), "it/2027-02 can be restated until 2027-05-29 23:00 UTC"
    )


def test_facts_received_at_the_very_end_still_restate() -> None:
    agreed = terms(waiting(restate_within="28 days"))

    at_the_end = needs(timeline(agreed), run(agreed.kpis[0], (10,)), LIVE, (), day("2027-03-01"))
    after_it = needs(timeline(agreed), run(agreed.kpis[0], (10,)), LIVE, (), day("2027-03-02"))

    assert [need.since for need in at_the_end] == [day("2027-01-01"), day("2027-02-01")]
    assert [need.since for need in after_it] == [day("2027-02-01")]


def test_without_a_window_everything_is_needed_until_the_agreement_is_closed() -> None:
    agreed = terms(waiting())
    closed = replace(LIVE, closed_at=day("2029-03-01"))

    need = first(agreed, "2029-12-01")
    assert need is not None
    assert need.since == day("2027-01-01")
    assert need.why.endswith("until the agreement is closed, for want of `restate_within`")
    assert first(agreed, "2029-12-01", course=closed) is None


def test_what_is_not_evaluated_yet_needs_its_facts() -> None:
    agreed = terms(waiting(restate_within="1 day"))

    assert first(agreed, "2027-09-10") == Need(day("2027-07-01"), "it/2027-07 is not evaluated yet")
    assert first(agreed, "2027-01-10", figures=0) == Need(
        day("2027-01-01"), "it/2027-01 is not evaluated yet"
    )
    assert first(agreed, "2030-06-01", figures=36) is None


def test_before_the_service_is_live_all_facts_are_needed() -> None:
    not_live = Course(None, day("2030-01-01"), None)

    assert first(terms(), "2027-01-10", figures=0, course=not_live) == Need(
        EVER, "the agreement is not live yet"
    )


def test_an_open_case_needs_the_facts_of_its_periods() -> None:
    agreed = terms(waiting(restate_within="1 day"))

    assert first(agreed, "2027-07-10", cases={("it", "2027-03"), ("other", "2027-01")}) == Need(
        day("2027-03-01"), "it/2027-03 has a case that is open"
    )


def test_an_average_needs_the_facts_of_the_periods_before() -> None:
    agreed = terms(waiting(restate_within="1 day", averaging={"periods": "3"}))

    assert first(agreed, "2027-07-10") == Need(day("2027-05-01"), "it/2027-07 is not evaluated yet")


def test_a_figure_that_is_carried_on_needs_the_facts_of_the_last_one() -> None:
    agreed = terms(waiting(restate_within="1 day", no_data="carried"))
    figures: list[object] = [10, 10, Status.EXCUSED, 10, 10]
    results = run(agreed.kpis[0], figures)
    results = [*results[:3], *(replace(each, den=Fraction(0)) for each in results[3:])]

    assert first(agreed, "2027-07-10", results=results) == Need(
        day("2027-02-01"), "it/2027-06 is not evaluated yet"
    )


def test_a_period_rests_on_nothing_earlier_where_there_is_nothing() -> None:
    agreed = terms(waiting(averaging={"periods": "3"}, no_data="carried"))
    due = next(periods_of(timeline(agreed), "it", day("2027-01-01"), day("2027-06-01")))

    assert rests_on([due], {}) == (day("2027-01-01"), day("2027-02-01"))


def test_an_edition_to_come_reads_as_far_back_as_its_first_period_rests() -> None:
    now, averaged = terms(waiting()), terms(waiting(averaging={"periods": "6"}))
    agreed = timeline(now, averaged, then=["2027-09-01"])
    made = run(now.kpis[0], (10,) * 6)

    # July and August are still to come, and are averaged with what was before.
    assert reach_of(agreed, 2, made, LIVE) == Need(day("2027-04-01"), "it/2027-09")
    assert reach_of(agreed, 2, [], replace(LIVE, live_from=None)) is None
    assert reach_of(agreed, 3, made, LIVE) is None


@pytest.mark.parametrize(
    ("keep", "then", "now", "expected"),
    [
        # One edition, and its facts: also those of before the term.
        ("5 years", None, "2029-01-01", [("2024-01-01", "edition 1 keeps facts for 5 years")]),
        # Two: each for the facts of its own time.
        (
            "5 years",
            "1 year",
            "2031-01-01",
            [
                ("2026-01-01", "edition 1 keeps facts for 5 years"),
                ("2030-01-01", "edition 2 keeps facts for 1 year"),
            ],
        ),
        ("1 year", "5 years", "2031-01-01", [("2028-01-01", "edition 2 keeps facts for 5 years")]),
    ],
)
def test_what_terms_keep_is_needed_even_after_the_end(
    keep: str, then: str | None, now: str, expected: list[tuple[str, str]]
) -> None:
    editions = [terms(waiting(), facts={"keep": each}) for each in (keep, then) if each]
    closed: datetime = day("2030-03-01")
    agreed = timeline(*editions, then=["2028-01-01"][: len(editions) - 1])

    found = needs(agreed, [], replace(LIVE, closed_at=closed), (), day(now))

    assert [(f"{need.since:%Y-%m-%d}", need.why) for need in found] == expected
