"""When a period of a KPI is to be evaluated, under the edition in force as it began."""

from dataclasses import dataclass
from datetime import datetime

from domain.periods import Period
from domain.terms.shape import Kpi


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """A period of a KPI, evaluated at `due_at`: its end and the cut-off for facts."""

    kpi: Kpi
    edition: int
    period: Period
    due_at: datetime
