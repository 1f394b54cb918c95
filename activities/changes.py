"""What happens to a proposed change: offers and counter-offers, approval, and the new edition."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.retention import reaches_too_far
from activities.starting import start_once, tell_agreement
from activities.world import Happening, World, by, note, said, tell, this_workflow
from domain.changing import ChangeClosed, ChangeOutcome, ChangeStart, Offer, other_party, party_of
from domain.commands import CommandKind, Order, Refused
from domain.events import Event
from domain.identifiers import change_id, task_id
from domain.spans import after
from domain.tasks import TaskKind
from domain.terms.amendment import Amendment, amend, change_said, read_amendment, redline
from domain.terms.shape import Agreement
from domain.terms_check import validate
from domain.zones import midnight, zone_named
from notices.templates import Draft, Template
from store import tables
from store.commands import Command, load, pending, refuse, take
from store.editions import (
    Edition,
    adopt,
    all_editions,
    edition_at,
    keep_document,
    next_number,
    read_document,
)
from store.tasks import NewTask, close_tasks, open_task


class ChangeActivities:
    """Verbs upon a change."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def open_change(self, order: Order, now: datetime) -> str | Refused:
        """A party proposes an amendment: put it before the other party and start its workflow."""
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, this_workflow(), CommandKind.PROPOSE_CHANGE)
            if isinstance(command, Refused):
                return command
            change = await connection.scalar(
                select(tables.change.c.id).where(tables.change.c.proposal == command.id)
            )
            if change is None:
                amended = await self._amended(connection, command)
                if isinstance(amended, str):
                    return await refuse(connection, command, amended)
                change = await self._insert(connection, command)
            row = await change_row(connection, change)
            if row.offer == command.id:
                offer = await self._present(connection, row, command, now)
            else:  # repeated after the other party had countered already
                offer = Offer(row.round, row.offered_by, row.expires_at)
        await self.world.post.send(command.agreement)
        start = ChangeStart(change, command.agreement, offer, self.world.offset.total_seconds())
        await start_once(self.world, "ChangeWorkflow", change, start)
        return change

    async def _insert(self, connection: AsyncConnection, command: Command) -> str:
        """Write the change under the agreement's next number."""
        counting = (
            select(func.count())
            .select_from(tables.change)
            .where(tables.change.c.agreement == command.agreement)
        )
        number = int(await connection.scalar(counting) or 0) + 1
        change = change_id(command.agreement, number)
        values = {
            "id": change,
            "agreement": command.agreement,
            "number": number,
            "proposal": command.id,
            "state": "proposed",
            "offered_by": command.actor,
            "offer": command.id,
            "round": 1,
            "opened_at": command.received_at,
            "expires_at": command.received_at,
        }
        await connection.execute(insert(tables.change).values(values).on_conflict_do_nothing())
        return change

    async def _amended(
        self, connection: AsyncConnection, command: Command
    ) -> tuple[Amendment, bytes, Agreement] | str:
        """The amendment in a command applied to the latest edition, or why it cannot be."""
        if command.document is None:
            return "a change needs an amendment: add --file FILE"
        raw = await read_document(connection, command.document)
        reading = read_amendment(raw, str(command.body.get("file", "the amendment")))
        if reading.value is None:
            return "; ".join(map(str, reading.problems))
        amendment = reading.value
        if amendment.amends != command.agreement:
            return f"the amendment amends '{amendment.amends}', not '{command.agreement}'"
        latest = (await all_editions(connection, command.agreement))[-1]
        effective_at = midnight(amendment.effective_on, zone_named(latest.terms.zone))
        if effective_at <= max(command.received_at, latest.effective_at):
            return (
                f"{amendment.effective_on} is not later than today and than edition "
                f"{latest.number}; terms change prospectively: choose a later effective_on"
            )
        amended = amend(await read_document(connection, latest.digest), reading)
        if not isinstance(amended, bytes):
            return "; ".join(map(str, amended))
        checked = validate(amended, "the amended agreement")
        if checked.value is None:
            return "; ".join(map(str, checked.problems))
        coming = Edition(latest.number + 1, effective_at, "", checked.value)
        if too_far := await reaches_too_far(connection, command.agreement, coming):
            return too_far
        return amendment, amended, checked.value

    async def _present(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401 - a database row
        offer: Command,
        now: datetime,
    ) -> Offer:
        """Write who answers by when, and tell them what would change."""
        amended = await self._amended(connection, offer)
        terms = (await edition_at(connection, row.agreement, offer.received_at)).terms
        due_at = after(offer.received_at, terms.changes.answer_within, zone_named(terms.zone))
        decider = getattr(terms.changes, other_party(party_of(offer.actor)))
        await connection.execute(
            update(tables.change).where(tables.change.c.id == row.id).values(expires_at=due_at)
        )
        event = Event.CHANGE_PROPOSED if row.round == 1 else Event.CHANGE_COUNTERED
        latest = (await all_editions(connection, row.agreement))[-1]
        changes: list[tuple[str, str | None, str | None]] = []
        effective_on = ""
        if not isinstance(amended, str):
            old = await read_document(connection, latest.digest)
            changes = redline(old, amended[1])
            effective_on = amended[0].effective_on.isoformat()
        happening = Happening(
            row.agreement, event, row.id, offer.received_at, (row.round,), offer.actor, offer.id
        )
        await note(
            connection,
            happening,
            now,
            round=row.round,
            redline=[list(each) for each in changes],
            effective_on=effective_on,
            **said(offer),
        )
        task = task_id(row.id, TaskKind.ANSWER_CHANGE, row.round)
        await open_task(
            connection,
            NewTask(
                task,
                row.agreement,
                TaskKind.ANSWER_CHANGE,
                row.id,
                row.id,
                (decider,),
                f"Answer change {row.number}, round {row.round}",
                offer.received_at,
                due_at,
            ),
        )
        lines = "\n".join(f"- {change_said(*each)}" for each in changes)
        draft = Draft(
            Template.CHANGE_TO_ANSWER,
            {
                "number": str(row.number),
                "round": str(row.round),
                "actor": offer.actor,
                "from": effective_on,
                "note": lines,
            },
            {"until": due_at},
            offer.received_at,
            now,
            task,
        )
        await tell(connection, row.agreement, row.id, row.round, (decider,), draft)
        return Offer(row.round, offer.actor, due_at)

    @activity.defn
    async def record_change_answer(
        self, order: Order, now: datetime
    ) -> Offer | ChangeClosed | Refused:
        """Record an approval, a rejection or a counter-offer."""
        change = this_workflow()
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, change, CommandKind.ANSWER_CHANGE)
            if isinstance(command, Refused):
                return command
            row = await change_row(connection, change)
            result: Offer | ChangeClosed | Refused
            match command.choice:
                case "approve":
                    result = await self._approve(connection, row, command, now)
                case "counter":
                    result = await self._counter(connection, row, command, now)
                case _:
                    result = await self._close(
                        connection, row, ChangeOutcome.REJECTED, command.received_at, now, command
                    )
        await self.world.post.send(row.agreement)
        if isinstance(result, ChangeClosed):
            await tell_agreement(self.world, row.agreement, "change_closed", result)
        return result

    async def _approve(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401
        command: Command,
        now: datetime,
    ) -> ChangeClosed | Refused:
        """The other party agrees: the amended document becomes the next edition, from its date."""
        if row.edition is not None:
            editions = await all_editions(connection, row.agreement)
            known = next(each for each in editions if each.number == row.edition)
            return ChangeClosed(row.id, ChangeOutcome.APPROVED, known.number, known.effective_at)
        offer = await load(connection, row.offer)
        if party_of(offer.actor) == party_of(command.actor):
            return await refuse(
                connection, command, "nobody approves a proposal of his own side; possible: wait"
            )
        amended = await self._amended(connection, offer)
        if isinstance(amended, str):
            return await refuse(connection, command, amended)
        amendment, raw, terms = amended
        effective_at = midnight(amendment.effective_on, zone_named(terms.zone))
        if effective_at <= command.received_at.astimezone(UTC):
            return await refuse(
                connection,
                command,
                f"{amendment.effective_on} has passed; counter with a later effective_on",
            )
        number = await next_number(connection, row.agreement)
        digest = await keep_document(connection, f"edition-{number}.yaml", raw)
        new = Edition(number, effective_at, digest, terms)
        await adopt(
            connection, row.agreement, new, command=command.id, adopted_at=command.received_at
        )
        await connection.execute(
            update(tables.change).where(tables.change.c.id == row.id).values(edition=number)
        )
        adopted = by(command, Event.EDITION_ADOPTED, number)
        effective = effective_at.isoformat()
        await note(connection, adopted, now, edition=number, digest=digest, effective_at=effective)
        await self._close(
            connection, row, ChangeOutcome.APPROVED, command.received_at, now, command
        )
        return ChangeClosed(row.id, ChangeOutcome.APPROVED, number, effective_at)

    async def _counter(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401
        command: Command,
        now: datetime,
    ) -> Offer | Refused:
        """The other party answers with an offer of its own."""
        if row.offer != command.id:
            terms = (await edition_at(connection, row.agreement, command.received_at)).terms
            if row.round >= terms.changes.rounds:
                return await refuse(
                    connection,
                    command,
                    f"the agreed {terms.changes.rounds} rounds are spent; "
                    "possible now: approve, reject",
                )
            amended = await self._amended(connection, command)
            if isinstance(amended, str):
                return await refuse(connection, command, amended)
            await connection.execute(
                update(tables.change)
                .where(tables.change.c.id == row.id)
                .values(
                    state="countered",
                    offered_by=command.actor,
                    offer=command.id,
                    round=row.round + 1,
                )
            )
            row = await change_row(connection, row.id)
        return await self._present(connection, row, command, now)

    async def _close(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401
        outcome: ChangeOutcome,
        at: datetime,
        now: datetime,
        command: Command | None,
    ) -> ChangeClosed:
        """Write how the change ended and tell both deciders."""
        await connection.execute(
            update(tables.change)
            .where(tables.change.c.id == row.id, tables.change.c.closed_at.is_(None))
            .values(state=outcome, closed_at=at)
        )
        await close_tasks(connection, row.id, at)
        event = CLOSINGS[outcome]
        happening = by(command, event) if command else Happening(row.agreement, event, row.id, at)
        await note(connection, happening, now, **(said(command) if command else {}))
        terms = (await edition_at(connection, row.agreement, at)).terms
        draft = Draft(
            Template.CHANGE_CLOSED,
            {
                "number": str(row.number),
                "outcome": outcome,
                "note": str(command.body.get("note") or "") if command else "Nobody answered.",
            },
            {},
            at,
            now,
        )
        to = (terms.changes.client, terms.changes.provider)
        await tell(connection, row.agreement, row.id, "closed", to, draft)
        return ChangeClosed(row.id, outcome)

    @activity.defn
    async def withdraw_change(self, order: Order, now: datetime) -> ChangeClosed | Refused:
        """The proposer takes the offer back."""
        change = this_workflow()
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, change, CommandKind.WITHDRAW_CHANGE)
            if isinstance(command, Refused):
                return command
            row = await change_row(connection, change)
            if row.closed_at is not None and command.outcome is None:
                return await refuse(connection, command, f"the change is already {row.state}")
            if party_of(row.offered_by) != party_of(command.actor):
                return await refuse(
                    connection, command, f"the offer on the table is {row.offered_by}'s to withdraw"
                )
            closed = await self._close(
                connection, row, ChangeOutcome.WITHDRAWN, command.received_at, now, command
            )
        await self.world.post.send(row.agreement)
        await tell_agreement(self.world, row.agreement, "change_closed", closed)
        return closed

    @activity.defn
    async def expire_change(
        self, change: str, due_at: datetime, now: datetime
    ) -> ChangeClosed | None:
        """Nobody answered in time: the offer is off the table. None when a word is on its way."""
        async with self.world.engine.begin() as connection:
            row = await change_row(connection, change)
            if await pending(connection, change, due_at):
                return None
            closed = await self._close(connection, row, ChangeOutcome.EXPIRED, due_at, now, None)
        await self.world.post.send(row.agreement)
        await tell_agreement(self.world, row.agreement, "change_closed", closed)
        return closed


CLOSINGS = {
    ChangeOutcome.APPROVED: Event.CHANGE_APPROVED,
    ChangeOutcome.REJECTED: Event.CHANGE_REJECTED,
    ChangeOutcome.WITHDRAWN: Event.CHANGE_WITHDRAWN,
    ChangeOutcome.EXPIRED: Event.CHANGE_EXPIRED,
}


async def change_row(connection: AsyncConnection, change: str) -> Any:  # noqa: ANN401
    """The row of a change, locked."""
    query = select(tables.change).where(tables.change.c.id == change)
    return (await connection.execute(query.with_for_update())).one()
