"""What a pattern looks at, one element for each result, settlement period or event.

Which results are in the run at all is said by `where`; which of them count, by `of`, `which` and
`where.bands`. A result in another band stays in the run and does not count, so that it ends a chain.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TypeVar

from domain.facts import EventFact
from domain.money import PLACES
from domain.remedies.wording import name_of
from domain.results import Result, Status, Total
from domain.spans import SECONDS, Unit
from domain.terms.measures import Where
from domain.terms.patterns import Chain, Classification, Of, Pattern, Same, Selection
from domain.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Element:
    """One link of a run: a period `[start, at)`, or an event, whose `start` and `at` are one.

    Elements of one `group` are counted together. `holds`: it is passed over, as if it were not
    there. What neither counts nor holds ends a chain.
    """

    group: str
    start: datetime
    at: datetime
    label: str
    counts: bool
    quantity: Fraction | None = None
    holds: bool = False
    result: Result | None = None


def run_of(result: Result) -> str:
    """The run that a result belongs to: its KPI and the values of its dimension."""
    return "/".join((result.kpi.key, *(value for _, value in result.dim)))


def elements_of(
    pattern: Pattern,
    results: Iterable[Result],
    credits_: Iterable[Total] = (),
    events: Iterable[EventFact] = (),
) -> list[Element]:
    """The elements of a pattern, in the order of results, settlement periods or events."""
    match pattern.of:
        case Of.EVENT:
            return [_event(pattern, each) for each in events if _is_of(pattern.where, each)]
        case Of.CREDITS:
            return [_settlement(pattern, each) for each in credits_]
        case _:
            return [_result(pattern, each) for each in results if selects(pattern.where, each)]


# --- results


def selects(where: Selection, result: Result) -> bool:
    """Whether a result is in the run at all; its band decides only whether it counts."""
    kpi = result.kpi
    return (
        (where.kpis is None or kpi.key in where.kpis)
        and (where.services is None or kpi.service in where.services)
        and (where.classification is None or kpi.classification in where.classification)
        and (not where.columns or _fits(where.columns, dict(result.dim)))
    )


def _fits(columns: Where, said: Mapping[str, str]) -> bool:
    return all(
        said.get(name) == wanted if isinstance(wanted, str) else said.get(name) in wanted
        for name, wanted in columns.items()
    )


def exceeded(result: Result) -> bool:
    """Whether the figure is strictly better than the expected one; to reach it is not enough."""
    target = result.kpi.target
    if target is None or result.value is None or result.status != Status.MET:
        return False
    level = Fraction(target.expected.value)
    higher = target.expected.edge.higher_is_better
    return result.value > level if higher else result.value < level


STATUSES: Mapping[Of, Callable[[Result], bool]] = {
    Of.MET: lambda result: result.status == Status.MET,
    Of.MISSED: lambda result: result.missed,
    Of.BELOW_EXPECTED: lambda result: result.status == Status.BELOW_EXPECTED,
    Of.BELOW_MINIMUM: lambda result: result.status == Status.BELOW_MINIMUM,
    Of.DEFAULT: lambda result: result.default,
    Of.EXCEEDED: exceeded,
    Of.NO_DATA: lambda result: result.status == Status.NO_DATA,
}
"""Which results count where a pattern is of a status."""


def _result(pattern: Pattern, result: Result) -> Element:
    chain = _chain(pattern, result.status)
    in_band = _in_band(pattern.where, result)
    if pattern.of in STATUSES:
        quantity = result.value
        counts = in_band and STATUSES[pattern.of](result)
    else:
        quantity = _quantity(pattern, result) if in_band else None
        counts = quantity is not None and _counts(pattern, quantity)
        quantity = _added(pattern, quantity, counts=counts)
    return Element(
        _group(pattern.same, result),
        result.period.start,
        result.period.end,
        name_of(result),
        counts=counts and chain is None,
        quantity=quantity,
        holds=chain == Chain.HOLDS,
        result=result,
    )


def _group(same: Same, result: Result) -> str:
    """Of one KPI each dimension is a run of its own; KPIs without a service are one together."""
    match same:
        case Same.KPI:
            return run_of(result)
        case Same.SERVICE:
            return result.kpi.service or ""
        case Same.AGREEMENT:
            return ""


def _chain(pattern: Pattern, status: Status) -> Chain | None:
    """What a period that is no verdict does to a chain; None when it is one."""
    if status == Status.NO_DATA and pattern.of != Of.NO_DATA:
        return pattern.no_data
    return {Status.EXCUSED: pattern.excused, Status.BASELINE: pattern.baseline}.get(status)


def _in_band(where: Selection, result: Result) -> bool:
    if where.bands is None:
        return True
    return result.band is not None and result.kpi.bands[result.band].name in where.bands


# --- quantities


def limit_of(pattern: Pattern) -> Threshold | None:
    """The limit of a quantity, and so the unit in which it is told and compared."""
    limits = (pattern.which, pattern.sum, pattern.mean)
    return next((each for each in limits if isinstance(each, Threshold)), None)


def _quantity(pattern: Pattern, result: Result) -> Fraction | None:
    """Points, none being 0, or the figure in the limit's unit; None where it has another unit."""
    if pattern.of == Of.POINTS:
        return Fraction(0) if result.points is None else result.points.total
    limit = limit_of(pattern)
    if result.value is None or limit is None or limit.unit in {"", result.kpi.unit}:
        return result.value
    if limit.unit in SECONDS and result.kpi.unit in SECONDS:
        return result.value * SECONDS[Unit(result.kpi.unit)] / SECONDS[Unit(limit.unit)]
    return None


