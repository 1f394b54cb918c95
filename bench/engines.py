"""The real engines of one machine, with the product's worker as a process of its own."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import embedded
from activities.world import World
from bench.idle import TASK_QUEUE as IDLE_QUEUE
from bench.idle import IdleWorkflow
from settings import Settings
from store.engine import create_database, migrate
from worker import world_of
from workflows.attributes import SEARCH_ATTRIBUTES

PATIENCE_S = 120.0
"""What has not happened by then never will."""


@dataclass(frozen=True, slots=True)
class Real:
    """A world on real engines, and the processes that work in it."""

    world: World
    worker: int
    idle: int
    mailbox: Path

    async def start_idle(self, name: str) -> None:
        """Start a workflow that only sleeps."""
        await self.world.temporal.start_workflow(IdleWorkflow.run, id=name, task_queue=IDLE_QUEUE)


@asynccontextmanager
async def real() -> AsyncIterator[Real]:
    """PostgreSQL, Temporal, the product's worker, and a worker of the idle peer."""
    with TemporaryDirectory(prefix="covenant-bench-") as place:
        folder = Path(place)
        mailbox = folder / "mailbox"
        with embedded.engines(folder, search_attributes=SEARCH_ATTRIBUTES, ui=False) as engines:
            owner = engines.postgres.url("covenant")
            password = engines.postgres.owner_password
            url = engines.postgres.url("covenant", user="covenant_worker", password=password)
            await asyncio.to_thread(create_database, engines.postgres.url("postgres"), "covenant")
            await asyncio.to_thread(migrate, owner, url)
            address = engines.temporal.address
            environment = {
                "COVENANT_DATABASE_URL": url,
                "COVENANT_HTTP_PORT": "0",
                "COVENANT_MAILBOX": str(mailbox),
                "TEMPORAL_ADDRESS": address,
            }
            settings = Settings(data_dir=folder)
            with (
                process(["-m", "worker"], environment, folder / "worker.log") as worker,
                process(["-m", "bench.idle_worker", address], {}, folder / "idle.log") as idle,
            ):
                async with world_of(settings, url, address) as world:
                    yield Real(world, worker, idle, mailbox)
        await asyncio.sleep(0.3)  # the SDK may abort an interpreter that ends too soon after


@contextmanager
def process(words: list[str], environment: dict[str, str], log: Path) -> Iterator[int]:
    """A Python process that says when it is ready; its id."""
    with log.open("wb") as written:
        child = subprocess.Popen(
            [sys.executable, *words],
            cwd=Path(__file__).parent.parent,
            env=os.environ | environment,
            stdout=written,
            stderr=written,
        )
    try:
        late = time.monotonic() + PATIENCE_S
        while b"worker_ready" not in log.read_bytes():
            if child.poll() is not None or time.monotonic() > late:
                msg = f"{words} did not get ready:\n{log.read_text()[-2000:]}"
                raise RuntimeError(msg)
            time.sleep(0.1)
        yield child.pid
    finally:
        child.terminate()
        child.wait(30)


async def until(done: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something has come true."""
    late = time.monotonic() + PATIENCE_S
    while not await done():
        if time.monotonic() > late:
            msg = f"after {PATIENCE_S:.0f} s still waiting until {what}"
            raise TimeoutError(msg)
        await asyncio.sleep(0.25)
