"""Where an agreement stands now: KPIs in periods that run, open tickets, and what is due next.

Reckoned when it is asked for, by the rules that will judge; it writes nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.ledgering import account_of
from activities.warning import Lookout
from domain.at_risk import is_open
from domain.clocks.runs import ClockRun
from domain.prospects import Prospect, budget_warnings, prospects
from domain.results import Result
from domain.schedule import keys_of, periods_of
from domain.timeline import Timeline
from store import tables
from store.editions import all_editions, timeline_of
from store.known import open_tickets
from store.results import evaluated_until
from store.views.tasks import tasks


@dataclass(frozen=True, slots=True)
class Due:
    """Something that comes, and when."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class RunningKpi:
    """What a period that runs would come to with what is known, and what can still become of it."""

    result: Result
    outlook: tuple[Prospect, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agreement stands at an instant. Clocks are those of open tickets, the soonest first."""

    title: str
    zone: str
    as_of: datetime
    live_from: datetime | None
    kpis: tuple[RunningKpi, ...]
    clocks: tuple[ClockRun, ...]
    due: tuple[Due, ...]


async def standing(connection: AsyncConnection, agreement: str, now: datetime) -> Standing | None:
    """Where the agreement stands; None when there is no such agreement."""
    query = select(tables.agreement).where(tables.agreement.c.id == agreement)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    editions = await all_editions(connection, agreement)
    timeline = timeline_of(editions)
    evaluated = await evaluated_until(connection, agreement, keys_of(timeline))
    measured: list[Result] = []
    clocks: list[ClockRun] = []
    if row.live_from is not None and row.closed_at is None:
        account = await account_of(connection, agreement, timeline, row.ends_at)
        lookout = Lookout(connection, row, editions, timeline, now)
        provisional = await lookout.provisional(keys_of(timeline), evaluated, account.results)
        measured = [each.result for each in provisional]
        if any(edition.terms.clocks for edition in editions):
            names = await open_tickets(connection, agreement, now + datetime.resolution)
            clocks = [each for each in await lookout.runs_of(names) if is_open(each)]
    due = [
        *_periods(timeline, row, evaluated),
        *[
            Due(task["due_at"], f"task #{task['number']}: {task['title']}")
            for task in await tasks(connection, key=agreement)
            if task["due_at"] is not None
        ],
    ]
    if row.closed_at is None:
        due.append(Due(row.ends_at, f"term {row.term} ends"))
    return Standing(
        row.title,
        row.zone,
        now,
        row.live_from,
        tuple(_running(measured)),
        tuple(sorted(clocks, key=lambda each: (each.deadline is None, each.deadline, each.ticket))),
        tuple(sorted(due, key=lambda each: (each.at, each.what))),
    )


def _running(results: Iterable[Result]) -> Iterator[RunningKpi]:
    for each in results:
        warnings = tuple(warning.said for warning in budget_warnings(each))
        yield RunningKpi(each, prospects(each), warnings)


def _periods(
    timeline: Timeline,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    evaluated: dict[str, datetime],
) -> Iterator[Due]:
    """When the next period of each KPI is judged."""
    if row.live_from is None or row.closed_at is not None:
        return
    for key in keys_of(timeline):
        following = next(
            periods_of(timeline, key, evaluated.get(key, row.live_from), row.ends_at), None
        )
        if following is not None:
            yield Due(following.due_at, f"{key} {following.period.key} is judged")
