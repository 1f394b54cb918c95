"""An agreement's life: onboarding, live, reviews, renewal, and its end."""

from dataclasses import dataclass, field, replace

from temporalio import workflow

from activities.agreements import AgreementActivities
from activities.asking import AskingActivities
from activities.changes import ChangeActivities
from activities.milestones import MilestoneActivities
from activities.renewals import RenewalActivities
from activities.reviews import ReviewActivities
from domain.changing import ChangeClosed
from domain.commands import CommandKind, Order, Refused
from domain.lifecycle import (
    Due,
    DueKind,
    MilestoneStatus,
    MilestoneStep,
    Move,
    Phase,
    Standing,
    advance,
    delivered,
    first_rows,
    in_order,
    redrawn,
    renewed,
    replanned,
    standing,
    term_rows,
)
from domain.plan import Plan
from domain.renewing import RenewalSettled
from workflows.attributes import CLIENT, ENDS_AT, PHASE, PROVIDER
from workflows.policies import EFFECT
from workflows.waiting import Asked, Inbox, Watch


@dataclass(frozen=True, slots=True)
class AgreementCarried:
    """What an agreement starts with and carries across runs. Fields are only added."""

    agreement: str
    launch: str
    offset_s: float = 0.0
    phase: Phase = Phase.ONBOARDING
    plan: Plan | None = None
    rows: tuple[Due, ...] = ()
    milestones: dict[str, MilestoneStatus] = field(default_factory=dict)
    reviews_opened: int = 0
    term_over: bool = False
    seen: tuple[str, ...] = ()
    schema: int = 1


ASKED = "facts-asked"
"""Since when an agreement hears of facts that are asked for."""

News = ChangeClosed | RenewalSettled


