"""The database that tests use one after the other is empty for each, or another one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.record import Record, administer

MONTHS = "SELECT count(*) FROM pg_inherits"
AGREEMENT = """
INSERT INTO agreement (id, title, client, provider, zone, phase, shard, term, launched_at, ends_at)
VALUES ('a', 'A', 'C', 'P', 'UTC', 'live', 0, 1, :at, :at)
"""


async def said(database: AsyncEngine, statement: str, **values: Any) -> Any:
    async with database.begin() as connection:
        result = await connection.execute(text(statement), values)
        return result.scalar() if result.returns_rows else None


@pytest.mark.parametrize("_", ["once", "again"])
async def test_rows_months_and_numbers_of_one_test_are_not_there_in_the_next(
    database: AsyncEngine, owner_url: URL, _: str
) -> None:
    owner = create_async_engine(owner_url.set(database=database.url.database))
    assert await said(database, "SELECT count(*) FROM agreement") == 0
    assert await said(database, MONTHS) == 0
    assert await said(owner, "SELECT nextval('journal_seq_seq')") == 1

    await said(database, AGREEMENT, at=datetime(2027, 1, 4, tzinfo=UTC))
    await said(database, "SELECT keep_month('sample', '2027-01-01')")
    assert await said(database, MONTHS) > 0
    await owner.dispose()


async def test_whoever_changes_the_schema_leaves_a_database_that_nobody_gets_again(
    record: Record, owner_url: URL
) -> None:
    before = await record.empty()
    same = await record.empty()
    await administer(owner_url.set(database=before.database), "ALTER TABLE agreement ADD odd int")

    after = await record.empty()

    assert before.database == same.database
    assert before.database != after.database