def _counts(pattern: Pattern, quantity: Fraction) -> bool:
    """Silent on `which`: any figure and any event counts, but only points and credits above 0."""
    if pattern.which is not None:
        return pattern.which.holds(quantity)
    return pattern.of in {Of.VALUE, Of.EVENT} or quantity > 0


def _added(pattern: Pattern, quantity: Fraction | None, *, counts: bool) -> Fraction | None:
    """What a sum or a mean takes in: with `which`, only the quantities that count."""
    return quantity if counts or pattern.which is None else None


def _settlement(pattern: Pattern, total: Total) -> Element:
    """A settlement period whose credits are not known in the limit's unit is without data."""
    quantity = _credited(pattern, total)
    counts = quantity is not None and _counts(pattern, quantity)
    return Element(
        "",
        total.period.start,
        total.period.end,
        f"credits/{total.period.key}",
        counts=counts,
        quantity=_added(pattern, quantity, counts=counts),
        holds=quantity is None and pattern.no_data == Chain.HOLDS,
    )


def _credited(pattern: Pattern, total: Total) -> Fraction | None:
    limit = limit_of(pattern)
    if limit is None or limit.unit not in PLACES:
        return total.percent
    return None if total.net_minor is None else Fraction(total.net_minor, 10 ** PLACES[limit.unit])


# --- events


def _is_of(where: Selection, event: EventFact) -> bool:
    return (where.types is None or event.type in where.types) and _fits(
        where.columns, event.columns
    )


def _event(pattern: Pattern, event: EventFact) -> Element:
    quantity = None if event.value is None else Fraction(event.value)
    counts = pattern.which is None or (quantity is not None and pattern.which.holds(quantity))
    return Element(
        "",
        event.at,
        event.at,
        f"{event.type}/{event.id}",
        counts=counts,
        quantity=_added(pattern, quantity, counts=counts),
    )


# --- what hangs on indicators


def hanging(where: Selection, results: Iterable[Result]) -> list[Result]:
    """The results on which something hangs: those of indicators only where `where` names them."""
    if where.kpis is not None or where.classification is not None:
        return list(results)
    indicator = Classification.INDICATOR
    return [each for each in results if each.kpi.classification != indicator]


# --- editions

Said = TypeVar("Said")


def distinct(said: Sequence[tuple[int, Said]]) -> Iterator[tuple[Said, frozenset[int]]]:
    """Each term once, with the numbers of all editions that say it.

    There are few, and terms that hold mappings have no hash.
    """
    seen: list[Said] = []
    for _, each in said:
        if each not in seen:
            seen.append(each)
            yield each, frozenset(number for number, other in said if other == each)


def under(editions: frozenset[int]) -> Callable[[Element], bool]:
    """Whether an element's result goes by one of these editions."""

    def judges(element: Element) -> bool:
        return element.result is not None and element.result.edition in editions

    return judges
