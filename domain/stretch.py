"""Stretches of time over which results are counted: rolling, fixed, or so many periods."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.periods import COUNTED, Every, first_day
from domain.spans import Span, Unit, after, before, parse_span
from domain.zones import local_date, midnight


class Fixed(StrEnum):
    """Stretches that begin anew on fixed days. A contract year begins on a day of the term's first."""

    CONTRACT_YEAR = "contract year"
    CALENDAR_YEAR = "calendar year"
    CALENDAR_QUARTER = "calendar quarter"
    CALENDAR_MONTH = "calendar month"
    TERM = "term"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One of three: `span`, rolling back from a period's end; `periods`, the last so many; `fixed`."""

    span: Span | None = None
    periods: int | None = None
    fixed: Fixed | None = None

    def __str__(self) -> str:
        """Write it as the agreement does."""
        if self.periods is not None:
            return "1 period" if self.periods == 1 else f"{self.periods} periods"
        return str(self.span or self.fixed)

    def begins(self, end: datetime, zone: ZoneInfo, first: date) -> datetime:
        """The instant from which it reaches to `end`; `first` is the first day of the term.

        Not for a number of periods, which only the run of results knows.
        """
        if self.span is not None:
            return before(end, self.span, zone)
        # The stretch that holds the last instant before `end`.
        day = local_date(before(end, Span(1, Unit.SECOND), zone), zone)
        match self.fixed:
            case Fixed.CONTRACT_YEAR:
                return midnight(first_day(Every(Every.YEAR.span, first), day), zone)
            case Fixed.TERM:
                return midnight(first, zone)
            case None:
                msg = f"{self} is no stretch of the calendar"
                raise ValueError(msg)
            case fixed:
                return midnight(first_day(CALENDAR[fixed], day), zone)

    def is_over(self, at: datetime, zone: ZoneInfo, first: date) -> bool:
        """Whether it is whole at an instant: a fixed one at its end, the others at any."""
        if self.fixed in {None, Fixed.TERM}:
            return True
        return self.begins(after(at, Span(1, Unit.SECOND), zone), zone, first) >= at


CALENDAR = {
    Fixed.CALENDAR_YEAR: Every.YEAR,
    Fixed.CALENDAR_QUARTER: Every.QUARTER,
    Fixed.CALENDAR_MONTH: Every.MONTH,
}

PERIODS = re.compile(r"([1-9][0-9]{0,3}) periods?")


def parse_stretch(text: str) -> Stretch:
    """Read `6 months`, `9 periods` or `contract year`; ValueError names the accepted forms."""
    said = text.strip()
    if (match := PERIODS.fullmatch(said)) is not None:
        return Stretch(periods=int(match[1]))
    if said in set(Fixed):
        return Stretch(fixed=Fixed(said))
    try:
        span = parse_span(said)
    except ValueError:
        span = Span(0, Unit.DAY)
    if span.amount == 0 or span.unit not in COUNTED:
        msg = (
            f"'{text}' is not a stretch of time; write for example `6 months`, `9 periods` "
            f"or one of `{'`, `'.join(Fixed)}`"
        )
        raise ValueError(msg)
    return Stretch(span=span)
