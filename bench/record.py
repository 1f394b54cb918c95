"""A record of its own for figures about facts: an embedded PostgreSQL with one agreement."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

import embedded
from store.engine import connect, create_database, migrate
from store.tables import agreement

AGREEMENT = "bench"
FIRST = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Record:
    """The record as the application sees it, and as its owner does."""

    engine: AsyncEngine
    owner: AsyncEngine


@asynccontextmanager
async def record() -> AsyncIterator[Record]:
    """Durable, as a record is."""
    with (
        TemporaryDirectory(prefix="covenant-bench-") as place,
        embedded.postgres(Path(place) / "postgres") as server,
    ):
        owner, password = server.url("covenant"), server.owner_password
        url = server.url("covenant", user="covenant_worker", password=password)
        await asyncio.to_thread(create_database, server.url("postgres"), "covenant")
        await asyncio.to_thread(migrate, owner, url)
        found = Record(connect(url), connect(owner))
        async with found.engine.begin() as connection:
            await connection.execute(insert(agreement).values(_agreement()))
        try:
            yield found
        finally:
            await found.engine.dispose()
            await found.owner.dispose()


def _agreement() -> dict[str, object]:
    return {
        "id": AGREEMENT,
        "title": "Samples by the million",
        "client": "Northwind Health",
        "provider": "Contoso Services",
        "zone": "Etc/UTC",
        "phase": "live",
        "shard": 0,
        "term": 1,
        "launched_at": FIRST,
        "ends_at": FIRST.replace(year=2030),
    }
