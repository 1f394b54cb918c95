"""A review: reviewers of both sides, who were asked, are reminded, gone over, and heard."""

from temporalio import workflow

from activities.reviews import ReviewActivities
from domain.commands import CommandKind, Order, Refused
from domain.reviewing import ReviewClosed, ReviewDue, ReviewDueKind, ReviewStart
from workflows.policies import EFFECT
from workflows.waiting import Asked, Inbox, Watch


@workflow.defn
class ReviewWorkflow:
    """One review, from its frozen report to its outcome."""

    @workflow.init
    def __init__(self, start: ReviewStart) -> None:
        """The reviewers are asked already."""
        self._review = start.subject
        self._close_at = start.plan.close_at
        self._inbox: Inbox[Asked] = Inbox()
        self._watch = Watch(start.offset_s)
        self._rows: tuple[ReviewDue, ...] = start.plan.rows()
        self._waiting_for: int | None = None
        self._closed: ReviewClosed | None = None

    @workflow.run
    async def run(self, _start: ReviewStart) -> None:
        """Hear until all have answered or the review closes incomplete."""
        while self._closed is None:
            await self._chase()
            await self._hear()
            if self._closed is None and (self._waiting_for == 0 or not self._rows):
                await self._close()
            if self._closed is None:
                due = self._rows[0] if self._rows else None
                what = due.kind if due else "an answer is on its way"
                await self._watch.wait(due.at if due else None, self._inbox.__bool__, what)

    async def _chase(self) -> None:
        """Remind, then escalate, when due."""
        while self._rows and (due := self._rows[0]).at <= self._watch.now():
            arguments = [self._review, due.at, self._watch.now()]
            match due.kind:
                case ReviewDueKind.REMIND:
                    await workflow.execute_activity_method(
                        ReviewActivities.remind_reviewers, args=arguments, **EFFECT
                    )
                case ReviewDueKind.ESCALATE:
                    await workflow.execute_activity_method(
                        ReviewActivities.escalate_review, args=arguments, **EFFECT
                    )
                case ReviewDueKind.CLOSE:
                    pass
            self._rows = self._rows[1:]

    async def _hear(self) -> None:
        """Take the answers that have come in."""
        for asked in self._inbox.take():
            answered = await workflow.execute_activity_method(
                ReviewActivities.record_review_answer,
                args=[asked.order, self._watch.now()],
                **EFFECT,
            )
            if not isinstance(answered, Refused):
                self._waiting_for, self._closed = answered.waiting_for, answered.closed

    async def _close(self) -> None:
        """Close, unless an answer received in time is still on its way."""
        self._closed = await workflow.execute_activity_method(
            ReviewActivities.close_review,
            args=[self._review, self._close_at, self._watch.now()],
            **EFFECT,
        )

    @workflow.signal
    def complete_review(self, order: Order) -> None:
        """A reviewer answers."""
        self._inbox.ask(CommandKind.COMPLETE_REVIEW, order)

    @workflow.query
    def standing(self) -> str:
        """Where the review stands."""
        waiting = "all" if self._waiting_for is None else str(self._waiting_for)
        return f"waiting for {waiting} reviewers" if self._waiting_for != 0 else "answered"

    @workflow.query
    def due(self) -> tuple[ReviewDue, ...]:
        """What is due in it, in order."""
        return self._rows
