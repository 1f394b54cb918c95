"""The months of facts, as several make them at once."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import TextClause, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from store.tables import sample

WAITS = text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")


def keep(month: int) -> TextClause:
    return text(f"SELECT keep_month('sample', '2027-{month:02}-01')")


def row(month: int) -> dict[str, object]:
    """A sample in the middle of the month."""
    at = datetime(2027, month, 15, tzinfo=UTC)
    content = {"series": "load", "at": at, "value": 1, "columns": {}}
    mark = {"mark_high": 0, "mark_low": 0}
    key = {"agreement": "helpdesk", "id": f"S{month}", "revision": 1}
    return {**key, **content, **mark, "intake": 1, "received_at": at}


async def test_whoever_waits_for_a_new_month_finds_and_fills_it(database: AsyncEngine) -> None:
    async with database.connect() as first, database.connect() as second:
        # A session that has kept facts before would answer from what it knows of months.
        for month in (1, 2, 3):
            await second.execute(keep(month))
            await second.execute(insert(sample).values(row(month)))
            await second.commit()

        await second.execute(keep(3))
        await second.execute(insert(sample).values({**row(3), "id": "S30"}))
        await first.execute(keep(4))
        waiting = asyncio.create_task(second.execute(keep(4)))
        async with database.connect() as looking:
            while not await looking.scalar(WAITS):  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.01)
        await first.commit()
        await waiting
        await second.execute(insert(sample).values(row(4)))
        await second.commit()

        assert await first.scalar(select(func.count()).select_from(sample)) == 5


async def test_a_month_that_another_made_meanwhile_is_known_to_whoever_keeps_it_next(
    database: AsyncEngine,
) -> None:
    async with database.connect() as first, database.connect() as second:
        await second.execute(keep(1))
        await second.execute(insert(sample).values(row(1)))
        await second.commit()
        await second.execute(keep(1))
        await second.execute(insert(sample).values({**row(1), "id": "S10"}))
        await first.execute(keep(2))
        await first.execute(insert(sample).values(row(2)))
        await first.commit()

        await second.execute(keep(2))
        await second.execute(insert(sample).values({**row(2), "id": "S20"}))
        await second.commit()

        assert await first.scalar(select(func.count()).select_from(sample)) == 4
