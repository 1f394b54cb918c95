"""A proposed change: offers go back and forth until one is approved, or none is left."""

from temporalio import workflow

from activities.changes import ChangeActivities
from domain.changing import ChangeClosed, ChangeStart, Offer
from domain.commands import CommandKind, Order, Refused
from workflows.policies import EFFECT
from workflows.waiting import Asked, Inbox, Watch


@workflow.defn
class ChangeWorkflow:
    """One change, from its proposal to its end."""

    @workflow.init
    def __init__(self, start: ChangeStart) -> None:
        """The first offer lies before the other party already."""
        self._change = start.subject
        self._inbox: Inbox[Asked] = Inbox()
        self._watch = Watch(start.offset_s)
        self._offer = start.offer
        self._closed: ChangeClosed | None = None

    @workflow.run
    async def run(self, _start: ChangeStart) -> ChangeClosed:
        """Hear answers until the change is closed."""
        expiring = True
        while self._closed is None:
            if expiring and self._offer.expires_at <= self._watch.now():
                await self._expire(self._offer)
                expiring = False  # until the word that was on its way is heard
            for asked in self._inbox.take():
                await self._hear(asked)
                expiring = True
            if self._closed is None:
                due_at = self._offer.expires_at if expiring else None
                await self._watch.wait(due_at, self._inbox.__bool__, "offer expires")
        return self._closed

    async def _expire(self, offer: Offer) -> None:
        """The offer is off the table, unless an answer received in time is still on its way."""
        self._closed = await workflow.execute_activity_method(
            ChangeActivities.expire_change,
            args=[self._change, offer.expires_at, self._watch.now()],
            **EFFECT,
        )

    async def _hear(self, asked: Asked) -> None:
        """Approval, rejection, counter-offer or withdrawal."""
        outcome: Offer | ChangeClosed | Refused
        if asked.kind is CommandKind.WITHDRAW_CHANGE:
            outcome = await workflow.execute_activity_method(
                ChangeActivities.withdraw_change, args=[asked.order, self._watch.now()], **EFFECT
            )
        else:
            outcome = await workflow.execute_activity_method(
                ChangeActivities.record_change_answer,
                args=[asked.order, self._watch.now()],
                **EFFECT,
            )
        match outcome:
            case Offer():
                self._offer = outcome
            case ChangeClosed():
                self._closed = outcome
            case Refused():
                pass

    @workflow.signal
    def answer_change(self, order: Order) -> None:
        """The other party answers."""
        self._inbox.ask(CommandKind.ANSWER_CHANGE, order)

    @workflow.signal
    def withdraw_change(self, order: Order) -> None:
        """The proposer takes the offer back."""
        self._inbox.ask(CommandKind.WITHDRAW_CHANGE, order)

    @workflow.query
    def standing(self) -> Offer | ChangeClosed:
        """The offer on the table, or how it ended."""
        return self._closed or self._offer

    @workflow.query
    def due(self) -> Offer | None:
        """The offer that will expire."""
        return None if self._closed else self._offer
