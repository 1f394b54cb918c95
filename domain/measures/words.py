"""Numbers, times and counted things in the words of reasons."""

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.terms.shape import Measure

NOUNS = (
    ("series", "sample"),
    ("intervals", "interval"),
    ("outages", "outage"),
    ("counts", "count"),
    ("surveys", "answer"),
    ("events", "event"),
)
"""The sources that have a name, and what one fact of each is called."""


def facts_of(measure: Measure, count: int) -> str:
    """`1 ticket`, `4,171 samples of arrivals`."""
    noun, name = _noun(measure)
    return many(count, noun) + ("" if name is None else f" of {name}")


def all_facts_of(measure: Measure) -> str:
    """`tickets`, `samples of arrivals`."""
    noun, name = _noun(measure)
    return f"{noun}s" + ("" if name is None else f" of {name}")


def _noun(measure: Measure) -> tuple[str, str | None]:
    for source, noun in NOUNS:
        if (name := getattr(measure, source)) is not None:
            return noun, name
    return "ticket", None


def many(count: int, noun: str) -> str:
    """`1 ticket`, `2,000 tickets`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def were(count: int) -> str:
    """The verb to so many."""
    return "was" if count == 1 else "were"


def number(value: Fraction, places: int = 6) -> str:
    """The number with separators, cut after so many places, without idle zeros."""
    scaled = (abs(value) * 10**places).__floor__()
    whole, tail = divmod(scaled, 10**places)
    digits = f"{tail:0{places}}".rstrip("0")
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole:,}.{digits}".rstrip(".")


def local(at: datetime, zone: ZoneInfo) -> str:
    """The local day and time, `2027-01-04 09:30`; with seconds where there are any."""
    there = at.astimezone(zone)
    return f"{there:%Y-%m-%d %H:%M:%S}" if there.second else f"{there:%Y-%m-%d %H:%M}"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *firsts, last = names
    return f"{', '.join(firsts)} and {last}" if firsts else last
