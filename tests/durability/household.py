"""The product as it runs in earnest, on one machine: its engines and its worker, all killable."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from temporalio.client import Client

import embedded
from commandline.session import application_url
from tests.durability.forecast import Victim

RESTARTED_AFTER_S = 1.5
"""Whatever looks after a worker needs a moment to see that it is gone."""

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class WorkerProcess:
    """`python worker.py`, started again whenever it is gone."""

    folder: Path
    engines: embedded.Engines
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: int = 0

    @property
    def log(self) -> Path:
        """Standard error of the worker that runs now."""
        return self.folder / f"worker-{self.started}.log"

    def lines(self) -> list[dict[str, Any]]:
        """Its log so far; a line that is not whole yet is left out."""
        whole = self.log.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in whole if line]

    def event(self, name: str) -> dict[str, Any] | None:
        """The first log line of that event."""
        return next((line for line in self.lines() if line.get("event") == name), None)

    def start(self) -> None:
        """Start another process."""
        self.started += 1
        environment = os.environ | {
            "COVENANT_DATABASE_URL": application_url(self.engines),
            "COVENANT_DATA_DIR": str(self.folder),
            "COVENANT_HTTP_PORT": "0",
            "TEMPORAL_ADDRESS": self.engines.temporal.address,
            "PYTHONPATH": str(ROOT),
            **self.settings,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "worker.py")], env=environment, stderr=log
            )

    async def ready(self, within_s: float = 60) -> None:
        """Wait until a worker works; one that found no engine is started again."""
        deadline = time.monotonic() + within_s
        while self.process is None or self.event("worker_ready") is None:
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")[-3000:]
            if self.process is None or self.process.poll() is not None:
                self.start()
            await asyncio.sleep(0.05)

    def kill(self) -> None:
        """No warning, no farewell."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def stop(self) -> int:
        """Ask it to stop; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.process.wait, 30)
        self.process = None
        return code


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill that happened, and how long it took until the victim answered again."""

    victim: Victim
    at: float
    down_s: float


@dataclass(slots=True)
class Household:
    """Engines and worker, with the power to kill each and to see it back."""

    engines: embedded.Engines
    worker: WorkerProcess
    kills: list[Kill] = field(default_factory=list)

    async def strike(self, victim: Victim) -> None:
        """Kill, and wait until it answers again."""
        at, begun = time.time(), time.monotonic()  # noqa: TID251 - what the clock said
        match victim:
            case Victim.WORKER:
                self.worker.kill()
                await asyncio.sleep(RESTARTED_AFTER_S)
                await self.worker.ready()
            case Victim.TEMPORAL:
                self._kill_temporal()
                await until_it_answers(self._temporal_answers)
            case Victim.POSTGRES:
                self._kill_postgres()
                await until_it_answers(self._postgres_answers)
        self.kills.append(Kill(victim, at, time.monotonic() - begun))

    def _now(self) -> embedded.Engines:
        engines = embedded.running(self.engines.data_dir)
        assert engines is not None
        return engines

    def _kill_temporal(self) -> None:
        with suppress(ProcessLookupError):  # down already
            os.kill(self._now().temporal.pid, signal.SIGKILL)

    def _kill_postgres(self) -> None:
        """Every process of it, the postmaster first."""
        postmaster = self._now().postgres.pid
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        pids = [postmaster]
        with suppress(FileNotFoundError):
            pids += [int(pid) for pid in children.read_text().split()]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _temporal_answers(self) -> None:
        client = await Client.connect(self.engines.temporal.address)
        assert await client.service_client.check_health()

    async def _postgres_answers(self) -> None:
        url = application_url(self.engines).replace("+asyncpg", "")
        connection = await asyncpg.connect(url, timeout=2)
        await connection.close()


async def until_it_answers(ask: Callable[[], Awaitable[None]], within_s: float = 60) -> None:
    """Ask until there is an answer."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            async with asyncio.timeout(3):
                return await ask()
        except Exception:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
