"""What is due of an agreement, and what it comes to by the same rules that assess it offline.

A result is what was known at its due instant: of the facts received before it, the latest revision
of each.
"""

from asyncio import Semaphore
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.facts import Fact, FactKind
from domain.facts.book import FactBook, book
from domain.lifecycle import OVER
from domain.measurement import Aggregate, Window, carries_on
from domain.measurement import wanted as columns_wanted
from domain.measures.incidents import one_credit_each
from domain.measures.outcome import of_figure
from domain.measures.readings import figure_of
from domain.performance import performance
from domain.restating import parts_first, parts_of, taken
from domain.results import Result
from domain.schedule import DuePeriod, keys_of, periods_of, rests_on
from domain.terms.shape import Kpi, Measure
from domain.timeline import Timeline
from store.archived import must_be_there
from store.known import States, Wanted, facts_within, standing_facts
from store.measuring import aggregate, count_beforehand, is_counted
from store.statistics import Run

AT_ONCE = 500
"""Periods of one agreement in one transaction; after a long outage the rest follows in the next."""

Counted = Mapping[tuple[str, datetime], Aggregate]
"""What the record counted, by KPI and the start of the period."""

Made = Mapping[str, Sequence[Result]]
"""Results that there are already, by KPI."""


# --- what is due


def due_until(
    now: datetime,
    timeline: Timeline,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    evaluated: Mapping[str, datetime],
) -> tuple[list[DuePeriod], datetime | None]:
    """The periods due by `now` in order of their instants, and when the next will be."""
    due: list[DuePeriod] = []
    upcoming: list[datetime] = []
    for key in keys_of(timeline):
        for each in periods_of(timeline, key, evaluated.get(key, row.live_from), row.ends_at):
            # Only the end of the term tells whether its last period is cut short.
            if each.period.end >= row.ends_at and row.phase not in OVER:
                break
            if each.due_at > now:
                upcoming.append(each.due_at)
                break
            due.append(each)
    due.sort(key=lambda each: (each.due_at, each.kpi.key, each.period.start))
    if len(due) > AT_ONCE:
        later = max(due[AT_ONCE].due_at, due[0].due_at + datetime.resolution)
        upcoming += [each.due_at for each in due if each.due_at >= later]
        due = [each for each in due if each.due_at < later]
    return due, min(upcoming, default=None)


# --- what the record can count by itself


async def count(
    connection: AsyncConnection, agreement: str, due: Iterable[DuePeriod]
) -> dict[tuple[str, datetime], Aggregate]:
    """Count what can be; FactsArchivedError when facts of one of them may be gone."""
    several = _countable(due)
    await must_be_there(connection, agreement, [each.period.start for each in several])
    runs = _runs(several)
    counted = chain.from_iterable(await aggregate(connection, agreement, runs))
    return {
        (each.kpi.key, each.period.start): figures
        for each, figures in zip(several, counted, strict=True)
    }


async def count_due(
    engine: AsyncEngine, agreement: str, due: Iterable[DuePeriod], gate: Semaphore
) -> None:
    """Count the same beforehand, so that `count` finds it, in a transaction that others wait for."""
    several = _countable(due)
    if several:
        async with engine.connect() as connection:
            await must_be_there(connection, agreement, [each.period.start for each in several])
        await count_beforehand(engine, agreement, _runs(several), gate)


def _countable(due: Iterable[DuePeriod]) -> list[DuePeriod]:
    """Those that statements can count, KPI by KPI."""
    several = [each for each in due if is_counted(each.kpi)]
    return sorted(several, key=lambda each: (each.kpi.key, each.period.start))


def _runs(due: Iterable[DuePeriod]) -> Sequence[Run]:
    """Their windows, those of a KPI under the same terms together."""
    runs: list[tuple[Measure, list[Window]]] = []
    for each in due:
        if not runs or runs[-1][0] is not each.kpi.measure:
            runs.append((each.kpi.measure, []))
        runs[-1][1].append(Window(each.period.start, each.period.end, each.due_at))
    return runs


def _is_touched(due: DuePeriod, known: FactBook) -> bool:
    """Whether something was reported or excused for the period."""
    key, period = due.kpi.key, due.period
    touching = [
        *((fact.start, fact.end) for fact in known.reliefs if fact.kpi in {None, key}),
        *((fact.start, fact.end) for fact in known.period_results if fact.kpi == key),
    ]
    return any(start < period.end and period.start < end for start, end in touching)


