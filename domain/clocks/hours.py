"""In which time a limit counts, from when on, and until when that reaches.

Lengths in hours, minutes and seconds are of open hours. Days, weeks, months and years keep the
local clock time of the beginning and run around the clock, whatever the calendar; working days run
from midnight to midnight of working days.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.service_calendar import (
    ALWAYS,
    NeverOpenError,
    ServiceCalendar,
    later,
    monday_to_friday,
)
from domain.spans import SECONDS, Span, Unit
from domain.terms.calendars import Limits, Start, TicketClock

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Basis:
    """The time in which a length counts, and how to say so."""

    hours: ServiceCalendar = field(repr=False)
    how: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """The compiled calendars by key, the agreement's zone, and its working days."""

    calendars: Mapping[str, ServiceCalendar]
    zone: ZoneInfo
    working: ServiceCalendar | None = None

    def basis(self, clock: TicketClock, limits: Limits) -> Basis:
        """The time in which a limit of the clock counts."""
        key, unit = calendar_of(clock, limits), limits.within.unit
        own = None if key is None else self.calendars[key]
        if unit == Unit.WORKING_DAY:
            days = own or self.working or monday_to_friday(self.zone)
            return Basis(days.whole_days, "on working days")
        if own is not None and unit in SECONDS:
            return Basis(own, f"in the open hours of `{key}`")
        return Basis(ALWAYS, "around the clock")

    def begins(self, clock: TicketClock, limits: Limits, since: datetime) -> datetime:
        """From when on the clock counts: at once, or with the first open hour."""
        key = calendar_of(clock, limits)
        if clock.starts == Start.OPENED or key is None:
            return since
        # What comes a microsecond after `since` in open time lies in the first open hour.
        found = added(self.calendars[key], since, Fraction(1, 1_000_000))
        return since if found is None else found - MICROSECOND


def calendars_of(clock: TicketClock) -> set[str]:
    """Every calendar in which the clock may run."""
    found = {calendar_of(clock, limits) for limits in clock.limits}
    return {key for key in found if key is not None}


def calendar_of(clock: TicketClock, limits: Limits) -> str | None:
    """The calendar of a limit, or else of its clock."""
    return clock.calendar if limits.calendar is None else limits.calendar


def due(
    within: Span, since: datetime, hours: ServiceCalendar, zone: ZoneInfo
) -> tuple[datetime | None, Fraction]:
    """The deadline of a clock that never pauses, and the seconds that it may run."""
    if within.unit in SECONDS:
        seconds = Fraction(within.amount * SECONDS[within.unit])
        return added(hours, since, seconds), seconds
    at = later(since, within, zone, hours)
    return at, hours.elapsed(since, at)


def added(hours: ServiceCalendar, at: datetime, seconds: Fraction) -> datetime | None:
    """So many open seconds later; None when the calendar is not open for so long."""
    try:
        return hours.add(at, seconds)
    except NeverOpenError:
        return None
