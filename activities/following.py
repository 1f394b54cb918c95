"""What a case hears of a period that was evaluated: it opens, is joined, or is proved."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.opening import Miss, add_period, as_json, open_case
from activities.world import Happening, World, note
from domain.evaluation import severity
from domain.events import Event
from domain.identifiers import effect_key
from domain.noncompliance import CaseState, PeriodMissed, PeriodsMet
from domain.results import MISSED, Status
from domain.schedule import DuePeriod
from store import outbox, tables
from store.outbox import Message

WORST_FIRST = (Status.BELOW_MINIMUM, Status.BELOW_EXPECTED, Status.MET)


def status_of(statuses: Iterable[Status]) -> Status | None:
    """What a period came to over all dimensions: the worst; None where there is no verdict."""
    found = set(statuses)
    return next((each for each in WORST_FIRST if each in found), None)


async def follow_up(
    connection: AsyncConnection,
    world: World,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    due: DuePeriod,
    status: Status | None,
    now: datetime,
) -> None:
    """Open a case on a miss, join it to the open one, or prove the open one's plan."""
    cases = tables.noncompliance
    query = select(cases).where(
        cases.c.agreement == row.id, cases.c.kpi == due.kpi.key, cases.c.closed_at.is_(None)
    )
    case = (await connection.execute(query.with_for_update(key_share=True))).one_or_none()
    if status is not None and severity(status) is not None:
        miss = Miss(row.id, row.shard, due.kpi.key, due.period.key, status, due.due_at)
        if case is None:
            await open_case(connection, world, miss, now)
        else:
            await _join(connection, case.id, miss, due.period.start, now)
    elif case is not None and status is Status.MET:
        met = await _met_in_a_row(connection, row.id, case, due)
        if met >= due.kpi.verified_after:
            news = PeriodsMet(due.period.key, due.due_at)
            await _signal(connection, row.shard, case.id, "figures_recovered", due.period.key, news)


async def _join(
    connection: AsyncConnection, case: str, miss: Miss, start_at: datetime, now: datetime
) -> None:
    await add_period(connection, case, miss)
    joined = Happening(miss.agreement, Event.CASE_JOINED, case, miss.due_at, (miss.period, 1))
    await note(connection, joined, now, period=miss.period)
    missed = PeriodMissed(miss.period, start_at, miss.due_at)
    await _signal(connection, miss.shard, case, "join_period", miss.period, missed)


async def _met_in_a_row(
    connection: AsyncConnection,
    agreement_id: str,
    case: Any,  # noqa: ANN401 - a row of `noncompliance`
    due: DuePeriod,
) -> int:
    """Met periods since the plan was accepted (or nobody answered) and since the last miss."""
    if case.state not in {CaseState.VERIFYING, CaseState.UNANSWERED}:
        return 0
    evaluation = tables.evaluation
    mine = (evaluation.c.agreement == agreement_id) & (evaluation.c.kpi == due.kpi.key)
    missed = select(func.max(evaluation.c.end_at)).where(mine, evaluation.c.status.in_(MISSED))
    since = [await connection.scalar(missed), case.verify_from]
    # Each period once, however many dimensions and revisions it has.
    counting = select(func.count(evaluation.c.start_at.distinct())).where(
        mine,
        evaluation.c.status == Status.MET,
        evaluation.c.start_at >= max(filter(None, since)),
    )
    return int(await connection.scalar(counting) or 0)


async def _signal(
    connection: AsyncConnection,
    shard: int,
    workflow: str,
    name: str,
    period: str,
    news: PeriodMissed | PeriodsMet,
) -> None:
    key = effect_key(workflow, name, period, 1)
    message = Message(key, shard, workflow, name, starts=False, argument=as_json(news))
    await outbox.put(connection, message)
