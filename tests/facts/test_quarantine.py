"""Rows that are set aside: each with its reason, counted, and decided once by a person."""

import asyncio

import pytest
from sqlalchemy import select

from gateway import Choice, ConflictError, InvalidError, NotFoundError
from store.tables import held_row, journal, sample
from store.views.intakes import intakes
from tests.facts.handing import Desk, accounted

HEADER = "id,series,at,value\n"

EVERY_FAULT = (
    HEADER
    + "S1,checks,2027-01-05 09:00,1\n"  # line 2: sound
    + "S2,checks,yesterday,1\n"  # 3: no time
    + "S3,checks,2027-01-05 09:00,1e400\n"  # 4: no plain number
    + "S4,checks,2027-01-05\n"  # 5: ragged
    + "S1,checks,2027-01-05 09:00,2\n"  # 6: told twice
    + "S1,checks,2027-01-05 09:00,1.0\n"  # 7: told again, the same
    + "S5,checks,2027-03-02 09:00,1\n"  # 8: future
    + "S6,checks,2026-12-31 09:00,1\n"  # 9: before the term
    + "S7,nonsense,2027-01-05 09:00,1\n"  # 10: no such series
    + "S8,checks,2027-01-04 09:00,1\n"  # 11: out of order
    + ",checks,2027-01-05 09:00,\u0661\n"  # 12: two things at once
    + "S9,checks,2027-01-06 09:00,1\n"  # 13: sound
)


async def test_a_file_with_every_fault_loads_what_may_load_and_accounts_for_each_row(
    desk: Desk,
) -> None:
    raw = EVERY_FAULT.encode() + b"S\xff,checks,2027-01-05 09:00,1\nS\0,checks,2027-01-05 09:00,1\n"

    taken = await desk.hand_in("facts-sample.csv", raw, quarantine=True, in_order=True)

    assert taken.rows == 14
    assert accounted(taken) == (3, 8, 3)
    assert (taken.read, taken.accepted, taken.repeated) == (3, 2, 1)
    assert await desk.rules() == {
        3: ["not-a-time"],
        4: ["not-a-number"],
        5: ["ragged-row"],
        6: ["duplicate-id"],
        8: ["future"],
        9: ["outside-term", "out-of-order"],
        10: ["name-in-no-edition"],
        11: ["out-of-order"],
        12: ["empty-value", "not-a-number"],
        14: ["not-utf8"],
        15: ["nul-byte"],
    }
    for row in await desk.held():
        for each in row["problems"]:
            assert each["message"]
            assert each["remedy"]


async def test_without_quarantine_the_file_is_refused_whole(desk: Desk) -> None:
    assert await desk.refused("facts-sample.csv", EVERY_FAULT) == [
        "3:3 not-a-time",
        "4:4 not-a-number",
        "5:4 ragged-row",
        "8:3 future",
        "12:1 empty-value",
        "12:4 not-a-number",
    ]
    assert (await desk.kept())["sample"] == 0
    assert await desk.held() == []


async def test_a_file_that_is_taken_whole_is_judged_and_the_remedy_says_the_way_out(
    desk: Desk,
) -> None:
    rows = (
        HEADER
        + "S1,checks,2027-01-05 09:00,1\n"
        + "S2,checks,2027-03-02 09:00,1\n"
        + "S3,checks,2027-01-04 09:00,1\n"
    )
    results = "id,kpi,start,end,value\nR1,error,2027-01-04,2027-01-11,1\n"

    with pytest.raises(InvalidError) as refusal:
        await desk.hand_in("facts-sample.csv", rows)
    (problem,) = refusal.value.problems
    assert problem.rule == "future"
    assert "hand it in again when it has happened; `--quarantine` sets such" in problem.remedy
    ordered = await desk.refused("facts-sample.csv", rows, in_order=True)
    assert ordered == ["3:3 future", "4:3 out-of-order"]
    assert await desk.refused("facts-period_result.csv", results) == ["2:2 name-in-no-edition"]


