"""A measure has one source that its kind can take, and only keys that mean something to it."""

from typing import Any

import pytest

from domain.checks.measures import KINDS, OF_SOURCE, OF_STATES, SOURCES, possible
from domain.terms.measures import Kind, Measure
from domain.terms.problems import Rule
from domain.terms.ranges import DURATIONS, EVERYTHING, PERCENTAGES
from domain.terms.shape import Kpi
from tests.domain.checked import ANSWERS, UPTIME, found, kpi

CLOCK = {"key": "answer", "stops": "response", "limits": [{"within": "4 h"}]}
HOURS = {"hours": {"mon-fri": "09:00-17:00"}}
MINUTES = {"target": {"expected": "at most 5 min"}}
NUMBERS = {"target": {"expected": "at most 5 x"}}

SOUND: list[tuple[str, str, dict[str, Any]]] = [
    ("proportion", "%", {"series": "x", "good": "at least 1"}),
    ("proportion", "%", {"tickets": "response", "good": "by due", "missing": "excluded"}),
    ("proportion", "%", {"flag": "kept", "belongs_to": "closed", "where": {"a": "b"}}),
    ("proportion", "%", {"clock": "answer"}),
    ("proportion", "%", {"events": "report", "good": "by due"}),
    ("proportion", "%", {"outages": "x", "good": "below 2 h", "maintenance": ["planned"]}),
    ("proportion", "%", {"intervals": "x", "good": "at least 99 %", "interval": "1 min"}),
    ("mean", "min", {"tickets": "closure", "missing": "excluded"}),
    ("mean", "x", {"surveys": "yearly"}),
    ("sum", "x", {"counts": "calls", "of": "lost"}),
    ("count", "x", {"events": "delay", "good": "above 24"}),
    ("count", "x", {"tickets": "resolution"}),
    ("maximum", "h", {"outages": "x", "counted_in": "1 min", "calendar": "office"}),
    ("minimum", "x", {"series": "x"}),
    ("percentile", "min", {"clock": "answer", "percentile": "90 %", "belongs_to": "resolved"}),
    ("ratio", "x", {"counts": "calls", "of": ["a", "b"], "over": "c"}),
    ("ratio", "%", {"intervals": "x", "missing": "excluded"}),
    ("rate", "x", {"counts": "calls", "of": "complaints", "over": "calls", "times": "1000"}),
    ("rate", "x", {"counts": "calls", "tickets": "closure", "over": "calls"}),
    ("mean_of_rates", "%", {"intervals": "x", "empty": "good", "absent": "bad"}),
    ("availability", "%", {"outages": "x", "users": 40, "minimum_outage": "1 min"}),
    ("availability", "%", {"outages": "x", "maintenance_in_denominator": "false"}),
    ("availability", "%", {"series": "x", "good": "at least 1", "before": "good"}),
    (
        "availability",
        "%",
        {"series": "x", "good": "at least 1", "missing": "excluded", "calendar": "office"},
    ),
    ("attainment", "%", {"clock": "answer"}),
    ("contact_service_level", "%", {"counts": "x", "formula": "answered_only"}),
    ("survey_score", "%", {"surveys": "x", "score": "top_box", "good": "at least 4"}),
    ("survey_score", "x", {"surveys": "x", "score": "net_promoter"}),
    ("composite", "%", {"parts": {"answers": "100 %"}, "combine": "weighted"}),
    ("composite", "%", {"parts": {"answers": "20 %"}, "combine": "lowest"}),
    ("delay", "min", {"events": "report"}),
    ("reported", "%", {}),
]


def checked(kind: str, unit: str, keys: dict[str, Any]) -> set[tuple[str, str]]:
    """What is found in the measure of a KPI, by paths inside it."""
    target = {"expected": f"at most 5 {unit}"}
    measured = kpi(measure={"kind": kind, **keys}, unit=unit, target=target, bands=None)
    rows = found(kpis=[measured, ANSWERS], clocks=[CLOCK], calendars={"office": HOURS})
    return {(rule, path.removeprefix("kpis.uptime.")) for rule, path in rows}


@pytest.mark.parametrize(("kind", "unit", "keys"), SOUND)
def test_every_kind_is_sound_with_what_it_needs(kind: str, unit: str, keys: dict[str, Any]) -> None:
    assert checked(kind, unit, keys) == set()


def test_the_table_knows_every_kind_and_every_key_of_a_measure() -> None:
    known = {key for takes in KINDS.values() for key in (*takes.needs, *takes.allows)}
    of_source = {key for keys in OF_SOURCE.values() for key in keys}

    assert set(KINDS) == set(Kind)
    assert {*SOURCES, *known, *of_source, *OF_STATES, "kind", "clause", "where"} == set(
        Measure.model_fields
    )


