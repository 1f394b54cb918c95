"""The real data that lies beside the project and is no part of it: where it is, and as facts.

This is the only place that knows where. The data may not be committed, so where it is absent the
tests that need it are skipped, and say so.
"""

import csv
import gzip
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

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


def fact_file(header: Iterable[str], facts: Iterable[Iterable[str]]) -> list[bytes]:
    """The lines of a CSV file of facts."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(facts)
    return text.getvalue().encode().splitlines(keepends=True)


def uci_incidents() -> list[bytes]:
    """24,918 incidents of an IT company (UCI dataset 498) as a file of tickets."""
    return fact_file(
        ("id", "opened", "resolved", "closed", "priority", "made_sla"),
        (
            (
                row["number"],
                row["opened_at"],
                row["resolved_at"],
                row["closed_at"],
                row["priority"],
                row["made_sla"].lower(),
            )
            for row in rows("uci_incidents_final.csv.gz")
        ),
    )


BOSTON = "boston311_2015.csv.gz"

BOSTON_CLOSED_BEFORE_OPENED = 197
"""Requests that were closed up to 58 seconds before they were opened: two clocks disagreed."""


def boston_requests(*, clocks_agree: bool) -> list[bytes]:
    """121,145 requests to the City of Boston as a file of tickets.

    As they are, Covenant refuses 197 of them, because they were closed before they were opened.
    With `clocks_agree` those are closed as they are opened: none of them was due before that.
    """
    return fact_file(
        ("id", "opened", "closed", "due", "department", "type", "ontime"),
        (
            (
                row["case_id"],
                row["open_dt"],
                max(row["closed_dt"], row["open_dt"])
                if clocks_agree and row["closed_dt"]
                else row["closed_dt"],
                row["target_dt"],
                row["department"],
                row["type"],
                row["ontime"],
            )
            for row in rows(BOSTON)
        ),
    )


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
    return Counter(row["ontime"] for row in rows(BOSTON) if row["closed_dt"] and row["target_dt"])
