"""What happens to a corrective action plan: wanted, submitted, judged, proved or undone."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.case_rows import Case, load_case, set_case
from activities.opening import as_json
from activities.world import (
    Happening,
    World,
    by,
    note,
    note_of,
    said,
    tell,
    this_workflow,
)
from domain.commands import CommandKind, Order, Refused
from domain.events import Event
from domain.identifiers import effect_key, task_id
from domain.noncompliance import (
    CaseState,
    Forestalled,
    PeriodMissed,
    PlanJudged,
    PlanSubmitted,
    RungFired,
)
from domain.spans import after
from domain.tasks import TaskKind
from domain.zones import zone_named
from notices.templates import Draft, Template
from store import outbox
from store.commands import Command, answered_before, take
from store.tasks import NewTask, close_tasks, open_task


class PlanActivities:
    """Verbs upon the plans of a case."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

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
            answered = await answered_before(connection, task, due_at)
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
                due_at = plan_due(case, command.received_at)
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
        await want_plan(connection, case, cycle + 1, at, due_at, now, why)
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
            answered = await answered_before(connection, task, due_at)
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
            due_at = plan_due(case, missed.at)
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


def plan_due(case: Case, at: datetime) -> datetime:
    """When a plan that is wanted at an instant has to be in."""
    return after(at, case.terms.corrective_action.plan_within, zone_named(case.terms.zone))


async def want_plan(
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
