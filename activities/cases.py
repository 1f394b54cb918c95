"""What happens in a case of non-compliance: rungs, acknowledgement, plans, closure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.opening import Miss, add_period, as_json, open_case
from activities.starting import nudge_monitoring
from activities.world import (
    Happening,
    World,
    by,
    note,
    note_of,
    said,
    tell,
    this_attempt,
    this_workflow,
)
from domain.commands import CommandKind, Order, Refused
from domain.evaluation import Severity, Status
from domain.events import Event
from domain.identifiers import effect_key, task_id
from domain.lifecycle import OVER
from domain.noncompliance import (
    Acknowledged,
    CaseOpened,
    CaseOutcome,
    CaseState,
    Forestalled,
    PeriodMissed,
    PeriodsMet,
    PlanJudged,
    PlanSubmitted,
    RungFired,
)
from domain.plan import closing_at, raise_ladder
from domain.spans import after
from domain.tasks import TaskKind
from domain.terms.shape import Agreement, Kpi, Level
from domain.zones import zone_named
from notices.templates import Draft, Template
from store import outbox, tables
from store.agreements import agreement_row
from store.commands import Command, answered_before, take
from store.editions import edition_at
from store.tasks import NewTask, close_tasks, open_task, widen

SETTLES_WITHIN = timedelta(hours=1)
"""When an outage hid the end of the term, a case asks again so much later whether it was renewed."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case with the terms that it is judged under: those in force when it opened."""

    row: Any
    terms: Agreement
    kpi: Kpi
    reason: str

    @property
    def levels(self) -> tuple[Level, ...]:
        """The ladder of its severity."""
        ladders = self.terms.escalation
        return ladders.severe if self.row.severity == Severity.SEVERE else ladders.minor

    def reached(self) -> tuple[str, ...]:
        """Everybody who has heard of it so far."""
        heard = (ref for level in self.levels[: self.row.level] for ref in level.to)
        return tuple(dict.fromkeys(heard))

    def fields(self, **more: str) -> dict[str, str]:
        """What its notices say."""
        return {
            "kpi": self.kpi.title,
            "period": self.row.period,
            "severity": self.row.severity.capitalize(),
            "reason": self.reason,
            **more,
        }


async def load_case(connection: AsyncConnection, case_id: str) -> Case:
    """The case of that id, locked."""
    query = select(tables.noncompliance).where(tables.noncompliance.c.id == case_id)
    row = (await connection.execute(query.with_for_update(key_share=True))).one()
    edition = await edition_at(connection, row.agreement, row.opened_at)
    evaluation = tables.evaluation
    reason = await connection.scalar(
        select(evaluation.c.reason)
        .where(
            evaluation.c.agreement == row.agreement,
            evaluation.c.kpi == row.kpi,
            evaluation.c.period == row.period,
        )
        .order_by(evaluation.c.revision)
        .limit(1)
    )
    return Case(row, edition.terms, edition.terms.kpi(row.kpi), reason or "")