async def test_what_nothing_reads_goes_in_and_is_counted(desk: Desk) -> None:
    rows = (
        HEADER
        + "S1,checks,2027-01-05 09:00,1\n"
        + "S2,load,2027-01-05 09:00,1\n"
        + "S3,load,2026-12-31 09:00,1\n"
    )
    unread = {"of the series of samples 'load'": 2, "before the agreement's term": 1}

    taken = await desk.hand_in("facts-sample.csv", rows)
    again = await desk.hand_in("facts-sample.csv", rows)

    assert (taken.accepted, taken.unread) == (3, unread)
    assert again.unread == unread
    async with desk.database.connect() as connection:
        (detail,) = await connection.scalars(select(journal.c.detail))
        (listed,) = await intakes(connection, desk.agreement)
    assert detail["unread"] == listed["unread"] == unread


async def test_an_id_told_twice_refuses_the_file(desk: Desk) -> None:
    twice = HEADER + "S1,checks,2027-01-05,1\nS1,checks,2027-01-05,1.0\nS1,checks,2027-01-05,2\n"

    assert await desk.refused("facts-sample.csv", twice) == ["4:1 duplicate-id"]


async def test_the_same_told_in_other_words_is_the_same(desk: Desk) -> None:
    twice = HEADER + "S1,checks,2027-01-05,1\nS1,checks,2027-01-05 00:00,1.0\n"

    taken = await desk.hand_in("facts-sample.csv", twice)

    assert (taken.read, taken.accepted, taken.repeated) == (2, 1, 1)


async def test_the_same_file_or_row_again_changes_nothing(desk: Desk) -> None:
    first = await desk.hand_in("facts-sample.csv", EVERY_FAULT, quarantine=True)
    waiting = await desk.numbers()

    again = await desk.hand_in("facts-sample.csv", EVERY_FAULT, quarantine=True)
    longer = await desk.hand_in(
        "facts-sample-2.csv", EVERY_FAULT + "S10,checks,2027-01-07,1\n", quarantine=True
    )

    assert again == first
    assert again.again
    assert accounted(longer) == (accounted(first)[0] + 1, *accounted(first)[1:])
    assert longer.accepted == 1
    assert await desk.numbers() == waiting


async def test_what_is_set_aside_keeps_where_it_stood(desk: Desk) -> None:
    await desk.hand_in("facts-sample.csv", EVERY_FAULT, quarantine=True)

    row = next(row for row in await desk.held() if row["line"] == 3)

    assert (row["file"], row["fate"], row["kind"]) == ("facts-sample.csv", "quarantined", "sample")
    assert row["cells"] == {"id": "S2", "series": "checks", "at": "yesterday", "value": "1"}
    assert row["problems"][0]["column"] == "at"
    assert row["problems"][0]["number"] == 3
    assert row["actor"] == "provider.service_manager"


async def test_json_lines_are_set_aside_one_by_one(desk: Desk) -> None:
    lines = (
        '{"kind": "sample", "id": "S1", "series": "checks", "at": "2027-01-05", "value": 1}\n'
        "not json\n"
        '{"kind": "fish", "id": "S1"}\n'
        '{"kind": "outage", "id": "O1", "service": "mail", "start": "2027-01-06", '
        '"end": "2027-01-05", "cause": "power"}\n'
        '{"kind": "ticket", "id": "T1", "opened": "2027-01-05 09:00", "closed_at": "x"}\n'
        '["a list"]\n'
    )

    taken = await desk.hand_in("january.jsonl", lines, quarantine=True)

    assert accounted(taken) == (1, 2, 3)
    assert await desk.rules() == {
        2: ["json-syntax"],
        3: ["unknown-kind"],
        4: ["end-not-after-start"],
        5: ["unknown-column"],
        6: ["json-syntax"],
    }


async def test_a_row_over_a_broken_line_is_not_taken_without_it(desk: Desk) -> None:
    raw = HEADER.encode() + b'S1,"che\n\xff\ncks",2027-01-05,1\nS2,checks,2027-01-05,1\n'

    taken = await desk.hand_in("facts-sample.csv", raw, quarantine=True)

    assert accounted(taken) == (1, 0, 1)
    assert (await desk.kept())["sample"] == 1


async def test_a_quotation_mark_that_never_closes_refuses_the_file_all_the_same(
    desk: Desk,
) -> None:
    text = HEADER + 'S1,checks,2027-01-05,1\nS2,"checks,2027-01-05,1\n'

    assert await desk.refused("facts-sample.csv", text, quarantine=True) == ["3:1 csv-syntax"]
    assert (await desk.kept())["sample"] == 0


