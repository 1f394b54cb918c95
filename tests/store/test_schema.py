"""The schema of the migrations is that of the tables, and what only grows cannot be changed."""

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import migration_config
from store.tables import GROWING, metadata


def test_migrations_and_tables_agree(owner_url: URL, template: str) -> None:
    url = owner_url.set(database=template).render_as_string(hide_password=False)

    command.check(migration_config(url))


@pytest.mark.parametrize("table", GROWING)
@pytest.mark.parametrize(
    "deed", ["UPDATE {table} SET recorded_at = now()", "DELETE FROM {table}", "TRUNCATE {table}"]
)
async def test_the_application_cannot_change_what_only_grows(
    database: AsyncEngine, table: str, deed: str
) -> None:
    async with database.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(deed.format(table=table)))


@pytest.mark.parametrize("table", sorted(metadata.tables))
async def test_the_application_deletes_nothing(database: AsyncEngine, table: str) -> None:
    async with database.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(f"DELETE FROM {table}"))


async def test_the_application_cannot_make_tables(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text("CREATE TABLE mine ()"))
