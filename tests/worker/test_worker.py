"""The worker as a process: healthy or not, what it says of itself, and how it stops."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, text

import embedded
from activities.world import World
from commandline.session import application_url
from gateway import Document, Gateway
from settings import Settings
from store import tables
from store.engine import create_database, migrate
from tests.durability.household import WorkerProcess, until_it_answers
from tests.lives import HELPDESK
from worker import world_of
from workflows.attributes import SEARCH_ATTRIBUTES


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Engines]:
    folder = tmp_path_factory.mktemp("engines")
    with embedded.engines(folder, search_attributes=SEARCH_ATTRIBUTES, ui=False) as held:
        create_database(held.postgres.url("postgres"), "covenant")
        migrate(held.postgres.url("covenant"), application_url(held))
        yield held
        time.sleep(0.3)  # the SDK's runtime may otherwise abort the interpreter at exit


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(
    engines: embedded.Engines, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[WorkerProcess]:
    """A worker that works; gone at the end, whatever became of it."""
    process = WorkerProcess(tmp_path_factory.mktemp("worker"), engines)
    try:
        await process.ready()
        yield process
    finally:
        process.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(engines: embedded.Engines, worker: WorkerProcess) -> AsyncIterator[World]:
    settings = Settings(data_dir=worker.folder)
    url = application_url(engines)
    async with world_of(settings, url, engines.temporal.address) as met:
        yield met


async def get(worker: WorkerProcess, path: str) -> tuple[int, str, str]:
    """Status, headers and body of an answer of the worker."""
    ready = worker.event("worker_ready")
    assert ready
    reader, writer = await asyncio.open_connection("127.0.0.1", ready["http_port"])
    writer.write(f"GET {path} HTTP/1.1\r\nHost: here\r\nAccept: */*\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), head, body


async def launched(world: World, key: str) -> str:
    """Launch an agreement; its first milestones are assigned by mail."""
    document = Document(f"{key}.yaml", HELPDESK.replace("helpdesk", key, 1).encode())
    reply = await Gateway(world).launch(document)
    assert reply.word == "recorded"
    return key


async def states(world: World, key: str, template: str = "%") -> set[str]:
    async with world.engine.connect() as connection:
        notice = tables.notice
        query = select(notice.c.state).where(
            notice.c.agreement == key, notice.c.template.like(template)
        )
        return set(await connection.scalars(query))


async def test_a_worker_is_healthy_when_record_and_engine_answer(worker: WorkerProcess) -> None:
    status, _, body = await get(worker, "/healthz")

    assert (status, body) == (200, "ok\n")


async def test_metrics_are_served_as_prometheus_reads_them(
    worker: WorkerProcess, world: World
) -> None:
    await launched(world, "metered")
    counted = 'covenant_activities_total{name="begin_agreement",outcome="done"}'

    status, head, body = await get(worker, "/metrics")
    for _ in range(100):  # the outcome is in the record a moment before the activity is counted
        if counted in body:
            break
        await asyncio.sleep(0.1)
        status, head, body = await get(worker, "/metrics")

    assert (status, "text/plain" in head) == (200, True)
    assert counted in body
    for name in (
        "sweep_faults_total",
        "notices_unsent",
        "notices_failed",
        "evaluation_late_seconds",
    ):
        assert f"\ncovenant_{name} " in body


async def test_any_other_page_is_not_there(worker: WorkerProcess) -> None:
    status, _, _ = await get(worker, "/")

    assert status == 404


async def test_every_line_of_the_log_is_json_with_a_time_and_a_level(
    worker: WorkerProcess,
) -> None:
    lines = worker.lines()

    assert lines
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)


async def test_the_sweep_sends_what_had_no_outcome(world: World) -> None:
    """Somebody wrote the command down and died before sending it."""
    key = await launched(world, "swept")
    gateway = Gateway(world, patience_s=0)
    gateway.delivery.deliver = nobody  # type: ignore[method-assign,assignment]
    command = f"call-{secrets.token_hex(4)}"
    await gateway.call_review(key, "client.governance", "Look at it", command_id=command)
    async with world.engine.begin() as connection:  # as if it had been a while ago
        await connection.execute(
            text("UPDATE command SET recorded_at = recorded_at - interval '1 min' WHERE id = :id"),
            {"id": command},
        )

    async with asyncio.timeout(25):
        while await outcome(world, command) is None:  # noqa: ASYNC110 - another process decides
            await asyncio.sleep(0.1)

    assert await outcome(world, command) == "recorded"
    # Its mails go before another test breaks the mailbox: one that fails keeps the post quiet.
    async with asyncio.timeout(60):
        while await states(world, key, "review_opened") != {"sent"}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def nobody(_command: object) -> None:
    """Deliver nothing."""


async def outcome(world: World, command: str) -> str | None:
    async with world.engine.connect() as connection:
        query = select(tables.command.c.outcome).where(tables.command.c.id == command)
        return await connection.scalar(query)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def unmailed(world: World, worker: WorkerProcess) -> str:
    """An agreement that was launched while the mailbox could not be written; now it can."""
    mailbox = worker.folder / "mailbox"
    mailbox.mkdir(exist_ok=True)
    aside = mailbox.rename(mailbox.with_name("aside"))
    mailbox.write_text("a file stands where the folder belongs")
    key = await launched(world, "unmailed")
    async with asyncio.timeout(60):  # it is recorded first and mailed afterwards, one by one
        while not unsent(worker, key) or "sending" in await states(world, key):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    mailbox.unlink()
    aside.rename(mailbox)
    return key


def unsent(worker: WorkerProcess, key: str) -> list[dict[str, Any]]:
    """What the log says of this agreement's mails; others may have had some under way too."""
    its = {"event": "notice_not_sent", "workflow": f"agreement/{key}"}
    return [each for each in worker.lines() if its.items() <= each.items()]


