"""Word of facts that may touch evaluated periods, kept until somebody has looked at it.

Word of an intake is left in its own transaction, so that a process that dies afterwards loses
nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.restating import Touched
from store.tables import agreement, evaluation, intake, restatement
from store.touching import touched_by


@dataclass(frozen=True, slots=True)
class Late:
    """An intake that may touch periods evaluated by then."""

    intake: str
    file: str
    accepted: int
    received_at: datetime
    touched: tuple[Touched, ...]


async def leave_word(
    connection: AsyncConnection,
    agreement_id: str,
    digest: str,
    touched: Iterable[Touched],
    received_at: datetime,
) -> None:
    """Leave word of an intake; if it reaches back before what is evaluated, something is due.

    The agreement's row is locked from here on, as it is while periods are evaluated: whoever
    evaluates next sees these facts, and what was evaluated before is seen here.
    """
    locked = select(agreement.c.id).where(agreement.c.id == agreement_id)
    await connection.execute(locked.with_for_update(key_share=True))
    await connection.execute(
        insert(restatement).values(agreement=agreement_id, intake=digest, received_at=received_at)
    )
    query = select(func.max(evaluation.c.end_at)).where(evaluation.c.agreement == agreement_id)
    evaluated: datetime | None = await connection.scalar(query)
    if reaches_back(touched, evaluated):
        await connection.execute(
            update(agreement)
            .where(agreement.c.id == agreement_id)
            .values(next_due_at=func.least(agreement.c.next_due_at, received_at))
        )


def reaches_back(touched: Iterable[Touched], evaluated: datetime | None) -> bool:
    """Whether some fact stands before the end of what is evaluated."""
    return evaluated is not None and any(each.start < evaluated for each in touched)


async def waiting(connection: AsyncConnection, agreement_id: str) -> list[Late]:
    """The intakes that nobody has looked at, in the order of their receipt."""
    query = (
        select(restatement, intake.c.name, intake.c.accepted)
        .join(
            intake,
            (intake.c.agreement == restatement.c.agreement)
            & (intake.c.digest == restatement.c.intake),
        )
        .where(restatement.c.agreement == agreement_id, restatement.c.done_at.is_(None))
        .order_by(restatement.c.received_at, restatement.c.intake)
    )
    return [
        Late(
            row.intake,
            row.name,
            row.accepted,
            row.received_at,
            tuple(await touched_by(connection, agreement_id, row.intake)),
        )
        for row in (await connection.execute(query)).all()
    ]


async def last_done(connection: AsyncConnection, agreement_id: str) -> datetime | None:
    """The latest instant as of which facts that came late were looked at."""
    query = select(func.max(restatement.c.done_at)).where(restatement.c.agreement == agreement_id)
    at: datetime | None = await connection.scalar(query)
    return at


async def done(connection: AsyncConnection, agreement_id: str, digest: str, at: datetime) -> None:
    """Note that an intake was looked at, as of an instant."""
    await connection.execute(
        update(restatement)
        .where(restatement.c.agreement == agreement_id, restatement.c.intake == digest)
        .values(done_at=at)
    )


async def late_since(connection: AsyncConnection, agreement_id: str) -> datetime | None:
    """Since when facts wait that make something due; None when there are none.

    An agreement that is put off after a fault is due later than its facts, and is left alone.
    """
    waits = _late(func.min(restatement.c.received_at)).where(agreement.c.id == agreement_id)
    at: datetime | None = await connection.scalar(waits)
    return at


async def overlooked(connection: AsyncConnection) -> list[Any]:
    """Late facts of which Monitoring may not have heard: of each shard an agreement, and since when."""
    since = func.min(restatement.c.received_at).label("received_at")
    waits = _late(agreement.c.shard, func.min(agreement.c.id).label("agreement"), since).where(
        restatement.c.recorded_at < func.clock_timestamp() - text("interval '10 s'")
    )
    return list(await connection.execute(waits.group_by(agreement.c.shard)))


def _late(*columns: Any) -> Select[Any]:  # noqa: ANN401 - of SQLAlchemy's own types
    return (
        select(*columns)
        .join_from(agreement, restatement, restatement.c.agreement == agreement.c.id)
        .where(
            restatement.c.done_at.is_(None), agreement.c.next_due_at <= restatement.c.received_at
        )
    )
