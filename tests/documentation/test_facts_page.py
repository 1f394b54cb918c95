"""The page about files of facts names every kind, column and rule, and its examples are read."""

import re
from pathlib import Path

import pytest

from domain.facts import FactKind
from domain.facts.columns import OWN, RECEIPT
from domain.facts.files import open_facts
from domain.facts.rules import LONGEST_CELL, LONGEST_ID, MOST_COLUMNS, FactRule
from domain.zones import zone_named

PAGE = (Path(__file__).parents[2] / "docs" / "facts.md").read_text(encoding="utf-8")
LONDON = zone_named("Europe/London")


def section(title: str) -> str:
    """What stands below a heading, up to the next of its level or above."""
    match = re.search(
        rf"^(##+) {re.escape(title)}\n(.*?)(?=^##+ |\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    assert match is not None, f"there is no section '{title}'"
    return match[2]


def columns(text: str) -> list[tuple[str, bool]]:
    """The columns of a table, and whether they are required."""
    rows = re.findall(r"^\| `([a-z_]+)` \|.*\| ?(required)? ?\|$", text, re.MULTILINE)
    return [(name, bool(required)) for name, required in rows]


def test_every_kind_is_described_in_order() -> None:
    assert re.findall(r"^### `([a-z_]+)`$", PAGE, re.MULTILINE) == list(FactKind)


@pytest.mark.parametrize("kind", FactKind)
def test_every_column_of_a_kind_is_described_in_order(kind: FactKind) -> None:
    expected = [(column.name, column.required) for column in OWN[kind]]

    assert columns(section(f"`{kind}`")) == expected


def test_the_columns_of_every_kind_are_described() -> None:
    common = columns(section("Columns of every kind"))

    assert common == [("id", True), *((column.name, False) for column in RECEIPT)]


def test_every_rule_is_explained_in_order() -> None:
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", section("Rules"), re.MULTILINE) == list(FactRule)


@pytest.mark.parametrize("kind", FactKind)
def test_the_example_of_a_kind_is_read(kind: FactKind) -> None:
    (example,) = re.findall(r"```csv\n(.*?)```", section(f"`{kind}`"), re.DOTALL)

    file = open_facts(example.encode().splitlines(keepends=True), "example.csv", LONDON)

    assert file.kind == kind
    assert len(list(file.facts)) == 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_every_other_example_is_read(form: str) -> None:
    for example in re.findall(rf"```{form}\n(.*?)```", PAGE, re.DOTALL):
        lines = example.encode().splitlines(keepends=True)

        assert list(open_facts(lines, f"example.{form}", LONDON).facts)


def test_the_limits_are_as_described() -> None:
    assert f"at most {MOST_COLUMNS} columns, and a cell at most {LONGEST_CELL:,} bytes" in PAGE
    assert f"1 to {LONGEST_ID} visible characters" in PAGE
