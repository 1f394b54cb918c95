"""The peer of the real engines' figures: a workflow that only sleeps, and a worker for it."""

import asyncio
import sys
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from workflows.sandbox import workflow_runner

TASK_QUEUE = "idle"


@workflow.defn
class IdleWorkflow:
    """Starts a timer, and no more."""

    @workflow.run
    async def run(self) -> None:
        """Sleep for a year."""
        await workflow.sleep(timedelta(days=365))


async def work(address: str) -> None:
    """Work until the process is ended."""
    client = await Client.connect(address)
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[IdleWorkflow],
        workflow_runner=workflow_runner(),
        build_id="idle",
    )
    async with worker:
        sys.stderr.write("worker_ready\n")
        sys.stderr.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
