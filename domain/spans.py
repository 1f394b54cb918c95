"""Lengths of time as agreements write them: `4 h`, `10 days`, `2 months`."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.zones import instant


class Unit(StrEnum):
    """Exact units are elapsed time; calendar units keep the local clock time.

    Working days need a calendar: `domain.service_calendar` counts them.
    """

    SECOND = "s"
    MINUTE = "min"
    HOUR = "h"
    DAY = "day"
    WORKING_DAY = "working day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


SECONDS = {Unit.SECOND: 1, Unit.MINUTE: 60, Unit.HOUR: 3600}
"""Seconds in each exact unit. A day is not among them: across daylight saving it is 23 or 25 hours."""

FORM = re.compile(r"([0-9]{1,6}) ?(s|min|h|(?:working )?days?|weeks?|months?|years?)")


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of one unit, never negative."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        """Write the span as the agreement does."""
        plural = "s" if self.amount != 1 and self.unit not in SECONDS else ""
        return f"{self.amount} {self.unit}{plural}"


def parse_span(text: str) -> Span:
    """Read `4 h`, `30 min`, `10 days`, `1 week`, `2 months`; ValueError names the accepted form."""
    match = FORM.fullmatch(text.strip())
    if match is None:
        msg = f"'{text}' is not a length of time; write for example `4 h`, `10 days` or `2 months`"
        raise ValueError(msg)
    unit = match[2] if match[2] in SECONDS else match[2].removesuffix("s")
    return Span(int(match[1]), Unit(unit))


def add_months(day: date, months: int) -> date:
    """The same day of another month, clamped to its last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def shift(day: date, span: Span, sign: int = 1) -> date:
    """The date a calendar span after `day` (before it, with `sign` -1)."""
    amount = sign * span.amount
    match span.unit:
        case Unit.DAY:
            return day + timedelta(days=amount)
        case Unit.WEEK:
            return day + timedelta(weeks=amount)
        case Unit.MONTH:
            return add_months(day, amount)
        case Unit.YEAR:
            return add_months(day, 12 * amount)
        case _:
            msg = f"{span} is not a number of days"
            raise ValueError(msg)


def after(at: datetime, span: Span, zone: ZoneInfo, sign: int = 1) -> datetime:
    """The UTC instant a span after `at`: hours elapse, days keep the local clock time."""
    if span.unit in SECONDS:
        return at.astimezone(UTC) + sign * timedelta(seconds=span.amount * SECONDS[span.unit])
    if span.amount == 0:  # else the second of two equal hours would become the first
        return at.astimezone(UTC)
    local = at.astimezone(zone)
    day = shift(local.date(), span, sign)
    return instant(datetime.combine(day, local.time()), zone)


def before(at: datetime, span: Span, zone: ZoneInfo) -> datetime:
    """The UTC instant a span before `at`."""
    return after(at, span, zone, -1)


def months_of(span: Span) -> int:
    """The months of a span of months or years; zero of any other."""
    return span.amount * {Unit.MONTH: 1, Unit.YEAR: 12}.get(span.unit, 0)


def most_days(span: Span) -> int:
    """So many days at most, wherever in the calendar the span lies; not of working days."""
    if span.unit in SECONDS:
        return -(-span.amount * SECONDS[span.unit] // 86_400)
    years, months = divmod(months_of(span), 12)
    return 366 * years + 31 * months + _days_of(span)


def fewest_days(span: Span) -> int:
    """So many whole days at least, wherever in the calendar the span lies; not of working days."""
    if span.unit in SECONDS:
        return span.amount * SECONDS[span.unit] // 86_400
    years, months = divmod(months_of(span), 12)
    return 365 * years + 30 * months - 2 * bool(months) + _days_of(span)


def _days_of(span: Span) -> int:
    return span.amount * {Unit.DAY: 1, Unit.WEEK: 7}.get(span.unit, 0)
