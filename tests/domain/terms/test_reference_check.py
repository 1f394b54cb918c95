"""What names something names something that is there, once, and not itself."""

from typing import Any

import pytest

from domain.terms.problems import Rule
from tests.domain.checked import ANSWERS, UPTIME, found, kpi, problems, remedy, trigger

OFFICE = {"office": {"hours": {"mon-fri": "09:00-17:00"}}}
CLOCK: dict[str, Any] = {"key": "answer", "stops": "response", "limits": [{"within": "4 h"}]}
WHEN = {"count": 1, "of": "missed"}
INDEX = {"key": "cpi", "series": "x", "reference": "y", "on": "2028-01-01"}
NETWORK = {"client": {"name": "A"}, "provider": {"name": "B"}, "others": {"network": {"name": "C"}}}


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"kpis": [UPTIME, UPTIME]}, "kpis[1].key"),
        ({"clocks": [CLOCK, CLOCK]}, "clocks[1].key"),
        ({"remedies": [remedy(), remedy()]}, "remedies[1].key"),
        ({"triggers": [trigger(WHEN), trigger(WHEN)]}, "triggers[1].key"),
        ({"indexation": [INDEX, INDEX]}, "indexation[1].key"),
        ({"relief": [{"ground": "flood"}, {"ground": "flood"}]}, "relief[1].ground"),
        (
            {"triggers": [trigger(WHEN, steps=[{"key": "a", "after": "1 day"}] * 2)]},
            "triggers.plan.steps[1].key",
        ),
    ],
)
def test_a_key_names_one_thing(sections: dict[str, Any], path: str) -> None:
    assert found(**sections) == {(Rule.REPEATED_KEY, path)}


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"working_days": "offic"}, "working_days"),
        ({"clocks": [{**CLOCK, "calendar": "x"}]}, "clocks.answer.calendar"),
        (
            {"kpis": [kpi(measure={**UPTIME["measure"], "calendar": "x"})]},
            "kpis.uptime.measure.calendar",
        ),
        (
            {"kpis": [kpi(measure={"kind": "attainment", "clock": "x"})]},
            "kpis.uptime.measure.clock",
        ),
        ({"kpis": [kpi(provided_by="x")]}, "kpis.uptime.provided_by"),
        ({"kpis": [kpi(supported_by=["x"])]}, "kpis.uptime.supported_by[0]"),
        (
            {
                "kpis": [
                    kpi(measure={"kind": "composite", "parts": {"x": "9 %"}, "combine": "lowest"})
                ]
            },
            "kpis.uptime.measure.parts.x",
        ),
        (
            {"repeats": [{"kpis": ["x"], "times": 2, "when": {"consecutive": 2, "of": "missed"}}]},
            "repeats[0].kpis[0]",
        ),
        ({"remedies": [remedy(kpis=["uptime", "x"])]}, "remedies.credits.kpis[1]"),
        (
            {"triggers": [trigger(WHEN, withhold={"percent": "5 %", "replaces": ["x"]})]},
            "triggers.plan.withhold.replaces[0]",
        ),
        (
            {"triggers": [trigger(WHEN, steps=[{"key": "a", "after": "1 day", "follows": "b"}])]},
            "triggers.plan.steps.a.follows",
        ),
    ],
)
def test_what_is_named_is_there(sections: dict[str, Any], path: str) -> None:
    assert (Rule.UNKNOWN_NAME, path) in found(**sections)


def test_what_is_there_can_be_named() -> None:
    measure = {**UPTIME["measure"], "calendar": "office"}
    kpis = [kpi(measure=measure, provided_by="network", supported_by=["answers"]), ANSWERS]
    steps = [{"key": "a", "after": "1 day"}, {"key": "b", "after": "1 day", "follows": "a"}]

    assert not found(
        calendars=OFFICE,
        working_days="office",
        clocks=[{**CLOCK, "calendar": "office"}],
        parties=NETWORK,
        kpis=kpis,
        repeats=[{"kpis": ["uptime"], "times": 2, "when": {"consecutive": 2, "of": "missed"}}],
        remedies=[remedy()],
        triggers=[trigger(WHEN, steps=steps, withhold={"percent": "5 %", "replaces": ["credits"]})],
    )


