"""The strict reading of files of facts: of one kind each or mixed, row by row, all or nothing.

Whoever sets aside what is wrong, instead of refusing the file, reads `told` in place of `facts`.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from domain.facts import Fact, FactKind
from domain.facts.columns import kinds_by, untaken_column, wrong_columns
from domain.facts.formats import (
    COMMA,
    UTF_8,
    FactFileError,
    Problems,
    Record,
    Row,
    csv_rows,
    decoded,
    json_lines,
    numbered,
    table,
)
from domain.facts.ids import FactIds, Place
from domain.facts.mapped import Mapper
from domain.facts.mapping import Mapping
from domain.facts.rules import FactRule, Wrong
from domain.facts.telling import (
    ALL_KINDS,
    Told,
    kinds_told,
    told_by_mapping,
    told_in_records,
    told_in_rows,
)
from domain.zones import zone_named

__all__ = ["FactFile", "FactFileError", "FactIds", "How", "Told", "open_facts", "open_rows"]

WORDS = "|".join(kind.replace("_", "[_-]") for kind in sorted(FactKind, key=len, reverse=True))
NAME = re.compile(rf"(?:.*/)?facts-({WORDS})(?:e?s)?(?![a-z])[^/]*")
"""Names of files that say their kind; a longer kind goes before one with which it begins."""


@dataclass(frozen=True, slots=True)
class FactFile:
    """A file of facts of one kind, or of several: then None.

    Iterate `facts`, or `told`, to its end: only then is the file known to be sound. FactFileError
    says at the end what is wrong, and no fact follows the first problem of a record.
    """

    name: str
    kind: FactKind | None
    told: Iterator[Told]
    problems: Problems
    ids: FactIds | None = None

    @property
    def facts(self) -> Iterator[Fact]:
        """Every fact until the first problem, which is told at the end."""
        known = FactIds() if self.ids is None else self.ids
        for told in self.told:
            for kind, fact in told.facts:
                known.add(kind, fact, Place(self.name, told.line, told.columns))
            for wrong in told.wrong:
                self.problems.add(told.line, told.columns.get(wrong.column, 1), wrong)
            if not self.problems.told:
                for _, fact in told.facts:
                    yield fact
        if self.ids is None:
            self._add_wrong_ids(known)
        if self.problems.found():
            self.problems.refuse()

    def _add_wrong_ids(self, known: FactIds) -> None:
        broken = self.problems.found()
        for place, wrong in known.wrong():
            # What a broken record said is unknown, so that a correction may well have a target.
            if not (broken and wrong.rule == FactRule.UNKNOWN_CORRECTION):
                self.problems.add(place.line, place.number(wrong.column), wrong)


class How(NamedTuple):
    """How the rows of one file are read."""

    name: str
    zone: ZoneInfo
    problems: Problems
    kind: FactKind | None = None
    ids: FactIds | None = None
    untaken: Collection[str] = ()
    mapping: Mapping | None = None
    sets_aside: bool = False


def open_facts(
    lines: Iterable[bytes],
    name: str,
    zone: ZoneInfo,
    kind: FactKind | None = None,
    *,
    ids: FactIds | None = None,
    untaken: Collection[str] = (),
    mapping: Mapping | None = None,
    sets_aside: bool = False,
) -> FactFile:
    """Begin to read a file by its lines; FactFileError when it cannot be read at all.

    The kind is given, or in the file's name, or in each line's `kind`, or in the columns of the
    first record; a mapping says it itself. Files that are read together share their `ids`, and the
    caller checks these when all are read; without, the file stands alone. Columns that are
    `untaken` are refused. With `sets_aside`, what is wrong with a row does not refuse the file.
    """
    problems = Problems(name)
    how = How(name, zone, problems, kind, ids, untaken, mapping, sets_aside)
    if name.endswith(".csv"):
        encoding, separator = (
            (UTF_8, COMMA) if mapping is None else (mapping.encoding, mapping.delimiter)
        )
        texts = decoded(lines, problems, encoding)
        return _table_file(*csv_rows(texts, problems, separator), how)
    if name.endswith(".jsonl"):
        texts = decoded(lines, problems)
        problems.sets_aside = sets_aside
        return _records_file(*json_lines(texts, problems), how)
    return refuse_form(problems)


def open_rows(rows: Iterator[Row], how: How) -> FactFile:
    """Begin to read the rows of a table, the first of which names the columns."""
    return _table_file(*table(rows, how.problems), how)


def refuse_form(problems: Problems) -> NoReturn:
    """Refuse a file whose name says no form that is known."""
    problems.add(1, 1, PACKED if problems.file.endswith(".gz") else UNKNOWN_FORMAT)
    problems.refuse()


def _table_file(columns: list[str], rows: Iterator[Row], how: How) -> FactFile:
    problems = how.problems
    problems.sets_aside = how.sets_aside
    if how.mapping is not None:
        return _mapped_file(how.mapping, columns, rows, how)
    kind = how.kind or _kind_in(how.name) or _kind_by(columns, problems)
    numbers = numbered(columns)
    for wrong in wrong_columns(columns, kind, how.untaken):
        problems.add(1, numbers.get(wrong.column, 1), wrong)
    if problems.found():
        problems.refuse()
    told = told_in_rows(rows, kind, columns, how.zone)
    return FactFile(how.name, kind, told, problems, how.ids)


def _records_file(columns: list[str], records: Iterator[Record], how: How) -> FactFile:
    if how.mapping is not None:
        names = how.mapping.sources()
        rows = ((each.line, [each.cells.get(name, "") for name in names]) for each in records)
        return _mapped_file(how.mapping, names, rows, how)
    kind = how.kind or _kind_in(how.name)
    if kind is None and "kind" not in columns:
        kind = _kind_by(columns, how.problems)
    kinds = kinds_told(records, how.problems) if kind is None else _all_of(kind, records)
    told = told_in_records(kinds, how.zone, how.untaken, how.problems)
    return FactFile(how.name, kind, told, how.problems, how.ids)


def _mapped_file(
    mapping: Mapping, columns: Sequence[str], rows: Iterator[Row], how: How
) -> FactFile:
    for fact in mapping.facts:
        for name in set(fact.columns) & set(how.untaken):
            how.problems.add(1, 1, untaken_column(name))
    mapper = Mapper(mapping, columns, how.problems)
    kinds = {fact.kind for fact in mapping.facts}
    zone = how.zone if mapping.zone is None else zone_named(mapping.zone)
    told = told_by_mapping(rows, mapper, zone)
    kind = kinds.pop() if len(kinds) == 1 else None
    return FactFile(how.name, kind, told, how.problems, how.ids)


def _all_of(kind: FactKind, records: Iterator[Record]) -> Iterator[tuple[FactKind, Record]]:
    return ((kind, each) for each in records)


def _kind_by(columns: Iterable[str], problems: Problems) -> FactKind:
    kinds = kinds_by(columns)
    if len(kinds) != 1:
        problems.add(1, 1, _unknown_kind(kinds))
        problems.refuse()
    return kinds[0]


UNKNOWN_FORMAT = Wrong(
    "",
    FactRule.UNKNOWN_FORMAT,
    "neither the name of a CSV file, nor of one of JSON Lines, nor of a workbook",
    "name it `….csv`, `….jsonl` or `….xlsx`",
)


PACKED = Wrong(
    "",
    FactRule.UNKNOWN_FORMAT,
    "the file is packed",
    "unpack it first, with `gunzip` for example: what is handed in is kept as it is",
)


def _kind_in(name: str) -> FactKind | None:
    match = NAME.fullmatch(name)
    return None if match is None else FactKind(match[1].replace("-", "_"))


def _unknown_kind(fitting: Iterable[FactKind]) -> Wrong:
    kinds = " or ".join(f"`{kind}`" for kind in fitting)
    return Wrong(
        "",
        FactRule.UNKNOWN_KIND,
        "it is not clear of which kind these facts are" + (f": {kinds}" if kinds else ""),
        "name the file after the kind, `facts-ticket….csv` for example, or say in each line of "
        f"JSON its `kind`: {ALL_KINDS}",
    )