async def test_an_agreement_is_launched_although_no_mail_goes(world: World, unmailed: str) -> None:
    assert await states(world, unmailed) == {"prepared"}


async def test_a_fault_in_the_log_names_workflow_run_activity_and_attempt(
    worker: WorkerProcess, unmailed: str
) -> None:
    (line, *_) = unsent(worker, unmailed)

    assert (line["activity"], line["attempt"]) == ("begin_agreement", 1)
    assert line["run"]


async def test_the_sweep_sends_mails_that_did_not_go(world: World, unmailed: str) -> None:
    async with world.engine.begin() as connection:  # as if it had been a while ago
        await connection.execute(
            text(
                "UPDATE notice SET claimed_at = claimed_at - interval '2 min' WHERE agreement = :a"
            ),
            {"a": unmailed},
        )

    async with asyncio.timeout(30):
        while await states(world, unmailed) != {"sent"}:  # noqa: ASYNC110 - the worker decides
            await asyncio.sleep(0.1)


async def test_while_postgresql_says_nothing_a_worker_is_not_healthy_and_afterwards_it_is(
    engines: embedded.Engines, worker: WorkerProcess
) -> None:
    """Stopped, not killed: it would be back too soon to be asked."""
    running = embedded.running(engines.data_dir)
    assert running
    pid = running.postgres.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    stopped = [pid, *map(int, children)]
    for each in stopped:
        os.kill(each, signal.SIGSTOP)
    try:
        gone, _, body = await get(worker, "/healthz")
    finally:
        for each in stopped:
            os.kill(each, signal.SIGCONT)

    async def back() -> None:
        status, _, _ = await get(worker, "/healthz")
        assert status == 200

    await until_it_answers(back, 15)
    assert (gone, body) == (503, "record or engine does not answer\n")


async def test_a_worker_that_is_asked_to_stop_does_so_within_seconds_and_without_complaint(
    worker: WorkerProcess,
) -> None:
    """The last of this file: the worker is gone after it."""
    begun = time.monotonic()

    code = await worker.stop()

    assert (code, time.monotonic() - begun < 8) == (0, True)
    assert worker.event("worker_stopping") is not None
