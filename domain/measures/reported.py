"""Results that were reported for whole periods: they go before what facts would give."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.facts import PeriodResult
from domain.measurement import digest_of, plain
from domain.measures.figure import Figure, no_figure, ratio
from domain.measures.selection import dimension
from domain.measures.words import local, number
from domain.periods import Period, first_day, next_first_day
from domain.results import Dim, Trouble
from domain.terms.measures import Score
from domain.terms.ranges import BOUNDED
from domain.terms.shape import Kpi
from domain.zones import local_date, midnight

WHOLE = 100


@dataclass(frozen=True, slots=True)
class Window:
    """A period of a KPI under its edition's terms, in the agreement's zone."""

    kpi: Kpi
    period: Period
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Reports:
    """The results that fit a period, by dimension and the period's start, and what is wrong."""

    by_period: Mapping[tuple[Dim, datetime], PeriodResult] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()

    @property
    def dims(self) -> set[Dim]:
        """Every dimension of which something was reported."""
        return {dim for dim, _ in self.by_period}


def reports(facts: Iterable[PeriodResult], windows: Sequence[Window]) -> Reports:
    """Lay each result to its period: one with its bounds, as it is cut or as it would be whole.

    Results wholly outside the windows are of no concern. Of several for one period the last by
    start and id counts; that they differ is an error.
    """
    told = sorted(facts, key=lambda fact: (fact.start, fact.id))
    if not told:
        return Reports()
    starts: dict[tuple[datetime, datetime], Window] = {}
    for window in windows:
        starts.setdefault(whole(window), window)
    starts |= {(window.period.start, window.period.end): window for window in windows}
    found: dict[tuple[Dim, datetime], PeriodResult] = {}
    troubles: list[Trouble] = []
    for fact in told:
        fitting = starts.get((fact.start, fact.end))
        dim = None if fitting is None else dimension(fitting.kpi.per, fact)
        wrong = _wrong(fact, fitting, dim, windows)
        if wrong is not None:
            troubles.append(wrong)
        elif fitting is not None and dim is not None:
            place = dim, fitting.period.start
            if (other := found.get(place)) is not None:
                troubles.append(_twice(fact, other))
            if (odd := _surprising(fact, fitting.kpi)) is not None:
                troubles.append(odd)
            found[place] = fact
    return Reports(found, tuple(troubles))


def whole(window: Window) -> tuple[datetime, datetime]:
    """The bounds of a period before it was cut at those of the term or of an edition."""
    every, zone = window.kpi.every, window.zone
    first = first_day(every, local_date(window.period.start, zone))
    return midnight(first, zone), midnight(next_first_day(every, first), zone)


def _wrong(
    fact: PeriodResult, fitting: Window | None, dim: Dim | None, windows: Sequence[Window]
) -> Trouble | None:
    """Why a result cannot count; also None where it is outside all windows."""
    where, name = f"period_result/{fact.id}", f"the result {fact.id} of {fact.kpi}"
    if fitting is None:
        near = next(
            (
                each
                for each in windows
                if fact.start < each.period.end and each.period.start < fact.end
            ),
            None,
        )
        if near is None:
            return None
        said = f"{_span(fact.start, fact.end, near.zone)} is not a period of it"
        start, end = near.period.start, near.period.end
        remedy = f"a period there is {near.period.key}, {_span(start, end, near.zone)}"
        return Trouble(where, f"{name} is left out: {said}", remedy)
    if dim is None:
        columns = ", ".join(f"`{column}`" for column in fitting.kpi.per)
        return Trouble(where, f"{name} is left out: it does not say {columns}", f"add {columns}")
    value = value_of(fitting.kpi, fact)
    if value is not None and not _is_possible(fitting.kpi, value):
        said = f"{number(value)} % is not {_bounds_said(fitting.kpi)}"
        return Trouble(where, f"{name} is refused: {said}", "correct the value", level="error")
    return None


def _twice(fact: PeriodResult, other: PeriodResult) -> Trouble:
    where, remedy = f"period_result/{fact.id}", "keep one, or let it correct the other"
    if _said(fact) == _said(other):
        message = f"{other.id} and {fact.id} report the same of {fact.kpi} for one period"
        return Trouble(where, message, remedy)
    message = f"{other.id} and {fact.id} report {fact.kpi} for one period, and not the same"
    return Trouble(where, message, remedy, level="error")


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    return f"{local(start, zone)} to {local(end, zone)}"


def _is_possible(kpi: Kpi, value: Fraction) -> bool:
    """A part of a whole is never above it; a ratio and what is only reported may be."""
    if kpi.unit != "%":
        return True
    return _least(kpi) <= value and (value <= WHOLE or kpi.measure.kind not in BOUNDED)


def _least(kpi: Kpi) -> int:
    return -WHOLE if kpi.measure.score == Score.NET_PROMOTER else 0


def _bounds_said(kpi: Kpi) -> str:
    if kpi.measure.kind in BOUNDED:
        return f"between {_least(kpi)} % and {WHOLE} %"
    return f"{_least(kpi)} % or more"


def _surprising(fact: PeriodResult, kpi: Kpi) -> Trouble | None:
    """More than the whole counts as it is, and is told where the terms speak of no such figure."""
    value = value_of(kpi, fact)
    if value is None or not is_surprising(kpi, value):
        return None
    message = (
        f"the result {fact.id} of {fact.kpi} is above 100 %: {number(value)} % counts as it is"
    )
    return Trouble(f"period_result/{fact.id}", message, "correct the value, if that is not meant")


def is_surprising(kpi: Kpi, value: Fraction) -> bool:
    """Whether it is more than the whole, and the terms speak of no such figure."""
    if kpi.unit != "%" or value <= WHOLE:
        return False
    limits = [] if kpi.target is None else [kpi.target.expected.value]
    limits += [
        edge for band in kpi.bands for edge in (band.at_least, band.above) if edge is not None
    ]
    return all(limit < WHOLE for limit in limits)


def value_of(kpi: Kpi, fact: PeriodResult) -> Fraction | None:
    """The figure that was reported; of a ratio, in percent where that is the unit."""
    if fact.num is not None and fact.den:
        return ratio(Fraction(fact.num), Fraction(fact.den), kpi.unit)
    return None if fact.value is None else Fraction(fact.value)


def reported_figure(kpi: Kpi, fact: PeriodResult) -> Figure:
    """The figure as it was reported. How many facts it is made of only a ratio tells."""
    digest = digest_of({fact.id: _said(fact)})
    value = value_of(kpi, fact)
    by = f"{fact.source} reported in {fact.id}:" if fact.source else f"Reported in {fact.id}:"
    if value is None:
        said = f"{fact.id} reports no figure." if fact.den is None else f"{by} nothing to count."
        return no_figure(said, inputs_digest=digest)
    if fact.num is not None and fact.den:
        num, den = Fraction(fact.num), Fraction(fact.den)
        lead = f"{by} {number(num)} of {number(den)}:"
        return Figure(value, num, den, sample=int(den), inputs_digest=digest, lead=lead)
    return Figure(value, value, Fraction(1), inputs_digest=digest, lead=by)


def _said(fact: PeriodResult) -> str:
    figures = (fact.value, fact.num, fact.den, fact.points)
    met = "" if fact.met is None else str(fact.met)
    return "\t".join((*map(plain, figures), met))
