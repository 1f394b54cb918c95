"""Runs of results for tests: an agreement in short, and one result for each month's figure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

from domain.evaluation import in_band
from domain.patterns import Completion, completions, elements_of
from domain.periods import Every, Period, periods
from domain.results import Dim, Points, Result, Status
from domain.spans import add_months
from domain.terms.patterns import Pattern
from domain.terms.shape import Kpi, Terms
from domain.timeline import Edition, Timeline, term_starts_at
from domain.zones import midnight, zone_named

LONDON = zone_named("Europe/London")
FIRST = date(2027, 1, 1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> datetime:
    """The beginning of a day in London."""
    return midnight(date.fromisoformat(text), LONDON)


def kpi(key: str = "uptime", **values: Any) -> dict[str, Any]:
    return {
        "key": key,
        "unit": "%",
        "measure": {"kind": "reported"},
        "every": "month",
        "target": {"expected": "at least 97.0 %", "minimum": "at least 90 %"},
    } | values


def terms(*kpis: dict[str, Any], **values: Any) -> Terms:
    return Terms.model_validate(
        {
            "agreement": "hosting",
            "title": "Hosting",
            "zone": "Europe/London",
            "term": {"starts_on": "2027-01-01", "months": "36"},
            "kpis": list(kpis) or [kpi()],
        }
        | values
    )


def timeline(*editions: Terms, then: Sequence[str] = ()) -> Timeline:
    """Editions in order; `then` says when the second one begins, and the third."""
    starts = [term_starts_at(editions[0]), *map(day, then)]
    return Timeline(
        tuple(
            Edition(number, each, start)
            for number, (each, start) in enumerate(zip(editions, starts, strict=True), 1)
        )
    )


def pattern(**values: Any) -> Pattern:
    return Pattern.model_validate(values)


def months(first: int, count: int) -> list[Period]:
    """So many months, the first of the term being month 1."""
    start = midnight(add_months(FIRST, first - 1), LONDON)
    end = midnight(add_months(FIRST, 1200), LONDON)
    return list(islice(periods(Every.MONTH, LONDON, start, end), count))


def result(
    measured: Kpi, period: Period, figure: object, *, dim: Dim = (), edition: int = 1
) -> Result:
    """A figure and what it means for the KPI; or a status that has no figure."""
    if isinstance(figure, Status):
        value, status = None, figure
    else:
        value = Fraction(Decimal(str(figure)))
        status = _status(measured, value)
    bands = [] if value is None else [in_band(band, value) for band in measured.bands]
    return Result(
        kpi=measured,
        dim=dim,
        period=period,
        edition=edition,
        status=status,
        value=value,
        num=value or Fraction(0),
        den=Fraction(1),
        sample=1,
        bare_status=status,
        bare_value=value,
        band=bands.index(True) if True in bands else None,
    )


def _status(measured: Kpi, value: Fraction) -> Status:
    target = measured.target
    if target is None or target.expected.holds(value):
        return Status.MET
    if target.minimum is None or target.minimum.holds(value):
        return Status.BELOW_EXPECTED
    return Status.BELOW_MINIMUM


def run(
    measured: Kpi, figures: Sequence[object], *, dim: Dim = (), first: int = 1, edition: int = 1
) -> list[Result]:
    """A result for each month from `first` on."""
    return [
        result(measured, period, figure, dim=dim, edition=edition)
        for period, figure in zip(months(first, len(figures)), figures, strict=True)
    ]


def pointed(measured: Kpi, points: Sequence[int], first: int = 1) -> list[Result]:
    """A met result for each month, with so many points."""
    return [
        _with_points(each, count)
        for each, count in zip(run(measured, [100] * len(points), first=first), points, strict=True)
    ]


def _with_points(each: Result, count: int) -> Result:
    return Result(
        **{name: getattr(each, name) for name in Result.__slots__}
        | {"points": Points(Fraction(count))}
    )


def completed(
    wanted: Pattern, results: Iterable[Result], first_day: date = FIRST
) -> list[Completion]:
    return completions(wanted, elements_of(wanted, results), LONDON, first_day)
