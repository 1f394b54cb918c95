"""The columns of every kind of fact, and what can be wrong with those of a file."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from domain.facts import FactKind
from domain.facts import cells as cell
from domain.facts.rules import FactRule, Wrong
from domain.terms.problems import clipped


@dataclass(frozen=True, slots=True)
class Column:
    """A column that has a meaning, how its cells are read, and what an empty one says."""

    name: str
    read: Callable[[str, ZoneInfo], Any]
    required: bool = True
    empty: object = None


def _may(name: str, read: Callable[[str, ZoneInfo], Any], empty: object = None) -> Column:
    return Column(name, read, required=False, empty=empty)


ID = Column("id", cell.identifier)
SERIES = Column("series", cell.series)
SPAN = (Column("start", cell.day_or_time), Column("end", cell.day_or_time))

OWN: dict[FactKind, tuple[Column, ...]] = {
    FactKind.TICKET: (
        ID,
        Column("opened", cell.time),
        _may("responded", cell.time),
        _may("resolved", cell.time),
        _may("closed", cell.time),
        _may("due", cell.day_or_time),
    ),
    FactKind.TICKET_EVENT: (
        ID,
        Column("ticket", cell.identifier),
        Column("at", cell.day_or_time),
        Column("event", cell.plain),
        _may("value", cell.plain),
        Column("actor", cell.plain),
        _may("reason", cell.plain),
    ),
    FactKind.SAMPLE: (
        ID,
        SERIES,
        Column("at", cell.day_or_time),
        _may("value", cell.decimal),
    ),
    FactKind.INTERVAL: (
        ID,
        SERIES,
        *SPAN,
        _may("good", cell.from_zero),
        _may("bad", cell.from_zero),
        Column("total", cell.from_zero),
        _may("repeat", cell.times, empty=1),
    ),
    FactKind.OUTAGE: (
        ID,
        Column("service", cell.key),
        *SPAN,
        Column("cause", cell.plain),
        _may("users", cell.from_zero),
    ),
    FactKind.SURVEY: (
        ID,
        Column("at", cell.day_or_time),
        Column("instrument", cell.key),
        Column("score", cell.from_zero),
        Column("scale", cell.above_zero),
    ),
    FactKind.COUNT: (
        ID,
        SERIES,
        *SPAN,
        Column("name", cell.key),
        Column("value", cell.decimal),
    ),
    FactKind.CHARGE: (
        ID,
        Column("line", cell.key),
        *SPAN,
        Column("amount", cell.decimal),
        Column("currency", cell.currency),
    ),
    FactKind.PERIOD_RESULT: (
        ID,
        Column("kpi", cell.key),
        *SPAN,
        _may("value", cell.decimal),
        _may("num", cell.decimal),
        _may("den", cell.from_zero),
        _may("met", cell.flag),
        _may("points", cell.from_zero),
        _may("source", cell.plain),
    ),
    FactKind.CREDIT: (
        ID,
        *SPAN,
        _may("kpi", cell.key),
        _may("amount", cell.decimal),
        _may("percent", cell.percent),
        _may("currency", cell.currency),
    ),
    FactKind.EVENT: (
        ID,
        Column("at", cell.day_or_time),
        Column("type", cell.plain),
        _may("ref", cell.plain),
        _may("due", cell.day_or_time),
        _may("value", cell.decimal),
    ),
    FactKind.INDEX: (
        ID,
        SERIES,
        Column("period", cell.plain),
        Column("value", cell.above_zero),
        Column("published", cell.day_or_time),
    ),
    FactKind.RELIEF: (
        ID,
        _may("kpi", cell.key),
        *SPAN,
        Column("ground", cell.plain),
        Column("claimed_by", cell.plain),
        Column("decision", cell.decision),
        _may("decided_at", cell.day_or_time),
    ),
}
"""The columns of each kind, in the order of its fields."""

RECEIPT = (_may("received_at", cell.day_or_time), _may("corrects", cell.identifier))
"""The columns that any fact may have besides."""

KNOWN = {kind: frozenset(column.name for column in (*own, *RECEIPT)) for kind, own in OWN.items()}

NEEDED = {
    kind: frozenset(column.name for column in own if column.required) for kind, own in OWN.items()
}

ONE_OF = {
    FactKind.PERIOD_RESULT: ("value", "num", "met", "points"),
    FactKind.CREDIT: ("amount", "percent"),
}
"""Columns of which a record needs one."""


# --- the columns of a file


def kinds_by(names: Iterable[str]) -> list[FactKind]:
    """The kinds that columns of these names can be meant for.

    A kind that already fits the columns of another one, as a charge can be read as a credit, does
    not count besides it.
    """
    given = frozenset(names)
    fitting = [kind for kind in FactKind if _fits(kind, given)]
    whole = [
        kind for kind in fitting if all(_fits(other, given & KNOWN[kind]) for other in fitting)
    ]
    return whole if len(whole) == 1 else fitting


def _fits(kind: FactKind, names: frozenset[str]) -> bool:
    return NEEDED[kind] - {"id"} <= names and (
        kind not in ONE_OF or not names.isdisjoint(ONE_OF[kind])
    )


def wrong_columns(
    names: Iterable[str], kind: FactKind, untaken: Collection[str] = ()
) -> list[Wrong]:
    """What is wrong with the names of the columns; `untaken` are columns that are not taken."""
    names = list(names)
    wrong = [_wrong_column(name, kind, names, untaken) for name in dict.fromkeys(names)]
    missing = [
        Wrong(
            column.name,
            FactRule.MISSING_COLUMN,
            f"a fact of kind `{kind}` needs the column `{column.name}`",
            f"add the column `{column.name}`",
        )
        for column in OWN[kind]
        if column.required and column.name not in names
    ]
    return [each for each in wrong if each is not None] + missing


def _wrong_column(
    name: str, kind: FactKind, names: list[str], untaken: Collection[str]
) -> Wrong | None:
    quoted = f"`{clipped(name)}`"
    if names.count(name) > 1:
        return Wrong(
            name,
            FactRule.DUPLICATE_COLUMN,
            f"the column {quoted} is there {names.count(name)} times",
            "keep one of them",
        )
    if name in untaken:
        return untaken_column(name)
    meant = None if name in KNOWN[kind] else _meant(name, kind, names)
    if meant is not None:
        return Wrong(
            name,
            FactRule.UNKNOWN_COLUMN,
            f"{quoted} is not a column; `{meant}` is",
            f"call it `{meant}`, or something quite different if it means something else",
        )
    if cell.COLUMN.fullmatch(name) is None:
        return Wrong(
            name,
            FactRule.UNKNOWN_COLUMN,
            f"{quoted} cannot be the name of a column",
            cell.NAMING,
        )
    return None


def untaken_column(name: str) -> Wrong:
    """A column that has a meaning, and is not taken here."""
    return Wrong(
        name,
        FactRule.NOT_YET_TAKEN,
        f"the column `{clipped(name)}` is not taken by a live agreement, which stamps the receipt "
        "itself",
        "leave it out: facts count as received when the file is handed in; a file that says when "
        "it was received, such as one of an archive, is read by `covenant assess`",
    )


def _meant(name: str, kind: FactKind, names: Collection[str]) -> str | None:
    """The column of the kind that a name means that is none: another form, or a slip of the pen.

    A slip alone proves nothing where the column itself is there too: `clause` beside `cause`.
    """
    if (meant := NEARLY[kind].get(_bare(name))) is not None:
        return meant
    return next(
        (
            column.name
            for column in (*OWN[kind], *RECEIPT)
            if column.name not in names and _slipped(name, column.name)
        ),
        None,
    )


def _slipped(name: str, known: str) -> bool:
    """Whether one letter within a name was dropped, added or put in the place of its neighbour.

    Its first and last letters are those of the known one, so that `opener` and `correct` stay
    names of their own.
    """
    if min(len(name), len(known)) < SHORTEST_SLIP or (name[0], name[-1]) != (known[0], known[-1]):
        return False
    if len(name) == len(known):
        differ = [at for at, pair in enumerate(zip(name, known, strict=True)) if len({*pair}) > 1]
        first, last = differ[0], differ[-1]
        return last == first + 1 and name[first : last + 1] == known[last] + known[first]
    short, long = sorted((name, known), key=len)
    return any(short == long[:at] + long[at + 1 :] for at in range(len(long)))


def _bare(name: str) -> str:
    """A name without what people add to it: `Closed_at` for `closed`."""
    return re.sub(r"[_ -]?(at|dt|on|time|date)$", "", name.strip().lower())


SHORTEST_SLIP = 5
"""Of shorter names so many are like each other that one letter says nothing."""

NEARLY = {
    kind: {_bare(column.name): column.name for column in own if _bare(column.name)}
    for kind, own in OWN.items()
}
