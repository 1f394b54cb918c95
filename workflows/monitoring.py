"""Monitoring: one workflow per shard wakes when the next period of any of its agreements is due."""

from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow

from activities.monitoring import MonitoringActivities
from workflows.policies import VALUING
from workflows.waiting import Inbox, Watch


@dataclass(frozen=True, slots=True)
class MonitoringCarried:
    """What monitoring starts with and carries across runs: when it is next due."""

    shard: int
    offset_s: float = 0.0
    next_due_at: datetime | None = None
    schema: int = 1


@workflow.defn
class MonitoringWorkflow:
    """Evaluates for ever all that is due; tells cases only what changed."""

    @workflow.init
    def __init__(self, start: MonitoringCarried) -> None:
        """Take over from the run before."""
        self._state = start
        self._nudges: Inbox[str] = Inbox()
        self._watch = Watch(start.offset_s)

    @workflow.run
    async def run(self, start: MonitoringCarried) -> None:
        """Wait for the next period or a nudge, evaluate, and again."""
        while True:
            if workflow.info().is_continue_as_new_suggested() and not self._nudges:
                workflow.continue_as_new(self._state)
            await self._watch.wait(
                self._state.next_due_at, self._nudges.__bool__, f"periods of shard {start.shard}"
            )
            self._nudges.take()
            next_due_at = await workflow.execute_activity_method(
                MonitoringActivities.evaluate_due,
                args=[start.shard, self._watch.now()],
                **VALUING,
            )
            self._state = replace(self._state, next_due_at=next_due_at)

    @workflow.signal
    def look_again(self) -> None:
        """Something changed that may be due earlier."""
        self._nudges.put("look again")

    @workflow.query
    def standing(self) -> str:
        """Which shard this is."""
        return f"shard {self._state.shard}"

    @workflow.query
    def due(self) -> datetime | None:
        """When the next period of the shard is due."""
        return self._state.next_due_at