# --- results


@dataclass(frozen=True, slots=True)
class Measured:
    """A result, and of how many facts it is made, of which so many had no value."""

    result: Result
    facts: int
    missing: int | None


async def measure(
    connection: AsyncConnection,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    timeline: Timeline,
    due: Sequence[DuePeriod],
    counted: Counted,
    earlier: Sequence[Result],
) -> tuple[list[Measured], FactBook]:
    """The results of periods due at one instant, and what stands beside the facts of periods.

    A composite rests on the results of its parts. What is not due of these is measured as it is
    known now, and not told.
    """
    due_at = due[0].due_at
    made: dict[str, list[Result]] = {}
    for result in earlier:
        made.setdefault(result.kpi.key, []).append(result)
    ahead = _ahead(timeline, row, due, made)
    standing = await standing_facts(connection, row.id, due_at)
    known = book(standing)
    touched = [
        each
        for each in (*due, *ahead)
        if (each.kpi.key, each.period.start) not in counted
        or _is_touched(each, known)
        or one_credit_each(timeline.at(each.period.start).terms, each.kpi)
    ]
    facts = await _facts(connection, row.id, due_at, touched, made)
    known = book([*standing, *facts])
    found: list[Measured] = []
    for key in parts_first(timeline):
        for each in due:
            if each.kpi.key == key and each not in touched:
                figures = counted[key, each.period.start]
                figure = figure_of(each.kpi, figures)
                result = of_figure(each.kpi, each.edition, each.period, figure)
                found.append(Measured(result, figures.facts, figures.missing))
                made.setdefault(key, []).append(result)
        several = [each for each in touched if each.kpi.key == key]
        if several:
            since, until = rests_on(several, made)
            starts = {each.period.start for each in several}
            told = {each.period.start for each in due if each.kpi.key == key}
            performed = performance(timeline, key, known, since, until, due_at, made)
            results = [each for each in performed.results if each.period.start in starts]
            found += [
                Measured(each, each.sample, None) for each in results if each.period.start in told
            ]
            made.setdefault(key, []).extend(results)
    return found, known


async def _facts(
    connection: AsyncConnection,
    agreement: str,
    known_at: datetime,
    due: Sequence[DuePeriod],
    made: Made,
) -> list[Fact]:
    """The facts of just the windows that are needed; FactsArchivedError when some may be gone."""
    windows: dict[tuple[datetime, datetime], Wanted] = {}
    for key in dict.fromkeys(each.kpi.key for each in due):
        several = [each for each in due if each.kpi.key == key]
        wanted = windows.setdefault(rests_on(several, made), Wanted())
        for each in several:
            _want(wanted, each.kpi)
    await must_be_there(connection, agreement, [start for start, _ in windows])
    facts: dict[tuple[type[Fact], str], Fact] = {}
    for window, wanted in windows.items():
        for fact in await facts_within(connection, agreement, known_at, window, wanted):
            facts[type(fact), fact.id] = fact
    return list(facts.values())


def _want(wanted: Wanted, kpi: Kpi) -> None:
    """Add what the KPI's measure takes; events stand beside periods."""
    for kind, name in taken(kpi).items():
        if kind != FactKind.EVENT:
            wanted.add(kind, [name])
    wanted.clocks |= kpi.measure.clock is not None
    if carries_on(kpi.measure):
        where = tuple(sorted(columns_wanted(kpi.measure.where).items()))
        wanted.states.add(States(kpi.measure.series or "", where, kpi.per))


# --- parts of composites


def _ahead(
    timeline: Timeline,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    due: Sequence[DuePeriod],
    made: Made,
) -> list[DuePeriod]:
    """The periods of parts that lie in those of composites and are not evaluated yet, nor due."""
    found: dict[tuple[str, datetime], DuePeriod] = {}
    waiting = list(due)
    now = {(each.kpi.key, each.period.start) for each in due}
    for whole in waiting:
        for key in parts_of(timeline, whole.kpi.key):
            since = max((each.period.end for each in made.get(key, ())), default=row.live_from)
            for each in periods_of(timeline, key, since, row.ends_at):
                if each.period.end > whole.period.end:
                    break
                place = key, each.period.start
                if each.period.start >= whole.period.start and place not in found.keys() | now:
                    found[place] = replace(each, due_at=whole.due_at)
                    waiting.append(found[place])
    return list(found.values())
