"""Facts as rows of the record: of the tables `ticket` and `sample`, all others of `fact`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring as _quoted
from typing import Any, get_args, get_type_hints

from domain.facts import Decision, Fact, FactKind, Interval, Received, Sample, Ticket
from domain.facts.book import SHELVES
from domain.measurement import plain
from store.tables import fact as fact_table

KEYS: Mapping[str, tuple[str, ...]] = {
    "ticket": ("id",),
    "sample": ("id",),
    "fact": ("kind", "id"),
}
"""What names a fact in each table."""

CONTENT: Mapping[str, tuple[str, ...]] = {
    "ticket": ("opened_at", "responded_at", "resolved_at", "closed_at", "due_at", "columns"),
    "sample": ("series", "at", "value", "columns"),
    "fact": ("at", "ends_at", "body", "columns"),
}
"""The columns that make a fact what it is; two facts equal in these are the same."""

AT: Mapping[str, str] = {"ticket": "opened_at", "sample": "at", "fact": "at"}
"""The instant that says in which month a fact is kept."""

KINDS: Mapping[FactKind, type[Fact]] = {shelf.kind: each for each, shelf in SHELVES.items()}


def place_of(fact: Fact) -> str:
    """The name of the table that keeps such facts."""
    match fact:
        case Ticket():
            return "ticket"
        case Sample():
            return "sample"
        case _:
            return fact_table.name


def record(fact: Fact) -> tuple[Any, ...]:
    """The key and the content of a fact, in the order of its table's columns."""
    further = _object(fact.columns) if fact.columns else "{}"
    match fact:
        case Ticket():
            return (
                fact.id,
                fact.opened_at,
                fact.responded_at,
                fact.resolved_at,
                fact.closed_at,
                fact.due_at,
                further,
            )
        case Sample():
            return (fact.id, fact.series, fact.at, fact.value, further)
        case _:
            shelf = SHELVES[type(fact)]
            body = json.dumps(_body(fact), ensure_ascii=False, sort_keys=True)
            return (shelf.kind, fact.id, getattr(fact, shelf.at), _ends(fact), body, further)


def _object(columns: Mapping[str, str]) -> str:
    """Texts by their names as JSON; `json.dumps` makes an encoder each time."""
    said = [f"{_quoted(name)}: {_quoted(value)}" for name, value in columns.items()]
    return f"{{{', '.join(said)}}}"


def _ends(fact: Fact) -> datetime | None:
    """The end of what lasted, with all its repeats."""
    if isinstance(fact, Interval):
        return fact.start + fact.repeat * (fact.end - fact.start)
    ends: datetime | None = getattr(fact, "end", None)
    return ends


# --- the body of a fact

RECEIPT = frozenset(field.name for field in fields(Received))


def _said(kind: type[Fact]) -> dict[str, Any]:
    """The fields that the body holds, with their types."""
    hints = get_type_hints(kind)
    return {
        field.name: next((each for each in get_args(hint) if each is not type(None)), hint)
        for field in fields(kind)
        if field.name not in {"id", "columns"} | RECEIPT
        for hint in (hints[field.name],)
    }


FIELDS: Mapping[FactKind, Mapping[str, Any]] = {
    kind: _said(each) for kind, each in KINDS.items() if kind not in {"ticket", "sample"}
}

WRITERS: Mapping[type[Any], Callable[[Any], str]] = {
    datetime: datetime.isoformat,
    Decimal: plain,
    bool: lambda truth: "true" if truth else "false",
    int: str,
    str: str,
    Decision: str,
}

READERS: Mapping[type[Any], Callable[[str], Any]] = {
    datetime: datetime.fromisoformat,
    Decimal: Decimal,
    bool: lambda text: text == "true",
    int: int,
    str: str,
    Decision: Decision,
}


def _body(fact: Fact) -> dict[str, str]:
    said = FIELDS[SHELVES[type(fact)].kind]
    return {
        name: WRITERS[type_](value)
        for name, type_ in said.items()
        if (value := getattr(fact, name)) is not None
    }


def fact_of(row: Any) -> Fact:  # noqa: ANN401 - a row of `fact`
    """The fact that a row keeps."""
    kind = FactKind(row.kind)
    values = {
        name: READERS[type_](row.body[name]) if name in row.body else None
        for name, type_ in FIELDS[kind].items()
    }
    make: Callable[..., Fact] = KINDS[kind]
    return make(id=row.id, columns=row.columns, received_at=row.received_at, **values)


def ticket_of(row: Any) -> Ticket:  # noqa: ANN401 - a row of `ticket`
    """The ticket that a row keeps."""
    said = {name: getattr(row, name) for name in CONTENT["ticket"]}
    return Ticket(row.id, **said, received_at=row.received_at)


def sample_of(row: Any) -> Sample:  # noqa: ANN401 - a row of `sample`
    """The sample that a row keeps."""
    return Sample(row.id, row.series, row.at, row.value, row.columns, received_at=row.received_at)
