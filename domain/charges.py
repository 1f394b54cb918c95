"""What is charged, line by line and settlement period by settlement period, in exact minor units.

Facts of charges go before the amounts that the terms schedule. Money is a `Fraction` here: it is
rounded only where a line of the ledger is made of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.facts import ChargeFact
from domain.money import Money, minor_units, places_of, whole_units
from domain.numbers import RoundingMode, rounded
from domain.periods import Every, Period, first_day, next_first_day, periods
from domain.results import Trouble
from domain.spans import Span, Unit, shift
from domain.stretch import Fixed, Stretch
from domain.terms.remedies import Base
from domain.terms.shape import Line, Terms
from domain.timeline import Timeline, term_ends_at, term_starts_at
from domain.zones import local_date, midnight, zone_named

SERVICE, ALL = "service", "all"
"""The line that `charges.amount` is, and the sum of all lines."""

NEVER = datetime.max.replace(tzinfo=UTC)
MONTH = Span(1, Unit.MONTH)

PLACES = 6
"""Decimal places at which an amount that never ends is cut for people."""

MANY = 4
"""Of more parts than these a reader wants only the sum."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a charge, in minor units, and how it comes about; `plain` if nothing was shared."""

    minor: Fraction
    said: str
    plain: bool


class ChargeBook:
    """The charges of an agreement: what its editions schedule, and what facts say was charged.

    Settlement periods are those of `charges.per` in the edition in force as they begin, calendar
    months without charges. They begin with the term, and are cut where the term ends and where an
    edition splits periods. After the end of the term the schedule goes on, for who stays on.
    """

    def __init__(
        self,
        timeline: Timeline,
        facts: Iterable[ChargeFact] = (),
        ends_at: datetime | None = None,
    ) -> None:
        """`ends_at` is the end of the term where it was renewed; what the terms say if silent."""
        self.timeline = timeline
        self.zone = zone_named(timeline.latest.zone)
        self.begins_at = term_starts_at(timeline.editions[0].terms)
        self.ends_at = ends_at or term_ends_at(timeline.latest)
        known = sorted(facts, key=lambda fact: (fact.start, fact.id))
        self.currency = _currency(timeline, known)
        self.troubles = tuple(
            Trouble(
                f"charge {fact.id}",
                f"it is in {fact.currency}, but the charges are in {self.currency}: left out",
                f"give it in {self.currency}",
            )
            for fact in known
            if fact.currency != self.currency
        )
        self._facts: dict[str, list[ChargeFact]] = {}
        for fact in known:
            if fact.currency == self.currency:
                self._facts.setdefault(fact.line, []).append(fact)
        self._settled: list[Period] = []
        self._ends: list[datetime] = []
        self._parts: dict[tuple[str, datetime, datetime], tuple[Part, ...] | None] = {}

    def settlements(self, start: datetime, end: datetime) -> list[Period]:
        """Every settlement period that overlaps `[start, end)`, in order and whole."""
        self._walk_to(end)
        first = bisect_right(self._ends, start)
        return [each for each in self._settled[first:] if each.start < end]

    def settlement_of(self, end: datetime) -> Period:
        """The one that holds the last instant before `end`; the first for what came before."""
        self._walk_to(end)
        return self._settled[bisect_left(self._ends, end)]

    def basis(self, base: Base, settlement: Period) -> Period:
        """The period whose charge a percentage is taken of."""
        match base.period:
            case "same":
                return settlement
            case "next":
                return self.settlement_of(settlement.end + timedelta(microseconds=1))
            case "year":
                return self._year(Fixed.CALENDAR_YEAR, settlement)
            case "contract_year":
                return self._year(Fixed.CONTRACT_YEAR, settlement)

    def charge(self, line: str, period: Period) -> Fraction | None:
        """What the line charges in the period, in minor units; None when that is not known.

        Before the term nothing is charged. A longer period is the sum of its settlement periods.
        """
        parts = self.parts(line, period)
        return None if parts is None else sum((part.minor for part in parts), Fraction(0))

    def parts(self, line: str, period: Period) -> tuple[Part, ...] | None:
        """How the charge of the period comes about."""
        key = (line, period.start, period.end)
        if key not in self._parts:
            found: list[Part] | None = []
            for each in self.settlements(period.start, period.end):
                piece = Period(each.key, max(each.start, period.start), min(each.end, period.end))
                parts = self._of_piece(line, piece)
                found = None if found is None or parts is None else found + parts
            self._parts[key] = None if found is None else tuple(found)
        return self._parts[key]

    def knows(self, line: str) -> bool:
        """Whether anything is known of the line, in any edition or any fact."""
        return line in self._facts or any(
            line in scheduled(edition.terms) for edition in self.timeline.editions
        )

    def told(self, line: str, period: Period) -> tuple[str, ...]:
        """How a charge comes about, where it is not simply one amount that somebody stated."""
        parts = self.parts(line, period) or ()
        if len(parts) == 1 and parts[0].plain:
            return ()
        if len(parts) > MANY:
            return (f"The charge of {period.key} is the sum of {len(parts)} parts.",)
        return tuple(f"{part.said}." for part in parts)

    def _walk_to(self, instant: datetime) -> None:
        while not self._ends or self._ends[-1] < instant:
            period = self._after(self._ends[-1] if self._ends else self.begins_at)
            self._settled.append(period)
            self._ends.append(period.end)

    def _after(self, cursor: datetime) -> Period:
        """The settlement period that begins at the cursor; cut ones are named by their first day."""
        cuts = [each.starts_at for each in self.timeline.editions if each.splits]
        until = min((cut for cut in (*cuts, self.ends_at) if cut > cursor), default=NEVER)
        terms = self.timeline.at(cursor).terms
        period = next(periods(settled_per(terms), zone_named(terms.zone), cursor, until))
        if self._settled and self._settled[-1].key == period.key:
            return Period(f"{local_date(cursor, self.zone)}", period.start, period.end)
        return period

    def _year(self, fixed: Fixed, settlement: Period) -> Period:
        """The year of the settlement period's last instant, as far as it lies in the term."""
        terms = self.timeline.latest
        start = Stretch(fixed=fixed).begins(settlement.end, self.zone, terms.first_day)
        day = local_date(start, self.zone)
        end = midnight(shift(day, Every.YEAR.span), self.zone)
        if settlement.start < self.ends_at:
            end = min(end, self.ends_at)
        name = str(day.year) if fixed is Fixed.CALENDAR_YEAR else f"from {day}"
        return Period(f"{fixed} {name}", start, end)

    def _of_piece(self, line: str, piece: Period) -> list[Part] | None:
        """Of a piece of one settlement period."""
        terms = self.timeline.at(piece.start).terms
        schedule = scheduled(terms)
        names = sorted({*schedule, *self._facts}) if line == ALL else [line]
        found: list[Part] = []
        known = False
        for name in names:
            parts = list(self._from_facts(name, piece))
            if not parts and name in schedule:
                parts = list(self._from_schedule(name, schedule[name], terms, piece))
            known = known or bool(parts)
            found += parts
        return found if known else None

    def _from_facts(self, line: str, piece: Period) -> Iterator[Part]:
        for fact in self._facts.get(line, ()):
            start, end = max(fact.start, piece.start), min(fact.end, piece.end)
            if start < end:
                name = f"`{line}` as charged by {fact.id}"
                amount = minor_units(fact.amount, fact.currency)
                whole = days(fact.start, fact.end, self.zone)
                yield self._part(name, amount, days(start, end, self.zone), whole)

    def _from_schedule(self, name: str, line: Line, terms: Terms, piece: Period) -> Iterator[Part]:
        """Amounts for several months are shared over them equally, others by days."""
        zone = zone_named(terms.zone)
        unit, months = _shared_over(line.per, settled_per(terms))
        assert self.currency is not None  # noqa: S101 - who schedules a line names its currency
        amount = minor_units(line.amount, self.currency) / months
        label = f"`{name}`"
        if months > 1:
            label = f"`{name}`, 1/{months} of {self.said(amount * months)} per {line.per}"
        for each in periods(unit, zone, piece.start, piece.end):
            first = first_day(unit, local_date(each.start, zone))
            begins, ends = midnight(first, zone), midnight(next_first_day(unit, first), zone)
            covered = days(each.start, each.end, zone)
            part = self._part(label, amount, covered, days(begins, ends, zone))
            yield replace(part, plain=part.plain and months == 1)

    def _part(self, name: str, amount: Fraction, covered: Fraction, whole: Fraction) -> Part:
        if covered == whole:
            return Part(amount, f"{name}: {self.said(amount)}", plain=True)
        minor = amount * covered / whole
        said = f"{name}: {_number(covered)} of {_number(whole)} days of {self.said(amount)}"
        return Part(minor, f"{said} is {self.said(minor)}", plain=False)

    def said(self, minor: Fraction | int) -> str:
        """An amount for people, to a whole minor unit."""
        assert self.currency is not None  # noqa: S101 - amounts have a currency
        return str(Money(whole_units(minor), self.currency))

    def exactly(self, minor: Fraction) -> str:
        """An amount from which others are reckoned, with parts of a minor unit where it has some."""
        if minor.denominator == 1:
            return self.said(minor)
        assert self.currency is not None  # noqa: S101 - amounts have a currency
        amount = minor / 10 ** places_of(self.currency)
        cut = rounded(amount, PLACES, RoundingMode.DOWN)
        return f"{cut:,f}{'' if Fraction(cut) == amount else '…'} {self.currency}"


