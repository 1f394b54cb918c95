"""Facts as values, tickets and samples, and the strict reading of one record as a fact.

What counts and what it is worth is decided in `domain.measurement`, never here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.numbers import parse_decimal
from domain.terms.problems import clipped
from domain.zones import instant


class FactKind(StrEnum):
    """What a file of facts tells of."""

    TICKET = "ticket"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket and its instants, in UTC. `columns` keeps whatever else its record said, as text."""

    id: str
    opened_at: datetime
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    due_at: datetime | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a series at an instant; without a value when none could be taken."""

    id: str
    series: str
    at: datetime
    value: Decimal | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


Fact = Ticket | Sample


class FactRule(StrEnum):
    """Every rule that a file of facts can break. The ids are stable."""

    EMPTY_FILE = "empty-file"
    UNKNOWN_FORMAT = "unknown-format"
    UNKNOWN_KIND = "unknown-kind"
    NOT_UTF8 = "not-utf8"
    NUL_BYTE = "nul-byte"
    CSV_SYNTAX = "csv-syntax"
    JSON_SYNTAX = "json-syntax"
    RAGGED_ROW = "ragged-row"
    CELL_TOO_LONG = "cell-too-long"
    NOT_A_CELL = "not-a-cell"
    TOO_MANY_COLUMNS = "too-many-columns"
    WRONG_SEPARATOR = "wrong-separator"
    DUPLICATE_COLUMN = "duplicate-column"
    UNKNOWN_COLUMN = "unknown-column"
    MISSING_COLUMN = "missing-column"
    NOT_YET_TAKEN = "not-yet-taken"
    EMPTY_VALUE = "empty-value"
    NOT_AN_ID = "not-an-id"
    NOT_A_SERIES = "not-a-series"
    NOT_A_TIME = "not-a-time"
    NOT_A_NUMBER = "not-a-number"
    BEFORE_OPENED = "before-opened"
    DUPLICATE_ID = "duplicate-id"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one record, in which of its columns, and what to do about it."""

    column: str
    rule: FactRule
    message: str
    remedy: str


LONGEST_CELL = 65_536
"""Bytes of UTF-8."""

LONGEST_ID = 200

MOST_COLUMNS = 200

REQUIRED = {
    FactKind.TICKET: ("id", "opened"),
    FactKind.SAMPLE: ("id", "series", "at"),
}

OPTIONAL = {
    FactKind.TICKET: ("responded", "resolved", "closed", "due"),
    FactKind.SAMPLE: ("value",),
}

RESERVED = ("received_at", "corrects")
"""Columns with a meaning that this release does not know yet."""

COLUMN = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
"""Names that the terms can say, in `where` and `flag`."""

TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]"
    r"(:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)

TIME_REMEDY = (
    "write year-month-day and the time, for example `2027-01-04 09:30` in the agreement's zone, "
    "or with an offset, `2027-01-04T09:30:00+01:00`"
)


def wrong_columns(names: Iterable[str], kind: FactKind) -> list[Wrong]:
    """What is wrong with the names of the columns."""
    names = list(names)
    known = REQUIRED[kind] + OPTIONAL[kind]
    wrong = [_wrong_column(name, known, names) for name in dict.fromkeys(names)]
    missing = [
        Wrong(
            name,
            FactRule.MISSING_COLUMN,
            f"a file of {kind}s needs the column `{name}`",
            f"add the column `{name}`",
        )
        for name in REQUIRED[kind]
        if name not in names
    ]
    return [each for each in wrong if each is not None] + missing


def _wrong_column(name: str, known: tuple[str, ...], names: list[str]) -> Wrong | None:
    quoted = f"`{clipped(name)}`"
    if names.count(name) > 1:
        return Wrong(
            name,
            FactRule.DUPLICATE_COLUMN,
            f"the column {quoted} is there {names.count(name)} times",
            "keep one of them",
        )
    if name in RESERVED:
        return Wrong(
            name,
            FactRule.NOT_YET_TAKEN,
            f"the column {quoted} is reserved and not yet taken",
            "leave it out: facts count as received when the file is handed in, "
            "and a known id with other content corrects what it said before",
        )
    meant = re.sub(r"[_ -]?(at|dt|on|time|date)$", "", name.strip().lower())
    if name not in known and meant in known:
        return Wrong(
            name,
            FactRule.UNKNOWN_COLUMN,
            f"{quoted} is not a column; `{meant}` is",
            f"call it `{meant}`, or something quite different if it means something else",
        )
    if COLUMN.fullmatch(name) is None:
        return Wrong(
            name,
            FactRule.UNKNOWN_COLUMN,
            f"{quoted} cannot be the name of a column",
            "use lower-case letters, digits, `-` and `_`, beginning with a letter, 63 at most",
        )
    return None


