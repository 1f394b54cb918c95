"""Which evaluated periods late facts touch, what rests on these, and until when they may."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain.facts import FactKind
from domain.restating import (
    Touched,
    concerned,
    due_of,
    parts_first,
    restated_until,
    runs,
    settled_until,
    taken,
)
from domain.results import Result, Status
from domain.terms.shape import Terms
from domain.timeline import Timeline
from tests.domain.runs import day, kpi, run, terms, timeline

SAMPLES = {"kind": "mean", "series": "wait"}


def measured(key: str, measure: dict[str, Any], **more: Any) -> dict[str, Any]:
    target = {"expected": "at least 10"}
    return kpi(key, unit="points", measure=measure, target=target, **more)


def touch(kind: FactKind, name: str, start: str, end: str | None = None) -> Touched:
    return Touched(kind, name, day(start), day(end or f"{start[:8]}28"), revises=False)


def sample(start: str) -> Touched:
    return touch(FactKind.SAMPLE, "wait", start)


def results(agreed: Terms, figures: Sequence[object] = (10,) * 6) -> list[Result]:
    return [each for measured in agreed.kpis for each in run(measured, figures)]


def found(agreed: Terms, *touched: Touched, figures: Sequence[object] = (10,) * 6) -> list[str]:
    evaluated = results(agreed, figures)
    again = concerned(timeline(agreed), evaluated, touched, day("2027-07-01")).again
    return sorted(f"{due.kpi.key}/{due.period.key}" for due in again)


@pytest.mark.parametrize(
    ("measure", "touched", "expected"),
    [
        (SAMPLES, sample("2027-02-05"), ["it/2027-02"]),
        (SAMPLES, touch(FactKind.SAMPLE, "other", "2027-02-05"), []),
        (SAMPLES, touch(FactKind.SURVEY, "wait", "2027-02-05"), []),
        (SAMPLES, touch(FactKind.CHARGE, "base", "2027-02-05"), []),
        (SAMPLES, sample("2027-08-05"), []),
        (SAMPLES, touch(FactKind.RELIEF, "", "2027-02-05"), ["it/2027-02"]),
        (SAMPLES, touch(FactKind.RELIEF, "it", "2027-02-05"), ["it/2027-02"]),
        (SAMPLES, touch(FactKind.RELIEF, "others", "2027-02-05"), []),
        ({"kind": "reported"}, touch(FactKind.PERIOD_RESULT, "it", "2027-02-01"), ["it/2027-02"]),
        ({"kind": "reported"}, touch(FactKind.PERIOD_RESULT, "others", "2027-02-01"), []),
        ({"kind": "reported"}, touch(FactKind.TICKET, "", "2027-02-01"), []),
        (
            {"kind": "mean", "tickets": "response"},
            touch(FactKind.TICKET, "", "2027-02-05"),
            ["it/2027-02"],
        ),
        (
            {"kind": "mean", "surveys": "exit", "score": "mean"},
            touch(FactKind.SURVEY, "exit", "2027-01-05", "2027-03-05"),
            ["it/2027-01", "it/2027-02", "it/2027-03"],
        ),
        (
            {"kind": "delay", "events": "report"},
            touch(FactKind.EVENT, "report", "2027-02-05"),
            ["it/2027-02"],
        ),
    ],
)
def test_a_period_is_touched_by_what_its_figure_depends_on(
    measure: dict[str, Any], touched: Touched, expected: list[str]
) -> None:
    agreed = terms(measured("it", measure))

    assert found(agreed, touched) == expected


def test_what_ends_as_a_period_begins_does_not_touch_it() -> None:
    agreed = terms(measured("it", SAMPLES))

    assert found(agreed, touch(FactKind.SAMPLE, "wait", "2027-02-01", "2027-03-01")) == [
        "it/2027-02"
    ]


def test_periods_that_are_averaged_with_a_touched_one_follow_it() -> None:
    agreed = terms(measured("it", SAMPLES, averaging={"periods": "3"}))

    assert found(agreed, sample("2027-02-05")) == ["it/2027-02", "it/2027-03", "it/2027-04"]


def test_periods_to_which_a_figure_is_carried_follow_until_the_next_with_one_of_its_own() -> None:
    agreed = terms(measured("it", SAMPLES, no_data="carried"))
    evaluated = [
        _with_den(each, den) for each, den in zip(results(agreed), (1, 1, 0, 0, 1, 0), strict=True)
    ]

    again = concerned(timeline(agreed), evaluated, [sample("2027-02-05")], day("2027-07-01")).again

    assert [due.period.key for due in again] == ["2027-02", "2027-03", "2027-04", "2027-05"]


def test_an_excused_period_carries_the_figure_on() -> None:
    agreed = terms(measured("it", SAMPLES, no_data="carried"))

    assert found(agreed, sample("2027-01-05"), figures=[10, Status.EXCUSED, 10, 10, 10, 10]) == [
        "it/2027-01",
        "it/2027-02",
        "it/2027-03",
    ]


COMPOSITE = terms(
    measured(
        "whole",
        {"kind": "composite", "combine": "lowest", "parts": {"part": "100 %"}},
        every="quarter",
    ),
    measured("part", SAMPLES, averaging={"periods": "2"}),
)


def test_composites_rest_on_their_parts_and_on_the_facts_of_these() -> None:
    whole, part = COMPOSITE.kpis
    line = timeline(COMPOSITE)
    evaluated = [*run(part, [10] * 4), *_quarters(line)]

    def again(*touched: Touched, of: list[Result] = evaluated) -> list[str]:
        dues = concerned(line, of, touched, day("2027-12-01")).again
        return [f"{due.kpi.key}/{due.period.key}" for due in dues]

    assert again(sample("2027-03-05")) == [
        "part/2027-03",
        "part/2027-04",
        "whole/2027-Q1",
        "whole/2027-Q2",
    ]
    # The part's May is not evaluated yet, and yet the whole may have looked at it.
    assert again(sample("2027-05-05")) == ["whole/2027-Q2"]
    assert parts_first(line) == ["part", "whole"]
    assert taken(whole) == {}


def test_composites_that_rest_on_each_other_come_to_an_end() -> None:
    ring = {"kind": "composite", "combine": "lowest"}
    agreed = terms(
        measured("a", ring | {"parts": {"b": "100 %"}}),
        measured("b", ring | {"parts": {"a": "100 %"}}),
    )

    assert sorted(parts_first(timeline(agreed))) == ["a", "b"]
    assert found(agreed, sample("2027-02-05")) == []


def test_facts_restate_until_the_window_closes_or_the_record_does() -> None:
    agreed = terms(measured("it", SAMPLES, cut_off="2 days", restate_within="30 days"))
    line = timeline(agreed)
    evaluated = results(agreed)
    touched = [sample("2027-01-05"), sample("2027-02-05")]

    result = concerned(line, evaluated, touched, day("2027-03-06"))

    assert [due.period.key for due in result.again] == ["2027-02"]
    assert [due.period.key for due in result.too_late] == ["2027-01"]
    january = due_of(evaluated[0], line)
    assert january.due_at == day("2027-02-03")
    assert restated_until(january, line, None) == day("2027-03-05")
    assert restated_until(january, line, day("2027-03-01")) == day("2027-03-01")
    on_time = concerned(line, evaluated, [sample("2027-01-05")], day("2027-03-05"))
    assert [due.period.key for due in on_time.again] == ["2027-01"]


def test_without_a_window_facts_restate_until_the_agreement_is_closed() -> None:
    agreed = terms(measured("it", SAMPLES))
    line = timeline(agreed)
    january = due_of(results(agreed)[0], line)

    assert restated_until(january, line, None) is None
    assert restated_until(january, line, day("2028-01-01")) == day("2028-01-01")


def test_periods_far_apart_are_measured_by_themselves() -> None:
    agreed = terms(measured("it", SAMPLES), measured("that", SAMPLES))
    dues = [due_of(each, timeline(agreed)) for each in results(agreed)]

    first, second = runs([dues[0], dues[4], dues[1], dues[6], dues[5]])

    assert [due.period.key for due in first] == ["2027-01", "2027-01", "2027-02"]
    assert [due.period.key for due in second] == ["2027-05", "2027-06"]
    assert list(runs([])) == []


def test_what_is_evaluated_is_settled_as_of_its_last_cut_off() -> None:
    agreed = terms(measured("it", SAMPLES, cut_off="2 days"), measured("that", SAMPLES))

    for evaluated in (results(agreed), results(agreed)[::-1]):
        assert settled_until(timeline(agreed), evaluated) == day("2027-07-03")
    assert settled_until(timeline(agreed), []) is None


def _with_den(each: Result, den: int) -> Result:
    return Result(**{name: getattr(each, name) for name in Result.__slots__} | {"den": den})


def _quarters(line: Timeline) -> list[Result]:
    (whole, _) = COMPOSITE.kpis
    months = run(whole, [10, 10])
    quarters = [period for _, period in line.periods("whole", day("2027-01-01"), day("2027-07-01"))]
    return [
        Result(**{name: getattr(each, name) for name in Result.__slots__} | {"period": period})
        for each, period in zip(months, quarters, strict=True)
    ]
