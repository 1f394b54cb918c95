"""Monitoring: one workflow per shard wakes when the next period of any of its agreements is due."""

from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow

from activities.monitoring import MonitoringActivities
from workflows.policies import VALUING
from workflows.waiting import Watch


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
        self._nudges: list[datetime] = []
        self._watch = Watch(start.offset_s)

    @workflow.run
    async def run(self, start: MonitoringCarried) -> None:
        """Wait until the next period is due or something earlier is told of, evaluate, and again."""
        while True:
            await self._evaluate_what_is_due()
            if workflow.info().is_continue_as_new_suggested() and not self._nudges:
                workflow.continue_as_new(self._state)
            await self._watch.wait(
                self._state.next_due_at,
                lambda: bool(self._nudges),
                f"periods of shard {start.shard}",
            )
            self._take_nudges()

    async def _evaluate_what_is_due(self) -> None:
        """Evaluate, unless nothing is due; a nudge alone costs no activity."""
        due_at, now = self._state.next_due_at, self._watch.now()
        if due_at is not None and due_at <= now:
            next_due_at = await workflow.execute_activity_method(
                MonitoringActivities.evaluate_due, args=[self._state.shard, now], **VALUING
            )
            self._state = replace(self._state, next_due_at=next_due_at)

    def _take_nudges(self) -> None:
        """Be awake at the instants that were told, too."""
        known = (self._state.next_due_at, *self._nudges)
        self._nudges = []
        self._state = replace(self._state, next_due_at=min(filter(None, known), default=None))

    @workflow.signal
    def look_at(self, at: datetime) -> None:
        """Something is due at that instant, perhaps earlier than anything else."""
        self._nudges.append(at)

    @workflow.query
    def standing(self) -> str:
        """Which shard this is."""
        return f"shard {self._state.shard}"

    @workflow.query
    def due(self) -> datetime | None:
        """When the next period of the shard is due."""
        return self._state.next_due_at