# --- decisions


async def test_a_row_of_judgement_is_released_as_it_is(desk: Desk) -> None:
    early = HEADER + "S6,checks,2026-12-31 09:00,1\n"
    await desk.hand_in("facts-sample.csv", early, quarantine=True)
    (number,) = await desk.numbers()

    assert await desk.decide(Choice.RELEASED, [number]) == [1]

    assert await desk.held() == []
    (row,) = await desk.held(decided=True)
    assert (row["choice"], row["decided_by"]) == ("released", "provider.service_manager")
    async with desk.database.connect() as connection:
        kept = (await connection.execute(select(sample))).one()
        events = list(await connection.scalars(select(journal.c.event)))
    assert kept.id == "S6"
    assert events == ["facts_received", "facts_released"]


async def test_a_row_that_is_badly_written_is_corrected_not_released(desk: Desk) -> None:
    await desk.hand_in("facts-sample.csv", HEADER + "S2,checks,never,1\n", quarantine=True)
    (number,) = await desk.numbers()

    with pytest.raises(ConflictError, match="cannot be taken in as it is"):
        await desk.decide(Choice.RELEASED, [number])
    with pytest.raises(InvalidError, match="not-a-time"):
        await desk.decide(Choice.CORRECTED, [number], {"at": "soon"})
    assert await desk.numbers() == [number]

    assert await desk.decide(Choice.CORRECTED, [number], {"at": "2027-01-05 09:00"}) == [1]

    async with desk.database.connect() as connection:
        cells = await connection.scalar(select(held_row.c.cells))
    assert cells is not None
    assert cells["at"] == "never", "the row itself stays as it was"
    assert (await desk.kept())["sample"] == 1


async def test_a_correction_of_a_column_that_is_not_there_is_refused(desk: Desk) -> None:
    row = "S6,checks,2026-12-31 09:00,1\n"
    await desk.hand_in("facts-sample.csv", HEADER + row, quarantine=True)
    numbers = await desk.numbers()

    with pytest.raises(
        ConflictError, match="has no column aat; there are at, corrects, id, series"
    ):
        await desk.decide(Choice.CORRECTED, numbers, {"aat": "2027-01-05 09:00"})

    assert await desk.numbers() == numbers, "nothing was decided"
    assert (await desk.kept())["sample"] == 0


MISPLACED = (
    "zeta,value,at,series,id\n"
    "1,1,2027-01-05 09:00,checks,S1\n"
    "2,one,2027-01-05 09:00,checks,S2\n"
    "3,1,soon,checks,S3\n"
)


async def test_problems_of_a_correction_are_told_where_the_row_stands_in_its_file(
    desk: Desk,
) -> None:
    await desk.hand_in("facts-sample.csv", MISPLACED, quarantine=True)
    number, time = await desk.numbers()

    async def refused(row: int, **cells: str) -> list[str]:
        with pytest.raises(InvalidError) as refusal:
            await desk.decide(Choice.CORRECTED, [row], cells)
        return [f"{each.file}:{each.line}:{each.column}" for each in refusal.value.problems]

    assert await refused(number, value="two", id=" S2") == [
        "facts-sample.csv:3:5",
        "facts-sample.csv:3:2",
    ]
    assert await refused(time, at="") == ["facts-sample.csv:4:3"]
    assert await refused(time, at="later") == ["facts-sample.csv:4:3"]


async def test_a_column_that_is_none_is_cleared(desk: Desk) -> None:
    line = '{"kind": "ticket", "id": "T1", "opened": "2027-01-05 09:00", "closed_at": "x"}\n'
    await desk.hand_in("january.jsonl", line, quarantine=True)

    await desk.decide(Choice.CORRECTED, await desk.numbers(), {"closed_at": ""})

    assert (await desk.kept())["ticket"] == 1


async def test_a_discarded_row_stays_on_record(desk: Desk) -> None:
    raw = HEADER.encode() + b"S\xff,checks,2027-01-05,1\n"
    await desk.hand_in("facts-sample.csv", raw, quarantine=True)
    numbers = await desk.numbers()

    with pytest.raises(ConflictError, match="holds no record"):
        await desk.decide(Choice.CORRECTED, numbers, {"id": "S"})
    assert await desk.decide(Choice.DISCARDED, numbers) == [0]

    assert await desk.held() == []
    assert len(await desk.held(decided=True)) == 1


