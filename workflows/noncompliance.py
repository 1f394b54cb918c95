"""A case of non-compliance: it climbs while nobody answers, and closes when the figures prove it."""

from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow

from activities.cases import CaseActivities
from activities.plans import PlanActivities
from domain.commands import CommandKind, Order, Refused
from domain.noncompliance import (
    CaseDue,
    CaseDueKind,
    CaseMove,
    CaseOutcome,
    CaseState,
    Forestalled,
    PeriodMissed,
    PeriodRestated,
    PeriodsMet,
    PlanJudged,
    ladder_rows,
    moved,
    only_end,
    sort_rows,
)
from workflows.attributes import ESCALATION_LEVEL
from workflows.policies import EFFECT
from workflows.waiting import Asked, Inbox, Watch


@dataclass(frozen=True, slots=True)
class CaseCarried:
    """What a case starts with and carries across runs. Fields are only added, with defaults."""

    subject: str
    agreement: str
    offset_s: float = 0.0
    state: CaseState | None = None
    level: int = 1
    cycle: int = 0
    rows: tuple[CaseDue, ...] = ()
    seen: tuple[str, ...] = ()
    schema: int = 1


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """Where a case stands."""

    case: str
    state: CaseState | None
    level: int
    cycle: int


RESTATED = "case-restated"
"""Since when a case hears of periods that were restated."""


