"""The forms in which facts come, CSV and JSON Lines: from lines of bytes to records of cells."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

from domain.facts.rules import MOST_COLUMNS, FactRule, Wrong
from domain.terms.problems import Problem, clipped

MOST_PROBLEMS = 100
"""So many problems of one file are told in full; the rest are counted."""

BLANK = "\n"


UNWRITABLE = re.compile("[\0\ud800-\udfff]")
"""What JSON's escapes can write and the database cannot keep: NUL, and halves of characters."""


class FactFileError(ValueError):
    """A file of facts that was not taken: what is wrong with it, and how much more is."""

    def __init__(self, problems: Iterable[Problem], more: int) -> None:
        """Keep the problems; `more` counts those that are not told."""
        self.problems = tuple(problems)
        self.more = more
        rest = [f"and {more:,} more"] if more else []
        super().__init__("\n".join([*map(str, self.problems), *rest]))


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that holds no record: where, what is wrong with it, and what stands there."""

    line: int
    number: int
    wrong: Wrong
    text: str


@dataclass
class Problems:
    """What was found to be wrong so far.

    With `sets_aside`, lines without a record do not refuse the file: they wait in `rejected`.
    """

    file: str
    told: list[Problem] = field(default_factory=list)
    more: int = 0
    sets_aside: bool = False
    rejected: list[Rejected] = field(default_factory=list)
    rejected_lines: set[int] = field(default_factory=set)

    def reject(self, line: int, number: int, wrong: Wrong, text: str) -> None:
        """A line holds no record."""
        if self.sets_aside:
            self.rejected_lines.add(line)
            self.rejected.append(Rejected(line, number, wrong, text))
        else:
            self.add(line, number, wrong)

    def add(self, line: int, number: int, wrong: Wrong) -> None:
        """Add what is wrong at a line and the number of a column, or count it."""
        if len(self.told) == MOST_PROBLEMS:
            self.more += 1
            return
        rule: Any = wrong.rule
        self.told.append(
            Problem(self.file, line, number, wrong.column, rule, wrong.message, wrong.remedy)
        )

    def found(self) -> bool:
        """Whether anything was."""
        return bool(self.told)

    def refuse(self) -> NoReturn:
        """Refuse the file for all that was found."""
        raise FactFileError(self.told, self.more)


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one fact, and where they stand: its line, and the number of each column."""

    line: int
    cells: dict[str, str]
    columns: dict[str, int]


EMPTY_FILE = Wrong(
    "", FactRule.EMPTY_FILE, "the file is empty", "begin it with the names of the columns"
)


UTF_8 = "utf-8"


def decoded(lines: Iterable[bytes], problems: Problems, encoding: str = UTF_8) -> Iterator[str]:
    """The text of every line; a line that has none is told of and is blank."""
    for number, raw in enumerate(lines, 1):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            wrong = Wrong(
                "",
                FactRule.NOT_UTF8,
                f"the line is not {encoding.upper() if encoding == UTF_8 else encoding} text",
                "save the file as UTF-8, or name its `encoding` in a mapping",
            )
            problems.reject(number, error.start + 1, wrong, raw.decode(errors="backslashreplace"))
            text = BLANK
        if "\0" in text:
            wrong = Wrong(
                "", FactRule.NUL_BYTE, "the line holds a NUL byte", "save the file as plain text"
            )
            problems.reject(number, text.index("\0") + 1, wrong, text.replace("\0", "\\0"))
            text = BLANK
        yield text.removeprefix("\ufeff") if number == 1 else text


Row: TypeAlias = tuple[int, list[str]]
"""The cells of a row as they stand, and the line on which it begins."""


COMMA = ","

SEPARATORS = {COMMA: "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def csv_rows(
    texts: Iterator[str], problems: Problems, separator: str = COMMA
) -> tuple[list[str], Iterator[Row]]:
    """The names of the columns, and the rows below them, of a CSV file."""
    return table(_rows(texts, problems, separator), problems, separator)


def table(
    rows: Iterator[Row], problems: Problems, separator: str = COMMA
) -> tuple[list[str], Iterator[Row]]:
    """The names of the columns, and the rows that have as many cells."""
    _, header = next(rows, (1, []))
    if problems.found():
        problems.refuse()
    if not header:
        problems.add(1, 1, EMPTY_FILE)
        problems.refuse()
    if len(header) > MOST_COLUMNS:
        problems.add(1, MOST_COLUMNS + 1, _too_many(len(header)))
        problems.refuse()
    if len(header) == 1 and any(other in header[0] for other in SEPARATORS if other != separator):
        wrong = Wrong(
            "",
            FactRule.WRONG_SEPARATOR,
            f"the columns are not separated by {SEPARATORS[separator]}",
            "save the file with a comma between columns, or name the `separator` in a mapping",
        )
        problems.add(1, 1, wrong)
        problems.refuse()
    return header, _even(header, rows, problems, separator)


