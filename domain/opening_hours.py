"""The calendars of the terms: compiled for reckoning, and what is wrong with them.

Holidays are a snapshot of dates that both parties saw, so that no release of a library of holidays
ever moves a deadline. `add` and `drop` say where the parties differ from it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from domain.service_calendar import AROUND_THE_CLOCK, DAY, Opening, Rules, ServiceCalendar, Week
from domain.terms.calendars import (
    Calendar,
    CalendarVersion,
    ClosedDay,
    ExtraDay,
    NamedDay,
    WeeklyHours,
)
from domain.zones import zone_named

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Stated:
    """All that holds from a local day on: what a version leaves out is as it was before."""

    since: date
    hours: WeeklyHours
    holidays: tuple[ClosedDay, ...]
    add: tuple[ClosedDay, ...]
    drop: tuple[date, ...]
    extra: tuple[ExtraDay, ...]

    @property
    def closed(self) -> frozenset[date]:
        """The days that are closed whatever their weekday."""
        return frozenset(map(day_of, self.holidays)) - {*self.drop} | {*map(day_of, self.add)}

    def name_of(self, day: date) -> str | None:
        """What a day is called, if it has a name."""
        named = (*self.extra, *self.add, *self.holidays)
        return next((_name(each) for each in named if day_of(each) == day and _name(each)), None)


def day_of(said: ClosedDay) -> date:
    """The local day, with a name or without."""
    return said.on if isinstance(said, NamedDay) else said


def _name(said: ClosedDay) -> str | None:
    return said.name if isinstance(said, NamedDay) else None


def stated(calendar: Calendar) -> tuple[Stated, ...]:
    """What a calendar says from the first day on, and with each of its versions."""
    found = [
        Stated(
            date.min,
            calendar.hours,
            calendar.holidays,
            calendar.add,
            calendar.drop,
            calendar.extra,
        )
    ]
    for version in calendar.versions:
        found.append(_changed(found[-1], version))
    return tuple(found)


def _changed(before: Stated, version: CalendarVersion) -> Stated:
    return Stated(
        version.effective_from,
        before.hours if version.hours is None else version.hours,
        before.holidays if version.holidays is None else version.holidays,
        before.add if version.add is None else version.add,
        before.drop if version.drop is None else version.drop,
        before.extra if version.extra is None else version.extra,
    )


# --- compiled


def compiled(calendar: Calendar, zone: ZoneInfo) -> ServiceCalendar:
    """The calendar of the terms, in its own zone or else in `zone`, the agreement's.

    Hours of several keys for one day add up. ValueError for what `calendar_problems` names, but
    for overlaps, which are merged, and for no hours at all, which are never open.
    """
    own = zone if calendar.zone is None else zone_named(calendar.zone)
    return ServiceCalendar([_rules(each) for each in stated(calendar)], own)


def _rules(said: Stated) -> Rules:
    extra = {each.on: tuple(map(_opening, _texts(each.hours))) for each in said.extra}
    return Rules(said.since, _week(said.hours), said.closed, extra)


def _week(hours: WeeklyHours) -> Week:
    if isinstance(hours, str):
        return AROUND_THE_CLOCK
    week: list[list[Opening]] = [[] for _ in WEEKDAYS]
    for key, said in hours.items():
        for day in weekdays(key):
            week[day].extend(map(_opening, _texts(said)))
    return tuple(map(tuple, week))


def weekdays(key: str) -> tuple[int, ...]:
    """The weekdays of `mon`, `mon-fri`, `fri-mon` or `mon,wed`, from 0; ValueError says how."""
    days: list[int] = []
    for part in key.split(","):
        first, dash, last = part.strip().partition("-")
        last = last if dash else first
        if first not in WEEKDAYS or last not in WEEKDAYS:
            msg = f"`{key}` names no weekdays; write for example `mon`, `mon-fri` or `mon,wed`"
            raise ValueError(msg)
        start = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last) - start) % len(WEEKDAYS) + 1
        days.extend((start + step) % len(WEEKDAYS) for step in range(length))
    return tuple(dict.fromkeys(days))


def _texts(said: Sequence[str] | str) -> Sequence[str]:
    return (said,) if isinstance(said, str) else said


def _opening(text: str) -> Opening:
    """Read `08:00-18:00`; what ends before it starts ends on the next day."""
    start, end = (int(hours) * 60 + int(minutes) for hours, minutes in _clock_times(text))
    if end > DAY:
        msg = f"{text} ends after 24:00; write the time of the next day, for example 22:00-06:00"
        raise ValueError(msg)
    if start == end:
        msg = f"{text} is no time at all; a whole day is 00:00-24:00"
        raise ValueError(msg)
    return start, end if start < end else end + DAY


def _clock_times(text: str) -> Iterator[list[str]]:
    return (part.split(":") for part in text.split("-"))


# --- what is wrong


@dataclass(slots=True)
class _Read:
    """Hours as they are read: openings by day, and what could not be read."""

    days: dict[str, list[tuple[Opening, str]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def take(self, key: str, days: Iterable[str], said: Sequence[str] | str) -> None:
        """Read the hours of some days."""
        if not _texts(said):
            self.problems.append(f"`{key}` has no hours; leave out a day that is closed")
        for text in _texts(said):
            try:
                opening = _opening(text)
            except ValueError as error:
                self.problems.append(f"`{key}`: {error}")
                continue
            for day in days:
                self.days.setdefault(day, []).append((opening, text))

    def overlaps(self) -> list[str]:
        """The neighbouring hours that overlap within a day, each pair once with all its days."""
        found: dict[tuple[str, str], list[str]] = {}
        for day, openings in self.days.items():
            for ((_, end), one), ((start, _), other) in pairwise(sorted(openings)):
                if start < end:
                    found.setdefault((one, other), []).append(day)
        return [
            f"{one} and {other} overlap on {', '.join(days)}; let one end before the other starts"
            for (one, other), days in found.items()
        ]


def calendar_problems(calendar: Calendar) -> list[str]:
    """What is wrong with a calendar, a sentence each; none: it can be compiled."""
    problems = _of_hours(calendar.hours)
    for version in calendar.versions:
        if version.hours is not None:
            problems += [
                f"from {version.effective_from}: {each}" for each in _of_hours(version.hours)
            ]
    for before, after in pairwise(calendar.versions):
        if before.effective_from >= after.effective_from:
            problems.append(
                f"the version from {after.effective_from} stands behind that from "
                f"{before.effective_from}; write versions in the order of their days, each day once"
            )
    seen: dict[str, None] = {}
    for each in stated(calendar):
        seen |= dict.fromkeys(_of_days(each))
    return [*problems, *seen]


def _of_hours(hours: WeeklyHours) -> list[str]:
    if isinstance(hours, str):
        return []
    read = _Read({day: [] for day in WEEKDAYS})
    if not hours:
        read.problems.append("it has no hours; write for example `mon-fri`")
    for key, said in hours.items():
        days: tuple[int, ...] = ()
        try:
            days = weekdays(key)
        except ValueError as error:
            read.problems.append(str(error))
        read.take(key, [WEEKDAYS[day] for day in days], said)
    return read.problems + read.overlaps()


def _of_days(said: Stated) -> Iterator[str]:
    """Days that are said twice, dropped without being there, or both closed and open."""
    for name, days in _lists(said).items():
        for day in sorted({each for each in days if days.count(each) > 1}):
            yield f"`{name}` has {day} twice; leave one out"
    holidays, added = (_lists(said)[name] for name in ("holidays", "add"))
    for day in said.drop:
        if day not in holidays:
            yield f"`drop` names {day}, which is no holiday; name one of `holidays`"
    for day in added:
        if day in holidays and day not in said.drop:
            yield f"`add` names {day}, which is a holiday already; leave it out"
    for extra in said.extra:
        if extra.on in added:
            yield f"{extra.on} is closed by `add` and open by `extra`; keep one of them"
        read = _Read()
        read.take(f"extra {extra.on}", [f"{extra.on}"], extra.hours)
        yield from read.problems + read.overlaps()


def _lists(said: Stated) -> Mapping[str, list[date]]:
    return {
        "holidays": [*map(day_of, said.holidays)],
        "add": [*map(day_of, said.add)],
        "drop": [*said.drop],
        "extra": [each.on for each in said.extra],
    }


def last_holiday(calendar: Calendar) -> date | None:
    """The last holiday that a calendar knows; None where it knows none."""
    return max((day_of(day) for each in stated(calendar) for day in each.holidays), default=None)
