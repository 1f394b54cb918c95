"""A year of a calendar, for people to approve: how much is open, and every day that is not as usual."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.opening_hours import Stated, compiled, day_of, last_holiday, stated
from domain.service_calendar import Opening, ServiceCalendar
from domain.terms.calendars import Calendar
from domain.zones import instant, local_date

MONTHS = 12


class Unusual(StrEnum):
    """Why a day is not like its weekday."""

    HOLIDAY = "holiday"
    CLOSED = "closed by the parties"
    WORKED_HOLIDAY = "holiday that is worked"
    OWN_HOURS = "hours of its own"
    SHORTER = "shorter: clocks change"
    LONGER = "longer: clocks change"
    NO_SUCH_DAY = "no such day in the zone"
    NEW_HOURS = "other terms from here on"


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A local day that is not like its weekday: why, what it is called, how long it is open."""

    day: date
    why: Unusual
    name: str | None
    open_s: int
    usual_s: int


@dataclass(frozen=True, slots=True)
class Month:
    """What of a month is open: working days, and seconds."""

    month: int
    working_days: int
    open_s: int


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """A year of a calendar in its zone. Hours across midnight count to the day they start on.

    `holidays_until` is the last holiday that the calendar knows; after it none are skipped.
    """

    year: int
    zone: str
    months: tuple[Month, ...]
    unusual: tuple[UnusualDay, ...]
    holidays_until: date | None

    @property
    def working_days(self) -> int:
        """Days on which hours start."""
        return sum(each.working_days for each in self.months)

    @property
    def open_s(self) -> int:
        """Seconds that are open."""
        return sum(each.open_s for each in self.months)


def year_of(calendar: Calendar, zone: ZoneInfo, year: int) -> CalendarYear:
    """A year of a calendar; `zone` is the agreement's, where the calendar names none."""
    service = compiled(calendar, zone)
    said = stated(calendar)
    days = [date(year, 1, 1) + timedelta(days=step) for step in range(_length(year))]
    lengths = {day: _open_s(service, day) for day in days}
    months = tuple(
        Month(
            month,
            sum(1 for day in days if day.month == month and service.is_working_day(day)),
            sum(lengths[day] for day in days if day.month == month),
        )
        for month in range(1, MONTHS + 1)
    )
    unusual = tuple(each for day in days for each in _unusual(service, said, day, lengths[day]))
    return CalendarYear(year, service.zone.key, months, unusual, last_holiday(calendar))


def _length(year: int) -> int:
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def _open_s(service: ServiceCalendar, day: date) -> int:
    lengths = (end - start for start, end in service.hours_of(day) if start < end)
    return sum(lengths, timedelta()) // timedelta(seconds=1)


def _unusual(
    service: ServiceCalendar, said: tuple[Stated, ...], day: date, open_s: int
) -> Iterator[UnusualDay]:
    """Why a day is not as usual; a holiday on a day that is closed anyway is as usual."""
    terms = [each for each in said if each.since <= day][-1]
    rules = service.rules_on(day)
    usual = _nominal(rules.week[day.weekday()])
    name = terms.name_of(day)

    def told(why: Unusual) -> UnusualDay:
        return UnusualDay(day, why, name, open_s, usual)

    if terms.since == day:
        yield told(Unusual.NEW_HOURS)
    nominal = _nominal(rules.openings(day))
    if (
        nominal
        and local_date(instant(datetime.combine(day, time(12)), service.zone), service.zone) != day
    ):
        yield told(Unusual.NO_SUCH_DAY)
        return
    if day in rules.extra:
        yield told(Unusual.OWN_HOURS)
    elif usual and day in rules.closed:
        holidays = {*map(day_of, terms.holidays)}
        yield told(Unusual.HOLIDAY if day in holidays else Unusual.CLOSED)
    elif usual and day in terms.drop:
        yield told(Unusual.WORKED_HOLIDAY)
    if open_s != nominal:
        yield told(Unusual.SHORTER if open_s < nominal else Unusual.LONGER)


def _nominal(openings: tuple[Opening, ...]) -> int:
    """The seconds of hours on a day on which no clock changes."""
    return sum(end - start for start, end in openings) * 60
