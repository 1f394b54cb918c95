"""Measurement periods: half-open local calendar windows, `[start, end)`, in an agreement's zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.spans import add_months
from domain.zones import local_date, midnight


class Every(StrEnum):
    """How often a KPI is measured."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Period:
    """One measurement period. Weeks begin on Monday (ISO 8601) and are named by their ISO week."""

    key: str
    start: datetime
    end: datetime


def first_day(every: Every, day: date) -> date:
    """The first day of the period that `day` falls in."""
    match every:
        case Every.DAY:
            return day
        case Every.WEEK:
            return day - timedelta(days=day.weekday())
        case Every.MONTH:
            return day.replace(day=1)
        case Every.QUARTER:
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)


def next_first_day(every: Every, first: date) -> date:
    """The first day of the period after the one that begins on `first`."""
    match every:
        case Every.DAY:
            return first + timedelta(days=1)
        case Every.WEEK:
            return first + timedelta(weeks=1)
        case Every.MONTH:
            return add_months(first, 1)
        case Every.QUARTER:
            return add_months(first, 3)


def period_key(every: Every, first: date) -> str:
    """`2027-01-05`, `2027-W01`, `2027-01` or `2027-Q1`."""
    match every:
        case Every.DAY:
            return first.isoformat()
        case Every.WEEK:
            year, week, _ = first.isocalendar()
            return f"{year}-W{week:02}"
        case Every.MONTH:
            return f"{first:%Y-%m}"
        case Every.QUARTER:
            return f"{first.year}-Q{(first.month + 2) // 3}"


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
