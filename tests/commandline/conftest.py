"""Engines that `covenant up` runs, as in another terminal, and a way to run verbs against them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from starter import main

ROOT = Path(__file__).parents[2]
HELPDESK = ROOT / "examples" / "helpdesk"

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a running `covenant up`."""
    data_dir = tmp_path_factory.mktemp("up") / "data"
    environment = os.environ | {"COVENANT_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
    log = data_dir.parent / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "starter.py"), "up"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(600):
            if "Ready." in log.read_text():
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield data_dir
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, log.read_text()
        assert "Stopped." in log.read_text()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a verb where no engines are."""
    monkeypatch.setenv("COVENANT_DATA_DIR", str(tmp_path / "nothing"))
    return lambda *words: CliRunner().invoke(main, list(map(str, words)))


@pytest.fixture
def covenant(up: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a verb against the engines of `up`; `code` is the exit code that is expected."""
    monkeypatch.setenv("COVENANT_DATA_DIR", str(up))

    def invoke(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, list(map(str, words)))
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return invoke


def read(result: Result) -> Any:
    """What a verb printed with `--json`."""
    return json.loads(result.stdout)
