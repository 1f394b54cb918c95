"""A document that is partly wrong is kept with holes, and a hole refuses every use."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.terms.kinds import HOLE, HoleError, salvage, values_at
from domain.terms.reader import read
from domain.terms.shape import Agreement, Kpi, Measure

VALID = (Path(__file__).parents[2] / "documents" / "valid.yaml").read_text()


@pytest.mark.parametrize(
    "use",
    [
        lambda hole: hole.value,
        lambda hole: hole == 1,
        lambda hole: hole < 1,
        bool,
        list,
        lambda hole: {hole},
        lambda hole: f"{hole}",
        lambda hole: date(2027, 1, 4) + hole,
        lambda hole: 1 in hole,
    ],
    ids=["attribute", "equal", "less", "truth", "items", "hash", "text", "sum", "member"],
)
def test_a_hole_refuses_every_use(use: Callable[[Any], object]) -> None:
    with pytest.raises(HoleError):
        use(HOLE)


def test_around_a_wrong_value_everything_else_is_kept() -> None:
    text = VALID.replace("at least 95 %,", "95 %,").replace("    title: Kick-off\n", "")

    draft = read(text.encode(), "a.yaml", Agreement).draft

    assert draft is not None
    assert draft.kpis[0].target.expected is HOLE
    assert draft.kpis[0].target.minimum is not None
    assert draft.kpis[0].bands[1].below == 95
    assert draft.milestones[0].title is HOLE
    assert draft.milestones[0].gate is False
    assert draft.kpi("reopened").cut_off.amount == 1


def test_a_wrong_section_is_one_hole() -> None:
    draft = read(
        VALID.replace("unit: h", "unit: h\n    bands: x").encode(), "a.yaml", Agreement
    ).draft

    assert draft is not None
    assert draft.kpis[1].bands is HOLE


def test_mappings_and_lists_are_kept_item_by_item() -> None:
    measure = salvage(Measure, {"kind": "mean", "where": {"a": ["b", ""], "c": ""}, "good": "x"})

    assert measure.where == {"a": ("b", HOLE), "c": HOLE}
    assert measure.good is HOLE


def test_places_are_walked_and_holes_passed_over() -> None:
    kpi = salvage(Kpi, {"key": "a", "target": {"expected": "at least 1 %", "minimum": "x"}})

    assert [path for path, _ in values_at(kpi, "target.expected")] == [("target", "expected")]
    assert list(values_at(kpi, "target.minimum")) == []
    assert list(values_at(kpi, "owners.client")) == []
