"""Commands: written by the gateway as it authorises them, settled by the activity that acts."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.commands import CommandKind, Order, Outcome, Refused
from domain.events import Event
from domain.identifiers import effect_key
from store import journal
from store.tables import command, task


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody asked for, as the gateway authorised it."""

    id: str
    agreement: str
    kind: CommandKind
    workflow: str
    subject: str
    task: str | None
    actor: str
    body: dict[str, Any]
    document: str | None
    received_at: datetime
    digest: str = ""
    outcome: str | None = None
    reason: str | None = None

    @property
    def choice(self) -> str:
        """What was chosen, where the command is an answer."""
        return str(self.body.get("choice", ""))

    @property
    def order(self) -> Order:
        """What the signal carries."""
        return Order(self.id, self.digest)


def sealed(draft: Command) -> Command:
    """The command with the digest of everything that was authorised."""
    said = [draft.agreement, draft.kind, draft.workflow, draft.subject, draft.task, draft.actor]
    canonical = json.dumps([*said, draft.body, draft.document], sort_keys=True, ensure_ascii=False)
    return replace(draft, digest=hashlib.sha256(canonical.encode()).hexdigest())


async def submit(connection: AsyncConnection, draft: Command) -> Command:
    """Write the command; sent twice under one id, the first stands and is returned."""
    row = sealed(draft)
    values = {name: getattr(row, name) for name in Command.__dataclass_fields__}
    await connection.execute(insert(command).values(values).on_conflict_do_nothing())
    return await load(connection, row.id)


async def load(connection: AsyncConnection, command_id: str, *, lock: bool = False) -> Command:
    """The command of that id; LookupError when there is none."""
    columns = [getattr(command.c, name) for name in Command.__dataclass_fields__]
    query = select(*columns).where(command.c.id == command_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise LookupError(command_id)
    found = Command(**row._mapping)  # noqa: SLF001 - the documented way to the names
    return replace(found, kind=CommandKind(found.kind))


async def take(
    connection: AsyncConnection, order: Order, workflow: str, *kinds: CommandKind
) -> Command | Refused:
    """The authorised command behind a signal, its task answered by it; or why nothing happens.

    Taking a command again gives the same answer: an activity may be repeated after its commit.
    """
    try:
        found = await load(connection, order.command, lock=True)
    except LookupError:
        return Refused(order.command, "nobody was authorised to ask for this")
    authorised = (found.digest, found.workflow) == (order.digest, workflow)
    if not authorised or found.kind not in kinds:
        return Refused(order.command, "this is not what was authorised")
    if found.outcome == Outcome.REFUSED:
        return Refused(found.id, found.reason or "refused")
    if found.outcome is None and found.task is not None:
        taken = await connection.execute(
            update(task)
            .where(task.c.id == found.task, task.c.closed_at.is_(None))
            .values(
                answer=found.choice,
                answered_by=found.actor,
                answered_at=found.received_at,
                closed_at=found.received_at,
            )
        )
        if taken.rowcount == 0:
            reason = await why_closed(connection, found.task)
            return await refuse(connection, found, reason, taken=False)
    await settle(connection, found, Outcome.RECORDED)
    return found


async def why_closed(connection: AsyncConnection, task_id: str) -> str:
    """Why a task takes no answer any more."""
    row = (await connection.execute(select(task).where(task.c.id == task_id))).one()
    if row.answer is None:
        return f"task #{row.number} was closed: events have overtaken it"
    return f"task #{row.number} was already answered '{row.answer}' by {row.answered_by}"


async def settle(
    connection: AsyncConnection, found: Command, outcome: Outcome, reason: str | None = None
) -> None:
    """Write what became of a command; the first word stands."""
    await connection.execute(
        update(command)
        .where(command.c.id == found.id, command.c.outcome.is_(None))
        .values(outcome=outcome, reason=reason)
    )


async def refuse(
    connection: AsyncConnection, found: Command, reason: str, *, taken: bool = True
) -> Refused:
    """Refuse a command, also one `taken` in this transaction: its task is then open again."""
    if taken and found.task is not None:
        await connection.execute(
            update(task)
            .where(task.c.id == found.task, task.c.answered_by == found.actor)
            .values(answer=None, answered_by=None, answered_at=None, closed_at=None)
        )
    refusing = update(command).where(command.c.id == found.id)
    if not taken:  # the first word stands: it may have been recorded meanwhile
        refusing = refusing.where(command.c.outcome.is_(None))
    refused = await connection.execute(refusing.values(outcome=Outcome.REFUSED, reason=reason))
    if refused.rowcount == 0:
        return Refused(found.id, reason)
    refusal = journal.Entry(
        effect_key(found.id, Event.COMMAND_REFUSED),
        found.agreement,
        Event.COMMAND_REFUSED,
        found.subject,
        found.received_at,
        found.received_at,
        found.actor,
        {"kind": found.kind, "choice": found.choice, "reason": reason},
        found.id,
    )
    await journal.note(connection, refusal)
    return Refused(found.id, reason)


async def pending(connection: AsyncConnection, subject: str, due_at: datetime) -> bool:
    """Whether something was asked of this, received before the instant, and is on its way still."""
    query = select(command.c.id).where(
        command.c.subject == subject,
        command.c.received_at < due_at,
        command.c.outcome.is_(None),
    )
    return await connection.scalar(query.limit(1)) is not None


async def answered_before(
    connection: AsyncConnection, task_id: str, due_at: datetime
) -> str | None:
    """Who had answered a task, received before the instant, recorded yet or not, not refused."""
    query = (
        select(command.c.actor)
        .where(
            command.c.task == task_id,
            command.c.received_at < due_at,
            command.c.outcome.is_distinct_from(Outcome.REFUSED),
        )
        .order_by(command.c.received_at)
        .limit(1)
    )
    return await connection.scalar(query)
