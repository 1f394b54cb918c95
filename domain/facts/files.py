"""The strict reading of files of facts: of one kind each or mixed, line by line, all or nothing."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from domain.facts import Fact, FactKind
from domain.facts.columns import kinds_by, wrong_columns
from domain.facts.formats import (
    FactFileError,
    Problems,
    Record,
    csv_rows,
    decoded,
    json_lines,
    numbered,
)
from domain.facts.ids import FactIds, Place
from domain.facts.records import read_record
from domain.facts.rules import LONGEST_CELL, FactRule, Wrong
from domain.terms.problems import clipped

__all__ = ["FactFile", "FactFileError", "FactIds", "open_facts"]

WORDS = "|".join(kind.replace("_", "[_-]") for kind in sorted(FactKind, key=len, reverse=True))
NAME = re.compile(rf"(?:.*/)?facts-({WORDS})(?:e?s)?(?![a-z])[^/]*")
"""Names of files that say their kind; a longer kind goes before one with which it begins."""


@dataclass(frozen=True, slots=True)
class FactFile:
    """A file of facts of one kind, or of JSON Lines in which each line says its kind: then None.

    Iterate `facts` to its end: only then is the file known to be sound. FactFileError says at the
    end what is wrong, and no fact follows the first problem of a record.
    """

    name: str
    kind: FactKind | None
    facts: Iterator[Fact]


def open_facts(
    lines: Iterable[bytes],
    name: str,
    zone: ZoneInfo,
    kind: FactKind | None = None,
    *,
    ids: FactIds | None = None,
    untaken: Collection[str] = (),
) -> FactFile:
    """Begin to read a file by its lines; FactFileError when it cannot be read at all.

    The kind is given, or in the file's name, or in each line's `kind`, or in the columns of the
    first record. Files that are read together share their `ids`, and the caller checks these when
    all are read; without, the file stands alone. Columns that are `untaken` are refused.
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
    kind = kind or _kind_in(name)
    if kind is None and not (name.endswith(".jsonl") and "kind" in columns):
        kind = _kind_by(columns)
        if kind is None:
            problems.add(1, 1, _unknown_kind(columns))
            problems.refuse()
    if name.endswith(".csv") and kind is not None:
        numbers = numbered(columns)
        for wrong in wrong_columns(columns, kind, untaken):
            problems.add(1, numbers.get(wrong.column, 1), wrong)
        if problems.found():
            problems.refuse()
    kinds = _kinds_told(records, problems) if kind is None else ((kind, each) for each in records)
    reading = _Reading(name, zone, problems, untaken)
    return FactFile(name, kind, reading.facts(kinds, ids))


UNKNOWN_FORMAT = Wrong(
    "",
    FactRule.UNKNOWN_FORMAT,
    "neither the name of a CSV file nor of one of JSON Lines",
    "name it `….csv` or `….jsonl`",
)


def _kind_in(name: str) -> FactKind | None:
    match = NAME.fullmatch(name)
    return None if match is None else FactKind(match[1].replace("-", "_"))


def _kind_by(columns: Iterable[str]) -> FactKind | None:
    kinds = kinds_by(columns)
    return kinds[0] if len(kinds) == 1 else None


def _unknown_kind(columns: Iterable[str]) -> Wrong:
    kinds = " or ".join(f"`{kind}`" for kind in kinds_by(columns))
    return Wrong(
        "",
        FactRule.UNKNOWN_KIND,
        "it is not clear of which kind these facts are" + (f": {kinds}" if kinds else ""),
        "name the file after the kind, `facts-ticket….csv` for example, or say in each line of "
        f"JSON its `kind`: {ALL_KINDS}",
    )


ALL_KINDS = ", ".join(FactKind)


def _kinds_told(records: Iterator[Record], problems: Problems) -> Iterator[tuple[FactKind, Record]]:
    """Each record with the kind that it says itself, which is then no column of it."""
    for record in records:
        cells = dict(record.cells)
        said = cells.pop("kind", "")
        if said in ALL:
            yield ALL[said], replace(record, cells=cells)
            continue
        wrong = Wrong(
            "kind",
            FactRule.UNKNOWN_KIND,
            f"'{clipped(said)}' is not a kind of facts" if said else "the line has no `kind`",
            f"write one of {ALL_KINDS}; or name the file after the kind of all its lines",
        )
        problems.add(record.line, 1, wrong)


ALL: dict[str, FactKind] = {kind.value: kind for kind in FactKind}


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of one file's records."""

    name: str
    zone: ZoneInfo
    problems: Problems
    untaken: Collection[str]

    def facts(
        self, records: Iterable[tuple[FactKind, Record]], ids: FactIds | None
    ) -> Iterator[Fact]:
        """Every fact until the first problem, which is told at the end."""
        check_names = self._names_checked()
        known = ids or FactIds()
        for kind, record in records:
            wrong = [*check_names(kind, record), *_too_long(record.cells)]
            fact = read_record(kind, record.cells, self.zone, wrong)
            if fact is not None:
                known.add(kind, fact, Place(self.name, record.line, record.columns))
            if wrong:
                wrong.sort(key=lambda each: record.columns.get(each.column, 1))
                for each in wrong:
                    self.problems.add(record.line, record.columns.get(each.column, 1), each)
            if fact is not None and not self.problems.told:
                yield fact
        if ids is None:
            self._add_wrong_ids(known)
        if self.problems.found():
            self.problems.refuse()

    def _add_wrong_ids(self, known: FactIds) -> None:
        broken = self.problems.found()
        for place, wrong in known.wrong():
            # What a broken record said is unknown, so that a correction may well have a target.
            if not (broken and wrong.rule == FactRule.UNKNOWN_CORRECTION):
                self.problems.add(place.line, place.number(wrong.column), wrong)

    def _names_checked(self) -> Callable[[FactKind, Record], tuple[Wrong, ...]]:
        """A check of each record's columns that looks at equal lists of names only once."""
        looked_at: dict[tuple[FactKind, tuple[str, ...]], tuple[Wrong, ...]] = {}

        def check(kind: FactKind, record: Record) -> tuple[Wrong, ...]:
            names = (kind, tuple(record.cells))
            if names not in looked_at:
                # A missing required cell is told by the reader of the record.
                looked_at[names] = tuple(
                    each
                    for each in wrong_columns(names[1], kind, self.untaken)
                    if each.rule != FactRule.MISSING_COLUMN
                )
            return looked_at[names]

        return check


def _too_long(cells: Mapping[str, str]) -> Iterator[Wrong]:
    for name, text in cells.items():
        if len(text) * 4 > LONGEST_CELL and len(text.encode()) > LONGEST_CELL:
            yield Wrong(
                name,
                FactRule.CELL_TOO_LONG,
                f"the cell holds {len(text.encode()):,} bytes",
                f"a cell holds {LONGEST_CELL:,} bytes at most: shorten it or leave it out",
            )
