"""Facts that are asked for: a period without any opens a task, which facts or an answer close."""

from datetime import timedelta
from typing import Any

import pytest

from domain.zones import zone_named
from gateway import ConflictError, Document, InvalidError
from reports.story import line
from tests.lives import Life, helpdesk

ASKED = {"kpis.errors.no_data": "asked", "kpis.errors.asked_within": "5 working days"}

MANAGER = "provider.service_manager"


def instant(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


async def wanted(life: Life) -> list[tuple[str, str]]:
    """The open tasks: of which period, and by when."""
    tasks = await life.open_tasks("supply_facts")
    return [(each["subject"].rsplit("/", 1)[1], instant(each["due_at"])) for each in tasks]


async def statuses(life: Life, period: str) -> list[str]:
    """What a period came to, revision by revision."""
    rows = await life.rows(
        "SELECT status FROM evaluation WHERE period = :period ORDER BY revision", period=period
    )
    return [row.status for row in rows]


async def said(life: Life, event: str) -> list[tuple[str, str]]:
    """When and how the story tells an event."""
    entries = await life.told(event)
    return [(instant(each.at), line(each, zone_named("Etc/UTC"))[18:]) for each in entries]


async def notices(life: Life, template: str) -> list[tuple[str, str, bool]]:
    """Of which period a notice told whom, and whether he is told how to answer."""
    rows = await life.rows(
        "SELECT subject, contact, task FROM notice WHERE template = :template "
        "ORDER BY due_at, contact",
        template=template,
    )
    return [(row.subject.rsplit("/", 1)[1], row.contact, bool(row.task)) for row in rows]


async def test_facts_an_answer_or_nothing_follow_when_facts_are_asked_for(life: Life) -> None:
    await life.launch(helpdesk(ASKED))
    await life.go_live()
    await life.until("2027-01-14 09:00")

    # The first week has no facts: no case, but its owner at the provider is asked for them.
    assert await statuses(life, "2027-W01") == ["no_data"]
    assert await wanted(life) == [("2027-W01", "2027-01-20 00:00")]
    assert await notices(life, "facts_wanted") == [("2027-W01", MANAGER, True)]
    assert await life.told("case_opened") == []

    # Facts answer by themselves, as of their receipt.
    await life.samples(("2027-01-05T12:00", 0))
    await life.pass_by(timedelta(minutes=1))
    assert await statuses(life, "2027-W01") == ["no_data", "met"]
    assert await wanted(life) == []
    ((at, text),) = await said(life, "facts_supplied")
    assert at == "2027-01-14 09:00"
    assert "the facts of errors 2027-W01 that were wanted came in facts-sample-" in text

    # There was nothing to measure in the second week: somebody says so, with the reason.
    await life.until("2027-01-21 09:00")
    assert await wanted(life) == [("2027-W02", "2027-01-27 00:00")]
    with pytest.raises(ConflictError, match="'none' needs a reason"):
        await life.answer("supply_facts", "none")
    reply = await life.answer("supply_facts", "none", note="The desk was closed")
    assert reply.outcome == "recorded"
    assert await wanted(life) == []
    assert await said(life, "nothing_to_measure") == [
        (
            "2027-01-21 09:00",
            f"nothing to measure in errors 2027-W02, says {MANAGER}: “The desk was closed”",
        )
    ]

    # A correction takes the first week its only fact, so that it is asked for anew.
    moved = b"id,series,at,value\nerror-2027-01-05T12:00-0,error,2027-01-19T12:00,0\n"
    document = Document("facts-sample-moved.csv", moved)
    await life.gateway.hand_in("helpdesk", MANAGER, document, now=life.stage.now)
    await life.pass_by(timedelta(minutes=1))
    assert await statuses(life, "2027-W01") == ["no_data", "met", "no_data"]
    (again,) = await wanted(life)
    assert again[0] == "2027-W01"
    assert again[1].startswith("2027-01-28 09:00")

    # Nobody answers: both owners are told, once; it stays open, and facts still answer it.
    await life.until("2027-01-30 09:00")
    assert await said(life, "facts_not_supplied") == [
        (again[1], "the facts of errors 2027-W01 were wanted by now: none came, nobody answered")
    ]
    assert await notices(life, "facts_not_supplied") == [
        ("2027-W01", "client.reviewer", False),
        ("2027-W01", MANAGER, True),
    ]
    assert await statuses(life, "2027-W01") == ["no_data", "met", "no_data"]
    assert await wanted(life) == [again]
    await life.samples(("2027-01-06T12:00", 0))
    await life.pass_by(timedelta(minutes=1))
    assert await wanted(life) == []
    assert len(await life.told("facts_supplied")) == 2

    # An answer received in time forestalls the reminder, also while it is on its way.
    await life.until("2027-02-09 09:00")
    (task,) = await life.open_tasks("supply_facts")
    assert (task["subject"], instant(task["due_at"])) == (
        "facts/helpdesk/errors/2027-W04",
        "2027-02-10 00:00",
    )
    answered = await life.cut_off().answer(
        task["id"], MANAGER, "none", note="No calls", now=life.stage.now
    )
    await life.until("2027-02-10 09:00")
    assert len(await life.told("facts_not_supplied")) == 1
    await life.send(answered.command)
    assert [each.subject for each in await life.told("nothing_to_measure")] == [
        "facts/helpdesk/errors/2027-W02",
        "facts/helpdesk/errors/2027-W04",
    ]


async def test_after_an_outage_what_was_asked_for_in_vain_is_told_before_facts_close_it(
    life: Life,
) -> None:
    short = {
        "term.months": "1",
        "renewal.notice": "10 days",
        "renewal.decide_before": "5 days",
        "reviews.every": "20 days",
    }
    await life.launch(helpdesk(ASKED | short))
    await life.go_live()
    await life.look_away("2027-01-25")
    await life.until("2027-01-22 09:00")
    await life.samples(("2027-01-05T12:00", 0))
    await life.until("2027-01-25 00:10")

    assert [at for at, _ in await said(life, "facts_wanted")] == [
        "2027-01-13 00:00",
        "2027-01-20 00:00",
    ]
    assert [at for at, _ in await said(life, "facts_not_supplied")] == ["2027-01-20 00:00"]
    assert [at for at, _ in await said(life, "facts_supplied")] == ["2027-01-22 09:00"]
    assert await wanted(life) == [("2027-W02", "2027-01-27 00:00")]

    # With the agreement's closure nothing is asked of anybody any more, and facts come too late.
    await life.until("2027-02-06 12:00")
    assert ("2027-W05", "2027-02-12 00:00") in await wanted(life)
    await life.until("2027-02-09 09:00")
    assert [instant(each.at) for each in await life.told("agreement_closed")] == [
        "2027-02-07 00:00"
    ]
    assert await wanted(life) == []
    with pytest.raises(InvalidError, match=r"comes too late: .* until 2027-02-07 00:00 UTC"):
        await life.samples(("2027-02-02T12:00", 0))
    await life.samples_released(("2027-02-02T12:00", 0))
    await life.pass_by(timedelta(minutes=1))
    assert await statuses(life, "2027-W05") == ["no_data"]
    (late,) = await life.told("facts_too_late")
    assert (late.detail["periods"], late.detail["until"]) == (
        ["2027-W05"],
        "2027-02-07T00:00:00+00:00",
    )
    assert await life.rows("SELECT count(*) FROM sample") == [(2,)]
