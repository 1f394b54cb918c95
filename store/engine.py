"""Connections to PostgreSQL, and the upgrade of its schema."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"

APPLICATION_ROLE = "covenant_app"
"""The role whose members run the product: it may add to the journal and never edit it."""


def connect(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine over `postgresql+asyncpg://…`; connects on first use."""
    return create_async_engine(
        url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, pool_recycle=1800
    )


def is_outage(fault: BaseException) -> bool:
    """Whether a fault is the record's own, gone or busy, so that the same may succeed again."""
    if isinstance(fault, OSError):
        return True
    cause = fault.orig if isinstance(fault, DBAPIError) else fault
    invalidated = isinstance(fault, DBAPIError) and fault.connection_invalidated
    state = str(getattr(cause, "sqlstate", None) or "")
    return invalidated or isinstance(fault, PoolTimeoutError) or state[:2] in OUTAGES


OUTAGES = {"08", "40", "53", "55", "57", "58"}
"""Classes of SQLSTATE: connection, rollback for others' sake, resources, state, operator, system."""


def migration_config(url: str) -> Config:
    """Alembic's settings; needs no file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def migrate(owner_url: str, application_url: str) -> None:
    """Bring the schema to this release and let the application's login in.

    Safe to run at once from several processes: an advisory lock lets one at a time through.
    """
    config = migration_config(owner_url)
    login = make_url(application_url)
    config.attributes["login"] = (login.username, login.password)
    command.upgrade(config, "head")


def create_database(owner_url: str, name: str) -> None:
    """Create a database in the cluster that the URL leads to, unless it is there."""

    async def create() -> None:
        engine = create_async_engine(owner_url, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                known = await connection.scalar(
                    text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
                )
                if not known:
                    quote = connection.dialect.identifier_preparer.quote
                    await connection.exec_driver_sql(f"CREATE DATABASE {quote(name)}")
        finally:
            await engine.dispose()

    asyncio.run(create())
