"""Which facts a KPI's measure takes, split by its columns, and cut into windows.

Facts are sorted once; each window then finds its own by bisection.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import accumulate
from typing import TypeAlias

from domain.facts import CountFact, EventFact, Fact, Interval, Outage, Survey
from domain.facts.book import FactBook
from domain.measurement import concerns, instant_of, wanted
from domain.measures.counts import names
from domain.results import Dim
from domain.terms.shape import Kind, Kpi, Measure

Placed: TypeAlias = tuple[datetime, Fact]
"""A fact, and the instant that says to which period it belongs."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Facts in the order of their instants, and until when each or one before it lasts."""

    facts: Sequence[Fact] = ()
    instants: Sequence[datetime] = ()
    reach: Sequence[datetime] = ()

    def within(self, start: datetime, end: datetime) -> list[Fact]:
        """The facts of `[start, end)`; outages that reach into it, and repeats that start in it."""
        first, last = bisect_left(self.reach, start), bisect_left(self.instants, end)
        found = (_within(fact, start, end) for fact in self.facts[first:last])
        return [fact for fact in found if fact is not None]

    def last_before(self, start: datetime) -> list[Fact]:
        """The last fact before an instant, if there is any."""
        first = bisect_left(self.instants, start)
        return list(self.facts[max(first - 1, 0) : first])


def _within(fact: Fact, start: datetime, end: datetime) -> Fact | None:
    """What of a fact belongs to the window, which ends after the fact's instant."""
    if isinstance(fact, Outage):
        return fact if fact.end > start else None
    if isinstance(fact, Interval):
        return _repeats(fact, start, end)
    return fact


