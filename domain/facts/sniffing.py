"""How the first lines of a CSV file seem to be written: which characters, and what separates columns.

A guess for a proposal that a person looks at; nothing is ever read by it alone.
"""

import csv
from collections.abc import Sequence
from typing import NamedTuple

from domain.facts.formats import COMMA, SEPARATORS, UTF_8

OTHER = "windows-1252"
"""What files that are no UTF-8 are mostly written in."""


class Begun(NamedTuple):
    """The beginning of a table: its header, rows below it, and how it seems to be written.

    `others` are further separators that would do.
    """

    header: list[str]
    rows: list[list[str]]
    separator: str = COMMA
    encoding: str = UTF_8
    others: tuple[str, ...] = ()


def encoding_of(lines: Sequence[bytes]) -> str:
    """UTF-8 if every line is; else the most likely other one."""
    try:
        b"".join(lines).decode(UTF_8)
    except UnicodeDecodeError:
        return OTHER
    return UTF_8


def separators_of(texts: Sequence[str]) -> list[str]:
    """The separators by which every row has as many cells as the header; most cells first.

    Empty when none gives more than one column.
    """
    counts = {each: _columns(texts, each) for each in SEPARATORS}
    return sorted(
        (each for each, count in counts.items() if count > 1), key=lambda each: -counts[each]
    )


def _columns(texts: Sequence[str], separator: str) -> int:
    """How many columns there are; 0 when rows differ, or cannot be told apart."""
    try:
        widths = {len(row) for row in csv.reader(texts, strict=True, delimiter=separator) if row}
    except csv.Error:
        return 0
    return widths.pop() if len(widths) == 1 else 0
