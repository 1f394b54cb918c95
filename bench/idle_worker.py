"""The worker of the workflow that only sleeps, a process of its own."""

import asyncio
import sys

from temporalio.client import Client
from temporalio.worker import Worker

from bench.idle import TASK_QUEUE, IdleWorkflow
from workflows.sandbox import workflow_runner


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
