"""What happens to an agreement itself: launch, milestones, going live, its term and its end."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.common import WorkflowIDConflictPolicy

from activities.world import Happening, World, note, tell
from domain.commands import Order, Refused
from domain.events import Event
from domain.identifiers import (
    agreement_workflow,
    milestone_subject,
    monitoring_workflow,
    renewal_id,
    task_id,
)
from domain.lifecycle import MilestoneStatus, MilestoneStep, Phase, TermEnd
from domain.plan import Plan, draw_plan, go_live_at, milestone_due, plan_milestone
from domain.renewing import RenewalOutcome
from domain.spans import after
from domain.tasks import TaskKind
from domain.terms.shape import Agreement, Milestone
from domain.zones import zone_named
from notices.templates import Draft, Template
from store import tables
from store.commands import Command, load, refuse, settle, take
from store.commands import Outcome as CommandOutcome
from store.editions import Edition, all_editions, edition_at, in_force
from store.tasks import NewTask, close_tasks, open_task

MONITORING = "MonitoringWorkflow"


@dataclass(frozen=True, slots=True)
class MonitoringStart:
    """What a monitoring workflow needs: its shard, and the offset of business time in seconds."""

    shard: int
    offset_s: float = 0.0


async def nudge_monitoring(world: World, agreement_id: str) -> None:
    """Have the shard's monitoring look again at what is due, starting it if there is none."""
    async with world.engine.connect() as connection:
        shard = await connection.scalar(
            select(tables.agreement.c.shard).where(tables.agreement.c.id == agreement_id)
        )
    await world.temporal.start_workflow(
        MONITORING,
        MonitoringStart(int(shard or 0), world.offset.total_seconds()),
        id=monitoring_workflow(int(shard or 0)),
        task_queue=world.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal="look_again",
    )


