"""Which evaluated periods facts touch that came late, and which of these they may still restate.

Pure: results and places in, periods out. Who measures them again is no business of this module.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from domain.facts import FactKind
from domain.measurement import carries_on
from domain.measures.selection import SOURCES, counts_tickets
from domain.results import Result, Status
from domain.schedule import DuePeriod
from domain.spans import after
from domain.terms.measures import NoData
from domain.terms.shape import Kind, Kpi, Terms
from domain.timeline import Timeline
from domain.zones import zone_named

NAMED = {
    "series": FactKind.SAMPLE,
    "intervals": FactKind.INTERVAL,
    "outages": FactKind.OUTAGE,
    "counts": FactKind.COUNT,
    "surveys": FactKind.SURVEY,
    "events": FactKind.EVENT,
}
"""The kinds of facts that a measure names; all else is of tickets."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Something changed for facts of a kind and name that lie in `[start, end)` or reach into it.

    The name is a series, service, instrument, type, line or KPI; tickets, what befell them, and
    what is about all KPIs have none. With `revises`, facts that were there before are not what they
    were.
    """

    kind: FactKind
    name: str
    start: datetime
    end: datetime
    revises: bool


def taken(kpi: Kpi) -> dict[FactKind, str]:
    """The kinds of facts that a KPI's measure takes, and of which name; of tickets, by which instant."""
    measure = kpi.measure
    found: dict[FactKind, str] = {
        kind: name
        for source, kind in NAMED.items()
        if (name := getattr(measure, source)) is not None
    }
    named = any(getattr(measure, source) is not None for source in SOURCES)
    if counts_tickets(measure) or not (named or measure.kind in {Kind.COMPOSITE, Kind.REPORTED}):
        found[FactKind.TICKET] = measure.belongs_to
    return found


@dataclass(frozen=True, slots=True)
class Concerned:
    """The evaluated periods to be measured again, and those for which the facts came too late."""

    again: tuple[DuePeriod, ...] = ()
    too_late: tuple[DuePeriod, ...] = ()


Place: TypeAlias = tuple[str, datetime]
"""A KPI and the start of a period."""


def concerned(
    timeline: Timeline,
    results: Iterable[Result],
    touched: Sequence[Touched],
    received_at: datetime,
    closed_at: datetime | None = None,
) -> Concerned:
    """The periods whose facts, reports or relief are touched, and all that rest on these.

    On a period rest those of composites in which it lies, those that are averaged with it, and
    those to which its figure is carried. `closed_at` is when the agreement's record closed.
    """
    work = _Work(timeline, _by_place(results), touched)
    for key in parts_first(timeline):
        work.add(key)
    again: list[DuePeriod] = []
    too_late: list[DuePeriod] = []
    for due in work.found.values():
        until = restated_until(due, timeline, closed_at)
        open_still = until is None or received_at <= until
        (again if open_still else too_late).append(due)
    return Concerned(tuple(again), tuple(too_late))


def restated_until(
    due: DuePeriod, timeline: Timeline, closed_at: datetime | None
) -> datetime | None:
    """Until when facts are received that restate a period; None while nothing ends that."""
    within = due.kpi.restate_within
    zone = zone_named(terms_of(timeline, due.edition).zone)
    ends = [closed_at, None if within is None else after(due.due_at, within, zone)]
    return min(filter(None, ends), default=None)


def terms_of(timeline: Timeline, edition: int) -> Terms:
    """The terms of the edition of that number."""
    return next(each.terms for each in timeline.editions if each.number == edition)


def due_of(result: Result, timeline: Timeline) -> DuePeriod:
    """The period of a result, with the instant at which its facts were first cut off."""
    zone = zone_named(terms_of(timeline, result.edition).zone)
    due_at = after(result.period.end, result.kpi.cut_off, zone)
    return DuePeriod(result.kpi, result.edition, result.period, due_at)


def settled_until(timeline: Timeline, results: Iterable[Result]) -> datetime | None:
    """The last instant at which facts were cut off for a period that is evaluated."""
    last: dict[str, Result] = {}
    for result in results:
        known = last.setdefault(result.kpi.key, result)
        if result.period.end > known.period.end:
            last[result.kpi.key] = result
    return max((due_of(each, timeline).due_at for each in last.values()), default=None)


