"""The reference leaves nothing out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.terms.amendment import Amendment
from domain.terms.problems import Rule
from domain.terms.schema import schema

REFERENCE = (Path(__file__).parents[3] / "docs" / "agreement.md").read_text()


def keys(node: dict[str, Any]) -> Iterator[str]:
    yield from node["properties"]
    for shape in node.get("$defs", {}).values():
        yield from shape.get("properties", {})


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_explained(rule: Rule) -> None:
    assert REFERENCE.count(f"| `{rule}` |") == 1


@pytest.mark.parametrize("key", sorted({*keys(schema()), *Amendment.model_fields}))
def test_every_key_is_explained(key: str) -> None:
    assert f"`{key}`" in REFERENCE
