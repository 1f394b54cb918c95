"""Engines on one machine: PostgreSQL, the Temporal dev server, the time-skipping server.

All live in one data directory, on loopback ports that stay the same, as root or as an
ordinary user. They die with the process that holds them, are started again when they die
before it, and recover by themselves from a `kill -9` of anything.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import socket
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from embedded.child_process import Command, EngineStartError, KeptAlive, started_at
from embedded.postgres_server import LOOPBACK, OWNER, Cluster
from embedded.temporal_server import (
    dev_server,
    end_dev_servers,
    listens,
    prepare_namespace,
    register,
    serves,
    time_skipping_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "EngineStartError",
    "Engines",
    "EnginesBusyError",
    "Postgres",
    "TemporalServer",
    "engines",
    "postgres",
    "running",
    "temporal",
    "time_skipping",
]

PORTS = range(20_000, 32_000)
"""Below those that the kernel gives to outgoing connections, one of which could otherwise
take the port of an engine that is being started again."""
AFTER_A_CLIENT = 0.3
"""Seconds that the SDK needs after a client's last use, or it may abort the interpreter."""


class EnginesBusyError(Exception):
    """Another process holds the engines of this data directory."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL; `pid` is the one it had when it was looked at."""

    host: str
    port: int
    pid: int
    data_dir: Path
    owner: str
    owner_password: str = field(repr=False)

    def url(self, database: str, *, user: str | None = None, password: str | None = None) -> str:
        """Where a database is; as the owner, unless a user is named."""
        if user is None:
            user, password = self.owner, self.owner_password
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return f"postgresql+asyncpg://{login}@{self.host}:{self.port}/{quote(database, safe='')}"


@dataclass(frozen=True, slots=True)
class TemporalServer:
    """A running Temporal dev server; `pid` is the one it had when it was looked at."""

    address: str
    ui_url: str | None
    metrics_url: str
    pid: int


@dataclass(frozen=True, slots=True)
class Engines:
    """Both engines of a data directory."""

    postgres: Postgres
    temporal: TemporalServer
    data_dir: Path


@contextmanager
def postgres(
    data_dir: Path,
    *,
    durable: bool = True,
    on_restart: Callable[[int], None] | None = None,
) -> Iterator[Postgres]:
    """Hold PostgreSQL.

    Without `durable` it is quicker; but a kill may cost it the last commits, and a power cut
    everything: for tests and rehearsals.
    """
    data_dir = _made(data_dir)
    with _held(data_dir / "postgres.lock"):
        cluster = Cluster(data_dir / "postgres", data_dir / "postgres.log", durable=durable)
        password = _password(data_dir / "postgres.password", needed=cluster.directory.exists())
        cluster.initialise(password)
        cluster.clear()
        port = _port(data_dir / "postgres.port")

        def launch() -> Command:
            cluster.clear()
            return cluster.command(port)

        with KeptAlive("postgres", launch, cluster.accepts, on_restart=on_restart) as child:
            yield Postgres(LOOPBACK, port, child.pid, cluster.directory, OWNER, password)


@contextmanager
def temporal(
    data_dir: Path,
    *,
    search_attributes: Mapping[str, str],
    namespace: str = "default",
    ui: bool = True,
    durable: bool = True,
    on_restart: Callable[[int], None] | None = None,
) -> Iterator[TemporalServer]:
    """Hold a Temporal dev server whose namespace knows these search attributes (name: type)."""
    data_dir = _made(data_dir)
    with _held(data_dir / "temporal.lock"):
        end_dev_servers(data_dir)  # before it is asked which ports are free
        address = f"{LOOPBACK}:{_port(data_dir / 'temporal.port')}"
        ui_port = _port(data_dir / "temporal-ui.port") if ui else None
        metrics_port = _port(data_dir / "temporal-metrics.port")

        def launch() -> Command:
            end_dev_servers(data_dir)
            return dev_server(
                data_dir,
                address=address,
                ui_port=ui_port,
                metrics_port=metrics_port,
                namespace=namespace,
                durable=durable,
            )

        def ready(_: int) -> bool:
            if not serves(address):
                return False
            prepare_namespace(address, namespace, search_attributes)
            return True

        with KeptAlive("temporal", launch, ready, on_restart=on_restart) as child:
            yield TemporalServer(
                address=address,
                ui_url=f"http://{LOOPBACK}:{ui_port}" if ui else None,
                metrics_url=f"http://{LOOPBACK}:{metrics_port}/metrics",
                pid=child.pid,
            )


