"""Tasks: opened once under their key, closed by an answer or by events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.commands import Outcome
from domain.tasks import TaskKind
from store.tables import command, task, warned


@dataclass(frozen=True, slots=True)
class NewTask:
    """What somebody is asked to do, and until when."""

    id: str
    agreement: str
    kind: TaskKind
    subject: str
    workflow: str
    owners: tuple[str, ...]
    title: str
    opened_at: datetime
    due_at: datetime | None


async def open_task(connection: AsyncConnection, new: NewTask) -> None:
    """Open a task; one of that id that is there already stays as it is."""
    values = {name: getattr(new, name) for name in NewTask.__dataclass_fields__}
    values["owners"] = list(new.owners)
    await connection.execute(insert(task).values(values).on_conflict_do_nothing())


async def widen(connection: AsyncConnection, task_id: str, owners: Sequence[str]) -> None:
    """Let further contacts answer a task that is open."""
    row = await connection.scalar(select(task.c.owners).where(task.c.id == task_id))
    merged = list(dict.fromkeys([*(row or []), *owners]))
    await connection.execute(
        update(task).where(task.c.id == task_id, task.c.closed_at.is_(None)).values(owners=merged)
    )


async def close_tasks(connection: AsyncConnection, subject: str, at: datetime) -> None:
    """Close whatever is still open about a subject: events have overtaken it."""
    await connection.execute(
        update(task)
        .where(task.c.subject == subject, task.c.closed_at.is_(None))
        .values(closed_at=at)
    )


async def unanswered(
    connection: AsyncConnection, subject: str, due_at: datetime
) -> list[tuple[str, list[str]]]:
    """The subject's tasks without an answer received before the instant, recorded yet or not."""
    answered = select(command.c.id).where(
        command.c.task == task.c.id,
        command.c.received_at < due_at,
        command.c.outcome.is_distinct_from(Outcome.REFUSED),
    )
    query = select(task.c.id, task.c.owners).where(task.c.subject == subject, ~answered.exists())
    return [(row.id, row.owners) for row in await connection.execute(query.order_by(task.c.id))]


async def unanswered_of_kind(
    connection: AsyncConnection, agreement: str, kind: TaskKind, until: datetime
) -> list[Any]:
    """Open tasks of a kind that were due by an instant in vain, and of which nobody was reminded."""
    query = select(task).where(*_in_vain(agreement, kind), task.c.due_at <= until)
    return list(await connection.execute(query.order_by(task.c.due_at, task.c.id)))


async def next_unanswered(
    connection: AsyncConnection, agreement: str, kind: TaskKind
) -> datetime | None:
    """When the next of these is due; None when none is."""
    query = select(func.min(task.c.due_at)).where(*_in_vain(agreement, kind))
    at: datetime | None = await connection.scalar(query)
    return at


def _in_vain(agreement: str, kind: TaskKind) -> tuple[ColumnElement[bool], ...]:
    """Open, without an answer received before it was due (recorded yet or not), nobody reminded."""
    answered = select(command.c.id).where(
        command.c.task == task.c.id,
        command.c.received_at < task.c.due_at,
        command.c.outcome.is_distinct_from(Outcome.REFUSED),
    )
    reminded = select(warned.c.key).where(
        warned.c.agreement == task.c.agreement, warned.c.key == task.c.id
    )
    return (
        task.c.agreement == agreement,
        task.c.kind == kind,
        task.c.closed_at.is_(None),
        ~answered.exists(),
        ~reminded.exists(),
    )


async def close_kind(
    connection: AsyncConnection, agreement: str, kind: TaskKind, at: datetime
) -> None:
    """Close whatever is still open of a kind."""
    await connection.execute(
        update(task)
        .where(task.c.agreement == agreement, task.c.kind == kind, task.c.closed_at.is_(None))
        .values(closed_at=at)
    )


async def count_open(connection: AsyncConnection, subject: str) -> int:
    """How many of the subject's tasks are open."""
    query = (
        select(func.count())
        .select_from(task)
        .where(task.c.subject == subject, task.c.closed_at.is_(None))
    )
    return int(await connection.scalar(query) or 0)
