"""The strict reading of one cell: each reader takes its text and the agreement's zone."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NoReturn
from zoneinfo import ZoneInfo

from domain.facts import Decision
from domain.facts.rules import LONGEST_ID, FactRule
from domain.money import MoneyError, places_of
from domain.numbers import parse_decimal
from domain.terms.problems import clipped
from domain.zones import instant, midnight, zone_named


class CellError(ValueError):
    """A cell that cannot be read: by which rule, and what to do about it."""

    def __init__(self, rule: FactRule, message: str, remedy: str) -> None:
        """Keep what was said; the reader of the record knows the column."""
        super().__init__(message)
        self.rule, self.message, self.remedy = rule, message, remedy


def _refuse(rule: FactRule, text: str, message: str, remedy: str) -> NoReturn:
    raise CellError(rule, f"'{clipped(text)}' {message}", remedy)


COLUMN = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
"""Names that the terms can say: keys, and columns in `where` and `flag`."""

NAMING = "use lower-case letters, digits, `-` and `_`, beginning with a letter, 63 at most"


def identifier(text: str, _: ZoneInfo) -> str:
    """An id: visible text without a space at its ends."""
    if len(text) > LONGEST_ID or not text.isprintable() or text != text.strip():
        remedy = f"use 1 to {LONGEST_ID} visible characters, with no space before or after"
        _refuse(FactRule.NOT_AN_ID, text, "cannot be an id", remedy)
    return text


def series(text: str, _: ZoneInfo) -> str:
    """The name of a series, as the terms can say it."""
    if COLUMN.fullmatch(text) is None:
        _refuse(FactRule.NOT_A_SERIES, text, "cannot be the name of a series", NAMING)
    return text


def key(text: str, _: ZoneInfo) -> str:
    """A name that the terms can say."""
    if COLUMN.fullmatch(text) is None:
        _refuse(FactRule.NOT_A_KEY, text, "is not a name that an agreement can say", NAMING)
    return text


def plain(text: str, _: ZoneInfo) -> str:
    """Any text."""
    return text


# --- times

TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]"
    r"(:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

TIME_REMEDY = (
    "write year-month-day and the time, for example `2027-01-04 09:30` in the agreement's zone, "
    "or with an offset, `2027-01-04T09:30:00+01:00`"
)


TO_THE_HOUR = len("2027-01-04 09:")

WITHIN_AN_HOUR = {
    f"{minute:02}{second}": timedelta(minutes=minute, seconds=int(second[1:] or 0))
    for minute in range(60)
    for second in ("", *(f":{each:02}" for each in range(60)))
}
"""`30` and `30:15`, as what has passed since the hour."""

UTC_ZONE = zone_named("Etc/UTC")

WHOLE_HOUR = timedelta(hours=1) - timedelta(microseconds=1)


def time(text: str, zone: ZoneInfo) -> datetime:
    """A local time or one with an offset, as a UTC instant."""
    if text.endswith("Z"):
        since = WITHIN_AN_HOUR.get(text[TO_THE_HOUR:-1])
        hour = None if since is None else _hour(text[:TO_THE_HOUR], UTC_ZONE)
        return _time(text, zone) if hour is None or since is None else hour + since
    since = WITHIN_AN_HOUR.get(text[TO_THE_HOUR:])
    if since is not None:
        hour = _hour(text[:TO_THE_HOUR], zone)
        if hour is not None:
            return hour + since
    return _time(text, zone)


@lru_cache(maxsize=65_536)
def _hour(text: str, zone: ZoneInfo) -> datetime | None:
    """The instant at which a local hour begins; None when it is none, or the clocks change in it.

    Files of facts say the same hours again and again.
    """
    if TIME.fullmatch(f"{text}00") is None:
        return None
    try:
        at = datetime.fromisoformat(f"{text}00")
        first = instant(at, zone)
        runs_through = instant(at + WHOLE_HOUR, zone) - first == WHOLE_HOUR
    except (ValueError, OverflowError):
        return None
    return first if runs_through else None


def _time(text: str, zone: ZoneInfo) -> datetime:
    try:
        if TIME.fullmatch(text) is not None:
            at = datetime.fromisoformat(text)
            return instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    _refuse(FactRule.NOT_A_TIME, text, "is not a time", TIME_REMEDY)


def day_or_time(text: str, zone: ZoneInfo) -> datetime:
    """A time, or a local day for the instant at which it begins."""
    if len(text) == len("2027-01-04") and DAY.fullmatch(text) is not None:
        try:
            return midnight(date.fromisoformat(text), zone)
        except (ValueError, OverflowError):
            pass
    return time(text, zone)


# --- numbers


def decimal(text: str, _: ZoneInfo) -> Decimal:
    """A plain number. Zero has no sign: PostgreSQL keeps none."""
    try:
        return parse_decimal(text) or Decimal(0)
    except ValueError:
        remedy = "write digits with a point, for example 99.95; an empty cell says nothing"
        _refuse(FactRule.NOT_A_NUMBER, text, "is not a plain number", remedy)


def from_zero(text: str, zone: ZoneInfo) -> Decimal:
    """A number that is not negative."""
    number = decimal(text, zone)
    if number < 0:
        _refuse(FactRule.OUT_OF_RANGE, text, "is below zero", "write zero or more")
    return number


def above_zero(text: str, zone: ZoneInfo) -> Decimal:
    """A number above zero."""
    number = decimal(text, zone)
    if number <= 0:
        remedy = "write more than zero, or leave the fact out where there was nothing"
        _refuse(FactRule.OUT_OF_RANGE, text, "is not above zero", remedy)
    return number


def times(text: str, _: ZoneInfo) -> int:
    """How many times, at least once."""
    if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is None:
        remedy = "write at most nine digits, for example 24"
        _refuse(FactRule.NOT_A_WHOLE_NUMBER, text, "is not a whole number", remedy)
    if int(text) == 0:
        _refuse(FactRule.OUT_OF_RANGE, text, "is less than once", "write 1 or more")
    return int(text)


def percent(text: str, _: ZoneInfo) -> Decimal:
    """A percentage, with or without its sign."""
    try:
        return parse_decimal(text.removesuffix("%").removesuffix(" ")) or Decimal(0)
    except ValueError:
        remedy = "write for example 2.5, or `2.5 %`"
        _refuse(FactRule.NOT_A_PERCENTAGE, text, "is not a percentage", remedy)


def currency(text: str, _: ZoneInfo) -> str:
    """The code of a currency that we know."""
    try:
        places_of(text)
    except MoneyError:
        remedy = "write its ISO 4217 code in three capital letters, for example EUR"
        _refuse(FactRule.NOT_A_CURRENCY, text, "is not a currency that is known here", remedy)
    return text


NUMBERS = frozenset({decimal, from_zero, above_zero, percent})
"""The readers of exact numbers."""

TIMES = frozenset({time, day_or_time})
"""The readers of instants."""


# --- words

TRUTH = {"true": True, "false": False}


def flag(text: str, _: ZoneInfo) -> bool:
    """True or false, in capital letters too, as spreadsheets write it."""
    truth = TRUTH.get(text.lower())
    if truth is None:
        remedy = "write `true` or `false`"
        _refuse(FactRule.NOT_TRUE_OR_FALSE, text, "is neither true nor false", remedy)
    return truth


def decision(text: str, _: ZoneInfo) -> Decision:
    """What became of a claim."""
    try:
        return Decision(text)
    except ValueError:
        remedy = "write `approved`, `rejected` or `pending`"
        _refuse(FactRule.UNKNOWN_WORD, text, "is not a decision", remedy)
