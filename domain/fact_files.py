"""The strict reading of files of facts: of one kind each, line by line, all or nothing."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.fact_formats import (
    FactFileError,
    Problems,
    Record,
    csv_rows,
    decoded,
    json_lines,
    numbered,
)
from domain.facts import LONGEST_CELL, READERS, Fact, FactKind, FactRule, Wrong, wrong_columns
from domain.terms.problems import clipped

__all__ = ["FactFile", "FactFileError", "open_facts"]

NAME = re.compile(r"(?:.*/)?facts-(ticket|sample)[^/]*")


@dataclass(frozen=True, slots=True)
class FactFile:
    """A file of facts of one kind.

    Iterate `facts` to its end: only then is the file known to be sound. FactFileError says at the
    end what is wrong, and no fact follows the first problem.
    """

    name: str
    kind: FactKind
    facts: Iterator[Fact]


def open_facts(
    lines: Iterable[bytes], name: str, zone: ZoneInfo, kind: FactKind | None = None
) -> FactFile:
    """Begin to read a file by its lines; FactFileError when it cannot be read at all.

    The kind is given, or in the file's name, or in its first record.
    """
    problems = Problems(name)
    texts = decoded(lines, problems)
    if name.endswith(".csv"):
        columns, records = csv_rows(texts, problems)
    elif name.endswith(".jsonl"):
        columns, records = json_lines(texts, problems)
    else:
        problems.add(1, 1, UNKNOWN_FORMAT)
        problems.refuse()
    kind = kind or _kind_in(name) or _kind_by(columns)
    if kind is None:
        problems.add(1, 1, UNKNOWN_KIND)
        problems.refuse()
    if name.endswith(".csv"):
        numbers = numbered(columns)
        for wrong in wrong_columns(columns, kind):
            problems.add(1, numbers.get(wrong.column, 1), wrong)
        if problems.found():
            problems.refuse()
    return FactFile(name, kind, _facts(records, kind, zone, problems))


UNKNOWN_FORMAT = Wrong(
    "",
    FactRule.UNKNOWN_FORMAT,
    "neither the name of a CSV file nor of one of JSON Lines",
    "name it `….csv` or `….jsonl`",
)

UNKNOWN_KIND = Wrong(
    "",
    FactRule.UNKNOWN_KIND,
    "it is not clear whether these are tickets or samples",
    "name the file `facts-ticket….csv` or `facts-sample….csv`; "
    "tickets have the column `opened`, samples `series` and `at`",
)


def _kind_in(name: str) -> FactKind | None:
    match = NAME.fullmatch(name)
    return None if match is None else FactKind(match[1])


def _kind_by(columns: Iterable[str]) -> FactKind | None:
    names = set(columns)
    signs = {
        FactKind.TICKET: "opened" in names,
        FactKind.SAMPLE: {"series", "at"} <= names,
    }
    kinds = [kind for kind, sign in signs.items() if sign]
    return kinds[0] if len(kinds) == 1 else None


def _facts(
    records: Iterator[Record], kind: FactKind, zone: ZoneInfo, problems: Problems
) -> Iterator[Fact]:
    read = READERS[kind]
    check_names = _names_checked(kind)
    seen: dict[str, tuple[int, int]] = {}
    for record in records:
        wrong = list(check_names(record))
        wrong += _too_long(record.cells)
        fact = read(record.cells, zone, wrong)
        if fact is not None:
            # 64 bits are enough here: the table's key would refuse what they confuse.
            content = hash((fact, frozenset(fact.columns.items())))
            line, same = seen.setdefault(fact.id, (record.line, content))
            if same != content:
                wrong.append(_duplicate(fact.id, line))
        for each in wrong:
            problems.add(record.line, record.columns.get(each.column, 1), each)
        if fact is not None and not problems.told:
            yield fact
    if problems.told:
        problems.refuse()


def _names_checked(kind: FactKind) -> Callable[[Record], tuple[Wrong, ...]]:
    """A check of each record's columns that looks at equal lists of names only once."""
    known: dict[tuple[str, ...], tuple[Wrong, ...]] = {}

    def check(record: Record) -> tuple[Wrong, ...]:
        names = tuple(record.cells)
        if names not in known:
            # A missing required cell is told by the reader of the record.
            found = wrong_columns(names, kind)
            known[names] = tuple(each for each in found if each.rule != FactRule.MISSING_COLUMN)
        return known[names]

    return check


def _too_long(cells: dict[str, str]) -> Iterator[Wrong]:
    for name, text in cells.items():
        if len(text) * 4 > LONGEST_CELL and len(text.encode()) > LONGEST_CELL:
            yield Wrong(
                name,
                FactRule.CELL_TOO_LONG,
                f"the cell holds {len(text.encode()):,} bytes",
                f"a cell holds {LONGEST_CELL:,} bytes at most: shorten it or leave it out",
            )


def _duplicate(name: str, line: int) -> Wrong:
    return Wrong(
        "id",
        FactRule.DUPLICATE_ID,
        f"'{clipped(name)}' is on line {line} too, with other content",
        "a file says one thing about a fact: keep the right line, correct in a later file",
    )
