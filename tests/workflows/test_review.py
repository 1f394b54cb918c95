from datetime import timedelta

import pytest

from gateway import ConflictError, ForbiddenError
from tests.lives import Life, helpdesk

FIRST = "review/helpdesk/1"
"""Opens on 2027-02-04: answers by 02-14, reminder on 02-11, closed on 02-24."""

REVIEWER, MANAGER = "client.reviewer", "provider.service_manager"
GOVERNANCE, DIRECTOR = "client.governance", "provider.delivery_director"

MONTHLY = helpdesk({"reviews.every": "1 month", "kpis.errors.no_data": "excluded"})


async def told(life: Life, event: str) -> list[str]:
    return [f"{entry.at:%Y-%m-%d %H:%M}" for entry in await life.told(event)]


async def heard(life: Life, template: str) -> list[str]:
    rows = await life.rows(
        "SELECT contact FROM notice WHERE template = :template ORDER BY contact", template=template
    )
    return [row.contact for row in rows]


async def outcome(life: Life, review: str = FIRST) -> str | None:
    ((said,),) = await life.rows("SELECT outcome FROM review WHERE id = :id", id=review)
    return None if said is None else str(said)


async def an_open_review(life: Life) -> None:
    await life.launch(MONTHLY)
    await life.go_live()
    await life.until("2027-02-04 09:00")


async def test_only_the_silent_are_reminded(life: Life) -> None:
    await an_open_review(life)
    await life.answer("complete_review", "continue", who=REVIEWER)

    await life.until("2027-02-12")

    assert await told(life, "review_reminded") == ["2027-02-11 00:00"]
    assert await heard(life, "review_reminder") == [MANAGER]


async def test_whoever_answered_in_time_but_is_heard_late_is_not_reminded(life: Life) -> None:
    await an_open_review(life)
    tasks = await life.open_tasks("complete_review", REVIEWER)
    now = life.stage.now
    await life.cut_off().answer(tasks[0]["id"], REVIEWER, "continue", now=now)

    await life.until("2027-02-12")

    assert await heard(life, "review_reminder") == [MANAGER]


async def test_silence_goes_over_the_heads_on_both_sides(life: Life) -> None:
    await an_open_review(life)
    await life.answer("complete_review", "continue", who=REVIEWER)

    await life.until("2027-02-15")

    assert await told(life, "review_escalated") == ["2027-02-14 00:00"]
    assert await heard(life, "review_escalated") == [GOVERNANCE, DIRECTOR, MANAGER]


async def test_a_review_that_somebody_never_answers_closes_incomplete(life: Life) -> None:
    await an_open_review(life)
    await life.answer("complete_review", "continue", who=REVIEWER)

    await life.until("2027-02-25")

    assert await told(life, "review_closed") == ["2027-02-24 00:00"]
    assert await outcome(life) == "incomplete"
    assert await life.open_tasks("complete_review") == []


async def test_an_answer_received_before_the_close_but_heard_late_completes(life: Life) -> None:
    await an_open_review(life)
    await life.answer("complete_review", "continue", who=REVIEWER)
    (task,) = await life.open_tasks("complete_review", MANAGER)
    now = life.stage.now
    reply = await life.cut_off().answer(task["id"], MANAGER, "continue", now=now)
    await life.until("2027-02-25")
    before = await outcome(life)

    await life.send(reply.command)

    assert (before, await outcome(life)) == (None, "continue")


async def test_the_weightiest_answer_is_the_outcome(life: Life) -> None:
    await an_open_review(life)
    await life.answer("complete_review", "renegotiate", who=REVIEWER, note="The volume doubled")

    await life.answer("complete_review", "correct", who=MANAGER, note="The night shift")

    assert await outcome(life) == "renegotiate"
    assert len(await told(life, "review_closed")) == 1


async def test_an_answer_that_asks_for_something_needs_a_reason(life: Life) -> None:
    await an_open_review(life)

    with pytest.raises(ConflictError, match="'correct' needs a reason"):
        await life.answer("complete_review", "correct", who=REVIEWER)


async def test_a_second_answer_is_refused_with_what_the_first_was(life: Life) -> None:
    await an_open_review(life)
    (task,) = await life.open_tasks("complete_review", REVIEWER)
    await life.answer("complete_review", "continue", who=REVIEWER)

    with pytest.raises(ConflictError, match=r"already answered 'continue' by client\.reviewer"):
        await life.gateway.answer(task["id"], REVIEWER, "continue", now=life.stage.now)


async def test_of_two_answers_under_way_the_first_stands(life: Life) -> None:
    await an_open_review(life)
    (task,) = await life.open_tasks("complete_review", REVIEWER)
    unsent, now = life.cut_off(), life.stage.now
    first = await unsent.answer(task["id"], REVIEWER, "continue", now=now)
    second = await unsent.answer(task["id"], REVIEWER, "correct", note="No", now=now)

    await life.send(first.command)
    await life.send(second.command)

    rows = await life.rows("SELECT outcome, reason FROM command WHERE id = :id", id=second.command)
    assert rows[0].outcome == "refused"
    assert "already answered 'continue' by client.reviewer" in rows[0].reason


async def test_a_party_calls_a_review_out_of_turn(life: Life) -> None:
    await life.launch(MONTHLY)
    await life.go_live()
    await life.until("2027-01-05")

    reply = await life.gateway.call_review(
        "helpdesk", GOVERNANCE, "Complaints from Leeds", now=life.stage.now
    )
    await life.pass_by(timedelta(seconds=1))

    assert reply.word == "recorded"
    owners = [task["owners"] for task in await life.open_tasks("complete_review")]
    assert owners == [[REVIEWER], [MANAGER]]


async def test_a_called_review_takes_no_number_of_the_regular_ones(life: Life) -> None:
    await life.launch(MONTHLY)
    await life.go_live()
    await life.until("2027-01-05")
    await life.gateway.call_review("helpdesk", GOVERNANCE, "Complaints", now=life.stage.now)

    await life.until("2027-02-05")

    opened = [each.subject for each in await life.told("review_opened")]
    assert opened == ["review/helpdesk/called-1", FIRST]


async def test_calling_a_review_needs_a_reason(life: Life) -> None:
    await life.launch(MONTHLY)

    with pytest.raises(ConflictError, match="needs a reason"):
        await life.gateway.call_review("helpdesk", GOVERNANCE, "  ", now=life.stage.now)


async def test_only_contacts_call_reviews(life: Life) -> None:
    await life.launch(MONTHLY)

    with pytest.raises(ForbiddenError, match=r"client\.stranger is no contact of helpdesk"):
        await life.gateway.call_review("helpdesk", "client.stranger", "I care", now=life.stage.now)
