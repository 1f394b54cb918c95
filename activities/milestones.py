"""What happens to a milestone: handed out, chased, delivered, re-planned, accepted, sent back."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.starting import nudge_monitoring
from activities.world import Happening, World, by, note, note_of, said, tell, this_workflow
from domain.commands import CommandKind, Order, Refused
from domain.events import Event
from domain.identifiers import (
    agreement_workflow,
    milestone_subject,
    task_id,
)
from domain.lifecycle import MilestoneStatus, MilestoneStep
from domain.plan import asked, draw_plan, go_live_at, milestone_due, plan_milestone
from domain.spans import after
from domain.tasks import TaskKind
from domain.terms.shape import Agreement, Milestone
from domain.zones import zone_named
from notices.templates import Draft, Template
from store import tables
from store.agreements import agreement_row
from store.commands import Command, refuse, take
from store.editions import Edition, edition_at
from store.tasks import NewTask, open_task


class MilestoneActivities:
    """Verbs upon a milestone."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def warn_of_milestone(
        self, agreement_id: str, key: str, due_at: datetime, now: datetime
    ) -> None:
        """Warn both sides that an undelivered milestone is due soon."""
        await self._chase(
            agreement_id, key, due_at, now, Event.MILESTONE_AT_RISK, Template.MILESTONE_AT_RISK
        )

    @activity.defn
    async def report_overdue_milestone(
        self, agreement_id: str, key: str, due_at: datetime, now: datetime
    ) -> None:
        """Tell both sides that a milestone was not delivered in time."""
        await self._chase(
            agreement_id, key, due_at, now, Event.MILESTONE_OVERDUE, Template.MILESTONE_OVERDUE
        )

    async def _chase(
        self,
        agreement_id: str,
        key: str,
        due_at: datetime,
        now: datetime,
        event: Event,
        template: Template,
    ) -> None:
        async with self.world.engine.begin() as connection:
            edition = await edition_at(connection, agreement_id, due_at)
            milestone = milestone_of(edition.terms, key)
            row = await milestone_row(connection, agreement_id, key)
            subject = milestone_subject(agreement_id, key)
            if await answered_in_time(connection, edition.terms, row, due_at):
                return
            task = task_id(subject, TaskKind.DELIVER_MILESTONE, row.round)
            happening = Happening(
                agreement_id, event, subject, due_at, (row.planned_on.isoformat(),)
            )
            await note(connection, happening, now, due_at=row.due_at.isoformat())
            draft = Draft(
                template,
                {"milestone": milestone.title},
                {"until": row.due_at},
                due_at,
                now,
                None if milestone.gate and not await task_exists(connection, task) else task,
            )
            step = row.planned_on.isoformat()
            to = (milestone.delivered_by, milestone.accepted_by)
            await tell(connection, agreement_id, subject, step, to, draft)
        await self.world.post.send(agreement_id)

    @activity.defn
    async def record_milestone_answer(self, order: Order, now: datetime) -> MilestoneStep | Refused:
        """Record a delivery, a re-planning, an acceptance or a rejection, and what it opens."""
        async with self.world.engine.begin() as connection:
            command = await take(
                connection,
                order,
                this_workflow(),
                CommandKind.DELIVER_MILESTONE,
                CommandKind.ACCEPT_MILESTONE,
            )
            if isinstance(command, Refused):
                return command
            edition = await edition_at(connection, command.agreement, command.received_at)
            key = command.subject.rsplit("/", 1)[1]
            milestone = milestone_of(edition.terms, key)
            row = await milestone_row(connection, command.agreement, key)
            match command.choice:
                case "delivered":
                    step = await self._deliver(
                        connection, command, edition.terms, milestone, row, now
                    )
                case "replan":
                    replanned = await self._replan(connection, command, edition.terms, row, now)
                    if isinstance(replanned, Refused):
                        return replanned
                    step = replanned
                case "accept":
                    step = await self._accept(connection, command, edition, milestone, row, now)
                case _:
                    step = await self._reject(
                        connection, command, edition.terms, milestone, row, now
                    )
        await self.world.post.send(command.agreement)
        if step.live_plan is not None:
            await nudge_monitoring(self.world, command.agreement, step.live_plan.live_from or now)
        return step

    async def _deliver(
        self,
        connection: AsyncConnection,
        command: Command,
        terms: Agreement,
        milestone: Milestone,
        row: Any,  # noqa: ANN401 - a database row
        now: datetime,
    ) -> MilestoneStep:
        """The owner reports it delivered: the other party is asked to accept it."""
        zone = zone_named(terms.zone)
        due_at = after(command.received_at, milestone.accept_within, zone)
        task = task_id(command.subject, TaskKind.ACCEPT_MILESTONE, row.round)
        await set_milestone(
            connection,
            row,
            status=MilestoneStatus.DELIVERED,
            delivered_at=command.received_at,
        )
        await open_task(
            connection,
            NewTask(
                task,
                terms.agreement,
                TaskKind.ACCEPT_MILESTONE,
                command.subject,
                command.workflow,
                (milestone.accepted_by,),
                f"Accept milestone “{milestone.title}”",
                command.received_at,
                due_at,
            ),
        )
        await note(
            connection, by(command, Event.MILESTONE_DELIVERED, row.round), now, **said(command)
        )
        draft = Draft(
            Template.MILESTONE_TO_ACCEPT,
            {"milestone": milestone.title, "actor": command.actor, "note": note_of(command)},
            {"until": due_at},
            command.received_at,
            now,
            task,
        )
        to = (milestone.accepted_by,)
        await tell(connection, terms.agreement, command.subject, row.round, to, draft)
        return MilestoneStep(milestone.key, command.choice)

    async def _replan(
        self,
        connection: AsyncConnection,
        command: Command,
        terms: Agreement,
        row: Any,  # noqa: ANN401
        now: datetime,
    ) -> MilestoneStep | Refused:
        """The owner moves the date, with the reason; both sides hear, and the chase starts anew."""
        on = date.fromisoformat(command.body["on"])
        due_at = milestone_due(on, terms)
        problem = objection_to_date(on, row, terms, command.received_at)
        if problem is not None and command.outcome is None:
            return await refuse(connection, command, problem)
        milestone = milestone_of(terms, row.key)
        if row.planned_on != on:
            await set_milestone(connection, row, planned_on=on, due_at=due_at, round=row.round + 1)
        await note(
            connection,
            by(command, Event.MILESTONE_REPLANNED, command.id),
            now,
            planned_on=on.isoformat(),
            **said(command),
        )
        row = await milestone_row(connection, terms.agreement, row.key)
        await ask_delivery(
            connection, terms, milestone, row.round, due_at, command.received_at, now
        )
        draft = Draft(
            Template.MILESTONE_REPLANNED,
            {"milestone": milestone.title, "actor": command.actor, "note": note_of(command)},
            {"until": due_at},
            command.received_at,
            now,
        )
        to = (milestone.accepted_by,)
        await tell(connection, terms.agreement, command.subject, row.round, to, draft)
        planned = asked(plan_milestone(row.key, on, terms), command.received_at)
        return MilestoneStep(row.key, command.choice, replanned=planned)

    async def _accept(
        self,
        connection: AsyncConnection,
        command: Command,
        edition: Edition,
        milestone: Milestone,
        row: Any,  # noqa: ANN401
        now: datetime,
    ) -> MilestoneStep:
        """The other party accepts: gates behind it may open, or the agreement goes live."""
        terms = edition.terms
        await set_milestone(
            connection, row, status=MilestoneStatus.ACCEPTED, accepted_at=command.received_at
        )
        await note(
            connection, by(command, Event.MILESTONE_ACCEPTED, row.round), now, **said(command)
        )
        waiting = await unaccepted(connection, terms)
        for gate in openable_gates(terms, waiting):
            gate_row = await milestone_row(connection, terms.agreement, gate.key)
            subject = milestone_subject(terms.agreement, gate.key)
            opened = Happening(terms.agreement, Event.GATE_OPENED, subject, command.received_at)
            await note(connection, opened, now)
            await ask_delivery(
                connection,
                terms,
                gate,
                gate_row.round,
                gate_row.due_at,
                command.received_at,
                now,
            )
        if waiting:
            return MilestoneStep(milestone.key, command.choice)
        live_from = go_live_at(row.planned_on, command.received_at, terms)
        agreement = await agreement_row(connection, terms.agreement)
        await connection.execute(
            update(tables.agreement)
            .where(tables.agreement.c.id == terms.agreement, tables.agreement.c.live_from.is_(None))
            .values(live_from=live_from, next_due_at=live_from)
        )
        plan = draw_plan(
            terms,
            edition.number,
            agreement.term,
            ends_at=agreement.ends_at,
            live_from=live_from,
        )
        return MilestoneStep(milestone.key, command.choice, live_plan=plan)

    async def _reject(
        self,
        connection: AsyncConnection,
        command: Command,
        terms: Agreement,
        milestone: Milestone,
        row: Any,  # noqa: ANN401
        now: datetime,
    ) -> MilestoneStep:
        """The other party sends it back: the owner is asked again."""
        if row.status == MilestoneStatus.DELIVERED:
            await set_milestone(
                connection, row, status=MilestoneStatus.OPEN, delivered_at=None, round=row.round + 1
            )
            row = await milestone_row(connection, terms.agreement, row.key)
        await note(
            connection, by(command, Event.MILESTONE_REJECTED, command.id), now, **said(command)
        )
        await ask_delivery(
            connection, terms, milestone, row.round, row.due_at, command.received_at, now
        )
        draft = Draft(
            Template.MILESTONE_REJECTED,
            {"milestone": milestone.title, "actor": command.actor, "note": note_of(command)},
            {},
            command.received_at,
            now,
        )
        to = (milestone.delivered_by,)
        await tell(connection, terms.agreement, command.subject, row.round, to, draft)
        planned = asked(plan_milestone(row.key, row.planned_on, terms), command.received_at)
        return MilestoneStep(milestone.key, command.choice, replanned=planned)


