"""Files of facts as a live agreement takes them: of every kind, and of several in one file."""

from zoneinfo import ZoneInfo

from domain.facts.columns import RECEIPT
from domain.facts.files import FactFile, open_facts
from gateway.requests import Document

UNTAKEN = tuple(column.name for column in RECEIPT)
"""Columns that facts cannot have here: the gateway stamps their receipt."""


def open_handed_in(document: Document, zone: ZoneInfo) -> FactFile:
    """Begin to read what was handed in; FactFileError when it cannot be read at all."""
    lines = document.raw.splitlines(keepends=True)
    return open_facts(lines, document.name, zone, untaken=UNTAKEN)
