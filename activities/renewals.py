"""What happens in a renewal window: the client decides, the provider confirms, silence speaks."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.starting import start_once, tell_agreement
from activities.world import Happening, World, by, note, said, tell, this_workflow
from domain.commands import CommandKind, Order, Refused
from domain.events import Event
from domain.identifiers import renewal_id, task_id
from domain.lifecycle import Phase
from domain.renewing import (
    RenewalOutcome,
    RenewalPlan,
    RenewalSettled,
    RenewalStart,
    RenewalStep,
    by_silence,
)
from domain.spans import before
from domain.tasks import TaskKind
from domain.terms.shape import Agreement
from domain.zones import zone_named
from notices.templates import Draft, Template
from store import tables
from store.agreements import agreement_row, set_phase
from store.commands import Command, pending, take
from store.editions import edition_at
from store.tasks import NewTask, close_tasks, open_task
from store.views.record import in_words, record_of


class RenewalActivities:
    """Verbs upon a renewal."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def open_renewal(
        self, agreement_id: str, term: int, phase: Phase, opens_at: datetime, now: datetime
    ) -> str:
        """The notice window opens: freeze the record of performance, ask, start the workflow."""
        renewal = renewal_id(agreement_id, term)
        async with self.world.engine.begin() as connection:
            terms = (await edition_at(connection, agreement_id, opens_at)).terms
            row = await agreement_row(connection, agreement_id)
            values = {
                "id": renewal,
                "agreement": agreement_id,
                "term": term,
                "state": "open",
                "opened_at": opens_at,
                "decide_by": before(
                    row.ends_at, terms.renewal.decide_before, zone_named(terms.zone)
                ),
                "record": await record_of(connection, agreement_id, None, opens_at),
            }
            await connection.execute(insert(tables.renewal).values(values).on_conflict_do_nothing())
            await set_phase(connection, agreement_id, phase)
            plan = await self._ask_decision(connection, renewal, terms, row.ends_at, now)
        start = RenewalStart(renewal, agreement_id, plan, self.world.offset.total_seconds())
        await start_once(self.world, "RenewalWorkflow", renewal, start)
        await self.world.post.send(agreement_id)
        return renewal

    async def _ask_decision(
        self,
        connection: AsyncConnection,
        renewal: str,
        terms: Agreement,
        ends_at: datetime,
        now: datetime,
    ) -> RenewalPlan:
        """Ask the client for the decision, with the record of performance before it."""
        row = await renewal_row(connection, renewal)
        opened = Happening(row.agreement, Event.RENEWAL_OPENED, renewal, row.opened_at)
        decide_by = row.decide_by.isoformat()
        await note(connection, opened, now, record=row.record, decide_by=decide_by)
        owner = terms.renewal.decided_by
        task = await self._ask(
            connection, row, TaskKind.DECIDE_RENEWAL, owner, "Decide the renewal", row.opened_at
        )
        draft = Draft(
            Template.RENEWAL_TO_DECIDE,
            {"note": in_words(row.record)},
            {"until": row.decide_by, "ends": ends_at},
            row.opened_at,
            now,
            task,
        )
        await tell(connection, row.agreement, renewal, "decide", (owner,), draft)
        return RenewalPlan(row.decide_by)

    async def _ask(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401 - a database row
        kind: TaskKind,
        owner: str,
        title: str,
        at: datetime,
    ) -> str:
        task = task_id(row.id, kind)
        new = NewTask(task, row.agreement, kind, row.id, row.id, (owner,), title, at, row.decide_by)
        await open_task(connection, new)
        return task

    @activity.defn
    async def record_renewal_answer(self, order: Order, now: datetime) -> RenewalStep | Refused:
        """Record the client's decision or the provider's confirmation."""
        renewal = this_workflow()
        async with self.world.engine.begin() as connection:
            kinds = (CommandKind.DECIDE_RENEWAL, CommandKind.CONFIRM_RENEWAL)
            command = await take(connection, order, renewal, *kinds)
            if isinstance(command, Refused):
                return command
            row = await renewal_row(connection, renewal)
            terms = (await edition_at(connection, row.agreement, row.opened_at)).terms
            outcome: RenewalOutcome | None = None
            match command.choice:
                case "renew":
                    await self._confirm(connection, row, terms, command, now)
                case "expire":
                    happening = by(command, Event.RENEWAL_DECIDED)
                    await note(connection, happening, now, choice="expire", **said(command))
                    outcome = RenewalOutcome.LAPSED
                case "confirm":
                    happening = by(command, Event.RENEWAL_CONFIRMED)
                    await note(connection, happening, now, **said(command))
                    outcome = RenewalOutcome.RENEWED
                case _:
                    happening = by(command, Event.RENEWAL_DECLINED)
                    await note(connection, happening, now, **said(command))
                    outcome = RenewalOutcome.LAPSED
            if outcome is not None:
                await self._settle(connection, row, terms, outcome, command.received_at, now)
        await self.world.post.send(row.agreement)
        if outcome is not None:
            await self._report(row.agreement, renewal, outcome)
        return RenewalStep(outcome)

    async def _confirm(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401
        terms: Agreement,
        command: Command,
        now: datetime,
    ) -> None:
        """The client wants to renew: ask the provider."""
        await note(
            connection, by(command, Event.RENEWAL_DECIDED), now, choice="renew", **said(command)
        )
        owner = terms.renewal.confirmed_by
        at = command.received_at
        task = await self._ask(
            connection, row, TaskKind.CONFIRM_RENEWAL, owner, "Confirm the renewal", at
        )
        draft = Draft(
            Template.RENEWAL_TO_CONFIRM,
            {"actor": command.actor},
            {"until": row.decide_by},
            at,
            now,
            task,
        )
        await tell(connection, row.agreement, row.id, "confirm", (owner,), draft)

    @activity.defn
    async def settle_by_silence(self, renewal: str, due_at: datetime, now: datetime) -> RenewalStep:
        """The window closes: silence means what was agreed, unless an answer was received before."""
        async with self.world.engine.begin() as connection:
            row = await renewal_row(connection, renewal)
            if await pending(connection, renewal, due_at):
                return RenewalStep(None)
            terms = (await edition_at(connection, row.agreement, row.opened_at)).terms
            outcome = by_silence(terms.renewal.on_silence)
            await self._settle(connection, row, terms, outcome, due_at, now)
        await self.world.post.send(row.agreement)
        await self._report(row.agreement, renewal, outcome)
        return RenewalStep(outcome)

    async def _settle(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401
        terms: Agreement,
        outcome: RenewalOutcome,
        at: datetime,
        now: datetime,
    ) -> None:
        """Write the outcome and tell both sides."""
        await connection.execute(
            update(tables.renewal)
            .where(tables.renewal.c.id == row.id, tables.renewal.c.closed_at.is_(None))
            .values(state="closed", outcome=outcome, closed_at=at)
        )
        await close_tasks(connection, row.id, at)
        happening = Happening(row.agreement, Event.RENEWAL_SETTLED, row.id, at)
        await note(connection, happening, now, outcome=outcome)
        months = terms.renewal.renews_for
        what = f"It runs {months} months more." if outcome is RenewalOutcome.RENEWED else ""
        draft = Draft(Template.RENEWAL_SETTLED, {"outcome": outcome, "note": what}, {}, at, now)
        to = dict.fromkeys((terms.renewal.decided_by, terms.renewal.confirmed_by))
        await tell(connection, row.agreement, row.id, "settled", to, draft)

    async def _report(self, agreement: str, renewal: str, outcome: RenewalOutcome) -> None:
        news = RenewalSettled(renewal, outcome)
        await tell_agreement(self.world, agreement, "renewal_settled", news)


async def renewal_row(connection: AsyncConnection, renewal: str) -> Any:  # noqa: ANN401
    """The row of a renewal, locked."""
    query = select(tables.renewal).where(tables.renewal.c.id == renewal)
    return (await connection.execute(query.with_for_update())).one()
