"""A file with every kind of planted fault loads what may load, and accounts for each row.

The same rows come as CSV, as JSON Lines and as a workbook; each form has faults of its own besides.
"""

import io
import json
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from openpyxl import Workbook
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from commandline.facts import _told
from store.tables import agreement, held_row, intake, journal, sample
from tests.facts.handing import TERM, Desk, in_force
from tests.facts.test_late import KPI

HEADER = ("id", "series", "at", "value", "note")

OPEN, LATE = "2027-11-05 09:00", "2027-09-05 09:00"

NOW = datetime(2027, 11, 30, 9, tzinfo=UTC)
"""September could be restated until 24 October."""

BEFORE: Sequence[tuple[str, ...]] = (
    # Local times that the clocks skip or repeat are instants all the same.
    ("C1", "clock", "2027-03-28 01:30", "1"),
    ("C2", "clock", "2027-10-31 01:30", "1"),
    ("C3", "clock", "2027-10-31T01:30Z", "1"),
    ("S2", "checks", "2027-11-05T09:00+02:00", "-2.5"),
    ("S1", "checks", OPEN, "1"),
    ("S1", "checks", OPEN, "1.0"),  # again, in other words
)

AFTER: Sequence[tuple[str, ...]] = (("S3", "checks", "2027-11-06", ""),)

SOUND = len(BEFORE) + len(AFTER)

FAULTS: Sequence[tuple[tuple[str, ...], list[str]]] = (
    (("S26", "checks", LATE, "1"), ["late"]),
    (("", "checks", OPEN, "1"), ["empty-value"]),
    ((" S10", "checks", OPEN, "1"), ["not-an-id"]),
    (("S" * 201, "checks", OPEN, "1"), ["not-an-id"]),
    (("S11", "Checks!", OPEN, "1"), ["not-a-series"]),
    (("S12", "checks", "", "1"), ["empty-value"]),
    (("S13", "checks", "2027-02-30 09:00", "1"), ["not-a-time"]),
    (("S14", "checks", "05.06.2027 09:00", "1"), ["not-a-time"]),
    (("S15", "checks", "2027-11-05 09:00 Mars/Base", "1"), ["not-a-time"]),
    (("S16", "checks", "2027-11-05T09:00+99:00", "1"), ["not-a-time"]),
    (("S17", "checks", OPEN, "1,5"), ["not-a-number"]),
    (("S18", "checks", OPEN, "1e5"), ["not-a-number"]),
    (("S19", "checks", OPEN, "NaN"), ["not-a-number"]),
    (("S20", "checks", OPEN, "-Infinity"), ["not-a-number"]),
    (("S21", "checks", OPEN, "9" * 25), ["not-a-number"]),
    (("S22", "checks", OPEN, "0." + "1" * 13), ["not-a-number"]),
    (("S23", "checks", OPEN, "=1+1"), ["not-a-number"]),
    (("S24", "checks", OPEN, "1", "x" * 65_537), ["cell-too-long"]),
    (("S1", "checks", OPEN, "7"), ["duplicate-id"]),
    (("S25", "checks", "2027-12-05 09:00", "1"), ["future"]),
    (("S27", "checks", "2027-11-01 09:00", "1"), ["out-of-order"]),
    (("S28", "checks", "2026-06-05 09:00", "1"), ["outside-term", "out-of-order"]),
    (("S29", "nonsense", OPEN, "1"), ["name-in-no-edition"]),
    (("", "checks", "never", "much"), ["empty-value", "not-a-time", "not-a-number"]),
)

ROWS = [FAULTS[0][0], *BEFORE, *(row for row, _ in FAULTS[1:]), *AFTER]

LINES = [2, *(3 + len(BEFORE) + number for number in range(len(FAULTS) - 1))]
"""Where each fault stands: the first before all sound rows, so that it is in order."""

TOO_LONG = "S24"
"""No workbook can hold a cell of that length."""


@pytest_asyncio.fixture
async def desk(database: AsyncEngine, agreed: str) -> Desk:
    """An agreement of whose checks those of September are settled at `NOW`."""
    kpis: list[dict[str, Any]] = [
        deepcopy(
            KPI
            | {"key": key, "measure": {"kind": "proportion", "series": key, "good": "below 3 s"}}
        )
        for key in ("checks", "clock")
    ]
    del kpis[1]["restate_within"]
    await in_force(database, agreed, {"kpis": kpis, "zone": "Europe/London"})
    async with database.begin() as connection:
        await connection.execute(update(agreement).values(live_from=TERM[0]))
    return Desk(database, agreed)


