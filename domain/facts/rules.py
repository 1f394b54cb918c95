"""The rules that files of facts can break, and how much one may hold."""

from dataclasses import dataclass
from enum import StrEnum


class FactRule(StrEnum):
    """Every rule that a file of facts can break. The ids are stable. See `docs/facts.md`."""

    # The file.
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
    TOO_LARGE = "too-large"
    TOO_MANY_ROWS = "too-many-rows"
    LINE_TOO_LONG = "line-too-long"
    NOT_A_WORKBOOK = "not-a-workbook"
    UNKNOWN_SHEET = "unknown-sheet"
    ERROR_IN_CELL = "error-in-cell"
    FORMULA_WITHOUT_VALUE = "formula-without-value"

    # The columns.
    DUPLICATE_COLUMN = "duplicate-column"
    UNKNOWN_COLUMN = "unknown-column"
    MISSING_COLUMN = "missing-column"

    # One cell.
    EMPTY_VALUE = "empty-value"
    NOT_AN_ID = "not-an-id"
    NOT_A_SERIES = "not-a-series"
    NOT_A_KEY = "not-a-key"
    NOT_A_TIME = "not-a-time"
    NOT_A_NUMBER = "not-a-number"
    NOT_A_WHOLE_NUMBER = "not-a-whole-number"
    NOT_A_PERCENTAGE = "not-a-percentage"
    NOT_A_CURRENCY = "not-a-currency"
    NOT_TRUE_OR_FALSE = "not-true-or-false"
    UNKNOWN_WORD = "unknown-word"
    UNMAPPED_VALUE = "unmapped-value"
    OUT_OF_RANGE = "out-of-range"

    # Cells that belong together.
    BEFORE_OPENED = "before-opened"
    END_NOT_AFTER_START = "end-not-after-start"
    ONE_NEEDED = "one-needed"
    EXACTLY_ONE = "exactly-one"
    NUM_WITHOUT_DEN = "num-without-den"

    # Facts that belong together.
    DUPLICATE_ID = "duplicate-id"
    UNKNOWN_CORRECTION = "unknown-correction"
    CIRCULAR_CORRECTION = "circular-correction"
    AMBIGUOUS_CORRECTION = "ambiguous-correction"
    TOO_MANY_WAITING = "too-many-waiting"

    # What a live agreement does not take.
    NOT_YET_TAKEN = "not-yet-taken"
    ARCHIVED = "archived"

    # What is set aside for a person to judge.
    FUTURE = "future"
    LATE = "late"
    OUTSIDE_TERM = "outside-term"
    OUT_OF_ORDER = "out-of-order"
    NAME_IN_NO_EDITION = "name-in-no-edition"
    OTHER_PARTY = "other-party"


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

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes: as many as a row of the longest cells has."""

MOST_ROWS = 50_000_000

MOST_WAITING = 500_000
"""So many ids may wait for the last of their rows."""

OF_JUDGEMENT = frozenset(
    {
        FactRule.DUPLICATE_ID,
        FactRule.FUTURE,
        FactRule.LATE,
        FactRule.OUTSIDE_TERM,
        FactRule.OUT_OF_ORDER,
        FactRule.NAME_IN_NO_EDITION,
        FactRule.OTHER_PARTY,
    }
)
"""What a fact can break that is well written: a person may take it in all the same."""

MOST_COLUMNS = 200
