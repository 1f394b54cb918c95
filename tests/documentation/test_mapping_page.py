"""The page about mapping files names every key, and its example and those that are there are read."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from domain.facts.mapping import MappedCell, MappedFact, Mapping, read_mapping
from domain.facts.rules import MOST_WAITING

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
MAPPINGS = sorted((ROOT / "examples" / "mappings").glob("*.yaml"))


def keys(title: str) -> list[str]:
    """The first cells of the table below a heading."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize(
    ("title", "model"),
    [("Of the file", Mapping), ("Of each fact", MappedFact), ("Of each column", MappedCell)],
)
def test_every_key_is_described_in_order(title: str, model: type[BaseModel]) -> None:
    assert keys(title) == list(model.model_fields)


def test_the_example_is_read() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert read_mapping(example.encode(), "example.yaml").problems == ()


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.name)
def test_every_mapping_that_is_there_is_sound_and_listed(path: Path) -> None:
    reading = read_mapping(path.read_bytes(), path.name)

    assert reading.problems == ()
    assert reading.value is not None
    assert reading.value.mapping == path.stem
    assert f"`examples/mappings/{path.name}`" in PAGE


def test_the_limit_is_as_described() -> None:
    assert f"at most {MOST_WAITING:,} ids may" in PAGE