@pytest.mark.parametrize(
    ("kind", "unit", "keys", "rule", "path"),
    [
        ("proportion", "%", {}, Rule.NO_SINGLE_SOURCE, "measure"),
        ("proportion", "%", {"flag": "x", "series": "y"}, Rule.NO_SINGLE_SOURCE, "measure"),
        ("rate", "x", {"counts": "x", "over": "y"}, Rule.NO_SINGLE_SOURCE, "measure"),
        (
            "rate",
            "x",
            {"counts": "x", "of": "z", "over": "y", "tickets": "closure"},
            Rule.NO_SINGLE_SOURCE,
            "measure",
        ),
        ("availability", "%", {"series": "x"}, Rule.GOOD_MISSING, "measure.good"),
        (
            "availability",
            "%",
            {"series": "x", "outages": "y", "good": "at least 1"},
            Rule.NO_SINGLE_SOURCE,
            "measure",
        ),
        (
            "availability",
            "%",
            {"series": "x", "good": "at least 1", "minimum_outage": "1 min"},
            Rule.KEY_WITHOUT_USE,
            "measure.minimum_outage",
        ),
        (
            "availability",
            "%",
            {"outages": "x", "good": "at least 1"},
            Rule.GOOD_WITHOUT_USE,
            "measure.good",
        ),
        (
            "availability",
            "%",
            {"outages": "x", "before": "good"},
            Rule.KEY_WITHOUT_USE,
            "measure.before",
        ),
        ("reported", "%", {"series": "x"}, Rule.KEY_WITHOUT_USE, "measure.series"),
        ("reported", "%", {"where": {"a": "b"}}, Rule.KEY_WITHOUT_USE, "measure.where"),
        ("mean", "x", {"flag": "x"}, Rule.MEAN_OF_FLAG, "measure.kind"),
        ("percentile", "x", {"series": "x"}, Rule.KEY_NEEDED, "measure"),
        ("ratio", "x", {"counts": "x", "of": "y"}, Rule.KEY_NEEDED, "measure"),
        ("rate", "x", {"tickets": "closure", "over": "y"}, Rule.KEY_NEEDED, "measure"),
        ("survey_score", "x", {"surveys": "x"}, Rule.KEY_NEEDED, "measure"),
        ("mean", "x", {"series": "x", "formula": "all_offered"}, Rule.KEY_WITHOUT_USE, "formula"),
        ("mean", "x", {"series": "x", "belongs_to": "opened"}, Rule.KEY_WITHOUT_USE, "belongs_to"),
        (
            "ratio",
            "x",
            {"intervals": "x", "empty": "good"},
            Rule.KEY_WITHOUT_USE,
            "measure.empty",
        ),
        (
            "contact_service_level",
            "%",
            {"counts": "x", "formula": "all_offered", "of": "y"},
            Rule.KEY_WITHOUT_USE,
            "measure.of",
        ),
        ("proportion", "%", {"series": "x"}, Rule.GOOD_MISSING, "measure.good"),
        ("survey_score", "%", {"surveys": "x", "score": "top_box"}, Rule.GOOD_MISSING, "good"),
        ("proportion", "%", {"flag": "x", "good": "by due"}, Rule.GOOD_WITHOUT_USE, "good"),
        (
            "survey_score",
            "x",
            {"surveys": "x", "score": "mean", "good": "at least 4"},
            Rule.GOOD_WITHOUT_USE,
            "measure.good",
        ),
        (
            "proportion",
            "%",
            {"series": "x", "good": "by due"},
            Rule.BY_DUE_WITHOUT_TICKETS,
            "measure.good",
        ),
        ("availability", "h", {"outages": "x"}, Rule.UNIT_MISMATCH, "unit"),
        ("delay", "x", {"events": "x"}, Rule.UNIT_MISMATCH, "unit"),
        ("maximum", "%", {"outages": "x"}, Rule.UNIT_MISMATCH, "unit"),
        (
            "proportion",
            "%",
            {"outages": "x", "good": "below 2 x"},
            Rule.UNIT_MISMATCH,
            "measure.good",
        ),
        (
            "composite",
            "%",
            {"parts": {"answers": "0 %"}, "combine": "lowest"},
            Rule.WEIGHT_OF_ZERO,
            "measure.parts.answers",
        ),
        (
            "composite",
            "%",
            {"parts": {"answers": "90 %"}, "combine": "weighted"},
            Rule.WEIGHTS_NOT_WHOLE,
            "measure.parts",
        ),
    ],
)
def test_a_measure_is_whole_and_says_nothing_idle(
    kind: str, unit: str, keys: dict[str, Any], rule: Rule, path: str
) -> None:
    rows = checked(kind, unit, keys)

    assert any(broken == rule and where.endswith(path) for broken, where in rows)


@pytest.mark.parametrize(
    ("kind", "unit", "keys", "range_"),
    [
        ("availability", "%", {}, PERCENTAGES),
        ("survey_score", "%", {}, PERCENTAGES),
        ("ratio", "%", {}, DURATIONS),
        ("mean", "h", {"tickets": "closure"}, DURATIONS),
        ("delay", "day", {}, DURATIONS),
        ("count", "x", {}, DURATIONS),
        ("mean", "x", {}, EVERYTHING),
        ("reported", "x", {}, EVERYTHING),
    ],
)
def test_what_a_figure_can_be_follows_from_kind_and_unit(
    kind: str, unit: str, keys: dict[str, Any], range_: object
) -> None:
    found_kpi = Kpi.model_validate(UPTIME | {"unit": unit, "measure": {"kind": kind, **keys}})

    assert possible(found_kpi) == range_


def test_a_net_promoter_score_may_be_negative() -> None:
    measure = {"kind": "survey_score", "surveys": "x", "score": "net_promoter"}
    promised = {"expected": "at least -10 points"}

    assert not found(kpis=[kpi(measure=measure, unit="points", target=promised, bands=None)])


def test_a_level_below_nothing_is_rejected() -> None:
    measure, target = {"kind": "reported"}, {"expected": "at least -10 %"}

    assert found(kpis=[kpi(measure=measure, target=target, bands=None)]) == {
        (Rule.NEVER_MISSED, "kpis.uptime.target.expected")
    }
