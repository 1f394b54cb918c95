"""The schema of the migrations is that of the tables, and what only grows cannot be changed."""

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import migration_config
from store.tables import GROWING, metadata


def test_migrations_and_tables_agree(owner_url: URL, template: str) -> None:
    url = owner_url.set(database=template).render_as_string(hide_password=False)

    command.check(migration_config(url))


@pytest.mark.parametrize("table", GROWING)
@pytest.mark.parametrize(
    "deed",
    ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table}"],
)
async def test_the_application_cannot_change_what_only_grows(
    database: AsyncEngine, table: str, deed: str
) -> None:
    column = next(iter(metadata.tables[table].columns)).name

    async with database.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(deed.format(table=table, column=column)))


@pytest.mark.parametrize("table", sorted(metadata.tables))
async def test_the_application_deletes_nothing(database: AsyncEngine, table: str) -> None:
    async with database.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text(f"DELETE FROM {table}"))


async def test_the_application_cannot_make_tables(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text("CREATE TABLE mine ()"))


async def test_the_application_reaches_a_month_through_its_table_only(
    database: AsyncEngine,
) -> None:
    async with database.begin() as connection:
        await connection.execute(text("SELECT keep_month('sample', '2027-03-01')"))
        await connection.execute(text("SELECT keep_month('sample', '2027-03-01')"))

        assert await connection.scalar(text("SELECT count(*) FROM sample")) == 0
        with pytest.raises(ProgrammingError, match="permission denied"):
            await connection.execute(text("SELECT count(*) FROM sample_2027_03"))


async def test_only_facts_are_kept_in_months(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        with pytest.raises(DBAPIError, match="journal is not kept in months"):
            await connection.execute(text("SELECT keep_month('journal', '2027-03-01')"))
