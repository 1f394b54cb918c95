"""Facts that come late or are corrected: the figures, the money and the cases that follow them."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from commandline.pages import print_all
from commandline.reading import _figure
from domain.zones import zone_named
from gateway import Document
from reports.story import line
from store.views import explain
from tests.lives import Life, helpdesk

MANAGER = "provider.service_manager"

WEEK = "2027-01-05T12:00"

POINTS = {
    "kpis.errors.bands": [{"below": "2", "credit": "0 %"}, {"at_least": "2", "credit": "5 %"}],
}


async def revisions(life: Life, period: str = "2027-W01") -> list[tuple[int, str, str]]:
    """Revision, status and as-of instant of a period."""
    rows = await life.rows(
        "SELECT revision, status, due_at FROM evaluation WHERE period = :period ORDER BY revision",
        period=period,
    )
    return [(row.revision, row.status, f"{row.due_at:%Y-%m-%d %H:%M}") for row in rows]


async def cases(life: Life) -> list[tuple[str, str, str | None]]:
    rows = await life.rows("SELECT id, state, outcome FROM noncompliance ORDER BY opened_at, id")
    return [
        (row.id.removeprefix("noncompliance/helpdesk/"), row.state, row.outcome) for row in rows
    ]


async def test_late_and_corrected_facts_restate_a_week_and_its_case_follows(
    life: Life, capsys: pytest.CaptureFixture[str]
) -> None:
    await life.launch(helpdesk(POINTS))
    await life.go_live()
    await life.until("2027-01-14 09:00")
    assert await revisions(life) == [(1, "below_expected", "2027-01-13 00:00")]
    assert await cases(life) == [("errors/2027-W01", "climbing", None)]
    fired = await life.rows("SELECT level, fired_at FROM rung ORDER BY level")

    await life.samples((WEEK, 0))
    await life.pass_by(timedelta(minutes=1))

    # The case closes as of the receipt, and what was said stays said.
    assert await revisions(life) == [
        (1, "below_expected", "2027-01-13 00:00"),
        (2, "met", "2027-01-14 09:00"),
    ]
    assert await cases(life) == [("errors/2027-W01", "closed", "restated")]
    assert await life.rows("SELECT level, fired_at FROM rung ORDER BY level") == fired
    assert await life.open_tasks("acknowledge_breach") == []
    (closed,) = await life.told("case_closed")
    assert f"{closed.at:%Y-%m-%d %H:%M}" == "2027-01-14 09:00"
    (left,) = await life.told("case_left")
    assert line(left, zone_named("Etc/UTC")).endswith("2027-W01 leaves it, restated as met")
    lines = await life.rows("SELECT revision, percent, due_at FROM credit ORDER BY revision")
    assert [(row.revision, row.percent) for row in lines if row.percent] == [(1, 5)]
    assert lines[-1].due_at == closed.at
    assert not lines[-1].percent

    # A correction makes it missed again: the case opens again, under the next number.
    await life.until("2027-01-15 09:00")
    await life.samples((WEEK, 1))
    await life.pass_by(timedelta(minutes=1))

    assert (await revisions(life))[2:] == [(3, "below_expected", "2027-01-15 09:00")]
    assert await cases(life) == [
        ("errors/2027-W01", "closed", "restated"),
        ("errors/2027-W01/2", "climbing", None),
    ]
    restated = await life.told("period_restated")
    assert [(each.detail["restated"]["before"], each.detail["status"]) for each in restated] == [
        ("below_expected", "met"),
        ("met", "below_expected"),
    ]
    assert restated[0].detail["restated"]["facts"] == 1
    told = await life.rows(
        "SELECT contact, body FROM notice WHERE template = 'period_restated' ORDER BY due_at, contact"
    )
    assert [row.contact for row in told] == [
        "client.reviewer",
        "provider.service_manager",
    ] * 2
    assert "was below expected in 2027-W01 and is now met" in told[0].body

    # The same facts again, and a look that finds nothing, write nothing.
    before = await life.rows("SELECT count(*) FROM journal")
    await life.samples((WEEK, 1))
    await life.signal("monitoring/0", "look_at", life.stage.now)
    assert await life.rows("SELECT count(*) FROM journal") == before
    assert await life.rows("SELECT count(*) FROM restatement WHERE done_at IS NULL") == [(0,)]

    async with life.stage.world.engine.connect() as connection:
        found = await explain.figure(connection, "helpdesk", "errors", "2027-W01")
    assert found is not None
    assert [row["revision"] for row in found["revisions"]] == [1, 2, 3]
    assert found["case"] == "noncompliance/helpdesk/errors/2027-W01/2"
    print_all(*_figure(found))
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 2027-01-13 00:00 below expected: evaluated" in printed
    assert "2 2027-01-14 09:00 met: restated by 1 fact in facts-sample-" in printed
    assert "3 2027-01-15 09:00 below expected: restated by 1 fact in" in printed


async def test_a_charge_that_comes_late_changes_the_ledger_and_nothing_else(life: Life) -> None:
    await life.launch(helpdesk(POINTS))
    await life.go_live()
    await life.until("2027-01-14 09:00")
    # 5 % of the charge for 28 of the 31 days: service began on the fourth.
    before = await life.rows("SELECT amount_minor FROM credit ORDER BY revision")
    assert [row.amount_minor for row in before] == [90_323]
    charged = b"id,line,start,end,amount,currency\nC1,service,2027-01-01,2027-02-01,30000,GBP\n"
    document = Document("facts-charge.csv", charged)
    await life.gateway.hand_in("helpdesk", MANAGER, document, now=life.stage.now)
    await life.pass_by(timedelta(minutes=1))

    lines = await life.rows("SELECT amount_minor, due_at FROM credit ORDER BY revision")
    assert [row.amount_minor for row in lines] == [90_323, 135_484]
    assert f"{lines[1].due_at:%Y-%m-%d %H:%M}" == "2027-01-14 09:00"
    assert await revisions(life) == [(1, "below_expected", "2027-01-13 00:00")]
    assert await life.told("period_restated") == []

    # Two more weeks join the case. One of the three leaves it, and it stays open for the others.
    await life.until("2027-01-28 09:00")
    await life.samples(("2027-01-12T12:00", 0))
    await life.pass_by(timedelta(minutes=1))
    assert await cases(life) == [("errors/2027-W01", "unanswered", None)]
    (left,) = await life.told("case_left")
    assert left.detail["period"] == "2027-W02"
    rows = await life.rows("SELECT period, revision, status FROM case_period ORDER BY 1, 2")
    assert [tuple(row) for row in rows] == [
        ("2027-W01", 1, "below_expected"),
        ("2027-W02", 1, "below_expected"),
        ("2027-W02", 2, "met"),
        ("2027-W03", 1, "below_expected"),
    ]
    assert await life.told("case_closed") == []


async def test_word_of_facts_outlives_whoever_took_them_in(life: Life) -> None:
    await life.launch()
    await life.go_live()
    await life.until("2027-01-21")
    first, second = ("2027-01-05T12:00", 0), ("2027-01-12T12:00", 0)
    cut_off = life.cut_off()

    async def hand_in(number: int, row: tuple[str, int]) -> None:
        raw = f"id,series,at,value\ne-{number},error,{row[0]},{row[1]}\n".encode()
        document = Document(f"facts-sample-{number}.csv", raw)
        await cut_off.hand_in("helpdesk", "provider.service_manager", document, now=life.stage.now)

    await asyncio.gather(hand_in(1, first), hand_in(2, second), hand_in(1, first))
    await life.pass_by(timedelta(minutes=1))
    assert [len(await revisions(life, each)) for each in ("2027-W01", "2027-W02")] == [1, 1]

    assert await life.gateway.sweep() == 0
    async with life.stage.world.engine.begin() as connection:
        await connection.execute(
            text("UPDATE restatement SET recorded_at = recorded_at - interval '11 s'")
        )
    assert await life.gateway.sweep() == 1
    await life.pass_by(timedelta(minutes=1))

    assert [(await revisions(life, each))[1:] for each in ("2027-W01", "2027-W02")] == [
        [(2, "met", "2027-01-21 00:00")],
        [(2, "met", "2027-01-21 00:00")],
    ]
    assert await cases(life) == [("errors/2027-W01", "closed", "restated")]
    left = await life.told("case_left")
    assert [each.detail["period"] for each in left] == ["2027-W01", "2027-W02"]


async def test_after_an_outage_facts_restate_as_of_their_receipt_and_not_after_the_window(
    life: Life,
) -> None:
    await life.launch(helpdesk({"kpis.errors.restate_within": "20 days"}))
    await life.go_live()
    await life.look_away("2027-02-04")
    await life.until("2027-01-14 09:00")
    await life.samples((WEEK, 0))
    await life.until("2027-02-03 09:00")
    await life.samples_released(("2027-01-06T12:00", 1), ("2027-01-20T12:00", 0))
    assert await life.rows("SELECT count(*) FROM held_row") == [(1,)]

    await life.until("2027-02-04 00:10")

    assert await revisions(life) == [
        (1, "below_expected", "2027-01-13 00:00"),
        (2, "met", "2027-01-14 09:00"),
    ]
    assert (await revisions(life, "2027-W03"))[1:] == [(2, "met", "2027-02-03 09:00")]
    (late,) = await life.told("facts_too_late")
    assert (late.subject, late.detail["periods"]) == ("helpdesk/errors", ["2027-W01"])
    assert "too late to restate errors 2027-W01: they are kept" in line(late, zone_named("Etc/UTC"))
    # Level 2 was due before the facts came; that nobody answered it was not to be asked after.
    first = [each for each in await life.told("rung_fired") if each.subject.endswith("2027-W01")]
    assert [each.detail["level"] for each in first] == [1, 2]
    assert await cases(life) == [
        ("errors/2027-W01", "closed", "restated"),
        ("errors/2027-W02", "unanswered", None),
    ]
    exhausted = await life.told("ladder_exhausted")
    assert [each.subject for each in exhausted] == ["noncompliance/helpdesk/errors/2027-W02"]
