"""The door itself: each request is authorised in the transaction that writes it, then sent."""

import asyncio
from datetime import date, datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from temporalio.service import RPCError

from activities.starting import nudge_monitoring
from activities.world import World
from domain.commands import CommandKind, Outcome
from domain.identifiers import agreement_workflow, shard_of
from domain.lifecycle import Phase
from domain.plan import draw_plan
from domain.tasks import Answer, TaskKind, objection
from domain.terms.amendment import read_amendment
from domain.terms_check import validate
from domain.zones import midnight, zone_named
from gateway.delivery import Delivery
from gateway.handing_in import AS_IT_IS, Way, hand_in
from gateway.held import Decision, decide_rows
from gateway.lookups import find_task, first_launch, keep, known, must_be_contact, new_id, write
from gateway.requests import (
    ConflictError,
    Document,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    Reply,
)
from incoming import Source
from store import restating, tables
from store.commands import Command, load
from store.editions import Edition, adopt, keep_document
from store.facts import Intake

log = structlog.get_logger(__name__)

PATIENCE_S = 10.0
"""How long a person waits for the outcome before hearing that it was received."""


class Gateway:
    """Authorises, writes, sends, and waits a little for the outcome."""

    def __init__(self, world: World, patience_s: float = PATIENCE_S) -> None:
        """`patience_s` nil sends without waiting."""
        self.world = world
        self._patience_s = patience_s
        self.delivery = Delivery(world)

    async def launch(
        self, document: Document, *, now: datetime | None = None, command_id: str | None = None
    ) -> Reply:
        """Launch the agreement that a document holds; launching the same again changes nothing."""
        reading = validate(document.raw, document.name)
        if reading.value is None:
            raise InvalidError(reading.problems)
        terms, received_at = reading.value, now or self.world.now()
        plan = draw_plan(terms, 1, 1)
        if plan.term_ends_at <= received_at:
            msg = (
                f"the term of '{terms.agreement}' ended on {plan.term_ends_at:%Y-%m-%d}; possible: "
                "a later term, or `covenant rehearse` with the folder that it lies in"
            )
            raise ConflictError(msg)
        async with self.world.engine.begin() as connection:
            digest = await keep_document(connection, document.name, document.raw)
            row = {
                "id": terms.agreement,
                "title": terms.title,
                "client": terms.parties.client.name,
                "provider": terms.parties.provider.name,
                "zone": terms.zone,
                "phase": Phase.ONBOARDING,
                "shard": shard_of(terms.agreement, self.world.shards),
                "term": 1,
                "launched_at": received_at,
                "ends_at": plan.term_ends_at,
            }
            await connection.execute(insert(tables.agreement).values(row).on_conflict_do_nothing())
            launched = await first_launch(connection, terms.agreement)
            if launched is not None and launched.document != digest:
                msg = (
                    f"agreement '{terms.agreement}' is already launched with other terms; "
                    "possible now: propose a change, or launch under another key"
                )
                raise ConflictError(msg)
            command = launched or await write(
                connection,
                Command(
                    command_id or new_id(),
                    terms.agreement,
                    CommandKind.LAUNCH_AGREEMENT,
                    agreement_workflow(terms.agreement),
                    agreement_workflow(terms.agreement),
                    None,
                    terms.changes.client,
                    {"file": document.name},
                    digest,
                    received_at,
                ),
            )
            starts = midnight(terms.term.starts_on, zone_named(terms.zone))
            edition = Edition(1, min(starts, received_at), digest, terms)
            await adopt(
                connection, terms.agreement, edition, command=command.id, adopted_at=received_at
            )
        return await self._send(command)

    async def answer(
        self,
        task: str,
        actor: str,
        choice: str,
        *,
        note: str = "",
        document: Document | None = None,
        on: date | None = None,
        now: datetime | None = None,
        command_id: str | None = None,
    ) -> Reply:
        """Answer a task, by its id or number, as one of its owners."""
        answer = Answer(choice, note, has_file=document is not None, has_date=on is not None)
        async with self.world.engine.begin() as connection:
            row = await find_task(connection, task)
            if command_id is None or not await known(connection, command_id):
                self._authorise(row, actor, answer)
            digest = await keep(connection, document)
            body: dict[str, Any] = {"choice": choice, "note": note}
            if on is not None:
                body["on"] = on.isoformat()
            if document is not None:
                body["file"] = document.name
            command = await write(
                connection,
                Command(
                    command_id or new_id(),
                    row.agreement,
                    CommandKind(row.kind),
                    row.workflow,
                    row.subject,
                    row.id,
                    actor,
                    body,
                    digest,
                    now or self.world.now(),
                ),
            )
        return await self._send(command)

    def _authorise(self, task: Any, actor: str, answer: Answer) -> None:  # noqa: ANN401
        """Whether this actor may give this answer to this task, now."""
        if actor not in task.owners:
            owners = ", ".join(task.owners)
            msg = f"task #{task.number} is not {actor}'s to answer; possible: as {owners}"
            raise ForbiddenError(msg)
        if task.closed_at is not None:
            what = (
                f"answered '{task.answer}' by {task.answered_by}"
                if task.answer
                else "closed: events have overtaken it"
            )
            msg = f"task #{task.number} is already {what}; see `covenant tasks {task.agreement}`"
            raise ConflictError(msg)
        problem = objection(TaskKind(task.kind), answer)
        if problem is not None:
            raise ConflictError(problem)

    async def propose(
        self,
        agreement: str,
        actor: str,
        document: Document,
        *,
        now: datetime | None = None,
        command_id: str | None = None,
    ) -> Reply:
        """Propose a change of terms, by an amendment."""
        reading = read_amendment(document.raw, document.name)
        if reading.value is None:
            raise InvalidError(reading.problems)
        return await self._unsolicited(
            agreement,
            actor,
            CommandKind.PROPOSE_CHANGE,
            agreement_workflow(agreement),
            {"note": reading.value.reason, "file": document.name},
            document,
            now,
            command_id,
        )

    async def call_review(
        self,
        agreement: str,
        actor: str,
        reason: str,
        *,
        now: datetime | None = None,
        command_id: str | None = None,
    ) -> Reply:
        """Call a review out of turn."""
        if not reason.strip():
            msg = 'calling a review needs a reason: add --note "…"'
            raise ConflictError(msg)
        workflow = agreement_workflow(agreement)
        kind = CommandKind.CALL_REVIEW
        body = {"note": reason}
        return await self._unsolicited(
            agreement, actor, kind, workflow, body, None, now, command_id
        )

    async def withdraw(
        self,
        change: str,
        actor: str,
        note: str = "",
        *,
        now: datetime | None = None,
        command_id: str | None = None,
    ) -> Reply:
        """Take back one's own side's offer."""
        async with self.world.engine.connect() as connection:
            query = select(tables.change).where(tables.change.c.id == change)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            msg = f"there is no change '{change}'; see `covenant show AGREEMENT`"
            raise NotFoundError(msg)
        if row.closed_at is not None and command_id is None:
            msg = f"{change} is already {row.state}; there is nothing to withdraw"
            raise ConflictError(msg)
        kind = CommandKind.WITHDRAW_CHANGE
        body = {"note": note}
        return await self._unsolicited(
            row.agreement, actor, kind, change, body, None, now, command_id
        )

    async def _unsolicited(
        self,
        agreement: str,
        actor: str,
        kind: CommandKind,
        workflow: str,
        body: dict[str, Any],
        document: Document | None,
        now: datetime | None,
        command_id: str | None,
    ) -> Reply:
        """What a party may ask for without a task."""
        received_at = now or self.world.now()
        async with self.world.engine.begin() as connection:
            await must_be_contact(connection, agreement, actor, received_at)
            digest = await keep(connection, document)
            command = await write(
                connection,
                Command(
                    command_id or new_id(),
                    agreement,
                    kind,
                    workflow,
                    workflow,
                    None,
                    actor,
                    body,
                    digest,
                    received_at,
                ),
            )
        return await self._send(command)

    async def hand_in(
        self,
        agreement: str,
        actor: str,
        source: Source,
        *,
        way: Way = AS_IT_IS,
        now: datetime | None = None,
    ) -> Intake:
        """Take in a file of facts; the same file twice changes nothing.

        All of it or nothing, unless the way of handing in sets aside what is wrong.
        """
        received_at = now or self.world.now()
        intake = await hand_in(self.world.engine, agreement, actor, source, way, received_at)
        await self._nudge(agreement)
        return intake

    async def decide_held(
        self, agreement: str, actor: str, decision: Decision, *, now: datetime | None = None
    ) -> list[int]:
        """Release, correct or discard rows that were set aside, all of them or none.

        Returns how many facts each of them was.
        """
        async with self.world.engine.begin() as connection:
            at = now or self.world.now()
            taken = await decide_rows(connection, agreement, actor, decision, at)
        await self._nudge(agreement)
        return taken

    async def _nudge(self, agreement: str) -> None:
        """Have Monitoring look at late facts at once; the sweep says it again if need be."""
        async with self.world.engine.connect() as connection:
            received_at = await restating.late_since(connection, agreement)
        if received_at is None:
            return
        try:
            await nudge_monitoring(self.world, agreement, received_at)
        except RPCError as error:
            log.warning("monitoring_not_nudged", agreement=agreement, error=str(error))

    async def _send(self, command: Command) -> Reply:
        """Send the command to its workflow and wait a little for the outcome."""
        if command.outcome is None:
            try:
                await self.delivery.deliver(command)
            except RPCError as error:  # it is written down, and the sweep sends it again
                log.warning("command_not_sent", command=command.id, error=str(error))
        return await self._outcome(command.id)

    async def _outcome(self, command_id: str) -> Reply:
        """Look for the outcome until patience ends."""
        rest = self._patience_s
        while True:
            async with self.world.engine.connect() as connection:
                command = await load(connection, command_id)
            if command.outcome is not None or rest <= 0:
                outcome = Outcome(command.outcome) if command.outcome else None
                return Reply(command.id, outcome, command.reason)
            await asyncio.sleep(0.05)
            rest -= 0.05

    async def sweep(self) -> int:
        """Send again every command that has had no outcome for a while; returns how many."""
        return await self.delivery.sweep()
