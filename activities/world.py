"""What activities need of the world, and the few words that all of them use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.events import Event
from domain.identifiers import effect_key, notice_key
from notices.post import Post
from notices.templates import Draft, compose
from store import journal, notices
from store.commands import Command
from store.journal import ENGINE, Entry
from store.tables import agreement, contact, edition


@dataclass(frozen=True, slots=True)
class World:
    """The record, the post and the engine. `offset` is business time less real time, mostly nil."""

    engine: AsyncEngine
    post: Post
    temporal: Client
    task_queue: str
    offset: timedelta = timedelta()
    shards: int = 8

    def now(self) -> datetime:
        """Business time."""
        return datetime.now(UTC) + self.offset  # noqa: TID251 - the one clock


def this_workflow() -> str:
    """The id of the workflow on whose behalf an activity runs."""
    workflow = activity.info().workflow_id
    if workflow is None:
        msg = "an activity of this product runs for a workflow only"
        raise RuntimeError(msg)
    return workflow


def is_gone(error: RPCError) -> bool:
    """Whether the workflow has ended; a namespace that is not found is a fault of the engine's."""
    nowhere = any("NamespaceNotFound" in each.type_url for each in error.grpc_status.details)
    return error.status is RPCStatusCode.NOT_FOUND and not nowhere


def this_attempt(world: World, now: datetime) -> datetime:
    """`now` as the workflow saw it, or when this attempt began if that was noticeably later.

    An engine or a worker was down between the two then, and what is late has to say so.
    """
    began = activity.info().started_time + world.offset
    return began if began - now > NOTICEABLE else now


NOTICEABLE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to an agreement, for its journal."""

    agreement: str
    event: Event
    subject: str
    at: datetime
    parts: tuple[str | int, ...] = ()
    actor: str = ENGINE
    command: str | None = None


async def note(
    connection: AsyncConnection, what: Happening, noted_at: datetime, **detail: object
) -> None:
    """Write one happening into the journal, with the workflow and run that caused it."""
    run = activity.info() if activity.in_activity() else None
    await journal.note(
        connection,
        Entry(
            key=effect_key(what.subject, what.event, *what.parts),
            agreement=what.agreement,
            event=what.event,
            subject=what.subject,
            at=what.at,
            noted_at=noted_at,
            actor=what.actor,
            detail=detail,
            command=what.command,
            workflow=run.workflow_id if run else None,
            run=run.workflow_run_id if run else None,
        ),
    )


async def tell(
    connection: AsyncConnection,
    agreement_id: str,
    subject: str,
    step: str | int,
    to: Iterable[str],
    draft: Draft,
) -> None:
    """Prepare a notice for each contact, in the words and zone of the edition in force."""
    in_force = (
        select(edition.c.number)
        .where(edition.c.agreement == agreement_id, edition.c.effective_at <= draft.due_at)
        .order_by(edition.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    first = select(edition.c.number).where(
        edition.c.agreement == agreement_id, edition.c.number == 1
    )
    number = await connection.scalar(select(in_force)) or await connection.scalar(first)
    query = (
        select(contact, agreement.c.title.label("of"))
        .join(agreement, agreement.c.id == contact.c.agreement)
        .where(
            contact.c.agreement == agreement_id,
            contact.c.edition == number,
            contact.c.ref.in_(list(to)),
        )
        .order_by(contact.c.ref)
    )
    for reader in (await connection.execute(query)).all():
        title, body = compose(draft, title=reader.of, reader=reader.ref, zone=reader.zone)
        await notices.prepare(
            connection,
            notices.Prepared(
                key=notice_key(subject, draft.template, step, reader.ref),
                agreement=agreement_id,
                template=draft.template,
                subject=subject,
                contact=reader.ref,
                address=reader.email,
                task=draft.task,
                due_at=draft.due_at,
                prepared_at=draft.prepared_at,
                title=title,
                body=body,
            ),
        )


def by(command: Command, event: Event, *parts: str | int) -> Happening:
    """What a person's command brought about, at the instant it was received."""
    return Happening(
        command.agreement,
        event,
        command.subject,
        command.received_at,
        parts,
        command.actor,
        command.id,
    )


def note_of(command: Command) -> str:
    """What the person wrote."""
    return str(command.body.get("note") or "(no note)")


def said(command: Command) -> dict[str, Any]:
    """What the journal keeps of a person's words and document."""
    kept = {"note": command.body.get("note"), "document": command.document}
    return {name: value for name, value in kept.items() if value}
