"""A fact as a line of JSON Lines, of the form that is read: nothing of it is lost."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from domain.facts import Fact
from domain.facts.book import SHELVES
from domain.facts.columns import OWN
from domain.measurement import plain


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


WRITERS: Mapping[type[Any], Callable[[Any], str]] = {
    datetime: _instant,
    Decimal: plain,
    bool: lambda truth: "true" if truth else "false",
}
"""How values are written that are no text; whole numbers, words and text are what they say."""


def line_of(fact: Fact) -> str:
    """The columns of its kind, then further ones by name, then when it was received.

    All values are text, instants are UTC. What says nothing is left out. The kind is not told:
    the file is named after it.
    """
    own = OWN[SHELVES[type(fact)].kind]
    said = zip(own, _own_fields(type(fact)), strict=True)
    cells = {
        column.name: _text(value)
        for column, field in said
        if (value := getattr(fact, field)) is not None
    }
    cells |= sorted(fact.columns.items())
    cells |= {
        name: _text(value)
        for name in ("received_at", "corrects")
        if (value := getattr(fact, name)) is not None
    }
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":"))


def _own_fields(kind: type[Fact]) -> list[str]:
    """The fields of a kind in the order of its columns."""
    return [each.name for each in fields(kind) if each.name not in NOT_OWN]


NOT_OWN = {"received_at", "corrects", "columns"}


def _text(value: object) -> str:
    return WRITERS.get(type(value), str)(value)