@workflow.defn
class NonComplianceWorkflow:
    """One case, from its first missed period to its closure."""

    @workflow.init
    def __init__(self, start: CaseCarried) -> None:
        """Take over from the run before, if there was one."""
        self._case = start
        self._inbox: Inbox[PeriodMissed | PeriodsMet | PeriodRestated] = Inbox(start.seen)
        self._watch = Watch(start.offset_s)

    @workflow.run
    async def run(self, start: CaseCarried) -> None:
        """Notice, climb, plan, judgement, proof."""
        if start.state is None:
            await self._open()
        while self._case.state is not CaseState.CLOSED:
            await self._climb_and_chase()
            await self._hear()
            if workflow.info().is_continue_as_new_suggested() and not self._inbox:
                workflow.continue_as_new(replace(self._case, seen=self._inbox.seen))
            await self._wait()

    async def _open(self) -> None:
        """Ask for an acknowledgement and tell the first level."""
        opened = await workflow.execute_activity_method(
            CaseActivities.open_case, args=[self._case.subject, self._watch.now()], **EFFECT
        )
        self._case = replace(self._case, state=CaseState.CLIMBING, rows=ladder_rows(opened))

    async def _climb_and_chase(self) -> None:
        """Do what is due by now, in order; each once."""
        while self._case.rows and (due := self._case.rows[0]).at <= self._watch.now():
            match due.kind:
                case CaseDueKind.RUNG:
                    await self._climb(due)
                case CaseDueKind.EXHAUSTED:
                    await self._exhaust(due)
                case CaseDueKind.PLAN_OVERDUE:
                    await self._chase_plan(due)
                case CaseDueKind.JUDGEMENT_DUE:
                    await self._let_silence_judge(due)
                case CaseDueKind.ENDED:
                    await self._end(due)

    async def _hear(self) -> None:
        """Take what has come in, in order."""
        for message in self._inbox.take():
            match message:
                case Asked(kind=CommandKind.ACKNOWLEDGE_BREACH, order=order):
                    await self._acknowledge(order)
                case Asked(kind=CommandKind.SUBMIT_PLAN, order=order):
                    await self._take_plan(order)
                case Asked(order=order):
                    await self._judge(order)
                case PeriodMissed():
                    await self._relapse(message)
                case PeriodsMet():
                    await self._recover(message)
                case PeriodRestated():
                    await self._restate(message)

    async def _wait(self) -> None:
        """Wait for the next instant that is due, or for a message."""
        if self._case.rows and self._case.state is not CaseState.CLOSED:
            due = self._case.rows[0]
            await self._watch.wait(due.at, self._inbox.__bool__, f"{due.kind} {due.key or ''}")

    async def _climb(self, due: CaseDue) -> None:
        """Fire a rung, unless somebody had answered before it was due."""
        fired = await workflow.execute_activity_method(
            CaseActivities.fire_rung,
            args=[self._case.subject, due.key, due.at, self._watch.now()],
            **EFFECT,
        )
        self._done(due)
        if not isinstance(fired, Forestalled):
            self._case = replace(self._case, level=due.key)
            workflow.upsert_search_attributes([ESCALATION_LEVEL.value_set(due.key)])

    async def _exhaust(self, due: CaseDue) -> None:
        """The last level went unanswered."""
        fired = await workflow.execute_activity_method(
            CaseActivities.exhaust_ladder,
            args=[self._case.subject, due.at, self._watch.now()],
            **EFFECT,
        )
        self._done(due)
        if not isinstance(fired, Forestalled):
            self._move(CaseMove.EXHAUSTED)

    async def _acknowledge(self, order: Order) -> None:
        """Somebody answers for the breach: the climb stops."""
        acknowledged = await workflow.execute_activity_method(
            CaseActivities.record_acknowledgement, args=[order, self._watch.now()], **EFFECT
        )
        if not isinstance(acknowledged, Refused) and self._move(CaseMove.ACKNOWLEDGED):
            self._want_plan(1, acknowledged.plan_due_at)

    async def _take_plan(self, order: Order) -> None:
        """A plan is handed in."""
        submitted = await workflow.execute_activity_method(
            PlanActivities.record_plan, args=[order, self._watch.now()], **EFFECT
        )
        if not isinstance(submitted, Refused) and self._move(CaseMove.PLAN_SUBMITTED):
            cycle = self._case.cycle
            self._expect(CaseDue(CaseDueKind.JUDGEMENT_DUE, cycle, submitted.judge_due_at))

    async def _judge(self, order: Order) -> None:
        """The plan is accepted or rejected."""
        judged = await workflow.execute_activity_method(
            PlanActivities.record_judgement, args=[order, self._watch.now()], **EFFECT
        )
        if not isinstance(judged, Refused):
            self._judged(judged)

    def _judged(self, judged: PlanJudged) -> None:
        if judged.accepted and self._move(CaseMove.PLAN_ACCEPTED):
            self._expect()
        elif judged.plan_due_at is not None and self._move(CaseMove.PLAN_REJECTED):
            self._want_plan(self._case.cycle + 1, judged.plan_due_at)

    async def _chase_plan(self, due: CaseDue) -> None:
        """No plan came in time."""
        await workflow.execute_activity_method(
            PlanActivities.report_overdue_plan,
            args=[self._case.subject, due.key, due.at, self._watch.now()],
            **EFFECT,
        )
        self._done(due)

    async def _let_silence_judge(self, due: CaseDue) -> None:
        """Nobody judged in time: silence accepts, or governance hears of it."""
        judged = await workflow.execute_activity_method(
            PlanActivities.settle_unjudged_plan,
            args=[self._case.subject, due.key, due.at, self._watch.now()],
            **EFFECT,
        )
        self._done(due)
        if not isinstance(judged, Forestalled):
            self._judged(judged)

    async def _relapse(self, missed: PeriodMissed) -> None:
        """A missed period joined the case; one that an accepted plan covers undoes the plan."""
        if self._case.state is not CaseState.VERIFYING:
            return
        judged = await workflow.execute_activity_method(
            PlanActivities.note_relapse,
            args=[self._case.subject, missed, self._watch.now()],
            **EFFECT,
        )
        if judged is not None and judged.plan_due_at and self._move(CaseMove.RELAPSED):
            self._want_plan(self._case.cycle + 1, judged.plan_due_at)

    async def _recover(self, met: PeriodsMet) -> None:
        """Enough periods were met: the case closes."""
        unanswered = self._case.state is CaseState.UNANSWERED
        if moved(self._case.state or CaseState.CLIMBING, CaseMove.RECOVERED) is None:
            return
        outcome = CaseOutcome.RECOVERED_UNANSWERED if unanswered else CaseOutcome.VERIFIED
        closed = await workflow.execute_activity_method(
            CaseActivities.close_case,
            args=[self._case.subject, outcome, met, self._watch.now()],
            **EFFECT,
        )
        if closed:
            self._move(CaseMove.RECOVERED)

    async def _restate(self, news: PeriodRestated) -> None:
        """Nothing was missed after all: the case closes, whatever was asked of people meanwhile."""
        if not workflow.patched(RESTATED) or self._case.state is CaseState.CLOSED:
            return
        closed = await workflow.execute_activity_method(
            CaseActivities.close_restated,
            args=[self._case.subject, news, self._watch.now()],
            **EFFECT,
        )
        if closed:
            self._move(CaseMove.RESTATED)

    async def _end(self, due: CaseDue) -> None:
        """The agreement ends, and the case with it; or it was renewed and ends later."""
        later: datetime | None = await workflow.execute_activity_method(
            CaseActivities.end_case,
            args=[self._case.subject, due.at, self._watch.now()],
            **EFFECT,
        )
        self._done(due)
        if later is None:
            self._move(CaseMove.ENDED)
        else:
            rows = (*self._case.rows, CaseDue(CaseDueKind.ENDED, 0, later))
            self._case = replace(self._case, rows=sort_rows(rows))

    def _want_plan(self, cycle: int, due_at: datetime) -> None:
        self._case = replace(self._case, cycle=cycle)
        self._expect(CaseDue(CaseDueKind.PLAN_OVERDUE, cycle, due_at))

    def _expect(self, *rows: CaseDue) -> None:
        self._case = replace(self._case, rows=only_end(self._case.rows, *rows))

    def _done(self, due: CaseDue) -> None:
        rows = tuple(row for row in self._case.rows if row != due)
        self._case = replace(self._case, rows=rows)

    def _move(self, move: CaseMove) -> bool:
        """Move the case if its state knows the move; whether it did."""
        state = moved(self._case.state or CaseState.CLIMBING, move)
        if state is not None:
            self._case = replace(self._case, state=state)
        return state is not None

    @workflow.signal
    def acknowledge_breach(self, order: Order) -> None:
        """Somebody acknowledges."""
        self._inbox.ask(CommandKind.ACKNOWLEDGE_BREACH, order)

    @workflow.signal
    def submit_plan(self, order: Order) -> None:
        """Somebody submits a corrective action plan."""
        self._inbox.ask(CommandKind.SUBMIT_PLAN, order)

    @workflow.signal
    def judge_plan(self, order: Order) -> None:
        """Somebody judges the plan."""
        self._inbox.ask(CommandKind.JUDGE_PLAN, order)

    @workflow.signal
    def join_period(self, missed: PeriodMissed) -> None:
        """Monitoring: a further period was missed."""
        self._inbox.put(missed)

    @workflow.signal
    def figures_recovered(self, met: PeriodsMet) -> None:
        """Monitoring: enough periods in a row were met."""
        self._inbox.put(met)

    @workflow.signal
    def figures_restated(self, news: PeriodRestated) -> None:
        """Monitoring: the last missed period turned out not to be missed."""
        self._inbox.put(news)

    @workflow.query
    def standing(self) -> CaseStanding:
        """Where the case stands."""
        case = self._case
        return CaseStanding(case.subject, case.state, case.level, case.cycle)

    @workflow.query
    def due(self) -> tuple[CaseDue, ...]:
        """What is due in it, in order."""
        return self._case.rows
