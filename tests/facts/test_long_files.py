"""Long files: the same memory however long they are, and a load that was killed is repeated."""

import asyncio
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.large import write_tickets
from tests.facts.handing import DESK, Desk

ROOT = Path(__file__).parents[2]

MEGABYTE = 1_000_000

LOADED = datetime(2029, 6, 1, tzinfo=UTC)
"""After all that is written has happened, some of it after the term."""


def words(desk: Desk, path: Path) -> list[str]:
    url = desk.database.url.render_as_string(hide_password=False)
    loading = ["-m", "bench.loading", url, desk.agreement, DESK, str(path), LOADED.isoformat()]
    return [sys.executable, *loading]


def load(desk: Desk, path: Path) -> dict[str, Any]:
    """Hand in a file in a process of its own; what it tells at the end."""
    told = subprocess.run(words(desk, path), cwd=ROOT, check=True, stdout=subprocess.PIPE)
    outcome: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return outcome


async def test_a_file_five_times_as_long_takes_hardly_more_memory(
    desk: Desk, tmp_path: Path
) -> None:
    peaks = []
    for size in (2, 10):
        path = tmp_path / f"facts-ticket-{size}.csv"
        rows = write_tickets(path, size * MEGABYTE)

        outcome = await asyncio.to_thread(load, desk, path)

        assert outcome["rows"] == rows
        peaks.append(outcome["peak"])
    # A fact in memory is about as large as ten of its rows: 8 MB more would be 80.
    assert peaks[1] - peaks[0] < 30 * MEGABYTE


async def test_a_load_that_was_killed_leaves_nothing_and_is_repeated(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "facts-ticket.csv"
    rows = write_tickets(path, 4 * MEGABYTE)
    half = await asyncio.create_subprocess_exec(
        *words(desk, path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert half.stdout is not None
    far = [(await half.stdout.readline()).decode() for _ in range(3)]
    half.send_signal(signal.SIGKILL)
    rest = (await half.stdout.read()).decode()
    await half.wait()

    assert far[-1].startswith("read 3")
    assert "rows" not in rest
    assert (await desk.kept())["ticket"] == 0

    outcome = await asyncio.to_thread(load, desk, path)

    assert outcome["rows"] == outcome["new"] == rows
    assert (await desk.kept())["ticket"] == rows
