"""Notices: prepared with the effect that they tell of, claimed, sent, and never silently doubled."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import notice

LOST_AFTER = timedelta(seconds=60)
"""A notice claimed so long ago by the database's clock lost its sender: its fate is unknown.
One that was refused for now waits so long as well.
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A notice as it will be sent."""

    key: str
    agreement: str
    template: str
    subject: str
    contact: str
    address: str
    task: str | None
    due_at: datetime
    prepared_at: datetime
    title: str
    body: str

    @property
    def message_id(self) -> str:
        """The same for every attempt, so that a reader's mail program shows one message."""
        return f"<{hashlib.sha256(self.key.encode()).hexdigest()[:32]}@covenant.invalid>"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this process alone may send now; from the second attempt on it says so."""

    notice: Prepared
    attempt: int
    fate_unknown: bool


async def prepare(connection: AsyncConnection, new: Prepared) -> None:
    """Prepare a notice; the same person is never told twice of the same step."""
    values = {name: getattr(new, name) for name in Prepared.__dataclass_fields__}
    values |= {"message_id": new.message_id, "state": "prepared", "attempts": 0}
    await connection.execute(insert(notice).values(values).on_conflict_do_nothing())


async def claim(
    connection: AsyncConnection, agreement: str | None, lost_after: timedelta = LOST_AFTER
) -> Claimed | None:
    """Claim the next unsent notice, also one whose sender was lost or not sure."""
    lost = notice.c.claimed_at < func.clock_timestamp() - lost_after
    query = (
        select(notice.c.key, notice.c.state)
        .where(
            notice.c.state.in_(["prepared", "sending", "ambiguous"]),
            or_(notice.c.claimed_at.is_(None), lost),
        )
        .order_by(notice.c.due_at, notice.c.key)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if agreement is not None:
        query = query.where(notice.c.agreement == agreement)
    free = query.cte("free").prefix_with("MATERIALIZED")
    claiming = (
        update(notice)
        .where(notice.c.key == free.c.key)
        .values(state="sending", attempts=notice.c.attempts + 1, claimed_at=func.clock_timestamp())
        .returning(notice, free.c.state.label("was"))
    )
    row = (await connection.execute(claiming)).one_or_none()
    if row is None:
        return None
    names = Prepared.__dataclass_fields__
    claimed = Prepared(**{name: getattr(row, name) for name in names})
    return Claimed(claimed, row.attempts, fate_unknown=row.was != "prepared")


async def conclude(
    connection: AsyncConnection, claimed: Claimed, state: str, error: str | None = None
) -> None:
    """Write what became of an attempt: sent, prepared (again), ambiguous or failed.

    A sender so slow that another took the notice over has nothing to say about it any more.
    """
    await connection.execute(
        update(notice)
        .where(notice.c.key == claimed.notice.key, notice.c.attempts == claimed.attempt)
        .values(state=state, error=error)
    )
