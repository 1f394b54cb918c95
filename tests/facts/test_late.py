"""Facts that come too late to have any effect do not go in without a word."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway import Choice, Document
from store.tables import agreement
from tests.facts.handing import TERM, Desk, accounted, in_force

OWNERS = {"client": "client.reviewer", "provider": "provider.service_manager"}

KPI = {
    "title": "Checks",
    "objective": "Checks pass.",
    "owners": OWNERS,
    "unit": "%",
    "every": "month",
    "target": {"expected": "at least 70 %"},
    "cut_off": "3 days",
    "no_data": "excluded",
    "restate_within": "20 days",
}

SAMPLES = {"kind": "proportion", "series": "checks", "good": "below 3 s"}
TICKETS = {"kind": "proportion", "flag": "ok"}
MEASURES: Mapping[str, Mapping[str, str]] = {
    "checks": SAMPLES,
    "opened": TICKETS,
    "closed": TICKETS | {"belongs_to": "closed"},
    "outages": {"kind": "availability", "outages": "mail"},
    "told": {"kind": "reported"},
}

NOW = datetime(2027, 6, 30, 9, tzinfo=UTC)
"""April could be restated until 24 May, May until 24 June."""

HEADER = "id,series,at,value\n"
LATE, OPEN = "2027-04-05 09:00", "2027-06-05 09:00"


@pytest_asyncio.fixture
async def desk(database: AsyncEngine, agreed: str) -> Desk:
    """An agreement that is live since January, all KPIs of which are settled 23 days after a month."""
    kpis = [deepcopy(KPI | {"key": key, "measure": each}) for key, each in MEASURES.items()]
    await in_force(database, agreed, {"kpis": kpis})
    async with database.begin() as connection:
        await connection.execute(update(agreement).values(live_from=TERM[0]))
    return Desk(database, agreed)


async def test_without_quarantine_the_file_is_refused(desk: Desk) -> None:
    rows = f"{HEADER}S1,checks,{OPEN},1\nS2,checks,{LATE},1\n"

    assert await desk.refused("facts-sample.csv", rows, now=NOW) == ["3:3 late"]
    assert (await desk.kept())["sample"] == 0


async def test_with_quarantine_the_row_waits_and_can_be_released(desk: Desk) -> None:
    rows = f"{HEADER}S1,checks,{OPEN},1\nS2,checks,{LATE},1\n"

    taken = await desk.hand_in("facts-sample.csv", rows, now=NOW, quarantine=True)

    assert accounted(taken) == (1, 1, 0)
    (row,) = await desk.held()
    assert row["line"] == 3
    assert row["problems"] == [
        {
            "column": "at",
            "number": 3,
            "rule": "late",
            "message": "it comes too late: what it belongs to could be restated until "
            "2027-05-24 00:00 UTC",
            "remedy": "release it to keep it all the same, which changes no figure; or discard it",
        }
    ]
    assert await desk.decide(Choice.RELEASED, [row["number"]]) == [1]
    assert (await desk.kept())["sample"] == 2


@pytest.mark.parametrize(
    ("now", "late"),
    [
        (datetime(2027, 5, 24, tzinfo=UTC), False),
        (datetime(2027, 5, 24, 0, 0, 1, tzinfo=UTC), True),
    ],
)
async def test_facts_are_in_time_until_the_window_has_passed(
    desk: Desk, now: datetime, *, late: bool
) -> None:
    taken = await desk.hand_in(
        "facts-sample.csv", f"{HEADER}S1,checks,{LATE},1\n", now=now, quarantine=True
    )

    assert accounted(taken) == ((0, 1, 0) if late else (1, 0, 0))


async def test_what_was_known_in_time_is_not_late(desk: Desk) -> None:
    first = f"{HEADER}S1,checks,{LATE},1\n"
    await desk.hand_in("facts-sample.csv", first, now=datetime(2027, 5, 1, tzinfo=UTC))

    whole = await desk.hand_in("facts-sample-2.csv", first + f"S2,checks,{OPEN},1\n", now=NOW)
    assert (whole.accepted, whole.repeated) == (1, 1)

    corrected = f"{HEADER}S1,checks,{LATE},2\n"
    assert await desk.refused("facts-sample-3.csv", corrected, now=NOW) == ["2:3 late"]


async def test_what_leaves_a_period_that_can_be_restated_has_an_effect(desk: Desk) -> None:
    await desk.hand_in("facts-sample.csv", f"{HEADER}S1,checks,{OPEN},1\n", now=NOW)

    taken = await desk.hand_in("facts-sample-2.csv", f"{HEADER}S1,checks,{LATE},1\n", now=NOW)

    assert taken.accepted == 1


TICKET_ROWS = {
    "settled": f"T1,{LATE},{LATE},yes",
    "closed in time": f"T2,{LATE},{OPEN},yes",
    "open": f"T3,{LATE},,yes",
}


async def test_a_ticket_is_late_when_all_that_it_tells_is_settled(desk: Desk) -> None:
    rows = "id,opened,closed,ok\n" + "\n".join(TICKET_ROWS.values())

    await desk.hand_in("facts-ticket.csv", rows, now=NOW, quarantine=True)

    assert await desk.rules() == {2: ["late"]}


async def test_what_befell_a_ticket_long_ago_is_late_and_what_befalls_it_now_is_not(
    desk: Desk,
) -> None:
    ticket = f"id,opened,closed,ok\nT1,{LATE},{LATE},yes\n"
    await desk.hand_in("facts-ticket.csv", ticket, now=datetime(2027, 5, 1, tzinfo=UTC))
    events = (
        "id,ticket,at,event,actor\n"
        f"E1,T1,{LATE},responded,Ann\n"
        f"E2,T1,2027-06-29 09:00,reopened,Ann\n"
        f"E3,T9,{LATE},responded,Ann\n"
    )

    await desk.hand_in("facts-ticket_event.csv", events, now=NOW, quarantine=True)

    assert await desk.rules() == {2: ["late"]}


OTHER_ROWS = """\
{"kind": "outage", "id": "O1", "service": "mail", "start": "2027-04-05", "end": "2027-04-06", \
"cause": "power"}
{"kind": "outage", "id": "O2", "service": "mail", "start": "2027-04-05", "end": "2027-06-06", \
"cause": "power"}
{"kind": "period_result", "id": "R1", "kpi": "told", "start": "2027-04-01", "end": "2027-05-01", \
"value": 9}
{"kind": "period_result", "id": "R2", "kpi": "told", "start": "2027-06-01", "end": "2027-07-01", \
"value": 9}
{"kind": "relief", "id": "L1", "start": "2027-04-05", "end": "2027-04-06", "ground": "g", \
"claimed_by": "provider", "decision": "pending"}
{"kind": "charge", "id": "B1", "line": "service", "start": "2027-04-01", "end": "2027-05-01", \
"amount": 1, "currency": "EUR"}
{"kind": "event", "id": "V1", "at": "2027-04-05", "type": "claim"}
{"kind": "sample", "id": "S1", "series": "unread", "at": "2027-04-05", "value": 9}
"""


async def test_what_no_kpi_reads_or_the_ledger_looks_at_is_never_late(desk: Desk) -> None:
    refused = await desk.refused("all.jsonl", OTHER_ROWS, now=NOW)

    assert refused == ["1:1 late", "3:1 late", "5:1 late"]


async def test_before_the_agreement_is_live_nothing_is_late(desk: Desk) -> None:
    async with desk.database.begin() as connection:
        await connection.execute(update(agreement).values(live_from=None))

    taken = await desk.hand_in("facts-sample.csv", f"{HEADER}S1,checks,{LATE},1\n", now=NOW)

    assert taken.accepted == 1


async def test_lateness_is_told_in_the_columns_of_a_mapped_file(desk: Desk) -> None:
    mapping = (
        "mapping: m\nfacts: [{kind: ticket, columns: {id: nr, opened: from, closed: to, ok: ok}}]"
    )
    rows = f"ok,nr,to,from\nyes,T1,{LATE},{LATE}\nyes,T2,{OPEN},{OPEN}\n"

    refused = await desk.refused(
        "export.csv", rows, now=NOW, mapping=Document("m.yaml", mapping.encode())
    )

    assert refused == ["2:4 late"]
