"""What a worker logs of a fault: where it was, and nothing of what it was about."""

import json
import subprocess
import sys

FAULT = """
import logging, structlog
from worker import configure_logging

configure_logging("INFO")

def sign_in(password):
    raise RuntimeError("the server is away")

for log in (structlog.get_logger("ours"), logging.getLogger("theirs")):
    try:
        sign_in("open-sesame")
    except RuntimeError:
        log.exception("failed")
"""


def test_tracebacks_tell_the_place_and_no_values() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAULT], capture_output=True, text=True, check=True, timeout=60
    )

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["failed", "failed"]
    for line in lines:
        (told,) = line["exception"]
        assert told["exc_value"] == "the server is away"
        assert [frame["name"] for frame in told["frames"]] == ["<module>", "sign_in"]
    assert "open-sesame" not in done.stderr
