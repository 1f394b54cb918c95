"""What happens in a review: the report is frozen, reviewers answer, are reminded, are gone over."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.starting import start_once
from activities.world import Happening, World, by, note, said, tell, this_workflow
from domain.commands import CommandKind, Order, Refused
from domain.events import Event
from domain.identifiers import called_review_id, review_id, task_id
from domain.reviewing import (
    ReviewAnswered,
    ReviewClosed,
    ReviewOutcome,
    ReviewPlan,
    ReviewStart,
    outcome_of,
)
from domain.spans import after, before
from domain.tasks import TaskKind
from domain.terms.shape import Agreement
from domain.zones import zone_named
from notices.templates import Draft, Template
from store import tables
from store.commands import Command, pending, refuse, take
from store.editions import edition_at
from store.tasks import NewTask, close_tasks, count_open, open_task, unanswered
from store.views.record import in_words, record_of


class ReviewActivities:
    """Verbs upon a review."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def open_review(
        self, agreement_id: str, number: int, opens_at: datetime, now: datetime
    ) -> str:
        """Open the regular review that is due: freeze its report, ask, and start its workflow."""
        review = review_id(agreement_id, number)
        async with self.world.engine.begin() as connection:
            await freeze(connection, agreement_id, review, number, opens_at)
            plan = await ask(connection, review, now)
        await self._start(agreement_id, review, plan)
        return review

    @activity.defn
    async def call_review(self, order: Order, now: datetime) -> str | Refused:
        """A party calls a review out of turn: open it."""
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, this_workflow(), CommandKind.CALL_REVIEW)
            if isinstance(command, Refused):
                return command
            review: str | None = await connection.scalar(
                select(tables.review.c.id).where(tables.review.c.call == command.id)
            )
            if review is None:
                review = await self._insert_called(connection, command)
            called = replace(by(command, Event.REVIEW_CALLED), subject=review)
            await note(connection, called, now, **said(command))
            plan = await ask(connection, review, now)
        await self._start(command.agreement, review, plan)
        return review

    async def _start(self, agreement_id: str, review: str, plan: ReviewPlan) -> None:
        """Start the review's workflow, and send what its reviewers are asked."""
        start = ReviewStart(review, agreement_id, plan, self.world.offset.total_seconds())
        await start_once(self.world, "ReviewWorkflow", review, start)
        await self.world.post.send(agreement_id)

    async def _insert_called(self, connection: AsyncConnection, command: Command) -> str:
        """Write a called review under the next number of its kind."""
        counting = (
            select(func.count())
            .select_from(tables.review)
            .where(
                tables.review.c.agreement == command.agreement, tables.review.c.call.is_not(None)
            )
        )
        number = int(await connection.scalar(counting) or 0) + 1
        review = called_review_id(command.agreement, number)
        at = command.received_at
        await freeze(connection, command.agreement, review, number, at, call=command.id)
        return review

    @activity.defn
    async def record_review_answer(self, order: Order, now: datetime) -> ReviewAnswered | Refused:
        """Record what a reviewer says; the last answer closes the review."""
        review = this_workflow()
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, review, CommandKind.COMPLETE_REVIEW)
            if isinstance(command, Refused):
                return command
            row = await review_row(connection, review)
            terms = (await edition_at(connection, row.agreement, row.opened_at)).terms
            if command.received_at >= plan_of(terms, row.opened_at).close_at:
                return await refuse(connection, command, f"{review_title(row)} is closed")
            happening = by(command, Event.REVIEW_ANSWERED, command.actor)
            await note(connection, happening, now, choice=command.choice, **said(command))
            waiting_for = await count_open(connection, review)
            closed = None
            if not waiting_for:
                closed = await close(connection, row, command.received_at, now)
        await self.world.post.send(command.agreement)
        return ReviewAnswered(waiting_for, closed)

    @activity.defn
    async def remind_reviewers(self, review: str, due_at: datetime, now: datetime) -> None:
        """Remind those who have not answered."""
        async with self.world.engine.begin() as connection:
            row = await review_row(connection, review)
            silent = await unanswered(connection, review, due_at)
            if not silent:
                return
            names = sorted(owner for _, owners in silent for owner in owners)
            happening = Happening(row.agreement, Event.REVIEW_REMINDED, review, due_at)
            await note(connection, happening, now, to=names)
            for task, owners in silent:
                draft = Draft(
                    Template.REVIEW_REMINDER,
                    {"review": review_title(row)},
                    {"until": row.due_at},
                    due_at,
                    now,
                    task,
                )
                await tell(connection, row.agreement, review, "remind", owners, draft)
        await self.world.post.send(row.agreement)

    @activity.defn
    async def escalate_review(self, review: str, due_at: datetime, now: datetime) -> None:
        """Go over the heads of those who have not answered in time."""
        async with self.world.engine.begin() as connection:
            row = await review_row(connection, review)
            terms = (await edition_at(connection, row.agreement, row.opened_at)).terms
            silent = await unanswered(connection, review, due_at)
            if not silent:
                return
            names = sorted(owner for _, owners in silent for owner in owners)
            happening = Happening(row.agreement, Event.REVIEW_ESCALATED, review, due_at)
            await note(connection, happening, now, silent=names, to=list(terms.reviews.escalate_to))
            fields = {"review": review_title(row), "note": ", ".join(names)}
            draft = Draft(Template.REVIEW_ESCALATED, fields, {"until": row.due_at}, due_at, now)
            above = [ref for ref in terms.reviews.escalate_to if ref not in names]
            await tell(connection, row.agreement, review, "escalate", above, draft)
            for task, owners in silent:
                asked = replace(draft, task=task)
                await tell(connection, row.agreement, review, "escalate", owners, asked)
        await self.world.post.send(row.agreement)

    @activity.defn
    async def close_review(self, review: str, at: datetime, now: datetime) -> ReviewClosed | None:
        """Close with what the answers come to; None while one received in time is on its way."""
        async with self.world.engine.begin() as connection:
            row = await review_row(connection, review)
            closed = await close(connection, row, at, now)
        await self.world.post.send(row.agreement)
        return closed