async def hand_out(
    connection: AsyncConnection,
    terms: Agreement,
    milestone: Milestone,
    opened_at: datetime,
    now: datetime,
) -> None:
    """Write a milestone's row and, unless a gate holds it back, its task."""
    due_at = milestone_due(milestone.on, terms)
    row = {
        "agreement": terms.agreement,
        "key": milestone.key,
        "title": milestone.title,
        "planned_on": milestone.on,
        "due_at": due_at,
        "status": MilestoneStatus.OPEN,
        "round": 1,
    }
    await connection.execute(insert(tables.milestone).values(row).on_conflict_do_nothing())
    everything = {each.key for each in terms.milestones}
    if not milestone.gate or milestone in openable_gates(terms, everything):
        await ask_delivery(connection, terms, milestone, 1, due_at, opened_at, now)


async def ask_delivery(
    connection: AsyncConnection,
    terms: Agreement,
    milestone: Milestone,
    attempt: int,
    due_at: datetime,
    opened_at: datetime,
    now: datetime,
) -> None:
    """Ask a milestone's owner to deliver it."""
    subject = milestone_subject(terms.agreement, milestone.key)
    task = task_id(subject, TaskKind.DELIVER_MILESTONE, attempt)
    await open_task(
        connection,
        NewTask(
            task,
            terms.agreement,
            TaskKind.DELIVER_MILESTONE,
            subject,
            agreement_workflow(terms.agreement),
            (milestone.delivered_by,),
            f"Deliver milestone “{milestone.title}”",
            opened_at,
            due_at,
        ),
    )
    draft = Draft(
        Template.MILESTONE_ASSIGNED,
        {"milestone": milestone.title},
        {"until": due_at},
        opened_at,
        now,
        task,
    )
    await tell(connection, terms.agreement, subject, attempt, (milestone.delivered_by,), draft)


