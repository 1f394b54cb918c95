"""docs/lifecycle.md shows and explains what the tables say."""

import re

import pytest

from domain import lifecycle, noncompliance
from tests.domain.lifecycle_diagrams import PAGE, diagram, drawn, main

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_diagrams_are_those_of_the_tables() -> None:
    assert drawn(TEXT) == TEXT, "run python -m tests.domain.lifecycle_diagrams"


def test_the_check_agrees() -> None:
    assert main("--check") == 0


def explained(heading: str) -> list[str]:
    """The first cells of the table under a heading."""
    section = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_phase_is_explained_once() -> None:
    assert explained("An agreement's phases") == list(lifecycle.Phase)


def test_every_move_of_an_agreement_is_explained_once() -> None:
    assert explained("What moves an agreement") == list(lifecycle.Move)


def test_every_state_of_a_case_is_explained_once() -> None:
    assert explained("A case's states") == list(noncompliance.CaseState)


def test_every_move_of_a_case_is_explained_once() -> None:
    assert explained("What moves a case") == list(noncompliance.CaseMove)


def test_a_diagram_shows_every_move_a_beginning_and_an_end() -> None:
    lines = diagram(noncompliance.TRANSITIONS).splitlines()

    assert "    [*] --> climbing" in lines
    assert "    closed --> [*]" in lines
    moves = sum(len(each) for each in noncompliance.TRANSITIONS.values())
    assert len(lines) == moves + 5


def test_a_page_without_a_place_for_a_diagram_is_refused() -> None:
    with pytest.raises(ValueError, match="needs one place for a diagram: <!-- begin phases -->"):
        drawn("")
