"""Facts that are asked for: a period without any opens a task, which facts or an answer close.

Monitoring asks, reminds, and closes what facts have answered, each as of its instant. An answer goes
through the agreement's workflow. Whatever becomes of a task, the figure follows from facts alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.world import Happening, World, by, note, said, tell, this_workflow
from domain.asking import asked_until
from domain.commands import CommandKind, Order, Refused
from domain.events import Event
from domain.identifiers import agreement_workflow, facts_subject, task_id
from domain.restating import terms_of
from domain.results import Result
from domain.schedule import DuePeriod
from domain.tasks import TaskKind
from domain.terms.shape import Kpi
from domain.timeline import Timeline
from notices.templates import Draft, Template
from store import watching
from store.commands import take
from store.editions import Edition
from store.restating import Late
from store.tasks import (
    NewTask,
    close_tasks,
    count_open,
    next_unanswered,
    open_task,
    unanswered_of_kind,
)


class AskingActivities:
    """Verbs upon the tasks that ask for facts."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def record_nothing_to_measure(self, order: Order, now: datetime) -> Refused | None:
        """Somebody says that there was nothing to measure; the period stays without figure."""
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, this_workflow(), CommandKind.SUPPLY_FACTS)
            if isinstance(command, Refused):
                return command
            happening = by(command, Event.NOTHING_TO_MEASURE, command.id)
            await note(connection, happening, now, **said(command))
        return None


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked for of one agreement."""

    connection: AsyncConnection
    row: Any
    editions: Sequence[Edition]
    timeline: Timeline
    now: datetime

    async def ask(self, due: DuePeriod, at: datetime, results: Sequence[Result], step: int) -> None:
        """Ask the KPI's owner at the provider for the facts of a period, as of an instant.

        `step` tells the times apart at which one period is asked for. A closed agreement asks
        nobody any more.
        """
        if self.row.closed_at is not None:
            return
        kpi, agreement = due.kpi, self.row.id
        subject = facts_subject(agreement, kpi.key, due.period.key)
        task = task_id(subject, TaskKind.SUPPLY_FACTS, step)
        until = asked_until(due, at, terms_of(self.timeline, due.edition), self.timeline)
        to = owners_of(kpi)[1:]
        title = f"Supply the facts of {kpi.key} in {due.period.key}"
        new = NewTask(
            task,
            agreement,
            TaskKind.SUPPLY_FACTS,
            subject,
            agreement_workflow(agreement),
            to,
            title,
            at,
            until,
        )
        await open_task(self.connection, new)
        happening = Happening(agreement, Event.FACTS_WANTED, subject, at, (step,))
        await note(self.connection, happening, self.now, until=until.isoformat())
        reasons = dict.fromkeys(" ".join(each.reason) for each in results)
        draft = Draft(
            Template.FACTS_WANTED,
            {"kpi": title_of(kpi), "period": due.period.key, "reason": "\n".join(reasons)},
            {"until": until},
            at,
            self.now,
            task,
        )
        await tell(self.connection, agreement, subject, step, to, draft)

    async def supplied(self, due: DuePeriod, at: datetime, late: Late) -> None:
        """Close what was asked of a period that lacks nothing any more."""
        subject = facts_subject(self.row.id, due.kpi.key, due.period.key)
        if not await count_open(self.connection, subject):
            return
        await close_tasks(self.connection, subject, at)
        happening = Happening(self.row.id, Event.FACTS_SUPPLIED, subject, at, (late.intake,))
        await note(self.connection, happening, self.now, file=late.file, facts=late.accepted)

    async def remind(self, until: datetime) -> bool:
        """Tell both owners of what was asked for by then in vain; each once.

        Returns whether somebody has to be told.
        """
        kind = TaskKind.SUPPLY_FACTS
        tasks = await unanswered_of_kind(self.connection, self.row.id, kind, until)
        for task in tasks:
            _, _, key, period = task.subject.split("/")
            happening = Happening(
                self.row.id, Event.FACTS_NOT_SUPPLIED, task.subject, task.due_at, (task.id,)
            )
            await note(self.connection, happening, self.now)
            kpi = self._kpi(key)
            draft = Draft(
                Template.FACTS_NOT_SUPPLIED,
                {"kpi": title_of(kpi), "period": period},
                {"until": task.due_at},
                task.due_at,
                self.now,
            )
            step = task.id.rsplit("/", 1)[1]
            for owner in owners_of(kpi):  # only who may answer is told how
                to_answer = replace(draft, task=task.id if owner in task.owners else None)
                await tell(self.connection, self.row.id, task.subject, step, (owner,), to_answer)
        due = {task.id: task.due_at for task in tasks}
        if due:
            await watching.give(self.connection, self.row.id, due, self.now)
        return bool(due)

    async def next_reminder(self) -> datetime | None:
        """When somebody is to be reminded next."""
        return await next_unanswered(self.connection, self.row.id, TaskKind.SUPPLY_FACTS)

    def _kpi(self, key: str) -> Kpi:
        """The KPI by its newest terms."""
        found = (kpi for edition in reversed(self.editions) for kpi in edition.terms.kpis)
        return next(kpi for kpi in found if kpi.key == key)


def owners_of(kpi: Kpi) -> tuple[str, ...]:
    """The KPI's owner at the client, then the one at the provider."""
    return () if kpi.owners is None else (kpi.owners.client, kpi.owners.provider)


def title_of(kpi: Kpi) -> str:
    """What people call a KPI."""
    return kpi.title or kpi.key
