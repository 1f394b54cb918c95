"""Files of facts that were handed in, and the rows of them that wait for a person."""

import zlib
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import document_part, held_decision, held_row, intake


async def intakes(connection: AsyncConnection, agreement: str) -> list[dict[str, Any]]:
    """Every file, in the order of receipt, with what became of its rows and facts."""
    names = (
        "digest",
        "name",
        "kind",
        "actor",
        "received_at",
        "rows",
        "passed",
        "quarantined",
        "rejected",
        "read",
        "accepted",
        "repeated",
        "unread",
        "raw",
        "mapping",
    )
    query = (
        select(*(intake.c[name] for name in names))
        .where(intake.c.agreement == agreement)
        .order_by(intake.c.received_at, intake.c.recorded_at)
    )
    return [dict(row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


async def held(
    connection: AsyncConnection, agreement: str, *, decided: bool = False
) -> list[dict[str, Any]]:
    """Rows that were not taken in: those that wait, or with `decided` all, as they came."""
    query = (
        select(
            held_row.c.number,
            intake.c.name.label("file"),
            held_row.c.intake,
            held_row.c.line,
            held_row.c.fate,
            held_row.c.kind,
            held_row.c.problems,
            held_row.c.cells,
            held_row.c.actor,
            held_row.c.received_at,
            held_decision.c.choice,
            held_decision.c.actor.label("decided_by"),
            held_decision.c.decided_at,
            held_decision.c.note,
            held_decision.c.cells.label("set"),
        )
        .join(
            intake,
            (intake.c.agreement == held_row.c.agreement) & (intake.c.digest == held_row.c.intake),
        )
        .outerjoin(held_decision, held_decision.c.number == held_row.c.number)
        .where(held_row.c.agreement == agreement)
        .order_by(held_row.c.number)
    )
    if not decided:
        query = query.where(held_decision.c.number.is_(None))
    return [dict(row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


async def raw_digests(connection: AsyncConnection, agreement: str, digest: str) -> list[str]:
    """The files whose digest, or that of how they were read, begins so."""
    query = (
        select(intake.c.raw)
        .where(
            intake.c.agreement == agreement,
            intake.c.raw.is_not(None),
            or_(func.starts_with(intake.c.digest, digest), func.starts_with(intake.c.raw, digest)),
        )
        .distinct()
    )
    return [str(each) for each in await connection.scalars(query)]


async def read_raw(connection: AsyncConnection, digest: str) -> AsyncIterator[bytes]:
    """The bytes of a file, part by part; nothing when it was not kept."""
    part = document_part
    number = 0
    while True:
        query = select(part.c.packed).where(part.c.digest == digest, part.c.number == number)
        packed = await connection.scalar(query)
        if packed is None:
            return
        yield zlib.decompress(packed)
        number += 1
