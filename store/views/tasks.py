"""What somebody has to do, soonest first."""

from typing import Any

from sqlalchemy import any_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import agreement, task

Row = dict[str, Any]


async def tasks(
    connection: AsyncConnection,
    *,
    key: str | None = None,
    owner: str | None = None,
    closed: bool = False,
) -> list[Row]:
    """The open tasks (with `closed`, all) of an agreement or of a contact."""
    query = select(task, agreement.c.zone).join(agreement, agreement.c.id == task.c.agreement)
    if key is not None:
        query = query.where(task.c.agreement == key)
    if owner is not None:
        query = query.where(any_(task.c.owners) == owner)
    if not closed:
        query = query.where(task.c.closed_at.is_(None))
    rows = await connection.execute(query.order_by(task.c.due_at, task.c.id))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - the documented way to the names
