"""The outbox: what Temporal must be told, kept until it was."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import outbox


@dataclass(frozen=True, slots=True)
class Message:
    """Start the workflow (`starts`), or signal it, with one argument."""

    key: str
    shard: int
    workflow: str
    name: str
    starts: bool
    argument: dict[str, Any]


async def put(connection: AsyncConnection, message: Message) -> None:
    """Keep a message; the same key is the same message."""
    values = {name: getattr(message, name) for name in Message.__dataclass_fields__}
    await connection.execute(insert(outbox).values(values).on_conflict_do_nothing())


async def untold(connection: AsyncConnection, shard: int) -> list[Message]:
    """What is still to be told of a shard, oldest first."""
    columns = [getattr(outbox.c, name) for name in Message.__dataclass_fields__]
    query = (
        select(*columns)
        .where(outbox.c.shard == shard, outbox.c.told.is_(False))
        .order_by(outbox.c.recorded_at, outbox.c.key)
    )
    return [Message(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


async def said(connection: AsyncConnection, key: str) -> dict[str, Any] | None:
    """The argument of the message of that key; None when nobody ever left it."""
    query = select(outbox.c.argument).where(outbox.c.key == key)
    argument: dict[str, Any] | None = await connection.scalar(query)
    return argument


async def told(connection: AsyncConnection, key: str) -> None:
    """Note that Temporal knows."""
    await connection.execute(update(outbox).where(outbox.c.key == key).values(told=True))