@contextmanager
def time_skipping(*, search_attributes: Mapping[str, str]) -> Iterator[str]:
    """Hold a fresh time-skipping server; its address.

    It keeps everything in memory, so it is not started again when it dies. It listens on
    every interface and cannot be told otherwise: not for a machine that strangers reach.
    """
    asked_at = 0.0
    with tempfile.TemporaryDirectory(prefix="covenant-time-skipping-") as place:
        port = _free_port()
        address = f"{LOOPBACK}:{port}"
        command = time_skipping_server(Path(place), port=port)

        def ready(_: int) -> bool:
            nonlocal asked_at
            if not listens(address):
                return False
            asked_at = time.monotonic()
            try:
                asyncio.run(register(address, search_attributes))
            except RuntimeError:  # it listens a moment before it answers
                return False
            return True

        with KeptAlive("temporal-test-server", lambda: command, ready, again=False):
            yield address
    time.sleep(max(0.0, asked_at + AFTER_A_CLIENT - time.monotonic()))


@contextmanager
def engines(
    data_dir: Path,
    *,
    search_attributes: Mapping[str, str],
    namespace: str = "default",
    durable: bool = True,
    ui: bool = True,
) -> Iterator[Engines]:
    """Hold PostgreSQL and Temporal, and let other processes find them with `running`."""
    notice = _Notice(_made(data_dir) / "engines.json")
    with (
        postgres(data_dir, durable=durable, on_restart=notice.moved("postgres")) as database,
        temporal(
            data_dir,
            search_attributes=search_attributes,
            namespace=namespace,
            ui=ui,
            durable=durable,
            on_restart=notice.moved("temporal"),
        ) as server,
        notice.posted(database, server),
    ):
        yield Engines(database, server, data_dir)


def running(data_dir: Path) -> Engines | None:
    """The engines that a live process holds here, or None."""
    try:
        notice = json.loads((data_dir / "engines.json").read_text())
    except FileNotFoundError:
        return None
    if started_at(notice["owner_pid"]) != notice["owner_started_at"]:
        return None
    database = {**notice["postgres"], "data_dir": Path(notice["postgres"]["data_dir"])}
    return Engines(Postgres(**database), TemporalServer(**notice["temporal"]), data_dir)


class _Notice:
    """`engines.json`: what runs where, on behalf of which process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, Any] = {}
        self._pids: dict[str, int] = {}
        self._lock = threading.Lock()
        self._up = False

    @contextmanager
    def posted(self, database: Postgres, server: TemporalServer) -> Iterator[None]:
        pid = os.getpid()
        with self._lock:
            self._entries = {
                "owner_pid": pid,
                "owner_started_at": started_at(pid),
                "postgres": {**asdict(database), "data_dir": str(database.data_dir)},
                "temporal": asdict(server),
            }
            self._up = True
            self._write()
        try:
            yield
        finally:
            with self._lock:
                self._up = False
                self._path.unlink(missing_ok=True)

    def moved(self, engine: str) -> Callable[[int], None]:
        """What to call when an engine has been started again."""

        def note(pid: int) -> None:
            with self._lock:
                self._pids[engine] = pid
                if self._up:
                    self._write()

        return note

    def _write(self) -> None:
        for engine, pid in self._pids.items():
            self._entries[engine]["pid"] = pid
        _write_private(self._path, json.dumps(self._entries, indent=2))


def _made(data_dir: Path) -> Path:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        msg = (
            f"user {os.geteuid()} may not write to {data_dir}, which belongs to user "
            f"{data_dir.stat().st_uid}: choose another data directory"
        )
        raise EngineStartError(msg)
    return data_dir.resolve()


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    """Hold this engine of the data directory, or say who does."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode() or "that is just starting"
            msg = (
                f"process {holder} runs the {lock.stem} engine in {lock.parent}: "
                "use what it runs, stop it, or choose another data directory"
            )
            raise EnginesBusyError(msg) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        try:
            yield
        finally:  # closing alone would leave it locked where a fork of ours lives on
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _password(path: Path, *, needed: bool) -> str:
    """The cluster owner's password: kept, or a new one for a new cluster."""
    with suppress(FileNotFoundError):
        return path.read_text()
    if needed:
        msg = (
            f"{path} is gone, and with it the way into the database beside it: "
            "restore the file, or move that database away to begin with an empty one"
        )
        raise EngineStartError(msg)
    password = secrets.token_urlsafe(24)
    _write_private(path, password)
    return password


def _write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    staging = path.with_name(path.name + ".new")
    with os.fdopen(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    staging.replace(path)


def _port(path: Path) -> int:
    """The port that this engine had last time, or a new one if that is taken."""
    with suppress(FileNotFoundError, ValueError):
        if _is_free(port := int(path.read_text())):
            return port
    promised = [other.read_text() for other in path.parent.glob("*.port")]
    while str(port := _free_port()) in promised:
        pass
    path.write_text(str(port))
    return port


def _free_port() -> int:
    while not _is_free(port := secrets.choice(PORTS)):
        pass
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        # As the engines do it: an old connection that lingers does not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
