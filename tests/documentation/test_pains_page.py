"""Every story of the page about other systems names tests that are there."""

import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "pains.md"

ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| what goes wrong |")
]


@cache
def named() -> frozenset[str]:
    """What the page can name: scenarios by file, and every test that only one file has."""
    tests = [
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    ]
    only = {name for name in tests if tests.count(name) == 1}
    return frozenset(only | {path.name for path in (TESTS / "agreements").glob("*.yaml")})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_goes_wrong_elsewhere_is_held_by_tests_that_are_there(row: list[str]) -> None:
    _, _, held = row
    names = re.findall(r"`([^`]+)`", held)

    assert names
    assert [name for name in names if name not in named()] == []


def test_the_page_has_rows() -> None:
    assert len(ROWS) == 19
