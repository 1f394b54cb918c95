"""How a case comes to be: its row, the missed periods it is about, the message that starts it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.world import Happening, World, note
from domain.commands import Start
from domain.evaluation import Status, severity
from domain.events import Event
from domain.identifiers import case_id, effect_key
from domain.noncompliance import CaseState, PeriodMissed, PeriodRestated, PeriodsMet
from domain.results import MISSED
from store import outbox, tables
from store.outbox import Message


@dataclass(frozen=True, slots=True)
class Miss:
    """A missed period of a KPI, found when its figures were due or restated."""

    agreement: str
    shard: int
    kpi: str
    period: str
    status: Status
    due_at: datetime


async def open_case(connection: AsyncConnection, world: World, miss: Miss, now: datetime) -> str:
    """Insert the case that a miss opens, and leave word that its workflow is to start."""
    cases, grade = tables.noncompliance, severity(miss.status)
    counting = (
        select(func.count())
        .select_from(cases)
        .where(
            cases.c.agreement == miss.agreement,
            cases.c.kpi == miss.kpi,
            cases.c.period == miss.period,
        )
    )
    opening = int(await connection.scalar(counting) or 0) + 1
    case = case_id(miss.agreement, miss.kpi, miss.period, opening)
    await connection.execute(
        insert(cases).values(
            id=case,
            agreement=miss.agreement,
            kpi=miss.kpi,
            period=miss.period,
            opening=opening,
            severity=grade,
            state=CaseState.CLIMBING,
            level=1,
            cycle=0,
            opened_at=miss.due_at,
        )
    )
    await add_period(connection, case, miss)
    happening = Happening(miss.agreement, Event.CASE_OPENED, case, miss.due_at)
    await note(connection, happening, now, severity=grade, period=miss.period)
    start = Start(case, miss.agreement, world.offset.total_seconds())
    await outbox.put(
        connection,
        Message(
            effect_key(case, "start"),
            miss.shard,
            case,
            "NonComplianceWorkflow",
            starts=True,
            argument=as_json(start),
        ),
    )
    return case


async def add_period(connection: AsyncConnection, case: str, miss: Miss) -> int:
    """Note that a case is about this period, too, or that it turned out otherwise; the revision.

    A period that is missed in another way has joined when it first did.
    """
    joined = tables.case_period
    known = (
        await connection.execute(
            select(joined)
            .where(joined.c.case_id == case, joined.c.period == miss.period)
            .order_by(joined.c.revision.desc())
            .limit(1)
        )
    ).one_or_none()
    if known is not None and known.status == miss.status:
        return int(known.revision)
    revision, joined_at = 1, miss.due_at
    if known is not None:
        revision = known.revision + 1
        if {known.status, miss.status} <= MISSED:
            joined_at = known.joined_at
    values = {
        "case_id": case,
        "period": miss.period,
        "revision": revision,
        "status": miss.status,
        "joined_at": joined_at,
    }
    await connection.execute(insert(joined).values(values))
    return revision


async def missed_periods(connection: AsyncConnection, case: str) -> list[Any]:
    """The periods of a case that are missed by their latest revision, in the order of joining."""
    joined = tables.case_period
    latest = (
        select(joined)
        .ext(distinct_on(joined.c.period))
        .where(joined.c.case_id == case)
        .order_by(joined.c.period, joined.c.revision.desc())
        .subquery()
    )
    missed = select(latest).where(latest.c.status.in_(MISSED))
    return list(await connection.execute(missed.order_by(latest.c.joined_at, latest.c.period)))


def as_json(value: Start | PeriodMissed | PeriodsMet | PeriodRestated) -> dict[str, Any]:
    """A message's argument as the outbox keeps it."""
    return {
        name: each.isoformat() if isinstance(each := getattr(value, name), datetime) else each
        for name in value.__dataclass_fields__
    }