def settled_per(terms: Terms) -> Every:
    """The settlement rhythm: by calendar month where nothing is charged."""
    return terms.charges.per if terms.charges else Every.MONTH


def scheduled(terms: Terms) -> dict[str, Line]:
    """The lines that the terms schedule; `amount` is the line `service`."""
    charges = terms.charges
    if charges is None:
        return {}
    lines = dict(charges.lines or {})
    if charges.amount is not None:
        lines[SERVICE] = Line(amount=charges.amount, per=charges.per)
    return lines


def days(start: datetime, end: datetime, zone: ZoneInfo) -> Fraction:
    """Local days from one instant to another: a day of 23 or 25 hours is one day."""
    return _position(end, zone) - _position(start, zone)


def _position(at: datetime, zone: ZoneInfo) -> Fraction:
    """The number of the local day, and how much of it is over."""
    local = at.astimezone(zone)
    day = local.date()
    if local.time() == time():
        return Fraction(day.toordinal())
    begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    tick = timedelta(microseconds=1)
    return day.toordinal() + Fraction((at - begins) // tick, (ends - begins) // tick)


def _shared_over(per: Every, settled: Every) -> tuple[Every, int]:
    """The unit over whose days an amount is shared, and how many of them it is for.

    Amounts for months are shared month by month; where they have no anchor of their own the months
    are those of the settlement.
    """
    if per.span.unit != Unit.MONTH:
        return per, 1
    months = settled.anchor if settled.span.unit == Unit.MONTH else None
    return Every(MONTH, per.anchor or months), per.span.amount


def _currency(timeline: Timeline, facts: list[ChargeFact]) -> str | None:
    """That of the newest terms that name one, else that of the first fact."""
    for edition in reversed(timeline.editions):
        if edition.terms.charges is not None:
            return edition.terms.charges.currency
    return facts[0].currency if facts else None


def _number(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"{rounded(value, 4, RoundingMode.DOWN)}"
