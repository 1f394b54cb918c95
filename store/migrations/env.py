"""Run migrations under an advisory lock, then admit the application's login."""

import asyncio
import re
from typing import Any

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from store.engine import APPLICATION_ROLE
from store.tables import IN_MONTHS, metadata

LOCK = 4_205_371_207
"""Any number, always the same: two upgrades at once create `alembic_version` twice (seen)."""


MONTHS = re.compile(rf"({'|'.join(IN_MONTHS)})_\d{{4,}}_\d\d")
"""Names of the tables that keep a month; they come with the facts, not with a migration."""


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether what the database has is to be compared with the tables of this release."""
    return not (kind == "table" and name is not None and MONTHS.fullmatch(name))


def admit(connection: Connection, name: str, password: str) -> None:
    """Let the login in as a member of the application's role, with this password."""
    quote = connection.dialect.identifier_preparer.quote
    known = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name})
    verb = "ALTER" if known else "CREATE"
    secret = password.replace("'", "''")
    connection.exec_driver_sql(f"{verb} ROLE {quote(name)} LOGIN PASSWORD '{secret}'")
    connection.exec_driver_sql(f"GRANT {APPLICATION_ROLE} TO {quote(name)}")


def run(connection: Connection, login: tuple[str, str] | None) -> None:
    """Upgrade inside one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        include_name=is_ours,
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()
        if login is not None:
            admit(connection, *login)


async def online(attributes: dict[str, Any]) -> None:
    """Connect as the owner."""
    engine = create_async_engine(attributes["url"])
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run, attributes.get("login"))
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(online(context.config.attributes))
