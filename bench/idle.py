"""The peer of the real engines' figures: a workflow that only sleeps."""

from datetime import timedelta

from temporalio import workflow

TASK_QUEUE = "idle"


@workflow.defn
class IdleWorkflow:
    """Starts a timer, and no more."""

    @workflow.run
    async def run(self) -> None:
        """Sleep for a year."""
        await workflow.sleep(timedelta(days=365))
