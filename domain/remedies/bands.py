"""Service credits by bands: the band that a figure falls in credits a share of a month's charge."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, Inexact, localcontext
from fractions import Fraction

from domain.evaluation import Status, Verdict
from domain.money import Money
from domain.terms.shape import Band, Kpi

NOTHING = Decimal(0)


def credit_percent(kpi: Kpi, verdict: Verdict) -> Decimal | None:
    """The share of the month's charge that a period credits; None when the KPI has no bands.

    A figure outside every band credits nothing; where bands overlap the deepest counts. A period
    that failed for want of data is in the worst band, one that was left out credits nothing.
    """
    if not kpi.bands:
        return None
    if verdict.value is not None:
        value = verdict.value
        return max((band.credit for band in kpi.bands if holds(band, value)), default=NOTHING)
    if verdict.status == Status.NO_DATA:
        return NOTHING
    return max(band.credit for band in kpi.bands)


def holds(band: Band, value: Fraction) -> bool:
    """Whether the figure falls in the band. A band holds what is within all its edges."""
    return (
        (band.at_least is None or value >= Fraction(band.at_least))
        and (band.above is None or value > Fraction(band.above))
        and (band.at_most is None or value <= Fraction(band.at_most))
        and (band.below is None or value < Fraction(band.below))
    )


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """The credits of one month: what they add up to, and what of it is due under the cap."""

    earned: Decimal
    due: Decimal
    amount: Money | None

    @property
    def capped(self) -> bool:
        """Whether the cap cut something off."""
        return self.due < self.earned


def month_total(
    percents: Iterable[Decimal], cap: Decimal, charge: Money | None = None
) -> MonthTotal:
    """Add the percents of one month, cap them, and only then make money of them, rounding once."""
    with localcontext() as context:
        context.prec = 100
        context.traps[Inexact] = True
        earned = sum(percents, NOTHING)
    due = min(earned, cap)
    return MonthTotal(earned, due, None if charge is None else charge.share(due))