class AgreementActivities:
    """Verbs upon an agreement."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def begin_agreement(self, agreement_id: str, command_id: str, now: datetime) -> Plan:
        """Hand out the milestones of a launched agreement and say what is due in it."""
        async with self.world.engine.begin() as connection:
            launch = await load(connection, command_id)
            edition = await edition_at(connection, agreement_id, launch.received_at)
            for milestone in edition.terms.milestones:
                await self._hand_out(connection, edition.terms, milestone, launch.received_at, now)
            launched = Happening(
                agreement_id,
                Event.AGREEMENT_LAUNCHED,
                agreement_workflow(agreement_id),
                launch.received_at,
                actor=launch.actor,
                command=launch.id,
            )
            await note(connection, launched, now, edition=1, digest=edition.digest)
            await settle(connection, launch, CommandOutcome.RECORDED)
        await self.world.post.send(agreement_id)
        return draw_plan(edition.terms, edition.number, 1)

    async def _hand_out(
        self,
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
        if not milestone.gate:
            await self._ask_delivery(connection, terms, milestone, 1, due_at, opened_at, now)

    async def _ask_delivery(  # noqa: PLR0913 - a task has that many facets
        self,
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
        await tell(
            connection, terms.agreement, subject, attempt, (milestone.delivered_by,), draft
        )

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

    async def _chase(  # noqa: PLR0913
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
            task = task_id(subject, TaskKind.DELIVER_MILESTONE, row.round)
            happening = Happening(agreement_id, event, subject, due_at, (row.planned_on.isoformat(),))
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
            command = await take(connection, order, activity.info().workflow_id)
            if isinstance(command, Refused):
                return command
            edition = await edition_at(connection, command.agreement, command.received_at)
            key = command.subject.rsplit("/", 1)[1]
            milestone = milestone_of(edition.terms, key)
            row = await milestone_row(connection, command.agreement, key)
            match command.choice:
                case "delivered":
                    step = await self._deliver(connection, command, edition.terms, milestone, row, now)
                case "replan":
                    replanned = await self._replan(connection, command, edition.terms, row, now)
                    if isinstance(replanned, Refused):
                        return replanned
                    step = replanned
                case "accept":
                    step = await self._accept(connection, command, edition, milestone, row, now)
                case _:
                    step = await self._reject(connection, command, edition.terms, milestone, row, now)
        await self.world.post.send(command.agreement)
        if step.live_plan is not None:
            await nudge_monitoring(self.world, command.agreement)
        return step

    async def _deliver(  # noqa: PLR0913
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
        await note(connection, by(command, Event.MILESTONE_DELIVERED, row.round), now, **said(command))
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
        if due_at <= command.received_at:
            return await refuse(connection, command, f"{on} has passed; re-plan to a later date")
        milestone = milestone_of(terms, row.key)
        if row.planned_on != on:
            await set_milestone(
                connection, row, planned_on=on, due_at=due_at, round=row.round + 1
            )
        await note(
            connection,
            by(command, Event.MILESTONE_REPLANNED, command.id),
            now,
            planned_on=on.isoformat(),
            **said(command),
        )
        row = await milestone_row(connection, terms.agreement, row.key)
        await self._ask_delivery(
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
        return MilestoneStep(row.key, command.choice, replanned=plan_milestone(row.key, on, terms))

    async def _accept(  # noqa: PLR0913
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
        await note(connection, by(command, Event.MILESTONE_ACCEPTED, row.round), now, **said(command))
        waiting = await unaccepted(connection, terms)
        for gate in openable_gates(terms, waiting):
            gate_row = await milestone_row(connection, terms.agreement, gate.key)
            subject = milestone_subject(terms.agreement, gate.key)
            opened = Happening(
                terms.agreement, Event.GATE_OPENED, subject, command.received_at
            )
            await note(connection, opened, now)
            await self._ask_delivery(
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
        plan = draw_plan(terms, edition.number, agreement.term, live_from=live_from)
        return MilestoneStep(milestone.key, command.choice, live_plan=plan)

    async def _reject(  # noqa: PLR0913
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
        await note(connection, by(command, Event.MILESTONE_REJECTED, command.id), now, **said(command))
        await self._ask_delivery(
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
        return MilestoneStep(
            milestone.key,
            command.choice,
            replanned=plan_milestone(row.key, row.planned_on, terms),
        )

    @activity.defn
    async def enter_live(self, agreement_id: str, phase: Phase, due_at: datetime, now: datetime) -> None:
        """Service begins: it is measured from here."""
        async with self.world.engine.begin() as connection:
            edition = await edition_at(connection, agreement_id, due_at)
            await set_phase(connection, agreement_id, phase)
            subject = agreement_workflow(agreement_id)
            await note(connection, Happening(agreement_id, Event.WENT_LIVE, subject, due_at), now)
            draft = Draft(Template.WENT_LIVE, {}, {"until": due_at}, due_at, now)
            changes = edition.terms.changes
            to = (changes.client, changes.provider)
            await tell(connection, agreement_id, subject, "live", to, draft)
        await self.world.post.send(agreement_id)

    @activity.defn
    async def take_edition(
        self, agreement_id: str, number: int, after_review: int, due_at: datetime, now: datetime
    ) -> Plan:
        """An adopted edition takes effect: draw the plan under it."""
        async with self.world.engine.begin() as connection:
            edition = in_force(await all_editions(connection, agreement_id), due_at)
            row = await agreement_row(connection, agreement_id)
            happening = Happening(
                agreement_id,
                Event.EDITION_TOOK_EFFECT,
                agreement_workflow(agreement_id),
                due_at,
                (number,),
            )
            await note(connection, happening, now, edition=number)
        return draw_plan(
            edition.terms,
            edition.number,
            row.term,
            live_from=row.live_from,
            after_review=after_review,
        )

    @activity.defn
    async def note_phase(self, agreement_id: str, phase: Phase) -> None:
        """Project a phase that another workflow's news brought about."""
        async with self.world.engine.begin() as connection:
            await set_phase(connection, agreement_id, phase)

    @activity.defn
    async def end_term(
        self, agreement_id: str, term: int, after_review: int, due_at: datetime, now: datetime
    ) -> TermEnd:
        """The term is over: begin the next, or say when the last figures will be in."""
        async with self.world.engine.begin() as connection:
            outcome = await connection.scalar(
                select(tables.renewal.c.outcome).where(
                    tables.renewal.c.id == renewal_id(agreement_id, term)
                )
            )
            edition = await edition_at(connection, agreement_id, due_at)
            row = await agreement_row(connection, agreement_id)
            if outcome != RenewalOutcome.RENEWED:
                await set_phase(connection, agreement_id, Phase.EXPIRED)
                return TermEnd(closes_at=closing_at(edition.terms, due_at))
            plan = draw_plan(
                edition.terms,
                edition.number,
                term + 1,
                live_from=row.live_from,
                after_review=after_review,
            )
            await connection.execute(
                update(tables.agreement)
                .where(tables.agreement.c.id == agreement_id)
                .values(
                    term=term + 1,
                    ends_at=plan.term_ends_at,
                    phase=Phase.LIVE,
                    next_due_at=func.coalesce(tables.agreement.c.next_due_at, due_at),
                )
            )
            subject = agreement_workflow(agreement_id)
            happening = Happening(agreement_id, Event.TERM_RENEWED, subject, due_at, (term + 1,))
            await note(connection, happening, now, ends_at=plan.term_ends_at.isoformat())
        await nudge_monitoring(self.world, agreement_id)
        return TermEnd(renewed=plan)

    @activity.defn
    async def close_agreement(self, agreement_id: str, due_at: datetime, now: datetime) -> None:
        """The last figures are in: nothing is asked of anybody any more."""
        async with self.world.engine.begin() as connection:
            edition = await edition_at(connection, agreement_id, due_at)
            await connection.execute(
                update(tables.agreement)
                .where(tables.agreement.c.id == agreement_id)
                .values(phase=Phase.CLOSED, closed_at=due_at)
            )
            subject = agreement_workflow(agreement_id)
            for milestone in edition.terms.milestones:
                await close_tasks(connection, milestone_subject(agreement_id, milestone.key), due_at)
            await note(
                connection, Happening(agreement_id, Event.AGREEMENT_CLOSED, subject, due_at), now
            )
            draft = Draft(Template.AGREEMENT_CLOSED, {}, {}, due_at, now)
            changes = edition.terms.changes
            to = (changes.client, changes.provider)
            await tell(connection, agreement_id, subject, "closed", to, draft)
        await self.world.post.send(agreement_id)


def closing_at(terms: Agreement, ends_at: datetime) -> datetime:
    """When the last figures of the term are in: a day after its end and the longest cut-off."""
    zone = zone_named(terms.zone)
    figures_at = max(after(ends_at, kpi.cut_off, zone) for kpi in terms.kpis)
    return figures_at + timedelta(days=1)


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
        .where(
            tables.milestone.c.agreement == row.agreement, tables.milestone.c.key == row.key
        )
        .values(values)
    )


async def task_exists(connection: AsyncConnection, task: str) -> bool:
    """Whether the task was ever opened."""
    query = select(tables.task.c.id).where(tables.task.c.id == task)
    return await connection.scalar(query) is not None


async def agreement_row(connection: AsyncConnection, agreement_id: str) -> Any:  # noqa: ANN401
    """The row of an agreement."""
    query = select(tables.agreement).where(tables.agreement.c.id == agreement_id)
    return (await connection.execute(query)).one()


async def set_phase(connection: AsyncConnection, agreement_id: str, phase: Phase) -> None:
    """Project a phase."""
    await connection.execute(
        update(tables.agreement).where(tables.agreement.c.id == agreement_id).values(phase=phase)
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
