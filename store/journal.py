"""The journal: append-only, one entry per effect."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.events import Event
from store.tables import journal

ENGINE = "covenant"
"""The actor of what happens by itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened. `at` is when it took effect, `noted_at` when the engine noted it."""

    key: str
    agreement: str
    event: Event
    subject: str
    at: datetime
    noted_at: datetime
    actor: str = ENGINE
    detail: dict[str, Any] = field(default_factory=dict)
    command: str | None = None
    workflow: str | None = None
    run: str | None = None


async def note(connection: AsyncConnection, *entries: Entry) -> None:
    """Add entries; one whose key is there already is the same effect and changes nothing."""
    rows = [
        {name: getattr(entry, name) for name in Entry.__dataclass_fields__} for entry in entries
    ]
    if rows:
        await connection.execute(insert(journal).on_conflict_do_nothing(), rows)