def csv() -> tuple[bytes, dict[int, list[str]]]:
    def line(cells: Sequence[str]) -> str:
        wide = [*cells, *[""] * (len(HEADER) - len(cells))]
        return ",".join(f'"{cell}"' if "," in cell else cell for cell in wide) + "\n"

    text = "\ufeff" + line(HEADER) + "".join(map(line, ROWS))
    last = len(ROWS) + 1
    raw = text.encode() + b"S30,checks\nS31,checks,,,,,\nS\xff,checks,,,\nS\0,checks,,,\n"
    own = {
        last + 1: ["ragged-row"],
        last + 2: ["ragged-row"],
        last + 3: ["not-utf8"],
        last + 4: ["nul-byte"],
    }
    return raw, own


def json_lines() -> tuple[bytes, dict[int, list[str]]]:
    lines = ["", *(json.dumps(dict(zip(HEADER, row, strict=False))) for row in ROWS)]
    last = len(ROWS) + 1
    broken = (
        '{"id": "S30", "value": NaN}',
        '{"id": "S31"',
        '["S32"]',
        '{"id": "S33", "id": "S34"}',
        '{"id": "S35", "value": {"much": 1}}',
        '{"id": "S36\\u0000"}',
    )
    rules = ["json-syntax"] * 3 + ["duplicate-column"] + ["not-a-cell"] * 2
    raw = "\n".join([*lines, *broken]).encode() + b'\n{"id": "\xff"}\n{"id": "\0"}\n'
    own = {last + 1 + n: [rule] for n, rule in enumerate([*rules, "not-utf8", "nul-byte"])}
    return raw, own


def workbook() -> tuple[bytes, dict[int, list[str]]]:
    book = Workbook()
    sheet = book.active
    sheet.append(HEADER)
    for row in ROWS:
        sheet.append([cell[:30_000] for cell in row])
    for cells in sheet.iter_rows(min_row=2):
        for cell in cells:
            if cell.data_type == "f":
                cell.data_type = "s"  # text that looks like a formula
    last = len(ROWS) + 1
    sheet.append(("S30", "checks", OPEN, "=1+1"))
    sheet.append(("S31", "checks", OPEN, "#DIV/0!"))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue(), {last + 1: ["formula-without-value"], last + 2: ["error-in-cell"]}


FORMS: dict[str, Any] = {
    "facts-sample.csv": csv,
    "facts-sample.jsonl": json_lines,
    "facts-sample.xlsx": workbook,
}


@pytest.mark.parametrize("name", FORMS)
async def test_every_planted_fault_is_told_and_every_row_accounted_for(
    desk: Desk, name: str
) -> None:
    raw, own = FORMS[name]()
    quarantined = {line: rules for line, (_, rules) in zip(LINES, FAULTS, strict=True)}
    sound = SOUND
    if name.endswith(".xlsx"):
        long = next(n for n, (row, _) in enumerate(FAULTS) if row[0] == TOO_LONG)
        del quarantined[LINES[long]]
        sound += 1
    read, held, rejected = len(ROWS) + len(own), len(quarantined), len(own)

    taken = await desk.hand_in(name, raw, now=NOW, quarantine=True, in_order=True)

    assert await desk.rules() == quarantined | own
    assert (taken.rows, taken.quarantined, taken.rejected) == (read, held, rejected)
    assert (taken.read, taken.accepted, taken.repeated) == (sound, sound - 1, 1)
    assert (await desk.kept())["sample"] == sound - 1
    clocks = {"C1": "01:30", "C2": "00:30", "C3": "01:30"}  # in UTC
    async with desk.database.connect() as connection:
        query = select(sample.c.id, sample.c.at).where(sample.c.series == "clock")
        rows = await connection.execute(query)
        assert {row.id: f"{row.at.astimezone(UTC):%H:%M}" for row in rows} == clocks
    # Printed …
    assert _told(taken) == (
        f"read {read} = accepted {sound} + quarantined {held} + rejected {rejected}; "
        f"facts {sound} = new {sound - 1} + known already 1"
    )
    # … and stored: in the intake, in the journal, and row by row.
    async with desk.database.connect() as connection:
        counts = (await connection.execute(select(intake))).one()
        (detail,) = await connection.scalars(select(journal.c.detail))
        fates = list(await connection.scalars(select(held_row.c.fate)))
    assert (counts.rows, counts.quarantined, counts.rejected) == (read, held, rejected)
    assert [detail[each] for each in ("rows", "quarantined", "rejected")] == [read, held, rejected]
    assert (fates.count("quarantined"), fates.count("rejected")) == (held, rejected)
    for row in await desk.held():
        assert all(each["message"] and each["remedy"] for each in row["problems"])
        assert name.endswith(".jsonl") or all(each["number"] for each in row["problems"])


@pytest.mark.parametrize("name", FORMS)
async def test_without_quarantine_nothing_of_it_goes_in(desk: Desk, name: str) -> None:
    raw, _ = FORMS[name]()

    refused = await desk.refused(name, raw, now=NOW)

    # What no term reads, and the order, are no faults; what is late is seen in what is sound.
    assert len(refused) >= len(FAULTS) - 4
    assert (await desk.kept())["sample"] == 0
