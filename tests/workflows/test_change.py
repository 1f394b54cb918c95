from datetime import timedelta
from typing import Any

import pytest

from gateway import ConflictError, Document, Reply
from tests.lives import Life, at, helpdesk

CHANGE = "change/helpdesk/1"

GOVERNANCE, DIRECTOR = "client.governance", "provider.delivery_director"
"""Who answers for each side, within 14 days, three rounds at most."""

UNMEASURED = helpdesk({"kpis.errors.no_data": "excluded"})


def amendment(effective_on: str = "2027-03-01", expected: str = "below 1 %", **more: str) -> str:
    values = {"kpis.errors.target.expected": expected, **more}
    lines = "".join(f"  {path}: {value}\n" for path, value in values.items())
    return (
        f"amends: helpdesk\neffective_on: {effective_on}\nreason: Experience shows it\n"
        f"set:\n{lines}"
    )


async def propose(life: Life, said: str, who: str = GOVERNANCE) -> Reply:
    document = Document("amendment.yaml", said.encode())
    reply = await life.gateway.propose("helpdesk", who, document, now=life.stage.now)
    await life.pass_by(timedelta(seconds=1))
    return reply


async def a_proposal(life: Life, said: str | None = None) -> None:
    """The client proposes, a day after service began."""
    await life.launch(UNMEASURED)
    await life.go_live()
    await life.until("2027-01-05")
    await propose(life, said or amendment())


async def state(life: Life) -> str:
    ((said,),) = await life.rows("SELECT state FROM change")
    return str(said)


async def evaluated(life: Life) -> list[Any]:
    rows = await life.rows("SELECT period, edition, status FROM evaluation ORDER BY end_at")
    return [tuple(row) for row in rows]


async def test_the_other_side_is_asked(life: Life) -> None:
    await a_proposal(life)

    (task,) = await life.open_tasks("answer_change")

    assert task["owners"] == [DIRECTOR]


async def test_the_proposers_own_side_cannot_approve(life: Life) -> None:
    await life.launch(
        helpdesk({"kpis.errors.no_data": "excluded", "changes.client": "client.executive"})
    )
    await propose(life, amendment(), GOVERNANCE)
    (task,) = await life.open_tasks("answer_change")

    assert task["owners"] == [DIRECTOR]


async def test_an_approved_change_is_a_new_edition_from_its_date(life: Life) -> None:
    await a_proposal(life)
    await life.answer("answer_change", "approve")
    before = (await life.query("agreement/helpdesk", "standing"))["edition"]

    await life.until("2027-03-02")

    (took,) = await life.told("edition_took_effect")
    assert took.at == at("2027-03-01")
    assert (before, (await life.query("agreement/helpdesk", "standing"))["edition"]) == (1, 2)


async def test_later_periods_are_judged_by_the_new_edition_and_earlier_ones_are_not(
    life: Life,
) -> None:
    await a_proposal(life, amendment("2027-01-14"))
    await life.answer("answer_change", "approve")
    for monday in (4, 11, 18):
        samples = [(f"2027-01-{monday:02}T10:{n // 60:02}:{n % 60:02}", 0) for n in range(65)]
        await life.samples_to_come(*samples, (f"2027-01-{monday:02}T12:00:00", 1))

    await life.until("2027-01-28")

    assert await evaluated(life) == [
        ("2027-W01", 1, "met"),
        ("2027-W02", 1, "met"),
        ("2027-W03", 2, "below_expected"),
    ]


async def test_an_edition_changes_the_rhythm_of_reviews_from_its_date_on(life: Life) -> None:
    await a_proposal(life, amendment("2027-03-20", **{"reviews.every": "1 month"}))
    await life.answer("answer_change", "approve")

    await life.until("2027-05-05")

    opened = [(each.subject, each.at) for each in await life.told("review_opened")]
    assert opened == [
        ("review/helpdesk/1", at("2027-03-04")),
        ("review/helpdesk/2", at("2027-04-04")),
        ("review/helpdesk/3", at("2027-05-04")),
    ]


async def test_a_counter_offer_asks_the_proposer(life: Life) -> None:
    await a_proposal(life)
    await life.answer("answer_change", "counter", document=amendment(expected="below 1.5 %"))

    (task,) = await life.open_tasks("answer_change")

    assert (task["id"], task["owners"]) == (f"{CHANGE}/answer_change/2", [GOVERNANCE])


async def test_the_offer_that_lies_on_the_table_is_what_is_approved(life: Life) -> None:
    await a_proposal(life)
    await life.answer("answer_change", "counter", document=amendment(expected="below 1.5 %"))

    await life.answer("answer_change", "approve")

    rows = await life.rows(
        "SELECT document.raw FROM edition JOIN document USING (digest) WHERE number = 2"
    )
    assert b"below 1.5 %" in bytes(rows[0].raw)


