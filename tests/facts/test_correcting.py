"""Corrections by another id (`corrects`) are revisions of the fact that they name, as offline."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.facts import Fact, FactKind, TicketEvent
from domain.facts.book import book
from domain.facts.files import FactIds, open_facts
from domain.facts.writing import line_of
from domain.zones import zone_named
from gateway import Choice, InvalidError
from store.archiving import revisions
from store.known import Wanted, facts_within, standing_facts
from tests.facts.handing import RECEIVED, Desk, accounted

HEADER = "id,series,at,value,corrects\n"
AT = "2027-01-05 09:00"
DAY = timedelta(days=1)


def rows(*said: tuple[str, int, str]) -> str:
    return HEADER + "".join(
        f"{name},checks,{AT},{value},{corrects}\n" for name, value, corrects in said
    )


async def hand_in(desk: Desk, *said: tuple[str, int, str], day: int = 0, **way: Any) -> Any:
    name = f"facts-sample-{abs(hash(said))}.csv"
    return await desk.hand_in(name, rows(*said), now=RECEIVED + day * DAY, **way)


async def values(desk: Desk, day: int = 30) -> list[tuple[str, int]]:
    """The samples that are known after so many days: ids and values."""
    wanted = Wanted()
    wanted.add(FactKind.SAMPLE, ["checks"])
    window = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
    async with desk.database.connect() as connection:
        found = await facts_within(connection, desk.agreement, RECEIVED + day * DAY, window, wanted)
    return sorted((each.id, int(each.value)) for each in found)  # type: ignore[union-attr,arg-type]


async def test_a_correction_is_a_revision_of_the_fact_that_it_names(desk: Desk) -> None:
    await hand_in(desk, ("S1", 1, ""), ("S9", 9, ""))

    await hand_in(desk, ("S2", 2, "S1"), day=1)
    assert await values(desk) == [("S1", 2), ("S9", 9)]
    assert await values(desk, day=1) == [("S1", 1), ("S9", 9)]

    # A correction may be corrected, by the id under which it came, and told anew under its own.
    await hand_in(desk, ("S3", 3, "S2"), day=2)
    assert await values(desk) == [("S1", 3), ("S9", 9)]
    await hand_in(desk, ("S2", 4, ""), day=3)
    assert await values(desk) == [("S1", 4), ("S9", 9)]


async def test_the_same_row_again_changes_nothing_whatever_has_corrected_it(desk: Desk) -> None:
    first, second, third = ("S1", 1, ""), ("S2", 2, "S1"), ("S3", 3, "S1")
    await hand_in(desk, first)
    await hand_in(desk, first, second, day=1)
    await hand_in(desk, first, second, third, day=2)

    taken = await hand_in(desk, second, first, day=3)

    assert (accounted(taken), taken.passed, taken.accepted) == ((2, 0, 0), 2, 0)
    assert await values(desk) == [("S1", 3)]


async def test_a_fact_that_its_own_file_corrects_counts_as_corrected(desk: Desk) -> None:
    taken = await hand_in(desk, ("S3", 3, "S2"), ("S1", 1, ""), ("S2", 2, "S1"))

    assert (accounted(taken), taken.passed, taken.read) == ((3, 0, 0), 2, 1)
    assert await values(desk) == [("S1", 3)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("S2", 2, "S7")], ["2:5 unknown-correction"]),
        ([("S1", 2, "S1")], ["2:5 circular-correction"]),
        ([("S2", 2, "S1"), ("S3", 3, "S1")], ["3:5 ambiguous-correction"]),
        ([("S9", 2, "S1")], ["2:5 ambiguous-correction"]),
    ],
)
async def test_what_cannot_stand_refuses_the_file(
    desk: Desk, said: Sequence[tuple[str, int, str]], expected: list[str]
) -> None:
    await hand_in(desk, ("S1", 1, ""), ("S9", 9, ""))

    assert await desk.refused("facts-sample.csv", rows(*said)) == expected
    assert await values(desk) == [("S1", 1), ("S9", 9)]


async def test_a_correction_of_another_fact_under_a_known_id_is_refused(desk: Desk) -> None:
    await hand_in(desk, ("S1", 1, ""), ("S9", 9, ""))
    await hand_in(desk, ("S2", 2, "S1"), day=1)

    refused = await desk.refused("facts-sample.csv", rows(("S2", 3, "S9")))

    assert refused == ["2:5 ambiguous-correction"]


async def test_a_correction_that_waits_is_corrected_and_taken_as_one(desk: Desk) -> None:
    await hand_in(desk, ("S1", 1, ""))
    await hand_in(desk, ("S2", 2, "S7"), day=1, quarantine=True)
    (number,) = await desk.numbers()

    with pytest.raises(InvalidError, match=r"2:5: there is no fact .* 'S8'"):
        await desk.decide(Choice.CORRECTED, [number], {"corrects": "S8"})
    assert await desk.decide(Choice.CORRECTED, [number], {"corrects": "S1"}) == [1]

    assert await values(desk) == [("S1", 2)]
    assert await hand_in(desk, ("S3", 3, "S2"), day=2)
    assert await values(desk) == [("S1", 3)]


async def test_what_befell_a_ticket_belongs_to_it_under_all_its_ids(desk: Desk) -> None:
    lines = [
        {"kind": "ticket", "id": "T1", "opened": AT},
        {
            "kind": "ticket",
            "id": "T2",
            "opened": AT,
            "closed": "2027-01-06 09:00",
            "corrects": "T1",
        },
        {"kind": "ticket_event", "id": "E1", "ticket": "T2", "at": AT, "event": "x", "actor": "A"},
    ]
    await desk.hand_in("all.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))

    async with desk.database.connect() as connection:
        kept = revisions(connection, desk.agreement, FactKind.TICKET_EVENT, RECEIVED)
        (event,) = [each.fact async for each in kept]
    assert isinstance(event, TicketEvent)
    assert event.ticket == "T1"


# --- the same offline and live

FILES = (
    [
        {"id": "R1", "kpi": "errors", "start": "2027-01-04", "end": "2027-01-11", "value": "1"},
        {"id": "R5", "kpi": "errors", "start": "2027-01-11", "end": "2027-01-18", "value": "5"},
    ],
    [
        {"id": "R2", "kpi": "errors", "start": "2027-01-04", "end": "2027-01-11", "value": "2"}
        | {"corrects": "R1"}
    ],
    [
        {"id": "R3", "kpi": "errors", "start": "2027-01-04", "end": "2027-01-11", "value": "3"}
        | {"corrects": "R2"},
        {"id": "R5", "kpi": "errors", "start": "2027-01-11", "end": "2027-01-18", "value": "6"},
    ],
    [
        {"id": "R4", "kpi": "errors", "start": "2027-01-04", "end": "2027-01-11", "value": "4"}
        | {"corrects": "R1"}
    ],
)


def read(day: int, lines: Sequence[dict[str, str]]) -> list[Fact]:
    raw = [f"{json.dumps(line)}\n".encode() for line in lines]
    name, utc = f"facts-period_result-{day}.jsonl", zone_named("Etc/UTC")
    return list(open_facts(raw, name, utc, ids=FactIds()).facts)


async def test_corrections_mean_the_same_offline_and_live(desk: Desk) -> None:
    offline: list[Fact] = []
    for day, lines in enumerate(FILES):
        raw = "".join(f"{json.dumps(line)}\n" for line in lines)
        received_at = RECEIVED + day * DAY
        await desk.hand_in(f"facts-period_result-{day}.jsonl", raw, now=received_at)
        offline += [replace(fact, received_at=received_at) for fact in read(day, lines)]

    for day in range(len(FILES) + 1):
        known_at = RECEIVED + day * DAY
        async with desk.database.connect() as connection:
            live = book(await standing_facts(connection, desk.agreement, known_at))
        assert [
            replace(each, corrects=None) for each in book(offline, known_at).period_results
        ] == list(live.period_results)


async def test_an_archive_is_refused_with_what_reads_it(desk: Desk) -> None:
    (fact, _) = read(0, FILES[0])
    line = line_of(replace(fact, received_at=RECEIVED))

    with pytest.raises(InvalidError, match="read by `covenant assess`") as refusal:
        await desk.hand_in("facts-period_result-2027-01.jsonl", f"{line}\n" * 3, quarantine=True)

    (problem,) = refusal.value.problems
    assert (problem.line, problem.rule) == (1, "not-yet-taken")