def objection_to_date(on: date, row: Any, terms: Agreement, at: datetime) -> str | None:  # noqa: ANN401
    """Why a milestone cannot be re-planned to a date at that instant; None when it can."""
    if milestone_due(on, terms) <= at:
        return f"{on} has passed; re-plan to a later date"
    if on == row.planned_on:
        return f"{on} is the planned date already; deliver by then, or re-plan to another"
    return None


async def answered_in_time(
    connection: AsyncConnection,
    terms: Agreement,
    row: Any,  # noqa: ANN401 - a database row
    due_at: datetime,
) -> bool:
    """Whether a delivery or another date, received before the instant, is still on its way."""
    command = tables.command
    query = select(command.c.body, command.c.received_at).where(
        command.c.subject == milestone_subject(row.agreement, row.key),
        command.c.kind == CommandKind.DELIVER_MILESTONE,
        command.c.received_at < due_at,
        command.c.outcome.is_(None),
    )
    return any(
        body["choice"] == "delivered"
        or objection_to_date(date.fromisoformat(body["on"]), row, terms, received_at) is None
        for body, received_at in await connection.execute(query)
    )


def milestone_of(terms: Agreement, key: str) -> Milestone:
    """The milestone of that key."""
    return next(each for each in terms.milestones if each.key == key)


def openable_gates(terms: Agreement, waiting: set[str]) -> list[Milestone]:
    """The gates whose every earlier milestone is accepted while they are not."""
    openable = []
    for place, milestone in enumerate(terms.milestones):
        earlier = {each.key for each in terms.milestones[:place]}
        if milestone.gate and milestone.key in waiting and not earlier & waiting:
            openable.append(milestone)
    return openable


async def unaccepted(connection: AsyncConnection, terms: Agreement) -> set[str]:
    """The milestones that nobody has accepted yet."""
    query = select(tables.milestone.c.key).where(
        tables.milestone.c.agreement == terms.agreement,
        tables.milestone.c.status != MilestoneStatus.ACCEPTED,
    )
    return set(await connection.scalars(query))


async def milestone_row(connection: AsyncConnection, agreement_id: str, key: str) -> Any:  # noqa: ANN401
    """The row of a milestone, locked."""
    query = select(tables.milestone).where(
        tables.milestone.c.agreement == agreement_id, tables.milestone.c.key == key
    )
    return (await connection.execute(query.with_for_update())).one()


async def set_milestone(connection: AsyncConnection, row: Any, **values: Any) -> None:  # noqa: ANN401
    """Change a milestone's row."""
    await connection.execute(
        update(tables.milestone)
        .where(tables.milestone.c.agreement == row.agreement, tables.milestone.c.key == row.key)
        .values(values)
    )


async def task_exists(connection: AsyncConnection, task: str) -> bool:
    """Whether the task was ever opened."""
    query = select(tables.task.c.id).where(tables.task.c.id == task)
    return await connection.scalar(query) is not None
