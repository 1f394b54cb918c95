"""KPIs at risk while their period runs: error budgets used up, promises that can no longer be kept.

Pure: a provisional result in, warnings and outlooks out, each with a `key` by which it is told once.

The rules are conservative: that a promise can no longer be kept is said only where nothing that can
still come would keep it, except relief, corrections and excused maintenance. Of a figure that may
still move either way nothing is said.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from domain.clocks.runs import length_text
from domain.measures.words import many
from domain.numbers import rounded, shown
from domain.results import Dim, Result
from domain.terms.measures import IntervalValue, Kind, Missing
from domain.terms.shape import Kpi
from domain.threshold import Threshold


class Outlook(StrEnum):
    """What can still become of a promise in a period that runs.

    It is sure when whatever is still expected cannot break it; about to be missed when the next
    miss breaks it; missed so far when enough good ones may still mend it.
    """

    SURE = "sure"
    ON_COURSE = "on_course"
    ABOUT_TO_BE_MISSED = "about_to_be_missed"
    MISSED_SO_FAR = "missed_so_far"
    CANNOT_BE_MET = "cannot_be_met"


@dataclass(frozen=True, slots=True)
class Prospect:
    """The outlook of one promise of a KPI: `expected` or `minimum`.

    `misses_left` is how many more may fail if all that comes fails, `good_needed` how many must
    succeed if all that comes succeeds; `seconds_left` of failing time. None where not counted so.
    """

    kpi: str
    dim: Dim
    period: str
    promise: str
    outlook: Outlook
    said: str
    misses_left: int | None = None
    good_needed: int | None = None
    seconds_left: Fraction | None = None

    @property
    def key(self) -> str:
        """What makes it one of its kind: told once for each outlook."""
        return f"{_name(self.kpi, self.dim, self.period)}/{self.promise}/{self.outlook}"


@dataclass(frozen=True, slots=True)
class BudgetWarning:
    """A share of the error budget of a running period that is used up."""

    kpi: str
    dim: Dim
    period: str
    share: Decimal
    said: str

    @property
    def key(self) -> str:
        """What makes it one of its kind: told once."""
        return f"{_name(self.kpi, self.dim, self.period)}/{self.share.normalize():f}"


def _name(kpi: str, dim: Dim, period: str) -> str:
    return "/".join((kpi, *(value for _, value in dim), period))


def budget_warnings(result: Result) -> tuple[BudgetWarning, ...]:
    """The agreed shares of the error budget that a provisional result has used up.

    A promise that leaves no budget at all has used it up with the first miss.
    """
    budget, kpi = result.budget, result.kpi
    if budget is None:
        return ()
    name = _name(kpi.key, result.dim, result.period.key)
    amounts = f"{_amount(budget.used, budget.unit)} of {_amount(budget.total, budget.unit)}"
    return tuple(
        BudgetWarning(
            kpi.key,
            result.dim,
            result.period.key,
            share,
            f"{name} has used {share.normalize():f} % of its error budget or more: {amounts}.",
        )
        for share in sorted(kpi.warn_at)
        if budget.used > 0 and budget.used >= budget.total * Fraction(share) / 100
    )


def _amount(value: Fraction, unit: str) -> str:
    return length_text(value) if unit == "s" else shown(value, 2)


def prospects(result: Result, volume: int | None = None) -> tuple[Prospect, ...]:
    """The outlook of each promise, judged from the provisional result of a period that runs.

    The result is that of the whole period with the facts that are known so far. `volume` is how
    many facts there will be in all, where that is known or agreed. Of a KPI whose figure may still
    move either way, or that is averaged, nothing is said; nor of one with too few facts so far.
    """
    kpi = result.kpi
    if kpi.target is None or result.value is None or _undecided(result):
        return ()
    promises = (("expected", kpi.target.expected), ("minimum", kpi.target.minimum))
    found = (
        _prospect(result, promise, limit, volume)
        for promise, limit in promises
        if limit is not None
    )
    return tuple(each for each in found if each is not None)


def _undecided(result: Result) -> bool:
    kpi, measure = result.kpi, result.kpi.measure
    few = kpi.low_volume is not None and result.sample < kpi.low_volume.fewer_than
    # Absent intervals stand for what has not yet come, and open tickets may still come good.
    assumed = measure.absent not in {None, IntervalValue.EXCLUDED}
    waiting = measure.flag or measure.tickets or (measure.clock and measure.good)
    against = measure.kind == Kind.PROPORTION and measure.missing == Missing.AGAINST
    return few or kpi.averaging is not None or assumed or bool(waiting and against)


def _prospect(
    result: Result, promise: str, limit: Threshold, volume: int | None
) -> Prospect | None:
    measure = result.kpi.measure
    if measure.kind == Kind.AVAILABILITY:
        return _of_time(result, promise, limit)
    if measure.kind in {Kind.PROPORTION, Kind.ATTAINMENT} and _counts_facts(result):
        return _of_shares(result, promise, limit, volume)
    if _only_worsens(result.kpi, limit):
        return _of_worsening(result, promise, limit)
    return None


def _counts_facts(result: Result) -> bool:
    return result.den > 0 and result.num.denominator == 1 and result.den.denominator == 1


def _only_worsens(kpi: Kpi, limit: Threshold) -> bool:
    """Whether whatever comes can make the figure only worse: a count of failures, a longest delay."""
    measure = kpi.measure
    if limit.edge.higher_is_better:
        return measure.kind == Kind.MINIMUM
    grows = measure.kind in {Kind.COUNT, Kind.MAXIMUM, Kind.DELAY}
    return grows or (measure.kind == Kind.SUM and measure.outages is not None)


def _holds(kpi: Kpi, limit: Threshold, value: Fraction) -> bool:
    """Whether a figure keeps the promise, rounded as agreed."""
    rounding = kpi.rounding
    if rounding is not None:
        value = Fraction(rounded(value, rounding.places, rounding.mode))
    return limit.holds(value)


def _made(result: Result, promise: str, outlook: Outlook, said: str) -> Prospect:
    key, dim, period = result.kpi.key, result.dim, result.period.key
    name = _name(key, dim, period)
    return Prospect(key, dim, period, promise, outlook, f"{name}: {said}")


def _of_time(result: Result, promise: str, limit: Threshold) -> Prospect:
    """The agreed time of the whole period is known, and downtime does not come back."""
    left = result.num - result.den * Fraction(limit.value) / 100
    if not _holds(result.kpi, limit, result.num / result.den * 100):
        said = f"{promise} ({limit}) can no longer be met: {length_text(-left)} too much downtime."
        return replace(_made(result, promise, Outlook.CANNOT_BE_MET, said), seconds_left=left)
    if left <= 0:
        said = f"{promise} ({limit}) is missed with any further downtime."
        return replace(_made(result, promise, Outlook.ABOUT_TO_BE_MISSED, said), seconds_left=left)
    said = f"{promise} ({limit}) leaves {length_text(left)} more downtime."
    return replace(_made(result, promise, Outlook.ON_COURSE, said), seconds_left=left)


def _of_worsening(result: Result, promise: str, limit: Threshold) -> Prospect:
    """The figure can only get worse, so that what is missed stays missed."""
    value = result.value or Fraction(0)
    if not limit.holds(value):
        said = f"{promise} ({limit}) can no longer be met: the figure can only get worse."
        return _made(result, promise, Outlook.CANNOT_BE_MET, said)
    if result.kpi.measure.kind == Kind.COUNT:
        more = _most(lambda count: _holds(result.kpi, limit, value + count)) or 0
        outlook = Outlook.ON_COURSE if more else Outlook.ABOUT_TO_BE_MISSED
        said = f"{promise} ({limit}) allows {more:,} more."
        return replace(_made(result, promise, outlook, said), misses_left=more)
    return _made(result, promise, Outlook.ON_COURSE, f"{promise} ({limit}) is kept so far.")


def _of_shares(result: Result, promise: str, limit: Threshold, volume: int | None) -> Prospect:
    """How many more may fail if all that comes fails, or must succeed if all that comes succeeds."""
    kpi, num, den = result.kpi, result.num, result.den
    rising = limit.edge.higher_is_better
    ahead = None if volume is None else max(0, volume - int(den))

    def failing(more: int) -> bool:
        return _holds(kpi, limit, (num + (0 if rising else more)) / (den + more) * 100)

    def mended(more: int) -> bool:
        return _holds(kpi, limit, (num + (more if rising else 0)) / (den + more) * 100)

    if failing(0):
        more = _most(failing)
        if more is None or (ahead is not None and more >= ahead):
            said = f"{promise} ({limit}) is sure, whatever is still to come."
            return replace(_made(result, promise, Outlook.SURE, said), misses_left=more)
        outlook = Outlook.ON_COURSE if more else Outlook.ABOUT_TO_BE_MISSED
        said = f"{promise} ({limit}) allows {more:,} more to fail, {many(int(den), 'fact')} so far."
        return replace(_made(result, promise, outlook, said), misses_left=more)
    needed = _least(mended)
    if needed is None or (ahead is not None and needed > ahead):
        coming = "" if ahead is None else f" with {ahead:,} still to come"
        said = f"{promise} ({limit}) can no longer be met{coming}."
        return replace(_made(result, promise, Outlook.CANNOT_BE_MET, said), good_needed=needed)
    said = f"{promise} ({limit}) is missed unless {needed:,} good ones come without a miss."
    return replace(_made(result, promise, Outlook.MISSED_SO_FAR, said), good_needed=needed)


FURTHEST = 10**9
"""So many facts are looked ahead, and no further."""


def _most(holds: Callable[[int], bool]) -> int | None:
    """The greatest number for which it still holds, given that it does for 0; None: without end."""
    if holds(FURTHEST):
        return None
    low, high = 0, FURTHEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _least(holds: Callable[[int], bool]) -> int | None:
    """The smallest number for which it holds, given that it does not for 0; None: none does."""
    if not holds(FURTHEST):
        return None
    most = _most(lambda number: not holds(number))
    return None if most is None else most + 1
