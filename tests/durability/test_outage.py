"""What is an outage of the record and what is a fault of its own: only the first heals by itself."""

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import connect, is_outage


async def fault_of(database: AsyncEngine, statement: str) -> Exception:
    """What comes of a statement that fails."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is asked elsewhere
        async with database.connect() as connection:
            await connection.execute(text(statement))
    assert isinstance(caught.value, Exception)
    return caught.value


async def test_a_connection_that_is_cut_is_an_outage(database: AsyncEngine) -> None:
    assert is_outage(await fault_of(database, "SELECT pg_terminate_backend(pg_backend_pid())"))


async def test_a_record_that_nobody_serves_is_an_outage() -> None:
    nowhere = make_url("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    engine = connect(nowhere.render_as_string(hide_password=False))

    assert is_outage(await fault_of(engine, "SELECT 1"))


@pytest.mark.parametrize(
    "statement",
    ["SELECT 1 / 0", "SELECT * FROM nowhere", "INSERT INTO agreement (id) VALUES ('a')"],
    ids=["a wrong figure", "a wrong name", "a broken rule"],
)
async def test_a_statement_that_cannot_succeed_is_no_outage(
    database: AsyncEngine, statement: str
) -> None:
    assert not is_outage(await fault_of(database, statement))


def test_a_fault_in_our_own_code_is_no_outage() -> None:
    assert not is_outage(ValueError("nonsense"))