async def test_once_the_rounds_are_spent_there_is_no_further_counter_offer(life: Life) -> None:
    await a_proposal(life)
    for _ in range(2):
        await life.answer("answer_change", "counter", document=amendment(expected="below 1.5 %"))

    reply = await life.answer(
        "answer_change", "counter", document=amendment(expected="below 1.2 %")
    )

    assert reply.word == "refused"
    assert reply.reason == "the agreed 3 rounds are spent; possible now: approve, reject"
    assert len(await life.open_tasks("answer_change")) == 1


async def test_an_offer_that_nobody_answers_expires(life: Life) -> None:
    await a_proposal(life)

    await life.until("2027-01-20")

    (expired,) = await life.told("change_expired")
    assert f"{expired.at:%Y-%m-%d %H:%M}" == "2027-01-19 00:00"
    assert await life.open_tasks("answer_change") == []


async def test_a_counter_offer_has_time_of_its_own(life: Life) -> None:
    await a_proposal(life)
    await life.until("2027-01-18")
    await life.answer("answer_change", "counter", document=amendment(expected="below 1.5 %"))

    await life.until("2027-01-30")

    assert await state(life) == "countered"


async def test_the_proposer_withdraws(life: Life) -> None:
    await a_proposal(life)

    reply = await life.gateway.withdraw(CHANGE, GOVERNANCE, now=life.stage.now)

    assert (reply.word, await state(life)) == ("recorded", "withdrawn")


async def test_the_other_side_cannot_withdraw(life: Life) -> None:
    await a_proposal(life)

    reply = await life.gateway.withdraw(CHANGE, DIRECTOR, now=life.stage.now)

    assert reply.word == "refused"
    assert reply.reason == "the offer on the table is client.governance's to withdraw"


async def test_an_approval_received_in_time_but_heard_late_counts(life: Life) -> None:
    await a_proposal(life)
    (task,) = await life.open_tasks("answer_change")
    now = life.stage.now
    reply = await life.cut_off().answer(task["id"], DIRECTOR, "approve", now=now)
    await life.until("2027-01-20")

    await life.send(reply.command)

    assert await state(life) == "approved"


async def test_a_withdrawal_received_in_time_but_heard_late_counts(life: Life) -> None:
    await a_proposal(life)
    reply = await life.cut_off().withdraw(CHANGE, GOVERNANCE, now=life.stage.now)
    await life.until("2027-01-20")

    await life.send(reply.command)

    assert await state(life) == "withdrawn"


async def test_an_offer_expires_even_if_what_was_on_its_way_is_refused(life: Life) -> None:
    await a_proposal(life)
    reply = await life.cut_off().withdraw(CHANGE, DIRECTOR, now=life.stage.now)
    await life.until("2027-01-20")
    before = await state(life)

    await life.send(reply.command)

    assert (before, await state(life)) == ("proposed", "expired")


async def test_rejecting_needs_a_reason(life: Life) -> None:
    await a_proposal(life)

    with pytest.raises(ConflictError, match="'reject' needs a reason"):
        await life.answer("answer_change", "reject")


async def test_a_rejected_change_leaves_the_terms_as_they_are(life: Life) -> None:
    await a_proposal(life)

    await life.answer("answer_change", "reject", note="Too dear")

    assert await state(life) == "rejected"
    assert await life.rows("SELECT number FROM edition") == [(1,)]


async def test_terms_do_not_change_for_the_past(life: Life) -> None:
    await life.launch(UNMEASURED)

    reply = await propose(life, amendment("2026-11-30"))

    assert reply.word == "refused"
    assert "terms change prospectively: choose a later effective_on" in str(reply.reason)


async def test_an_approval_after_the_date_is_refused(life: Life) -> None:
    await a_proposal(life, amendment("2027-01-10"))
    await life.until("2027-01-11")

    reply = await life.answer("answer_change", "approve")

    assert reply.word == "refused"
    assert "2027-01-10 has passed" in str(reply.reason)
    assert len(await life.open_tasks("answer_change")) == 1


async def test_what_an_amendment_cannot_set_is_refused_with_the_remedy(life: Life) -> None:
    await life.launch(UNMEASURED)

    reply = await propose(life, amendment(**{"term.months": "24"}))

    assert reply.word == "refused"
    assert "the term changes by renewal" in str(reply.reason)


async def test_news_of_an_edition_that_comes_twice_changes_nothing(life: Life) -> None:
    await a_proposal(life, amendment("2027-01-12"))
    await life.answer("answer_change", "approve")
    await life.until("2027-01-13")
    await propose(life, amendment("2027-01-15", expected="below 3 %"))
    await life.answer("answer_change", "approve")
    await life.until("2027-01-16")
    before = await life.query("agreement/helpdesk", "standing")

    news = {
        "change": CHANGE,
        "outcome": "approved",
        "edition": 2,
        "effective_at": "2027-01-12T00:00:00Z",
    }
    await life.signal("agreement/helpdesk", "change_closed", news)

    assert await life.query("agreement/helpdesk", "standing") == before
    assert len(await life.told("edition_took_effect")) == 2
