"""What many tests need: an empty migrated database, and an agreement whose time is moved by hand."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from hypothesis import settings
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from store.engine import connect, migrate
from tests.lives import Life, living
from tests.record import APPLICATION, PASSWORD, Record, administer

# A busy machine is no fault of the code: no test asserts a speed.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# As the worker logs: without the values of variables, which take seconds to be told.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def owner_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """The owner's way into a PostgreSQL: the one that is named, else an embedded one."""
    if given := os.environ.get("COVENANT_TEST_OWNER_URL"):
        yield make_url(given)
        return
    from embedded import postgres

    directory: Path = tmp_path_factory.mktemp("postgres")
    with postgres(directory, durable=False) as server:
        yield make_url(server.url("postgres"))


@pytest.fixture(scope="session")
def template(owner_url: URL) -> Iterator[str]:
    """The name of a migrated, empty database."""
    name = f"template_{secrets.token_hex(4)}"
    asyncio.run(administer(owner_url, f"CREATE DATABASE {name}"))
    owner = owner_url.set(database=name)
    application = owner.set(username=APPLICATION, password=PASSWORD)
    migrate(
        owner.render_as_string(hide_password=False),
        application.render_as_string(hide_password=False),
    )
    yield name
    asyncio.run(administer(owner_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest_asyncio.fixture(scope="session")
async def record(owner_url: URL, template: str) -> AsyncIterator[Record]:
    """The database that the tests of this process use one after the other."""
    kept = Record(owner_url, template)
    yield kept
    await kept.drop()


@pytest_asyncio.fixture
async def database(record: Record) -> AsyncIterator[AsyncEngine]:
    """An empty migrated database, seen as the application sees it."""
    url = await record.empty()
    engine = connect(url.render_as_string(hide_password=False), pool_size=10)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture
async def life(database: AsyncEngine, tmp_path: Path) -> AsyncIterator[Life]:
    """A life to be lived: engines in which business time passes when the test says so."""
    url = database.url.render_as_string(hide_password=False)
    async with living(url, tmp_path) as lived:
        yield lived