async def freeze(
    connection: AsyncConnection,
    agreement_id: str,
    review: str,
    number: int,
    opens_at: datetime,
    *,
    call: str | None = None,
) -> None:
    """Insert a review with the record since the one before; once."""
    terms = (await edition_at(connection, agreement_id, opens_at)).terms
    since = await connection.scalar(
        select(func.max(tables.review.c.opened_at)).where(
            tables.review.c.agreement == agreement_id, tables.review.c.opened_at < opens_at
        )
    )
    values = {
        "id": review,
        "agreement": agreement_id,
        "number": number,
        "call": call,
        "opened_at": opens_at,
        "due_at": plan_of(terms, opens_at).due_at,
        "state": "open",
        "report": await record_of(connection, agreement_id, since, opens_at),
    }
    await connection.execute(insert(tables.review).values(values).on_conflict_do_nothing())


async def ask(connection: AsyncConnection, review: str, now: datetime) -> ReviewPlan:
    """Give each reviewer a task and the frozen report."""
    row = await review_row(connection, review)
    terms = (await edition_at(connection, row.agreement, row.opened_at)).terms
    plan = plan_of(terms, row.opened_at)
    title = review_title(row)
    opened = Happening(row.agreement, Event.REVIEW_OPENED, review, row.opened_at)
    await note(connection, opened, now, due_at=plan.due_at.isoformat(), report=row.report)
    for reviewer in terms.reviews.reviewers:
        task = task_id(review, TaskKind.COMPLETE_REVIEW, reviewer)
        await open_task(
            connection,
            NewTask(
                task,
                row.agreement,
                TaskKind.COMPLETE_REVIEW,
                review,
                review,
                (reviewer,),
                f"Complete the {title}",
                row.opened_at,
                plan.due_at,
            ),
        )
        draft = Draft(
            Template.REVIEW_OPENED,
            {"review": title, "note": in_words(row.report)},
            {"until": plan.due_at},
            row.opened_at,
            now,
            task,
        )
        await tell(connection, row.agreement, review, "open", (reviewer,), draft)
    return plan


async def close(
    connection: AsyncConnection,
    row: Any,  # noqa: ANN401 - a database row
    at: datetime,
    now: datetime,
) -> ReviewClosed | None:
    """Close a review with its answers' outcome; None while one received in time is on its way."""
    review = row.id
    if await pending(connection, review, at):
        return None
    terms = (await edition_at(connection, row.agreement, row.opened_at)).terms
    answers = await answers_of(connection, review)
    outcome = outcome_of(
        (answer for answer, _ in answers.values() if answer),
        complete=all(answer for answer, _ in answers.values()),
    )
    last = [answered for _, answered in answers.values() if answered]
    closed_at = max(last) if outcome is not ReviewOutcome.INCOMPLETE else at
    await connection.execute(
        update(tables.review)
        .where(tables.review.c.id == review, tables.review.c.closed_at.is_(None))
        .values(state="closed", outcome=outcome, closed_at=closed_at)
    )
    await close_tasks(connection, review, closed_at)
    happening = Happening(row.agreement, Event.REVIEW_CLOSED, review, closed_at)
    said_by = {owner: answer for owner, (answer, _) in answers.items()}
    await note(connection, happening, now, outcome=outcome, answers=said_by)
    draft = Draft(
        Template.REVIEW_CLOSED,
        {"review": review_title(row), "note": outcome},
        {},
        closed_at,
        now,
    )
    changes = terms.changes
    to = dict.fromkeys((*terms.reviews.reviewers, changes.client, changes.provider))
    await tell(connection, row.agreement, review, "closed", to, draft)
    return ReviewClosed(review, outcome)


def plan_of(terms: Agreement, opens_at: datetime) -> ReviewPlan:
    """The instants of a review that opens then."""
    zone = zone_named(terms.zone)
    due_at = after(opens_at, terms.reviews.answer_within, zone)
    return ReviewPlan(
        remind_at=before(due_at, terms.reviews.remind_before, zone),
        due_at=due_at,
        close_at=after(due_at, terms.reviews.close_after, zone),
    )


def review_title(row: Any) -> str:  # noqa: ANN401 - a database row
    """`review 3`, or `called review 1`."""
    return f"{'called ' if row.call else ''}review {row.number}"


async def review_row(connection: AsyncConnection, review: str) -> Any:  # noqa: ANN401
    """The row of a review, locked."""
    query = select(tables.review).where(tables.review.c.id == review)
    return (await connection.execute(query.with_for_update())).one()


async def answers_of(
    connection: AsyncConnection, review: str
) -> dict[str, tuple[str | None, datetime | None]]:
    """What each reviewer answered, and when it was received."""
    task = tables.task
    query = select(task.c.owners, task.c.answer, task.c.answered_at).where(task.c.subject == review)
    rows = await connection.execute(query.order_by(task.c.id))
    return {row.owners[0]: (row.answer, row.answered_at) for row in rows}