class CaseActivities:
    """Verbs upon a case."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def open_case(self, case_id: str, now: datetime) -> CaseOpened:
        """Ask for an acknowledgement, fire the first rung, and fix the instants of the others."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            opened_at = case.row.opened_at
            ladder = raise_ladder(case.levels, opened_at, case.terms.zone)
            first = case.levels[0]
            await open_task(
                connection,
                NewTask(
                    task_id(case_id, TaskKind.ACKNOWLEDGE_BREACH),
                    case.row.agreement,
                    TaskKind.ACKNOWLEDGE_BREACH,
                    case_id,
                    case_id,
                    providers(first.to),
                    f"Acknowledge {case.row.severity} non-compliance of {case.kpi.title}",
                    opened_at,
                    ladder.exhausted_at,
                ),
            )
            await self._fire(connection, case, first, opened_at, this_attempt(self.world, now))
            row = await agreement_row(connection, case.row.agreement)
        await self.world.post.send(case.row.agreement)
        return CaseOpened(ladder, closing_at(case.terms, row.ends_at))

    @activity.defn
    async def fire_rung(
        self, case_id: str, level: int, due_at: datetime, now: datetime
    ) -> RungFired | Forestalled:
        """Fire a rung once, unless an acknowledgement was received before the instant it was due."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            answered = await answered_before(
                connection, case_id, CommandKind.ACKNOWLEDGE_BREACH, due_at
            )
            # An answer may come to light after an attempt that fired: what was said stays said.
            if answered is not None and not await has_fired(connection, case_id, level):
                happening = Happening(
                    case.row.agreement, Event.RUNG_FORESTALLED, case_id, due_at, (level,)
                )
                await note(connection, happening, now, level=level, by=answered)
                return Forestalled(answered)
            rung = case.levels[level - 1]
            await self._fire(connection, case, rung, due_at, this_attempt(self.world, now))
        await self.world.post.send(case.row.agreement)
        return RungFired(level)

    async def _fire(
        self, connection: AsyncConnection, case: Case, level: Level, due_at: datetime, now: datetime
    ) -> None:
        """Write the rung under its key and tell everybody on it, once each."""
        case_id, agreement = case.row.id, case.row.agreement
        values = {"case_id": case_id, "level": level.level, "due_at": due_at, "fired_at": now}
        await connection.execute(insert(tables.rung).values(values).on_conflict_do_nothing())
        await connection.execute(
            update(tables.noncompliance)
            .where(tables.noncompliance.c.id == case_id)
            .values(level=level.level)
        )
        task = task_id(case_id, TaskKind.ACKNOWLEDGE_BREACH)
        await widen(connection, task, providers(level.to))
        happening = Happening(agreement, Event.RUNG_FIRED, case_id, due_at, (level.level,))
        await note(connection, happening, now, level=level.level, to=list(level.to))
        zone = zone_named(case.terms.zone)
        last = level is case.levels[-1]
        draft = Draft(
            Template.BREACH,
            case.fields(
                level=str(level.level),
                playbook=level.playbook,
                next="the ladder ends" if last else f"it climbs to level {level.level + 1}",
            ),
            {"climbs": after(due_at, level.answer_within, zone)},
            due_at,
            now,
            task,
        )
        await tell(connection, agreement, case_id, level.level, level.to, draft)

    @activity.defn
    async def exhaust_ladder(
        self, case_id: str, due_at: datetime, now: datetime
    ) -> RungFired | Forestalled:
        """Nobody answered on any level: say so to everybody who heard."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            answered = await answered_before(
                connection, case_id, CommandKind.ACKNOWLEDGE_BREACH, due_at
            )
            if answered is not None:
                return Forestalled(answered)
            await set_case(connection, case_id, state=CaseState.UNANSWERED)
            agreement = case.row.agreement
            happening = Happening(agreement, Event.LADDER_EXHAUSTED, case_id, due_at)
            await note(connection, happening, now, levels=len(case.levels))
            task = task_id(case_id, TaskKind.ACKNOWLEDGE_BREACH)
            draft = Draft(Template.LADDER_EXHAUSTED, case.fields(), {}, due_at, now, task)
            await tell(connection, agreement, case_id, "end", case.reached(), draft)
        await self.world.post.send(case.row.agreement)
        return RungFired(len(case.levels))

    @activity.defn
    async def record_acknowledgement(self, order: Order, now: datetime) -> Acknowledged | Refused:
        """Somebody answers for the breach: the climb stops and a plan is wanted."""
        case_id = this_workflow()
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, case_id, CommandKind.ACKNOWLEDGE_BREACH)
            if isinstance(command, Refused):
                return command
            case = await load_case(connection, case_id)
            cycle = max(1, case.row.cycle)
            due_at = self._plan_due(case, command.received_at)
            await set_case(
                connection,
                case_id,
                state=CaseState.PLANNING,
                acknowledged_at=command.received_at,
                cycle=cycle,
            )
            await note(connection, by(command, Event.BREACH_ACKNOWLEDGED), now, **said(command))
            await self._want_plan(connection, case, cycle, command.received_at, due_at, now)
        await self.world.post.send(case.row.agreement)
        return Acknowledged(due_at)

    def _plan_due(self, case: Case, at: datetime) -> datetime:
        return after(at, case.terms.corrective_action.plan_within, zone_named(case.terms.zone))

    async def _want_plan(
        self,
        connection: AsyncConnection,
        case: Case,
        cycle: int,
        at: datetime,
        due_at: datetime,
        now: datetime,
        why: str = "",
    ) -> None:
        """Ask the provider's owner of the KPI for a plan."""
        owner = case.kpi.owners.provider
        task = task_id(case.row.id, TaskKind.SUBMIT_PLAN, cycle)
        await open_task(
            connection,
            NewTask(
                task,
                case.row.agreement,
                TaskKind.SUBMIT_PLAN,
                case.row.id,
                case.row.id,
                (owner,),
                f"Submit corrective action plan {cycle} for {case.kpi.title}",
                at,
                due_at,
            ),
        )
        draft = Draft(Template.PLAN_WANTED, case.fields(note=why), {"until": due_at}, at, now, task)
        await tell(connection, case.row.agreement, case.row.id, cycle, (owner,), draft)

    @activity.defn
    async def record_plan(self, order: Order, now: datetime) -> PlanSubmitted | Refused:
        """A plan is handed in: the client's owner of the KPI judges it."""
        case_id = this_workflow()
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, case_id, CommandKind.SUBMIT_PLAN)
            if isinstance(command, Refused):
                return command
            case = await load_case(connection, case_id)
            zone = zone_named(case.terms.zone)
            due_at = after(command.received_at, case.terms.corrective_action.judge_within, zone)
            cycle = case.row.cycle
            await set_case(connection, case_id, state=CaseState.JUDGING)
            await note(
                connection,
                by(command, Event.PLAN_SUBMITTED, cycle),
                now,
                cycle=cycle,
                **said(command),
            )
            judge = case.kpi.owners.client
            task = task_id(case_id, TaskKind.JUDGE_PLAN, cycle)
            await open_task(
                connection,
                NewTask(
                    task,
                    case.row.agreement,
                    TaskKind.JUDGE_PLAN,
                    case_id,
                    case_id,
                    (judge,),
                    f"Judge corrective action plan {cycle} for {case.kpi.title}",
                    command.received_at,
                    due_at,
                ),
            )
            fields = case.fields(actor=command.actor, note=note_of(command))
            draft = Draft(
                Template.PLAN_TO_JUDGE, fields, {"until": due_at}, command.received_at, now, task
            )
            await tell(connection, case.row.agreement, case_id, cycle, (judge,), draft)
        await self.world.post.send(case.row.agreement)
        return PlanSubmitted(due_at)

    @activity.defn
    async def report_overdue_plan(
        self, case_id: str, cycle: int, due_at: datetime, now: datetime
    ) -> RungFired | Forestalled:
        """No plan came in time: everybody who heard of the breach hears of that."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            task = task_id(case_id, TaskKind.SUBMIT_PLAN, cycle)
            answered = await task_answered_before(connection, task, due_at)
            if answered is not None:
                return Forestalled(answered)
            happening = Happening(case.row.agreement, Event.PLAN_OVERDUE, case_id, due_at, (cycle,))
            await note(connection, happening, now, cycle=cycle)
            draft = Draft(
                Template.PLAN_OVERDUE, case.fields(), {"until": due_at}, due_at, now, task
            )
            await tell(connection, case.row.agreement, case_id, cycle, case.reached(), draft)
        await self.world.post.send(case.row.agreement)
        return RungFired(case.row.level)

    @activity.defn
    async def record_judgement(self, order: Order, now: datetime) -> PlanJudged | Refused:
        """The plan is accepted, and later periods have to prove it; or another is wanted."""
        case_id = this_workflow()
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, case_id, CommandKind.JUDGE_PLAN)
            if isinstance(command, Refused):
                return command
            case = await load_case(connection, case_id)
            # The cycle that was judged stands in the task's id, whatever the row says by now.
            cycle = int(str(command.task).rsplit("/", 1)[1])
            if command.choice == "accept":
                happening = by(command, Event.PLAN_ACCEPTED, cycle)
                await note(connection, happening, now, cycle=cycle, **said(command))
                await self._accept_plan(connection, case, cycle, command.received_at, now, command)
                judged = PlanJudged(accepted=True)
            else:
                happening = by(command, Event.PLAN_REJECTED, cycle)
                await note(connection, happening, now, cycle=cycle, **said(command))
                due_at = self._plan_due(case, command.received_at)
                await self._plan_again(
                    connection, case, cycle, command.received_at, due_at, now, note_of(command)
                )
                judged = PlanJudged(accepted=False, plan_due_at=due_at)
        await self.world.post.send(case.row.agreement)
        return judged

    async def _accept_plan(
        self,
        connection: AsyncConnection,
        case: Case,
        cycle: int,
        at: datetime,
        now: datetime,
        command: Command | None,
    ) -> None:
        await set_case(connection, case.row.id, state=CaseState.VERIFYING, verify_from=at)
        draft = Draft(
            Template.PLAN_ACCEPTED,
            case.fields(
                note=note_of(command) if command else "silence counts as acceptance",
                verify=str(case.kpi.verified_after),
            ),
            {},
            at,
            now,
        )
        owners = case.kpi.owners
        to = (owners.client, owners.provider)
        await tell(connection, case.row.agreement, case.row.id, cycle, to, draft)

    async def _plan_again(
        self,
        connection: AsyncConnection,
        case: Case,
        cycle: int,
        at: datetime,
        due_at: datetime,
        now: datetime,
        why: str,
    ) -> None:
        """Ask for the next plan; once the agreed cycles are spent, governance hears of it too."""
        agreement, case_id = case.row.agreement, case.row.id
        await set_case(
            connection, case_id, state=CaseState.PLANNING, cycle=cycle + 1, verify_from=None
        )
        await self._want_plan(connection, case, cycle + 1, at, due_at, now, why)
        if cycle >= case.terms.corrective_action.cycles:
            spent = Happening(agreement, Event.PLANS_EXHAUSTED, case_id, at, (cycle,))
            await note(connection, spent, now, cycles=cycle)
            changes = case.terms.changes
            draft = Draft(Template.PLAN_UNJUDGED, case.fields(), {"until": due_at}, at, now)
            to = (changes.client, changes.provider)
            await tell(connection, agreement, case_id, f"spent-{cycle}", to, draft)

    @activity.defn
    async def settle_unjudged_plan(
        self, case_id: str, cycle: int, due_at: datetime, now: datetime
    ) -> PlanJudged | Forestalled:
        """Nobody judged the plan: silence accepts it, or goes to governance, as agreed."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            agreement = case.row.agreement
            task = task_id(case_id, TaskKind.JUDGE_PLAN, cycle)
            answered = await task_answered_before(connection, task, due_at)
            if answered is not None:
                return Forestalled(answered)
            accepted = case.terms.corrective_action.on_silence == "accept"
            if accepted:
                await close_tasks(connection, case_id, due_at)
                happening = Happening(
                    agreement, Event.PLAN_DEEMED_ACCEPTED, case_id, due_at, (cycle,)
                )
                await note(connection, happening, now, cycle=cycle)
                await self._accept_plan(connection, case, cycle, due_at, now, None)
            else:
                happening = Happening(agreement, Event.PLAN_UNJUDGED, case_id, due_at, (cycle,))
                await note(connection, happening, now, cycle=cycle)
                draft = Draft(
                    Template.PLAN_UNJUDGED, case.fields(), {"until": due_at}, due_at, now, task
                )
                to = (case.terms.changes.client, case.kpi.owners.client)
                await tell(connection, agreement, case_id, cycle, to, draft)
        await self.world.post.send(agreement)
        return PlanJudged(accepted=accepted)

    @activity.defn
    async def note_relapse(
        self, case_id: str, missed: PeriodMissed, now: datetime
    ) -> PlanJudged | None:
        """A period that began under the accepted plan was missed: another plan is wanted."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            key = effect_key(case_id, "join_period", missed.period, 1)
            if await outbox.said(connection, key) != as_json(missed):
                return None
            due_at = self._plan_due(case, missed.at)
            relapsed = Happening(
                case.row.agreement, Event.CASE_RELAPSED, case_id, missed.at, (missed.period,)
            )
            if case.row.state == CaseState.VERIFYING:
                if missed.start_at < case.row.verify_from:
                    return None
                await note(connection, relapsed, now, period=missed.period)
                why = f"The plan did not hold: {missed.period} missed its target again."
                await self._plan_again(
                    connection, case, case.row.cycle, missed.at, due_at, now, why
                )
        await self.world.post.send(case.row.agreement)
        return PlanJudged(accepted=False, plan_due_at=due_at)

    @activity.defn
    async def close_case(
        self, case_id: str, outcome: CaseOutcome, met: PeriodsMet, now: datetime
    ) -> bool:
        """The case is over if Monitoring found so; a later miss opens another."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            key = effect_key(case_id, "figures_recovered", met.period, 1)
            if await outbox.said(connection, key) != as_json(met):
                return False
            await self._close(connection, case, outcome, met.at, now)
            misses = await self._missed_since(connection, case, met.at)
            if misses and case.row.closed_at is None:
                await self._open_next(connection, misses, now)
        await self.world.post.send(case.row.agreement)
        if misses:  # Monitoring starts what was opened
            await nudge_monitoring(self.world, case.row.agreement, now)
        return True

    async def _missed_since(
        self, connection: AsyncConnection, case: Case, closed_at: datetime
    ) -> list[Miss]:
        """Periods missed after the recovery, found with it after an outage, are another case's."""
        period = tables.case_period
        query = select(period.c.period, period.c.status, period.c.joined_at).where(
            period.c.case_id == case.row.id, period.c.joined_at > closed_at
        )
        shard = (await agreement_row(connection, case.row.agreement)).shard
        return [
            Miss(case.row.agreement, shard, case.row.kpi, key, Status(status), joined_at)
            for key, status, joined_at in await connection.execute(query.order_by("joined_at"))
        ]

    async def _open_next(
        self, connection: AsyncConnection, misses: list[Miss], now: datetime
    ) -> None:
        """Open a case with the first of these periods; the others join it."""
        later = await open_case(connection, self.world, misses[0], now)
        for miss in misses[1:]:
            await add_period(connection, later, miss)

    @activity.defn
    async def end_case(self, case_id: str, due_at: datetime, now: datetime) -> datetime | None:
        """Close the case with its agreement; when that was renewed, answer with its later end."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            row = await agreement_row(connection, case.row.agreement)
            ends_at = closing_at(case.terms, row.ends_at)
            if ends_at > due_at:
                return ends_at
            if row.phase not in OVER:
                return now + SETTLES_WITHIN
            await self._close(connection, case, CaseOutcome.AGREEMENT_ENDED, due_at, now)
        await self.world.post.send(case.row.agreement)
        return None

    async def _close(
        self,
        connection: AsyncConnection,
        case: Case,
        outcome: CaseOutcome,
        at: datetime,
        now: datetime,
    ) -> None:
        case_id, agreement = case.row.id, case.row.agreement
        await set_case(connection, case_id, state=CaseState.CLOSED, closed_at=at, outcome=outcome)
        await close_tasks(connection, case_id, at)
        await note(
            connection,
            Happening(agreement, Event.CASE_CLOSED, case_id, at),
            now,
            outcome=outcome,
        )
        owners = case.kpi.owners
        draft = Draft(Template.CASE_CLOSED, case.fields(note=OUTCOMES[outcome]), {}, at, now)
        to = dict.fromkeys((*case.reached(), owners.client, owners.provider))
        await tell(connection, agreement, case_id, "closed", to, draft)


OUTCOMES = {
    CaseOutcome.VERIFIED: "later periods proved the plan",
    CaseOutcome.RECOVERED_UNANSWERED: "the figures recovered although nobody ever answered",
    CaseOutcome.AGREEMENT_ENDED: "the agreement has ended",
}


def providers(refs: tuple[str, ...]) -> tuple[str, ...]:
    """Those who can answer for a breach: the provider's contacts."""
    return tuple(ref for ref in refs if ref.startswith("provider."))


async def has_fired(connection: AsyncConnection, case_id: str, level: int) -> bool:
    """Whether the rung of this level fired on an earlier attempt."""
    rung = tables.rung
    query = select(rung.c.level).where(rung.c.case_id == case_id, rung.c.level == level)
    return await connection.scalar(query) is not None


async def set_case(connection: AsyncConnection, case_id: str, **values: Any) -> None:  # noqa: ANN401
    """Change a case's row; closed stays closed."""
    await connection.execute(
        update(tables.noncompliance)
        .where(tables.noncompliance.c.id == case_id, tables.noncompliance.c.closed_at.is_(None))
        .values(values)
    )


async def task_answered_before(
    connection: AsyncConnection, task: str, due_at: datetime
) -> str | None:
    """Who had answered this task, received before the instant, whether recorded yet or not."""
    command = tables.command
    query = (
        select(command.c.actor)
        .where(
            command.c.task == task,
            command.c.received_at < due_at,
            command.c.outcome.is_distinct_from("refused"),
        )
        .limit(1)
    )
    return await connection.scalar(query)
