"""Earn-back: later good service takes a part of a credit away again, where that is agreed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from domain.charges import ChargeBook
from domain.money import whole_units
from domain.patterns import Completion, completions, elements_of
from domain.remedies.lines import CREDITS, Open, adjusting
from domain.remedies.wording import figure
from domain.results import Line, LineType, Result
from domain.service_calendar import ServiceCalendar, later
from domain.terms.patterns import Pattern, Same
from domain.terms.remedies import EarnBack, EarnBackStep, Remedy
from domain.zones import local_date


@dataclass(frozen=True, slots=True)
class Earned:
    """A step that was complete: when, over which bounds, how much of the credit it earns back."""

    at: datetime
    start: datetime
    number: int
    share: Fraction
    labels: tuple[str, ...]


def earned_back(
    credit: Open,
    remedy: Remedy,
    results: Sequence[Result],
    book: ChargeBook,
    working_days: ServiceCalendar | None,
) -> Iterator[Line]:
    """The lines by which a credit is earned back, from what caps have left of it.

    Each step earns its share once, when its pattern is first complete over the results after the
    credit's period: of its KPI and dimension, or of as much as the pattern is over. A mean over a
    fixed year is that of the credit's own year, with what came before the credit. A credit for
    several KPIs is earned back when each of them completes it. Shares add up exactly: what is
    rounded is the sum so far.
    """
    terms = remedy.earn_back
    if terms is None or not credit.owes or credit.line.type not in CREDITS:
        return
    if local_date(credit.line.start, book.zone).month in terms.not_for_months:
        return
    after = list(_afterwards(credit, remedy, terms, results, book, working_days))
    steps = [
        earned
        for number, step in enumerate(terms.steps, start=1)
        if (earned := _earned(credit, step, number, remedy, results, after, book)) is not None
    ]
    share, taken = Fraction(0), 0
    for earned in sorted(steps, key=lambda each: (each.at, each.number)):
        part = min(earned.share, 100 - share)
        share += part
        minor = None
        if credit.minor is not None:
            upto = whole_units(credit.minor * share / 100, remedy.rounding)
            minor, taken = upto - taken, upto
        percent = None if credit.percent is None else credit.percent * part / 100
        yield _line(credit, remedy, earned, part, minor, percent, book)


def _afterwards(
    credit: Open,
    remedy: Remedy,
    terms: EarnBack,
    results: Sequence[Result],
    book: ChargeBook,
    working_days: ServiceCalendar | None,
) -> Iterator[Result]:
    """The results that may earn it back: those after its period, in time, before a further miss."""
    end = credit.line.end
    until = None if terms.within is None else later(end, terms.within, book.zone, working_days)
    following = [
        each
        for each in results
        if each.period.start >= end and (until is None or each.period.end <= until)
    ]
    missed = [
        each.period.end for each in following if each.missed and _concerns(credit, remedy, each)
    ]
    lost = min(missed, default=None) if terms.lost_on == "missed" else None
    return (each for each in following if lost is None or each.period.end < lost)


def _concerns(credit: Open, remedy: Remedy, result: Result) -> bool:
    """Whether the result is of the credit's KPI and dimension, or of any of the remedy's."""
    if credit.line.kpi is not None:
        return (result.kpi.key, result.dim) == (credit.line.kpi, credit.line.dim)
    return remedy.kpis is None or result.kpi.key in remedy.kpis


def _over(
    pattern: Pattern, credit: Open, remedy: Remedy, results: Iterable[Result]
) -> list[Result]:
    """The results over which a pattern looks, seen from one credit."""
    if pattern.same is Same.AGREEMENT:
        return list(results)
    own = [each for each in results if _concerns(credit, remedy, each)]
    if pattern.same is Same.KPI:
        return own
    services = {each.kpi.service for each in own}
    return [each for each in results if each.kpi.service in services]


def _earned(
    credit: Open,
    step: EarnBackStep,
    number: int,
    remedy: Remedy,
    results: Sequence[Result],
    after: list[Result],
    book: ChargeBook,
) -> Earned | None:
    """The step's first completion: that of the last group, if there are several."""
    first_day, end = book.timeline.latest.first_day, credit.line.end
    year = step.when.window if step.when.mean is not None else None
    if year is not None and year.fixed is not None:
        after = [*(each for each in results if each.period.end <= end), *after]
    else:
        year = None
    elements = elements_of(step.when, _over(step.when, credit, remedy, after))
    firsts: dict[str, Completion] = {}
    for each in completions(step.when, elements, book.zone, first_day):
        own = year is None or year.begins(each.at, book.zone, first_day) <= credit.line.start
        if own and each.at >= end:
            firsts.setdefault(each.group, each)
    if not firsts or set(firsts) != {each.group for each in elements}:
        return None
    last = max(firsts.values(), key=lambda each: (each.at, each.labels))
    start = elements[last.index].start
    return Earned(last.at, start, number, Fraction(step.share), last.labels)


def _line(
    credit: Open,
    remedy: Remedy,
    earned: Earned,
    share: Fraction,
    minor: int | None,
    percent: Fraction | None,
    book: ChargeBook,
) -> Line:
    of = f"{figure(credit.left)} %" if credit.minor is None else book.said(credit.minor)
    line = adjusting(
        book.settlement_of(earned.at),
        f"{credit.line.id}/earn-back-{earned.number}",
        remedy.key,
        LineType.EARN_BACK,
        [credit],
        (
            f"{', '.join(earned.labels)} earn back {figure(share)} % of {credit.line.id}, "
            f"of which {of} is left.",
        ),
    )
    return replace(
        line,
        kpi=credit.line.kpi,
        dim=credit.line.dim,
        start=earned.start,
        end=earned.at,
        amount_minor=None if minor is None else -minor,
        percent=None if percent is None else -percent,
        base_minor=credit.line.base_minor,
        clause=remedy.earn_back.clause if remedy.earn_back else None,
    )
