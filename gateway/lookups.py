"""What the gateway looks up, and writes, in the transaction in which it authorises."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.commands import CommandKind
from domain.terms.shape import Agreement
from gateway.requests import ConflictError, Document, ForbiddenError, NotFoundError
from store import tables
from store.commands import Command, load, sealed, submit
from store.editions import edition_at, keep_document


def new_id() -> str:
    """An id for a command whose sender brought none."""
    return uuid.uuid4().hex  # noqa: TID251 - the sender brought no key of its own


async def keep(connection: AsyncConnection, document: Document | None) -> str | None:
    """Keep a document that came with a command."""
    return await keep_document(connection, document.name, document.raw) if document else None


async def write(connection: AsyncConnection, draft: Command) -> Command:
    """Write a command; sent again it is the first one, another under the same id is refused."""
    command = await submit(connection, draft)
    if command.digest != sealed(draft).digest:
        msg = f"command '{draft.id}' asked for something else before; send this under another id"
        raise ConflictError(msg)
    return command


async def known(connection: AsyncConnection, command_id: str) -> bool:
    """Whether a command of that id was written before."""
    query = select(tables.command.c.id).where(tables.command.c.id == command_id)
    return await connection.scalar(query) is not None


async def first_launch(connection: AsyncConnection, agreement: str) -> Command | None:
    """The command that launched an agreement."""
    query = select(tables.command.c.id).where(
        tables.command.c.agreement == agreement,
        tables.command.c.kind == CommandKind.LAUNCH_AGREEMENT,
    )
    command_id = await connection.scalar(query)
    return None if command_id is None else await load(connection, command_id)


async def find_task(connection: AsyncConnection, task: str) -> Any:  # noqa: ANN401
    """The task of that id or number."""
    number = task.removeprefix("#")
    where = [tables.task.c.id == task]
    if number.isascii() and number.isdigit() and len(number) < 18:  # noqa: PLR2004 - a bigint
        where.append(tables.task.c.number == int(number))
    row = (await connection.execute(select(tables.task).where(or_(*where)))).one_or_none()
    if row is None:
        msg = f"there is no task '{task}'; see `covenant tasks`"
        raise NotFoundError(msg)
    return row


async def must_be_contact(
    connection: AsyncConnection, agreement: str, actor: str, at: datetime
) -> Agreement:
    """The terms in force; refuses whoever is not a contact in them."""
    query = select(tables.agreement.c.id).where(tables.agreement.c.id == agreement)
    if await connection.scalar(query) is None:
        msg = f"there is no agreement '{agreement}'; see `covenant list`"
        raise NotFoundError(msg)
    terms = (await edition_at(connection, agreement, at)).terms
    contacts = [
        f"{side}.{role}" for side in ("client", "provider") for role in terms.party(side).contacts
    ]
    if actor not in contacts:
        msg = f"{actor} is no contact of {agreement}; possible: as {', '.join(contacts)}"
        raise ForbiddenError(msg)
    return terms