def test_where_nothing_has_such_a_name_it_is_said_so() -> None:
    (problem,) = problems(working_days="office")

    assert problem.message == "`office` is no calendar of this agreement"
    assert problem.remedy == "there is no calendar; add one"


def test_no_kpi_rests_on_itself_however_far_around() -> None:
    kpis = [
        kpi(supported_by=["answers"]),
        {**ANSWERS, "supported_by": ["third"]},
        {**ANSWERS, "key": "third", "supported_by": ["uptime", "answers"]},
    ]

    said = {problem.path: problem.message for problem in problems(kpis=kpis)}

    assert set(said) == {f"kpis.{key}.supported_by" for key in ("uptime", "answers", "third")}
    assert said["kpis.uptime.supported_by"] == (
        "`uptime` rests on itself: uptime → answers → third → uptime"
    )


def test_a_composite_is_not_made_of_itself() -> None:
    measure = {"kind": "composite", "parts": {"uptime": "100 %"}, "combine": "weighted"}

    assert found(kpis=[kpi(measure=measure)]) == {(Rule.CIRCULAR, "kpis.uptime.measure.parts")}


def test_what_two_rest_on_may_rest_on_a_third() -> None:
    kpis = [
        kpi(supported_by=["answers", "third"]),
        {**ANSWERS, "supported_by": ["third"]},
        {**ANSWERS, "key": "third"},
    ]

    assert found(kpis=kpis) == set()


def test_steps_do_not_follow_themselves() -> None:
    steps = [
        {"key": "a", "after": "1 day", "follows": "b"},
        {"key": "b", "after": "1 day", "follows": "a"},
        {"key": "c", "after": "1 day"},
    ]

    assert found(triggers=[trigger(WHEN, steps=steps)]) == {
        (Rule.CIRCULAR, "triggers.plan.steps.a.follows"),
        (Rule.CIRCULAR, "triggers.plan.steps.b.follows"),
    }


def test_a_right_to_terminate_is_described() -> None:
    bare = {**trigger(WHEN), "then": "termination_right"}
    right = {"kind": "termination", "notice": "30 days"}

    assert found(triggers=[bare]) == {(Rule.TERMINATION_WITHOUT_RIGHT, "triggers.plan.then")}
    assert found(triggers=[{**bare, "right": right}]) == set()


@pytest.mark.parametrize(
    ("hours", "rule"),
    [
        ({"mon-fri": "9-5"}, Rule.NOT_HOURS),
        ({"mon-fri": ["08:00-12:00", "13-16"]}, Rule.NOT_HOURS),
        ({"monday": "09:00-17:00"}, Rule.BAD_CALENDAR),
        ({"mon": "09:00-09:00"}, Rule.BAD_CALENDAR),
        ({"mon": ["09:00-13:00", "12:00-17:00"]}, Rule.BAD_CALENDAR),
    ],
)
def test_a_calendar_has_hours(hours: dict[str, Any], rule: Rule) -> None:
    rows = problems(calendars={"office": {"hours": hours}})

    assert {each.rule for each in rows} == {rule}
    assert all(each.path.startswith("calendars.office.hours") and each.remedy for each in rows)


def test_the_limits_of_a_clock_can_be_reached_and_leave_time() -> None:
    limits = [{"within": "4 h"}, {"where": {"priority": "high"}, "within": "0 h"}]

    assert found(clocks=[{**CLOCK, "limits": limits}]) == {
        (Rule.NEVER_REACHED, "clocks.answer.limits[1]"),
        (Rule.ZERO_LENGTH, "clocks.answer.limits[1].within"),
    }
