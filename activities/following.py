"""What a case hears of a period: it opens, is joined, is proved, or turns out to be about nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.opening import Miss, add_period, as_json, missed_periods, open_case
from activities.world import Happening, World, note
from domain.events import Event
from domain.identifiers import effect_key
from domain.noncompliance import CaseState, PeriodMissed, PeriodRestated, PeriodsMet
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
    case = await _open_case_of(connection, row.id, due.kpi.key)
    if status in MISSED:
        await _missed(connection, world, row, due, status, case, now)
    elif case is not None and status is Status.MET:
        await _met(connection, row, due, case)


async def follow_restated(
    connection: AsyncConnection,
    world: World,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    due: DuePeriod,
    old: Status | None,
    new: Status | None,
    now: datetime,
) -> None:
    """The same of a period that turned out otherwise, as of the receipt of the facts.

    A period that is no longer missed leaves its case. One that is still missed, but otherwise,
    opens none: its case is open, or was closed with it.
    """
    case = await _open_case_of(connection, row.id, due.kpi.key)
    if new in MISSED and old not in MISSED:
        await _missed(connection, world, row, due, new, case, now)
        return
    if case is None:
        return
    mine = [each.period for each in await missed_periods(connection, case.id)]
    if old in MISSED and due.period.key in mine:
        turned = _miss(row, due, new or Status.NO_DATA)
        revision = await add_period(connection, case.id, turned)
        if new not in MISSED:
            await _left(connection, row, due, case, new, revision, now)
    if new is Status.MET:
        await _met(connection, row, due, case)


async def _open_case_of(connection: AsyncConnection, agreement: str, kpi: str) -> Any:  # noqa: ANN401
    """The open case of a KPI, locked; None when there is none."""
    cases = tables.noncompliance
    query = select(cases).where(
        cases.c.agreement == agreement, cases.c.kpi == kpi, cases.c.closed_at.is_(None)
    )
    return (await connection.execute(query.with_for_update(key_share=True))).one_or_none()


def _miss(row: Any, due: DuePeriod, status: Status) -> Miss:  # noqa: ANN401 - of `agreement`
    return Miss(row.id, row.shard, due.kpi.key, due.period.key, status, due.due_at)


async def _missed(
    connection: AsyncConnection,
    world: World,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    due: DuePeriod,
    status: Status,
    case: Any,  # noqa: ANN401 - a row of `noncompliance`, or None
    now: datetime,
) -> None:
    miss = _miss(row, due, status)
    if case is None:
        await open_case(connection, world, miss, now)
    else:
        await _join(connection, case.id, miss, due.period.start, now)


async def _met(
    connection: AsyncConnection,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    due: DuePeriod,
    case: Any,  # noqa: ANN401 - a row of `noncompliance`
) -> None:
    met = await _met_in_a_row(connection, row.id, case, due)
    if met >= due.kpi.verified_after:
        news = PeriodsMet(due.period.key, due.due_at)
        await _signal(connection, row.shard, case.id, "figures_recovered", due.period.key, news)


async def _left(
    connection: AsyncConnection,
    row: Any,  # noqa: ANN401 - a row of `agreement`
    due: DuePeriod,
    case: Any,  # noqa: ANN401 - a row of `noncompliance`
    new: Status | None,
    revision: int,
    now: datetime,
) -> None:
    """A period leaves its case; with the last one, the case hears that it is about nothing."""
    period = due.period.key
    left = Happening(row.id, Event.CASE_LEFT, case.id, due.due_at, (period, revision))
    await note(connection, left, now, period=period, status=new)
    if not await missed_periods(connection, case.id):
        news = PeriodRestated(period, due.due_at, revision)
        await _signal(connection, row.shard, case.id, "figures_restated", period, news, revision)


async def _join(
    connection: AsyncConnection, case: str, miss: Miss, start_at: datetime, now: datetime
) -> None:
    revision = await add_period(connection, case, miss)
    joined = Happening(
        miss.agreement, Event.CASE_JOINED, case, miss.due_at, (miss.period, revision)
    )
    await note(connection, joined, now, period=miss.period)
    # One that comes back to a case that it had left is no relapse of its own.
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
    latest = (
        select(evaluation)
        .ext(distinct_on(evaluation.c.dim, evaluation.c.period))
        .where(evaluation.c.agreement == agreement_id, evaluation.c.kpi == due.kpi.key)
        .order_by(evaluation.c.dim, evaluation.c.period, evaluation.c.revision.desc())
        .subquery()
    )
    missed = select(func.max(latest.c.end_at)).where(latest.c.status.in_(MISSED))
    since = list(filter(None, (await connection.scalar(missed), case.verify_from)))
    if not since:  # restated, it is about nothing; there is nothing to prove
        return 0
    # Each period once, however many dimensions it has.
    counting = select(func.count(latest.c.start_at.distinct())).where(
        latest.c.status == Status.MET, latest.c.start_at >= max(since)
    )
    return int(await connection.scalar(counting) or 0)


async def _signal(
    connection: AsyncConnection,
    shard: int,
    workflow: str,
    name: str,
    period: str,
    news: PeriodMissed | PeriodsMet | PeriodRestated,
    revision: int = 1,
) -> None:
    key = effect_key(workflow, name, period, revision)
    message = Message(key, shard, workflow, name, starts=False, argument=as_json(news))
    await outbox.put(connection, message)