@workflow.defn
class AgreementWorkflow:
    """Carries one agreement for years."""

    @workflow.init
    def __init__(self, start: AgreementCarried) -> None:
        """Take over from the run before, if there was one."""
        self._state = start
        self._inbox: Inbox[News] = Inbox(start.seen)
        self._watch = Watch(start.offset_s)
        self._chapter_ends = False

    @workflow.run
    async def run(self, start: AgreementCarried) -> None:
        """Launch it, then do what is due and hear what comes in, until it is closed."""
        if start.plan is None:
            await self._launch()
        while self._state.phase is not Phase.CLOSED:
            await self._do_what_is_due()
            await self._hear()
            self._turn_the_page()
            await self._wait()

    async def _launch(self) -> None:
        """Hand out the milestones and learn what is due."""
        plan = await workflow.execute_activity_method(
            AgreementActivities.begin_agreement,
            args=[self._state.agreement, self._state.launch, self._watch.now()],
            **EFFECT,
        )
        milestones = {each.key: MilestoneStatus.OPEN for each in plan.milestones}
        self._set(plan=plan, rows=first_rows(plan), milestones=milestones)
        workflow.upsert_search_attributes(
            [
                CLIENT.value_set(plan.client),
                PROVIDER.value_set(plan.provider),
                PHASE.value_set(self._state.phase),
                ENDS_AT.value_set(plan.term_ends_at),
            ]
        )

    async def _do_what_is_due(self) -> None:
        """Do what is due by now, in order; each once."""
        while self._state.rows and (due := self._state.rows[0]).at <= self._watch.now():
            match due.kind:
                case DueKind.WARN_MILESTONE | DueKind.MILESTONE_OVERDUE:
                    await self._chase_milestone(due)
                case DueKind.ENTER_LIVE:
                    await self._enter_live(due)
                case DueKind.EDITION_EFFECT:
                    await self._take_edition(due)
                case DueKind.OPEN_REVIEW:
                    await self._open_review(due)
                case DueKind.OPEN_RENEWAL:
                    await self._open_renewal(due)
                case DueKind.END_TERM:
                    await self._end_term(due)
                case DueKind.CLOSE:
                    await self._close(due)
            self._set(rows=tuple(row for row in self._state.rows if row != due))

    async def _hear(self) -> None:
        """Take what has come in, in order."""
        for message in self._inbox.take():
            match message:
                case Asked(kind=CommandKind.PROPOSE_CHANGE, order=order):
                    await workflow.execute_activity_method(
                        ChangeActivities.open_change, args=[order, self._watch.now()], **EFFECT
                    )
                case Asked(kind=CommandKind.CALL_REVIEW, order=order):
                    await workflow.execute_activity_method(
                        ReviewActivities.call_review, args=[order, self._watch.now()], **EFFECT
                    )
                case Asked(kind=CommandKind.SUPPLY_FACTS, order=order):
                    await workflow.execute_activity_method(
                        AskingActivities.record_nothing_to_measure,
                        args=[order, self._watch.now()],
                        **EFFECT,
                    )
                case Asked(order=order):
                    await self._record_milestone_answer(order)
                case ChangeClosed():
                    self._expect_edition(message)
                case RenewalSettled():
                    await self._settle_renewal()

    def _turn_the_page(self) -> None:
        """Continue as new between chapters, or when the history grows long; nothing is lost."""
        suggested = workflow.info().is_continue_as_new_suggested()
        open_chapter = not (self._chapter_ends or suggested)
        if open_chapter or self._inbox or self._state.phase is Phase.CLOSED:
            return
        workflow.continue_as_new(replace(self._state, seen=self._inbox.seen))

    async def _wait(self) -> None:
        """Wait for the next instant that is due, or for a message."""
        if self._state.phase is not Phase.CLOSED:
            due = self._state.rows[0] if self._state.rows else None
            what = f"{due.kind} {due.key}" if due else "waiting to hear"
            await self._watch.wait(due.at if due else None, self._inbox.__bool__, what)

    async def _chase_milestone(self, due: Due) -> None:
        """Warn early of a milestone, or tell that it is late."""
        verb = (
            MilestoneActivities.warn_of_milestone
            if due.kind is DueKind.WARN_MILESTONE
            else MilestoneActivities.report_overdue_milestone
        )
        await workflow.execute_activity_method(
            verb, args=[self._state.agreement, due.key, due.at, self._watch.now()], **EFFECT
        )

    async def _record_milestone_answer(self, order: Order) -> None:
        """A milestone is delivered, moved, accepted or sent back."""
        step = await workflow.execute_activity_method(
            MilestoneActivities.record_milestone_answer, args=[order, self._watch.now()], **EFFECT
        )
        if isinstance(step, Refused):
            return
        rows = self._state.rows
        if step.replanned is not None:
            rows = replanned(rows, step.replanned)
        elif step.answer in {"delivered", "accept"}:
            rows = delivered(rows, step.key)
        status = STATUS_AFTER.get(step.answer, MilestoneStatus.OPEN)
        self._set(rows=rows, milestones={**self._state.milestones, step.key: status})
        if step.live_plan is not None:
            self._expect_service(step)

    def _expect_service(self, step: MilestoneStep) -> None:
        """Every gate is passed: the agreement goes live, and its reviews are known."""
        plan = step.live_plan
        if plan is None or plan.live_from is None or self._state.phase is Phase.EXPIRED:
            return
        live = Due(DueKind.ENTER_LIVE, "", plan.live_from)
        self._set(plan=plan, rows=in_order((live, *redrawn(self._state.rows, plan))))
        self._chapter_ends = True

    async def _enter_live(self, due: Due) -> None:
        """Service begins."""
        phase = advance(self._state.phase, Move.WENT_LIVE)
        await workflow.execute_activity_method(
            AgreementActivities.enter_live,
            args=[self._state.agreement, phase, due.at, self._watch.now()],
            **EFFECT,
        )
        self._enter(phase)

    def _expect_edition(self, change: ChangeClosed) -> None:
        """An approved change takes effect from its date; one that has done so does not again."""
        plan, edition, at = self._state.plan, change.edition, change.effective_at
        if plan is None or edition is None or at is None or edition <= plan.edition:
            return
        due = Due(DueKind.EDITION_EFFECT, str(edition), at)
        if due not in self._state.rows:
            self._set(rows=in_order((*self._state.rows, due)))

    async def _take_edition(self, due: Due) -> None:
        """An edition takes effect: what is still to come follows it."""
        plan = await workflow.execute_activity_method(
            AgreementActivities.take_edition,
            args=[
                self._state.agreement,
                int(due.key),
                self._state.reviews_opened,
                due.at,
                self._watch.now(),
            ],
            **EFFECT,
        )
        if plan is not None:
            self._set(plan=plan, rows=redrawn(self._state.rows, plan))

    async def _open_review(self, due: Due) -> None:
        """A regular review is due."""
        await workflow.execute_activity_method(
            ReviewActivities.open_review,
            args=[self._state.agreement, int(due.key), due.at, self._watch.now()],
            **EFFECT,
        )
        self._set(reviews_opened=max(self._state.reviews_opened, int(due.key)))

    async def _open_renewal(self, due: Due) -> None:
        """The notice window opens."""
        phase = advance(self._state.phase, Move.RENEWAL_OPENED)
        await workflow.execute_activity_method(
            RenewalActivities.open_renewal,
            args=[self._state.agreement, int(due.key), phase, due.at, self._watch.now()],
            **EFFECT,
        )
        self._enter(phase)

    async def _settle_renewal(self) -> None:
        """The record says how the renewal was settled; a term that ended meanwhile ends now."""
        plan = self._state.plan
        if plan is None or self._state.phase is not Phase.RENEWING:
            return
        phase = await workflow.execute_activity_method(
            AgreementActivities.settle_renewal, args=[self._state.agreement, plan.term], **EFFECT
        )
        if phase is None:
            return
        self._enter(phase)
        if self._state.term_over:
            due = Due(DueKind.END_TERM, str(plan.term), plan.term_ends_at)
            self._set(term_over=False, rows=in_order((*self._state.rows, due)))

    async def _end_term(self, due: Due) -> None:
        """The term is over: the next begins, or the last figures are awaited."""
        if self._state.phase is Phase.RENEWING:
            self._set(term_over=True)  # until the renewal's news is heard
            return
        end = await workflow.execute_activity_method(
            AgreementActivities.end_term,
            args=[
                self._state.agreement,
                int(due.key),
                self._state.reviews_opened,
                due.at,
                self._watch.now(),
            ],
            **EFFECT,
        )
        if end.renewed is not None:
            rows = (*self._state.rows, *term_rows(end.renewed))
            self._set(plan=end.renewed, rows=in_order(rows))
            self._enter(renewed(self._state.phase, end.renewed.live_from, due.at))
            self._chapter_ends = True
        elif end.closes_at is not None:
            self._set(rows=(Due(DueKind.CLOSE, "", end.closes_at),))
            self._enter(advance(self._state.phase, Move.TERM_ENDED))

    async def _close(self, due: Due) -> None:
        """The last figures are in."""
        await workflow.execute_activity_method(
            AgreementActivities.close_agreement,
            args=[self._state.agreement, due.at, self._watch.now()],
            **EFFECT,
        )
        self._enter(advance(self._state.phase, Move.ACCOUNTS_SETTLED))

    def _enter(self, phase: Phase) -> None:
        self._set(phase=phase)
        workflow.upsert_search_attributes([PHASE.value_set(phase)])

    def _set(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]

    @workflow.signal
    def deliver_milestone(self, order: Order) -> None:
        """A milestone's owner reports it delivered, or re-plans it."""
        self._inbox.ask(CommandKind.DELIVER_MILESTONE, order)

    @workflow.signal
    def accept_milestone(self, order: Order) -> None:
        """The other party accepts a milestone, or sends it back."""
        self._inbox.ask(CommandKind.ACCEPT_MILESTONE, order)

    @workflow.signal
    def propose_change(self, order: Order) -> None:
        """A party proposes a change of terms."""
        self._inbox.ask(CommandKind.PROPOSE_CHANGE, order)

    @workflow.signal
    def call_review(self, order: Order) -> None:
        """A party calls a review out of turn."""
        self._inbox.ask(CommandKind.CALL_REVIEW, order)

    @workflow.signal
    def supply_facts(self, order: Order) -> None:
        """Somebody says of facts that are asked for that there was nothing to measure."""
        if workflow.patched(ASKED):
            self._inbox.ask(CommandKind.SUPPLY_FACTS, order)

    @workflow.signal
    def change_closed(self, news: ChangeClosed) -> None:
        """A change has closed."""
        self._inbox.put(news)

    @workflow.signal
    def renewal_settled(self, news: RenewalSettled) -> None:
        """The renewal is settled."""
        self._inbox.put(news)

    @workflow.query
    def standing(self) -> Standing | None:
        """Where the agreement stands; None in the instant before it is launched."""
        state = self._state
        if state.plan is None:
            return None
        return standing(state.phase, state.plan, state.rows, state.milestones)

    @workflow.query
    def due(self) -> tuple[Due, ...]:
        """What is due in it, in order."""
        return self._state.rows


STATUS_AFTER = {
    "delivered": MilestoneStatus.DELIVERED,
    "accept": MilestoneStatus.ACCEPTED,
}
"""Where a milestone stands after an answer; any other answer leaves it open."""