async def test_one_row_has_one_decision(desk: Desk) -> None:
    early = HEADER + "S6,checks,2026-12-31 09:00,1\n"
    await desk.hand_in("facts-sample.csv", early, quarantine=True)
    numbers = await desk.numbers()

    outcomes = await asyncio.gather(
        desk.decide(Choice.RELEASED, numbers),
        desk.decide(Choice.DISCARDED, numbers),
        desk.decide(Choice.RELEASED, numbers),
        return_exceptions=True,
    )

    assert len([each for each in outcomes if isinstance(each, list)]) == 1
    refused = [each for each in outcomes if isinstance(each, ConflictError)]
    assert len(refused) == 2
    assert "was already" in str(refused[0])
    assert len(await desk.held(decided=True)) == 1


async def test_several_rows_are_decided_all_or_none(desk: Desk) -> None:
    await desk.hand_in("facts-sample.csv", EVERY_FAULT, quarantine=True)

    with pytest.raises(ConflictError):
        await desk.decide(Choice.RELEASED, await desk.numbers())

    assert len(await desk.held(decided=True)) == len(await desk.held())


async def test_a_decision_needs_a_row_and_a_reason(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="covenant facts held"):
        await desk.decide(Choice.DISCARDED, [7])
    with pytest.raises(ConflictError, match="--note"):
        await desk.decide(Choice.DISCARDED, [7], note=" ")


MAPPING = """
mapping: log
times: [D/M/YYYY H:MM]
missing: ["?"]
facts:
  - kind: ticket
    rows: last
    columns: {id: number, opened: opened, closed: closed}
  - kind: ticket_event
    when: {state: [New, Closed]}
    columns:
      id: {join: [number, at], between: /}
      ticket: number
      at: at
      event: {text: state}
      value: state
      actor: {text: provider}
"""

LOG = (
    "number,state,opened,closed,at,caller\n"
    "I1,New,4/1/2027 9:00,?,4/1/2027 9:00,Ann\n"
    "I1,Waiting,4/1/2027 9:00,?,4/1/2027 9:30,Ann\n"
    "I2,New,4/1/2027 9:05,?,31/2/2027 9:05,Bob\n"
    "I1,Closed,4/1/2027 9:00,4/1/2027 8:00,4/1/2027 10:00,Ann\n"
    "I2,Closed,4/1/2027 9:05,4/1/2027 11:00,4/1/2027 11:00,Bob\n"
)


async def test_rows_of_a_mapping_are_accounted_for_too(desk: Desk) -> None:
    from gateway import Document

    mapping = Document("log.yaml", MAPPING.encode())

    taken = await desk.hand_in("log.csv", LOG, mapping=mapping, quarantine=True)

    assert taken.rows == 5
    assert accounted(taken) == (3, 2, 0)
    assert taken.passed == 1
    assert taken.read == 4
    assert await desk.rules() == {4: ["not-a-time"], 5: ["before-opened"]}
    assert all("caller" not in row["cells"] for row in await desk.held())
    assert await desk.kept() == {"ticket": 1, "sample": 0, "fact": 3}


async def test_a_mapped_row_is_corrected_in_the_columns_of_its_file(desk: Desk) -> None:
    from gateway import Document

    mapping = Document("log.yaml", MAPPING.encode())
    await desk.hand_in("log.csv", LOG, mapping=mapping, quarantine=True)
    event, ticket = await desk.numbers()

    with pytest.raises(ConflictError, match="has no column caller"):
        await desk.decide(Choice.CORRECTED, [ticket], {"caller": "Ann"})
    with pytest.raises(InvalidError, match=r"log\.csv:5:4: closed"):
        await desk.decide(Choice.CORRECTED, [ticket], {"closed": "4/1/2027 8:30"})
    assert await desk.decide(Choice.CORRECTED, [ticket], {"closed": "4/1/2027 12:00"}) == [1]
    assert await desk.decide(Choice.CORRECTED, [event], {"at": "4/1/2027 9:05"}) == [1]

    assert await desk.kept() == {"ticket": 2, "sample": 0, "fact": 4}
