"""The history of an agreement, as its journal has it: across runs, and beyond Temporal's retention."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.events import Event
from store.tables import journal


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the journal."""

    key: str
    event: str
    subject: str
    at: datetime
    noted_at: datetime
    actor: str
    detail: dict[str, Any]
    command: str | None
    workflow: str | None
    run: str | None
    seq: int
    recorded_at: datetime


async def history(
    connection: AsyncConnection,
    agreement: str,
    *,
    after_seq: int = 0,
    subject: str | None = None,
) -> list[Told]:
    """Every entry after `after_seq`, by the instant at which it took effect.

    Entries of one instant are in the order of a life (that of Event) and then of their keys, so
    that the same life gives the same history whatever the order in which the engine noted them.
    """
    columns = [getattr(journal.c, name) for name in Told.__dataclass_fields__]
    query = select(*columns).where(journal.c.agreement == agreement, journal.c.seq > after_seq)
    if subject is not None:
        query = query.where(journal.c.subject.contains(subject, autoescape=True))
    rows = await connection.execute(query)
    told = [Told(**row._mapping) for row in rows]  # noqa: SLF001 - the documented way to the names
    return sorted(told, key=lambda entry: (entry.at, ORDER[entry.event], entry.key))


ORDER = {str(event): place for place, event in enumerate(Event)}
