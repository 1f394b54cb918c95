"""A renewal window: the client decides, the provider confirms, or silence speaks."""

from datetime import datetime

from temporalio import workflow

from activities.renewals import RenewalActivities
from domain.commands import CommandKind, Order, Refused
from domain.renewing import RenewalOutcome, RenewalStart
from workflows.policies import EFFECT
from workflows.waiting import Asked, Inbox, Watch


@workflow.defn
class RenewalWorkflow:
    """One renewal window, from notice to settlement."""

    @workflow.init
    def __init__(self, start: RenewalStart) -> None:
        """The client is asked already."""
        self._renewal = start.subject
        self._inbox: Inbox[Asked] = Inbox()
        self._watch = Watch(start.offset_s)
        self._decide_by = start.plan.decide_by
        self._outcome: RenewalOutcome | None = None

    @workflow.run
    async def run(self, _start: RenewalStart) -> RenewalOutcome:
        """Hear until it is settled or the window closes."""
        silent = True
        while self._outcome is None:
            if silent and self._decide_by <= self._watch.now():
                await self._let_silence_speak(self._decide_by)
                silent = False  # until the word that was on its way is heard
            for asked in self._inbox.take():
                await self._hear(asked)
                silent = True
            if self._outcome is None:
                due_at = self._decide_by if silent else None
                await self._watch.wait(due_at, self._inbox.__bool__, "silence speaks")
        return self._outcome

    async def _let_silence_speak(self, due_at: datetime) -> None:
        """Settle, unless an answer received in time is still on its way."""
        step = await workflow.execute_activity_method(
            RenewalActivities.settle_by_silence,
            args=[self._renewal, due_at, self._watch.now()],
            **EFFECT,
        )
        self._outcome = step.outcome

    async def _hear(self, asked: Asked) -> None:
        """The client's decision, or the provider's confirmation."""
        step = await workflow.execute_activity_method(
            RenewalActivities.record_renewal_answer,
            args=[asked.order, self._watch.now()],
            **EFFECT,
        )
        if not isinstance(step, Refused):
            self._outcome = step.outcome

    @workflow.signal
    def decide_renewal(self, order: Order) -> None:
        """The client decides."""
        self._inbox.ask(CommandKind.DECIDE_RENEWAL, order)

    @workflow.signal
    def confirm_renewal(self, order: Order) -> None:
        """The provider confirms or declines."""
        self._inbox.ask(CommandKind.CONFIRM_RENEWAL, order)

    @workflow.query
    def standing(self) -> RenewalOutcome | None:
        """How it was settled; None while it is open."""
        return self._outcome

    @workflow.query
    def due(self) -> datetime | None:
        """When silence speaks."""
        return None if self._outcome else self._decide_by