def _repeats(fact: Interval, start: datetime, end: datetime) -> Interval | None:
    """Those of the equal intervals that start in the window."""
    length = fact.end - fact.start
    if fact.repeat == 1 or not length:
        return fact if fact.start >= start else None
    first = max(0, -((fact.start - start) // length))
    last = min(fact.repeat, -((fact.start - end) // length))
    if first >= last:
        return None
    begins = fact.start + first * length
    return replace(fact, start=begins, end=begins + length, repeat=last - first)


def _lasts(placed: Placed) -> datetime:
    """Until when a fact matters: the end of an outage, and the start of the last repeat."""
    at, fact = placed
    if isinstance(fact, Outage):
        return fact.end
    if isinstance(fact, Interval):
        return fact.start + (fact.repeat - 1) * (fact.end - fact.start)
    return at


@dataclass(frozen=True, slots=True)
class Selection:
    """The facts of a KPI by dimension, and how many do not say to which they belong.

    `volumes` are the counts below a rate of tickets.
    """

    facts: Mapping[Dim, Shelf] = field(default_factory=dict)
    volumes: Mapping[Dim, Shelf] = field(default_factory=dict)
    undivided: int = 0


def select(kpi: Kpi, book: FactBook) -> Selection:
    """All facts that a KPI is measured by."""
    measure = kpi.measure
    filters = wanted(measure.where)
    facts = [
        (at, fact)
        for at, fact in _placed(measure, book)
        if all(said(fact, column) in values for column, values in filters.items())
    ]
    volumes: list[Placed] = []
    if counts_tickets(measure):
        over = names(measure.over)
        volumes = [(at, fact) for at, fact in _counts(measure, book) if said(fact, "name") in over]
    on_shelves, below = divided(kpi.per, facts), divided(kpi.per, volumes)
    known = sum(len(shelf.facts) for shelf in (*on_shelves.values(), *below.values()))
    return Selection(on_shelves, below, len(facts) + len(volumes) - known)


def counts_tickets(measure: Measure) -> bool:
    """Whether it is a rate of tickets over a counted volume."""
    return measure.kind == Kind.RATE and measure.of is None


def divided(per: tuple[str, ...], placed: Iterable[Placed]) -> dict[Dim, Shelf]:
    """The facts by dimension; those that leave out one of its columns belong to none."""
    found: dict[Dim, list[Placed]] = {}
    for at, fact in placed:
        if (dim := dimension(per, fact)) is not None:
            found.setdefault(dim, []).append((at, fact))
    return {dim: _shelf(each) for dim, each in found.items()}


def dimension(per: tuple[str, ...], fact: Fact) -> Dim | None:
    """The columns by which a KPI is split, with the fact's values; None where one is silent."""
    dim = tuple((column, said(fact, column) or "") for column in per)
    return dim if all(value for _, value in dim) else None


def said(fact: Fact, column: str) -> str | None:
    """What a fact says in a column, also in some with a meaning of their own."""
    own = OWN.get(type(fact), {}).get(column)
    return fact.columns.get(column) if own is None else own(fact)


OWN: Mapping[type[Fact], Mapping[str, Callable[..., str | None]]] = {
    Outage: {"service": lambda fact: fact.service, "cause": lambda fact: fact.cause},
    CountFact: {"name": lambda fact: fact.name},
    EventFact: {"type": lambda fact: fact.type, "ref": lambda fact: fact.ref},
    Survey: {"instrument": lambda fact: fact.instrument},
}
"""Columns with a meaning of their own that terms may name as well."""


def _shelf(placed: list[Placed]) -> Shelf:
    placed.sort(key=lambda each: (each[0], each[1].id))
    return Shelf(
        facts=[fact for _, fact in placed],
        instants=[at for at, _ in placed],
        reach=list(accumulate(map(_lasts, placed), max)),
    )


# --- the sources that a measure may name


def _placed(measure: Measure, book: FactBook) -> Iterator[Placed]:
    """The facts of the source that the measure names."""
    for source, facts_of in SOURCES.items():
        if getattr(measure, source) is not None and not counts_tickets(measure):
            yield from facts_of(measure, book)
            return
    if measure.kind not in {Kind.COMPOSITE, Kind.REPORTED}:
        yield from _tickets(measure, book)


def _tickets(measure: Measure, book: FactBook) -> Iterator[Placed]:
    for fact in book.tickets:
        at = instant_of(measure, fact)
        if at is not None and concerns(measure, fact):
            yield at, fact


def _samples(measure: Measure, book: FactBook) -> Iterator[Placed]:
    return ((fact.at, fact) for fact in book.samples if fact.series == measure.series)


def _intervals(measure: Measure, book: FactBook) -> Iterator[Placed]:
    return ((fact.start, fact) for fact in book.intervals if fact.series == measure.intervals)


def _outages(measure: Measure, book: FactBook) -> Iterator[Placed]:
    return ((fact.start, fact) for fact in book.outages if fact.service == measure.outages)


def _surveys(measure: Measure, book: FactBook) -> Iterator[Placed]:
    return ((fact.at, fact) for fact in book.surveys if fact.instrument == measure.surveys)


def _counts(measure: Measure, book: FactBook) -> Iterator[Placed]:
    """Counts of the series. Where one figure is made of the single counts, only of `of`."""
    only = () if measure.kind in DIVIDING else names(measure.of)
    for fact in book.counts:
        if fact.series == measure.counts and (not only or fact.name in only):
            yield fact.start, fact


DIVIDING = frozenset({Kind.RATIO, Kind.RATE, Kind.CONTACT})
"""Kinds that divide counts by counts."""


def _events(measure: Measure, book: FactBook) -> Iterator[Placed]:
    """Events of the type, at the instant at which they were due, or else happened."""
    needs_due = measure.kind == Kind.DELAY or measure.good == "by due"
    for fact in book.events:
        if fact.type == measure.events and (fact.due is not None or not needs_due):
            yield fact.due or fact.at, fact


SOURCES: Mapping[str, Callable[[Measure, FactBook], Iterator[Placed]]] = {
    "series": _samples,
    "intervals": _intervals,
    "outages": _outages,
    "counts": _counts,
    "surveys": _surveys,
    "events": _events,
}
