"""The real data that lies beside the project and is no part of it: where it is, and as facts.

This is the only place that knows where. The data may not be committed, so where it is absent the
tests that need it are skipped, and say so.
"""

import csv
import gzip
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.facts.files import FactFile
from domain.facts.mapping import read_mapping
from gateway import Document
from incoming import Given, open_source

SHARED_DATA = Path(
    os.environ.get("COVENANT_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)

Tally = dict[tuple[str, str], tuple[int, int]]
"""By month and group: how many facts, and how many good ones."""


def shared(name: str) -> Path:
    """A file of the shared data; skips the test, loudly, where it is not."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(
            f"REAL DATA MISSING: {path} is not there, so nothing was checked against it; "
            "set COVENANT_SHARED_DATA to the folder that holds it"
        )
    return path


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a file of the shared data."""
    path = shared(name)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)


MAPPINGS = Path(__file__).parents[2] / "examples" / "mappings"

UCI, UCI_LOG, BOSTON = "uci_incidents_final", "uci_incident_event_log", "boston311_2015"

MAPPED = {
    UCI: "servicenow-incidents.yaml",
    UCI_LOG: "servicenow-log.yaml",
    BOSTON: "boston-311.yaml",
}
"""By which of the mappings that we ship each file is read: 24,918 incidents of an IT company (UCI
dataset 498), 141,712 rows of their log, and 121,145 requests to the City of Boston."""

BOSTON_CLOSED_BEFORE_OPENED = 197
"""Requests that were closed up to 58 seconds before they were opened: two clocks disagreed."""


def export(name: str) -> Document:
    """A file as its owner publishes it, byte for byte."""
    return Document(f"{name}.csv", gzip.decompress(shared(f"{name}.csv.gz").read_bytes()))


def mapping_for(name: str) -> Document:
    """The mapping that is meant for it."""
    return Document(MAPPED[name], (MAPPINGS / MAPPED[name]).read_bytes())


def mapped(name: str, zone: ZoneInfo, *, but: tuple[bytes, bytes] = (b"", b"")) -> FactFile:
    """The facts of an export; `but` changes something in the mapping."""
    reading = read_mapping(mapping_for(name).raw.replace(*but, 1), MAPPED[name])
    assert reading.value is not None, reading.problems
    return open_source(export(name), zone, Given(mapping=reading.value))


def uci_truth() -> Tally:
    """`made_sla` by month of opening and priority."""
    return {
        (row["month"], row["priority"]): (int(row["size"]), int(float(row["sum"])))
        for row in rows("truth_uci_made_sla_by_month_priority.csv")
    }


def boston_truth() -> Tally:
    """Closed requests with a target, by month of opening and department, and those on time."""
    return {
        (row["month"], row["department"]): (int(row["n"]), int(float(row["ontime"])))
        for row in rows("truth_boston2015_ontime_by_month_department.csv")
    }


def boston_flags() -> Counter[str]:
    """What the city's own flag says of closed requests with a target."""
    return Counter(
        row["ontime"] for row in rows(f"{BOSTON}.csv.gz") if row["closed_dt"] and row["target_dt"]
    )
