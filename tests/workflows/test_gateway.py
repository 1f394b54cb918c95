from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.commands import Order
from gateway import ConflictError, Document, ForbiddenError, NotFoundError
from tests.lives import HELPDESK, Life, helpdesk

AGREEMENT = "agreement/helpdesk"
KICKOFF = "milestone/helpdesk/kickoff/deliver_milestone/1"

MANAGER, GOVERNANCE = "provider.service_manager", "client.governance"

SHORT = helpdesk(
    {
        "term.months": "3",
        "renewal.notice": "30 days",
        "renewal.decide_before": "10 days",
        "reviews.every": "2 months",
        "kpis.errors.no_data": "excluded",
    }
)
"""Over on 2027-04-04."""


async def outcome(life: Life, command: str) -> tuple[str | None, str | None]:
    (row,) = await life.rows("SELECT outcome, reason FROM command WHERE id = :id", id=command)
    return row.outcome, row.reason


async def grow_old(database: AsyncEngine, owner_url: URL) -> None:
    """The record's clock goes on: what was written is a minute old."""
    owner = create_async_engine(owner_url.set(database=database.url.database))
    async with owner.begin() as connection:
        await connection.execute(text("ALTER TABLE command DISABLE TRIGGER ALL"))
        await connection.execute(
            text("UPDATE command SET recorded_at = recorded_at - interval '1 minute'")
        )
    await owner.dispose()


async def test_a_command_sent_twice_counts_once(life: Life) -> None:
    await life.launch()
    first = await life.gateway.answer(
        KICKOFF, MANAGER, "delivered", now=life.stage.now, command_id="one"
    )

    again = await life.gateway.answer(
        KICKOFF, MANAGER, "delivered", now=life.stage.now, command_id="one"
    )

    assert (first.word, again) == ("recorded", first)
    assert len(await life.told("milestone_delivered")) == 1


async def test_an_id_is_not_used_for_two_different_commands(life: Life) -> None:
    await life.launch()
    await life.gateway.answer(KICKOFF, MANAGER, "delivered", now=life.stage.now, command_id="one")

    with pytest.raises(ConflictError, match="'one' asked for something else before"):
        await life.gateway.call_review(
            "helpdesk", GOVERNANCE, "Complaints", now=life.stage.now, command_id="one"
        )


async def test_launching_the_same_again_changes_nothing(life: Life) -> None:
    first = await life.launch()

    again = await life.launch()

    assert again == first
    assert len(await life.told("agreement_launched")) == 1


async def test_a_key_is_launched_with_one_text_only(life: Life) -> None:
    await life.launch()

    with pytest.raises(ConflictError, match="already launched with other terms"):
        await life.launch(HELPDESK.replace("User support", "Other support"))


async def test_an_order_that_nobody_authorised_changes_nothing(life: Life) -> None:
    await life.launch()

    await life.signal(AGREEMENT, "deliver_milestone", Order("unknown", "0" * 64))

    standing = await life.query(AGREEMENT, "standing")
    assert standing["milestones"]["kickoff"] == "open"


async def test_an_order_with_another_digest_changes_nothing(life: Life) -> None:
    await life.launch()
    reply = await life.cut_off().answer(KICKOFF, MANAGER, "delivered", now=life.stage.now)

    await life.signal(AGREEMENT, "deliver_milestone", Order(reply.command, "0" * 64))

    standing = await life.query(AGREEMENT, "standing")
    assert standing["milestones"]["kickoff"] == "open"
    assert await outcome(life, reply.command) == (None, None)


async def test_an_order_counts_only_for_what_it_was_authorised_for(life: Life) -> None:
    await life.launch()
    reply = await life.cut_off().answer(KICKOFF, MANAGER, "delivered", now=life.stage.now)

    await life.signal(AGREEMENT, "call_review", await life.order(reply.command))

    assert await life.rows("SELECT id FROM review") == []
    assert await outcome(life, reply.command) == (None, None)


async def test_what_cannot_be_sent_is_received(life: Life) -> None:
    await life.launch()

    reply = await life.cut_off().answer(KICKOFF, MANAGER, "delivered", now=life.stage.now)

    assert reply.word == "received"


async def test_the_sweep_sends_what_was_only_written_down(
    life: Life, database: AsyncEngine, owner_url: URL
) -> None:
    await life.launch()
    reply = await life.cut_off().answer(KICKOFF, MANAGER, "delivered", now=life.stage.now)
    await grow_old(database, owner_url)

    swept = await life.gateway.sweep()
    await life.pass_by(timedelta(seconds=1))

    assert swept == 1
    assert await outcome(life, reply.command) == ("recorded", None)


async def test_the_sweep_leaves_alone_what_has_just_been_written(life: Life) -> None:
    await life.launch()
    await life.cut_off().answer(KICKOFF, MANAGER, "delivered", now=life.stage.now)

    assert await life.gateway.sweep() == 0


async def test_the_sweep_sends_ever_more_seldom_what_stays_without_an_outcome(
    life: Life, database: AsyncEngine, owner_url: URL
) -> None:
    await life.launch()
    unreachable = life.cut_off()
    await unreachable.answer(KICKOFF, MANAGER, "delivered", now=life.stage.now)
    await grow_old(database, owner_url)
    await life.gateway.sweep()

    assert await life.gateway.sweep() == 0


async def test_nothing_is_possible_on_what_has_ended(life: Life) -> None:
    await life.launch(SHORT)
    await life.go_live()
    await life.until("2027-04-08")

    reply = await life.gateway.call_review("helpdesk", GOVERNANCE, "Too late", now=life.stage.now)

    assert reply.word == "refused"
    assert reply.reason == "agreement/helpdesk has ended; nothing is possible on it any more"


async def test_a_task_that_nobody_opened_is_not_found(life: Life) -> None:
    await life.launch()

    with pytest.raises(NotFoundError, match="there is no task '999'"):
        await life.gateway.answer("999", MANAGER, "delivered", now=life.stage.now)


async def test_a_choice_that_is_none_is_refused_with_the_possible_ones(life: Life) -> None:
    await life.launch()

    with pytest.raises(ConflictError, match="possible now: delivered, replan"):
        await life.gateway.answer(KICKOFF, MANAGER, "perhaps", now=life.stage.now)


async def test_another_agreements_contacts_are_strangers(life: Life) -> None:
    await life.launch()

    with pytest.raises(ForbiddenError, match="is no contact of helpdesk"):
        await life.gateway.hand_in(
            "helpdesk", "client.stranger", Document("facts.csv", b""), now=life.stage.now
        )