def runs(periods: Iterable[DuePeriod]) -> Iterator[list[DuePeriod]]:
    """Periods that lie together in time; between two runs no fact need be read."""
    run: list[DuePeriod] = []
    for due in sorted(periods, key=lambda each: (each.period.start, each.period.end)):
        if run and due.period.start > max(each.period.end for each in run):
            yield run
            run = []
        run.append(due)
    if run:
        yield run


# --- KPIs that rest on others


def parts_of(timeline: Timeline, key: str) -> list[str]:
    """The KPIs on which a composite rests in some edition."""
    kpis = [kpi for edition in timeline.editions for kpi in edition.terms.kpis if kpi.key == key]
    return list(dict.fromkeys(part for kpi in kpis for part in kpi.measure.parts or ()))


def parts_first(timeline: Timeline) -> list[str]:
    """Every KPI that some edition knows, each after those on which it rests."""
    found: dict[str, None] = {}

    def add(key: str, above: tuple[str, ...]) -> None:
        for part in parts_of(timeline, key):
            if part not in above:
                add(part, (*above, part))
        found.setdefault(key)

    for edition in timeline.editions:
        for kpi in edition.terms.kpis:
            add(kpi.key, (kpi.key,))
    return list(found)


# --- which periods


def _by_place(results: Iterable[Result]) -> dict[str, dict[datetime, list[Result]]]:
    """The results of each KPI by the start of their periods, all dimensions of one together."""
    found: dict[str, dict[datetime, list[Result]]] = {}
    for result in results:
        found.setdefault(result.kpi.key, {}).setdefault(result.period.start, []).append(result)
    return found


@dataclass(slots=True)
class _Work:
    """The periods found so far; KPIs are added after those on which they rest."""

    timeline: Timeline
    results: Mapping[str, Mapping[datetime, Sequence[Result]]]
    touched: Sequence[Touched]
    found: dict[Place, DuePeriod] = field(default_factory=dict)

    def add(self, key: str) -> None:
        """Find the periods of one KPI, in their order."""
        last: int | None = None
        carrying = False
        for number, (start, several) in enumerate(sorted(self.results.get(key, {}).items())):
            first = several[0]
            kpi = first.kpi
            own = self._is_touched(first) or self._rests_on_parts(first)
            last = number if own else last
            averaged = 1 if kpi.averaging is None else kpi.averaging.periods
            follows = last is not None and number - last < averaged
            if own or follows or (carrying and kpi.no_data == NoData.CARRIED):
                self.found[key, start] = due_of(first, self.timeline)
            has_figure = all(each.den and each.status != Status.EXCUSED for each in several)
            carrying = own or (carrying and not has_figure)

    def _is_touched(self, result: Result) -> bool:
        """Whether facts of the KPI, or of one on which it rests, lie in the period."""
        period = result.period
        before = [each for each in self.touched if each.start < period.end]
        kpis = {kpi.key: kpi for kpi in terms_of(self.timeline, result.edition).kpis}
        keys = [result.kpi.key]
        for key in keys:
            # A state is carried on, so that one of before may still hold in the period.
            carried = carries_on(kpis[key].measure)
            inside = (each for each in before if carried or period.start < each.end)
            if any(takes(kpis[key], each) for each in inside):
                return True
            keys += [part for part in kpis[key].measure.parts or () if part not in keys]
        return False

    def _rests_on_parts(self, result: Result) -> bool:
        """Whether a part's period that is measured again lies in the period."""
        parts, period = result.kpi.measure.parts or (), result.period
        return bool(parts) and any(
            of in parts and period.start <= due.period.start and due.period.end <= period.end
            for (of, _), due in self.found.items()
        )


def takes(kpi: Kpi, each: Touched) -> bool:
    """Whether a KPI's figure may depend on these facts."""
    names = taken(kpi)
    match each.kind:
        case FactKind.PERIOD_RESULT:
            return each.name == kpi.key
        case FactKind.RELIEF:
            return each.name in {"", kpi.key}
        case FactKind.TICKET:
            return FactKind.TICKET in names
        case kind:
            return names.get(kind) == each.name
