"""When each period of each KPI is to be evaluated, under the edition in force as it began."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.periods import Period, periods
from domain.spans import after
from domain.terms.shape import Agreement, Kpi
from domain.zones import zone_named

TermsAt = Callable[[datetime], tuple[int, Agreement]]
"""The number and terms of the edition in force at an instant."""


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """A period of a KPI, evaluated at `due_at`: its end and the cut-off for facts."""

    kpi: Kpi
    edition: int
    period: Period
    due_at: datetime


def schedule(key: str, since: datetime, until: datetime, terms_at: TermsAt) -> Iterator[DuePeriod]:
    """The periods of a KPI from `since` to `until`, in order."""
    cursor = since
    while cursor < until:
        edition, terms = terms_at(cursor)
        kpi = terms.kpi(key)
        zone = zone_named(terms.zone)
        period = next(periods(kpi.every, zone, cursor, until))
        yield DuePeriod(kpi, edition, period, after(period.end, kpi.cut_off, zone))
        cursor = period.end
