"""The row of an agreement, as activities read and project it."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycle import Phase
from store import tables


async def agreement_row(connection: AsyncConnection, agreement_id: str) -> Any:  # noqa: ANN401
    """The row of an agreement."""
    query = select(tables.agreement).where(tables.agreement.c.id == agreement_id)
    return (await connection.execute(query)).one()


async def set_phase(connection: AsyncConnection, agreement_id: str, phase: Phase) -> None:
    """Project a phase."""
    await connection.execute(
        update(tables.agreement).where(tables.agreement.c.id == agreement_id).values(phase=phase)
    )