def read_ticket(cells: Mapping[str, str], zone: ZoneInfo, wrong: list[Wrong]) -> Ticket | None:
    """The ticket that a record tells of; what is wrong is added to `wrong`, then it is None."""
    sound = len(wrong)
    name = _id(cells, wrong)
    opened = _required_time(cells, "opened", zone, wrong)
    responded = _event(cells, "responded", zone, opened, wrong)
    resolved = _event(cells, "resolved", zone, opened, wrong)
    closed = _event(cells, "closed", zone, opened, wrong)
    due = _time(cells, "due", zone, wrong)
    if opened is None or len(wrong) > sound:
        return None
    further = _further(cells, FactKind.TICKET)
    return Ticket(name, opened, responded, resolved, closed, due, further)


def read_sample(cells: Mapping[str, str], zone: ZoneInfo, wrong: list[Wrong]) -> Sample | None:
    """The sample that a record tells of; what is wrong is added to `wrong`, then it is None."""
    sound = len(wrong)
    name = _id(cells, wrong)
    series = _series(cells, wrong)
    at = _required_time(cells, "at", zone, wrong)
    value = _value(cells, wrong)
    if at is None or len(wrong) > sound:
        return None
    return Sample(name, series, at, value, _further(cells, FactKind.SAMPLE))


READERS: dict[
    FactKind, Callable[[Mapping[str, str], ZoneInfo, list[Wrong]], Ticket | Sample | None]
] = {FactKind.TICKET: read_ticket, FactKind.SAMPLE: read_sample}


def _further(cells: Mapping[str, str], kind: FactKind) -> dict[str, str]:
    """The columns that have no meaning of their own; an empty cell says nothing."""
    known = KNOWN[kind]
    return {name: text for name, text in cells.items() if text and name not in known}


KNOWN = {kind: frozenset(REQUIRED[kind] + OPTIONAL[kind]) for kind in FactKind}


def _id(cells: Mapping[str, str], wrong: list[Wrong]) -> str:
    text = cells.get("id", "")
    if not text:
        wrong.append(_empty("id"))
    elif len(text) > LONGEST_ID or not text.isprintable() or text != text.strip():
        wrong.append(
            Wrong(
                "id",
                FactRule.NOT_AN_ID,
                f"'{clipped(text)}' cannot be an id",
                f"use 1 to {LONGEST_ID} visible characters, with no space before or after",
            )
        )
    return text


def _series(cells: Mapping[str, str], wrong: list[Wrong]) -> str:
    text = cells.get("series", "")
    if not text:
        wrong.append(_empty("series"))
    elif COLUMN.fullmatch(text) is None:
        wrong.append(
            Wrong(
                "series",
                FactRule.NOT_A_SERIES,
                f"'{clipped(text)}' cannot be the name of a series",
                "use lower-case letters, digits, `-` and `_`, beginning with a letter, 63 at most",
            )
        )
    return text


def _value(cells: Mapping[str, str], wrong: list[Wrong]) -> Decimal | None:
    text = cells.get("value", "")
    if not text:
        return None
    try:
        # Zero has no sign: PostgreSQL keeps none.
        return parse_decimal(text) or Decimal(0)
    except ValueError:
        wrong.append(
            Wrong(
                "value",
                FactRule.NOT_A_NUMBER,
                f"'{clipped(text)}' is not a plain number",
                "write digits with a point, for example 99.95, or nothing when there is no value",
            )
        )
        return None


def _required_time(
    cells: Mapping[str, str], column: str, zone: ZoneInfo, wrong: list[Wrong]
) -> datetime | None:
    if not cells.get(column):
        wrong.append(_empty(column))
        return None
    return _time(cells, column, zone, wrong)


def _event(
    cells: Mapping[str, str],
    column: str,
    zone: ZoneInfo,
    opened: datetime | None,
    wrong: list[Wrong],
) -> datetime | None:
    at = _time(cells, column, zone, wrong)
    if at is not None and opened is not None and at < opened:
        wrong.append(
            Wrong(
                column,
                FactRule.BEFORE_OPENED,
                f"{column} {cells[column]} is before opened {cells['opened']}",
                "correct one of them; write the offset where a clock was set back",
            )
        )
    return at


def _time(
    cells: Mapping[str, str], column: str, zone: ZoneInfo, wrong: list[Wrong]
) -> datetime | None:
    text = cells.get(column)
    if not text:
        return None
    try:
        if TIME.fullmatch(text) is not None:
            at = datetime.fromisoformat(text)
            return instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    wrong.append(
        Wrong(column, FactRule.NOT_A_TIME, f"'{clipped(text)}' is not a time", TIME_REMEDY)
    )
    return None


def _empty(column: str) -> Wrong:
    return Wrong(
        column, FactRule.EMPTY_VALUE, f"`{column}` is empty", f"every fact needs `{column}`"
    )