def _too_many(columns: int) -> Wrong:
    return Wrong(
        "",
        FactRule.TOO_MANY_COLUMNS,
        f"there are {columns:,} columns",
        f"leave out what the agreement does not need: a file has {MOST_COLUMNS} columns at most",
    )


def _even(
    header: list[str], rows: Iterator[Row], problems: Problems, separator: str
) -> Iterator[Row]:
    count = len(header)
    for line, row in rows:
        if len(row) == count:
            yield line, row
            continue
        wrong = Wrong(
            "",
            FactRule.RAGGED_ROW,
            f"the row has {len(row)} cells, the header {count}",
            "give every row as many cells as the header; quote a cell that holds "
            f"one of the {SEPARATORS[separator]}",
        )
        problems.reject(line, min(len(row), count) + 1, wrong, separator.join(row))


def _rows(texts: Iterator[str], problems: Problems, separator: str) -> Iterator[Row]:
    """Every row that is not blank, and the line on which it begins."""
    reader = csv.reader(texts, strict=True, delimiter=separator)
    broken = problems.rejected_lines
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # What follows cannot be told apart: the reader may be inside a quoted cell.
            wrong = Wrong(
                "",
                FactRule.CSV_SYNTAX,
                f"the rest of the file cannot be read: {error}",
                "look for a quotation mark that is not closed or not doubled on this line",
            )
            problems.add(line, 1, wrong)
            return
        if row and not (broken and not broken.isdisjoint(range(line, reader.line_num + 1))):
            yield line, row


def numbered(header: Iterable[str]) -> dict[str, int]:
    """The number of each column, the first of equal ones."""
    numbers: dict[str, int] = {}
    for number, name in enumerate(header, 1):
        numbers.setdefault(name, number)
    return numbers


def json_lines(texts: Iterator[str], problems: Problems) -> tuple[list[str], Iterator[Record]]:
    """The columns of the first record, and the records of a file of JSON Lines."""
    records = _json_records(texts, problems)
    first = next(records, None)
    if first is None:
        if not problems.found():
            problems.add(1, 1, EMPTY_FILE)
        problems.refuse()
    return list(first.cells), _again(first, records)


def _again(first: Record, rest: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from rest


def _json_records(texts: Iterator[str], problems: Problems) -> Iterator[Record]:
    for line, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            pairs = json.loads(
                text,
                object_pairs_hook=_Object,
                parse_int=str,
                parse_float=str,
                parse_constant=_refuse_constant,
            )
        except (ValueError, RecursionError) as error:
            problems.reject(line, getattr(error, "colno", 1), _json_error(error), text)
            continue
        wrong = _wrong_object(pairs)
        if wrong is None:
            yield Record(line, {name: _cell(value) for name, value in pairs}, {})
        else:
            problems.reject(line, 1, wrong, text)


class _Object(list[tuple[str, Any]]):
    """The pairs of a JSON object as written; a dictionary would hide that a name is there twice."""


def _refuse_constant(text: str) -> NoReturn:
    msg = f"{text} is not a number of JSON"
    raise ValueError(msg)


def _json_error(error: Exception) -> Wrong:
    return Wrong(
        "",
        FactRule.JSON_SYNTAX,
        f"the line is not JSON: {error}",
        'write one object on each line, for example {"id": "T1", "opened": "2027-01-04 09:30"}',
    )


def _wrong_object(pairs: object) -> Wrong | None:
    if not isinstance(pairs, _Object):
        return Wrong(
            "", FactRule.JSON_SYNTAX, "the line is not an object", "write one object on each line"
        )
    if len(pairs) > MOST_COLUMNS:
        return _too_many(len(pairs))
    names = [name for name, _ in pairs]
    for name, value in pairs:
        if names.count(name) > 1:
            return Wrong(
                clipped(name),
                FactRule.DUPLICATE_COLUMN,
                f"`{clipped(name)}` is there {names.count(name)} times",
                "keep one of them",
            )
        if isinstance(value, list):
            return Wrong(
                clipped(name),
                FactRule.NOT_A_CELL,
                f"`{clipped(name)}` holds a list or an object",
                "write text, a number, true, false or null",
            )
        if UNWRITABLE.search(f"{name}{value}") is not None:
            return Wrong(
                "",
                FactRule.NOT_A_CELL,
                "the line holds half a character (an escape such as \\ud83d alone) or \\u0000",
                "write whole characters",
            )
    return None


def _cell(value: str | bool | None) -> str:  # noqa: FBT001 - a value of JSON
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value).lower()
