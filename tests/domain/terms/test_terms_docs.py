"""The reference leaves nothing out, and its examples are sound."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.terms.amendment import Amendment
from domain.terms.measures import Kind
from domain.terms.problems import WARNINGS, Rule
from domain.terms.remedies import SchemeKind
from domain.terms.schema import schema
from domain.terms.tree import read_tree
from domain.terms_check import validate_terms

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("agreement.md", "measures.md", "remedies.md")
REFERENCE = "\n".join((DOCS / page).read_text() for page in PAGES)


def keys(node: dict[str, Any]) -> Iterator[str]:
    yield from node["properties"]
    for shape in node.get("$defs", {}).values():
        yield from shape.get("properties", {})


def words(node: dict[str, Any]) -> Iterator[str]:
    """Every word that the shape offers to choose from."""
    for shape in (node, *node.get("$defs", {}).values()):
        yield from shape.get("enum", ())
        for value in shape.get("properties", {}).values():
            yield from value.get("enum", ())


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_explained(rule: Rule) -> None:
    (row,) = re.findall(rf"^\| `{rule}` \|.*$", REFERENCE, re.MULTILINE)

    assert ("**warning**" in row) == (rule in WARNINGS)


@pytest.mark.parametrize("key", sorted({*keys(schema()), *Amendment.model_fields}))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"`([a-z_]+\.)?{key}`", REFERENCE)


@pytest.mark.parametrize("word", sorted(set(words(schema()))))
def test_every_word_to_choose_from_is_explained(word: str) -> None:
    assert f"`{word}`" in REFERENCE


def test_every_measure_and_every_scheme_has_an_example() -> None:
    shown = set(re.findall(r"kind: ([a-z_]+)", REFERENCE))

    assert {*Kind, *SchemeKind} - shown == {Kind.MEAN, Kind.SUM, Kind.COUNT, Kind.MINIMUM}


AROUND: dict[str, Any] = {
    "agreement": "hosting",
    "title": "Hosting",
    "zone": "Europe/London",
    "term": {"starts_on": "2027-01-16", "months": "36"},
    "calendars": {"office": {"hours": {"mon-fri": "08:00-18:00"}}},
    "clocks": [{"key": "first_answer", "stops": "response", "limits": [{"within": "4 h"}]}],
    "charges": {
        "currency": "GBP",
        "lines": {"hosting": {"amount": "90000.00"}, "desk": {"amount": "60000.00"}},
    },
}
KPIS: list[dict[str, Any]] = [
    {
        "key": "uptime",
        "unit": "%",
        "measure": {"kind": "availability", "outages": "booking"},
        "every": "month",
        "target": {"expected": "at least 99 %", "minimum": "at least 95 %"},
        "bands": [{"at_least": "99"}, {"below": "99", "credit": "5 %", "points": "2"}],
    },
    {
        "key": "speed",
        "unit": "%",
        "measure": {"kind": "proportion", "flag": "fast"},
        "every": "month",
        "target": {"expected": "at least 90 %"},
    },
    {
        "key": "delivery",
        "unit": "days",
        "measure": {"kind": "delay", "events": "delivery"},
        "every": "month",
        "target": {"expected": "at most 0 days"},
    },
]


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Every example of the pages that is a part of an agreement."""
    found = []
    for page in PAGES:
        for number, block in enumerate(
            re.findall(r"^```yaml\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
        ):
            root: Any = read_tree(block.encode(), page).root
            if isinstance(root, dict) and "amends" not in root:
                found.append((f"{page}-{number}", root))
    return found


@pytest.mark.parametrize(
    "example", [root for _, root in examples()], ids=[name for name, _ in examples()]
)
def test_every_example_is_sound(example: dict[str, Any]) -> None:
    named = {each["key"] for each in example.get("kpis", ())}
    kpis = [*example.get("kpis", ()), *(each for each in KPIS if each["key"] not in named)]

    reading = validate_terms(json.dumps({**AROUND, **example, "kpis": kpis}).encode(), "example")

    assert (reading.problems, reading.warnings) == ((), ())
