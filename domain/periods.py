"""Measurement periods: half-open local calendar windows, `[start, end)`, in an agreement's zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from domain.spans import Span, Unit, parse_span, shift
from domain.zones import local_date, midnight


@dataclass(frozen=True, slots=True)
class Every:
    """How often something is measured or settled, from the first local day of each period.

    Without an anchor the periods are those of the calendar. With one they are counted from it, in
    both directions, by whole spans; months from the 31st begin on the last day of shorter months.
    """

    span: Span
    anchor: date | None = None

    DAY: ClassVar["Every"]
    WEEK: ClassVar["Every"]
    MONTH: ClassVar["Every"]
    QUARTER: ClassVar["Every"]
    HALF_YEAR: ClassVar["Every"]
    YEAR: ClassVar["Every"]

    def __str__(self) -> str:
        """Write it as the agreement does."""
        name = NAMES.get(self.span, str(self.span))
        return name if self.anchor is None else f"{name} from {self.anchor}"


Every.DAY = Every(Span(1, Unit.DAY))
Every.WEEK = Every(Span(1, Unit.WEEK))
Every.MONTH = Every(Span(1, Unit.MONTH))
Every.QUARTER = Every(Span(3, Unit.MONTH))
Every.HALF_YEAR = Every(Span(6, Unit.MONTH))
Every.YEAR = Every(Span(12, Unit.MONTH))

NAMES = {
    Every.DAY.span: "day",
    Every.WEEK.span: "week",
    Every.MONTH.span: "month",
    Every.QUARTER.span: "quarter",
    Every.HALF_YEAR.span: "half_year",
    Every.YEAR.span: "year",
}
"""The rhythms of the calendar, and their names in an agreement."""

SPANS = {name: span for span, name in NAMES.items()}

EVERY = re.compile(r"(?P<rhythm>.+?)(?: from (?P<anchor>[0-9]{4}-[0-9]{2}-[0-9]{2}))?")

COUNTED = frozenset({Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR})
"""The units of which so many can make a period."""

ANCHORS = (date(1900, 1, 1), date(2199, 12, 31))
"""Between these lies every anchor, so that no sum of dates overflows."""


def parse_every(text: str) -> Every:
    """Read `month`, `month from 2027-01-16` or `2 weeks from 2027-01-04`; ValueError says how."""
    match = EVERY.fullmatch(text.strip())
    rhythm = match["rhythm"] if match else ""
    span = SPANS.get(rhythm) or _counted(rhythm)
    if match is None or span is None:
        msg = (
            f"'{text}' is not a rhythm; write `{'`, `'.join(SPANS)}`, "
            "or for example `2 weeks from 2027-01-04`"
        )
        raise ValueError(msg)
    if match["anchor"] is not None:
        return Every(span, _anchor(match["anchor"]))
    if rhythm not in SPANS:
        msg = f"'{text}' does not say from when; write for example `{rhythm} from 2027-01-04`"
        raise ValueError(msg)
    return Every(span)


def _counted(text: str) -> Span | None:
    """A number of days, weeks or months; years as months, so that equal rhythms are equal."""
    try:
        span = parse_span(text)
    except ValueError:
        return None
    if span.amount == 0 or span.unit not in COUNTED:
        return None
    return Span(12 * span.amount, Unit.MONTH) if span.unit == Unit.YEAR else span


def _anchor(text: str) -> date:
    first, last = ANCHORS
    try:
        if first <= (day := date.fromisoformat(text)) <= last:
            return day
    except ValueError:
        pass
    msg = f"'{text}' is not a calendar date; write year-month-day, for example 2027-01-04"
    raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Period:
    """One measurement period. Weeks begin on Monday (ISO 8601) and are named by their ISO week."""

    key: str
    start: datetime
    end: datetime


def first_day(every: Every, day: date) -> date:
    """The first day of the period that `day` falls in."""
    if every.anchor is not None:
        return _nth(every.span, every.anchor, _index(every.span, every.anchor, day))
    match every.span:
        case Span(unit=Unit.DAY):
            return day
        case Span(unit=Unit.WEEK):
            return day - timedelta(days=day.weekday())
        case Span(amount=months):
            return day.replace(month=day.month - (day.month - 1) % months, day=1)


def next_first_day(every: Every, first: date) -> date:
    """The first day of the period after the one that begins on `first`."""
    if every.anchor is not None:
        return _nth(every.span, every.anchor, _index(every.span, every.anchor, first) + 1)
    return shift(first, every.span)


def _nth(span: Span, anchor: date, index: int) -> date:
    """The first day of the period so many after the anchor's; before it when negative.

    Counted from the anchor each time, so that a short month does not move the ones after it.
    """
    sign = 1 if index >= 0 else -1
    return shift(anchor, Span(abs(index) * span.amount, span.unit), sign)


def _index(span: Span, anchor: date, day: date) -> int:
    """How many periods after the anchor's the one of `day` is."""
    if span.unit == Unit.MONTH:
        index = ((day.year - anchor.year) * 12 + day.month - anchor.month) // span.amount
    else:
        index = (day - anchor) // (shift(anchor, span) - anchor)
    return index if _nth(span, anchor, index) <= day else index - 1


def period_key(every: Every, first: date) -> str:
    """`2027-01-05`, `2027-W01`, `2027-01`, `2027-Q1`, `2027-H1`, `2027`; anchored: the first day."""
    if every.anchor is not None:
        return first.isoformat()
    match NAMES[every.span]:
        case "week":
            year, week, _ = first.isocalendar()
            return f"{year}-W{week:02}"
        case "month":
            return f"{first:%Y-%m}"
        case "quarter":
            return f"{first.year}-Q{(first.month + 2) // 3}"
        case "half_year":
            return f"{first.year}-H{(first.month + 5) // 6}"
        case "year":
            return f"{first:%Y}"
        case _:
            return first.isoformat()


def periods(every: Every, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Period]:
    """Every period that overlaps `[start, end)`, in order; the first and last are clipped to it.

    A day that a zone skipped (Samoa, 2011-12-30) has no instants, and so is no period.
    """
    first = first_day(every, local_date(start, zone))
    while (opens := midnight(first, zone)) < end:
        following = next_first_day(every, first)
        begins, ends = max(opens, start), min(midnight(following, zone), end)
        if begins < ends:
            yield Period(period_key(every, first), begins, ends)
        first = following
