from datetime import date

import pytest

from domain.changing import ChangeClosed, ChangeOutcome
from domain.renewing import RenewalOutcome, RenewalSettled
from gateway import ConflictError
from tests.lives import Life, at, helpdesk

AGREEMENT = "agreement/helpdesk"
SERVICE = "provider.service_manager"

UNMEASURED = {"kpis.errors.no_data": "excluded"}
"""Periods without facts are left out, so that no case opens."""

SHORT = {
    "term.months": "3",
    "renewal.notice": "30 days",
    "renewal.decide_before": "10 days",
    "renewal.renews_for": "3",
    "reviews.every": "1 month",
}
"""From 2027-01-04 to 2027-04-04, a Sunday."""

RENEWING = UNMEASURED | SHORT | {"renewal.on_silence": "renew"}


async def phase(life: Life) -> str:
    return str((await life.query(AGREEMENT, "standing"))["phase"])


async def told(life: Life, event: str) -> list[str]:
    """When this took effect, each time."""
    return [f"{entry.at:%Y-%m-%d %H:%M}" for entry in await life.told(event)]


async def test_a_milestone_is_at_risk_while_it_is_not_delivered_shortly_before(life: Life) -> None:
    await life.launch()

    await life.until("2026-12-05")

    (warned,) = await life.told("milestone_at_risk")
    assert (warned.at, warned.subject) == (at("2026-12-04"), "milestone/helpdesk/kickoff")


async def test_a_milestone_delivered_in_time_is_neither_at_risk_nor_overdue(life: Life) -> None:
    await life.launch()
    await life.answer("deliver_milestone", "delivered")

    await life.until("2026-12-09")

    assert await told(life, "milestone_at_risk") == []
    assert await told(life, "milestone_overdue") == []


async def test_an_undelivered_milestone_is_overdue_at_the_end_of_its_day(life: Life) -> None:
    await life.launch()

    await life.until("2026-12-09")

    assert await told(life, "milestone_overdue") == ["2026-12-08 00:00"]


async def test_replanning_moves_the_warning_and_the_lateness(life: Life) -> None:
    await life.launch()
    late = date(2026, 12, 11)
    await life.answer("deliver_milestone", "replan", note="The room is not free", on=late)

    await life.until("2026-12-13")

    warned = await life.told("milestone_at_risk")
    assert (warned[0].subject, warned[0].at) == ("milestone/helpdesk/kickoff", at("2026-12-08"))
    assert await told(life, "milestone_overdue") == ["2026-12-12 00:00"]


async def test_replanning_needs_a_date(life: Life) -> None:
    await life.launch()

    with pytest.raises(ConflictError, match="needs a date"):
        await life.answer("deliver_milestone", "replan", note="The room is not free")


async def test_replanning_needs_a_reason(life: Life) -> None:
    await life.launch()

    with pytest.raises(ConflictError, match="needs a reason"):
        await life.answer("deliver_milestone", "replan", on=date(2026, 12, 11))


@pytest.mark.parametrize(
    ("on", "reason"),
    [
        (date(2026, 11, 29), "2026-11-29 has passed"),
        (date(2026, 12, 7), "2026-12-07 is the planned date already"),
    ],
)
async def test_replanning_is_to_another_and_later_date(life: Life, on: date, reason: str) -> None:
    await life.launch()

    reply = await life.answer("deliver_milestone", "replan", note="We would like to", on=on)

    assert (reply.word, str(reply.reason).split(";")[0]) == ("refused", reason)
    assert len(await life.open_tasks("deliver_milestone")) == 2


async def test_a_rejected_milestone_is_asked_for_again(life: Life) -> None:
    await life.launch()
    await life.answer("deliver_milestone", "delivered")
    await life.answer("accept_milestone", "reject", note="Half of us were not invited")

    again = [task["id"] for task in await life.open_tasks("deliver_milestone")]

    assert "milestone/helpdesk/kickoff/deliver_milestone/2" in again


async def test_a_milestone_rejected_after_its_day_is_overdue_from_then_on(life: Life) -> None:
    await life.launch()
    await life.until("2026-12-03")
    await life.answer("deliver_milestone", "delivered")
    await life.until("2026-12-10")
    rejected_at = life.stage.now
    await life.answer("accept_milestone", "reject", note="Half of us were not invited")

    await life.until("2026-12-10 12:00")

    (overdue,) = await life.told("milestone_overdue")
    assert overdue.at == rejected_at
    assert await told(life, "milestone_at_risk") == []


async def test_a_delivery_received_in_time_but_heard_late_is_not_overdue(life: Life) -> None:
    await life.launch()
    await life.until("2026-12-07")
    (task, *_) = await life.open_tasks("deliver_milestone")
    received_at = at("2026-12-07 23:59")
    reply = await life.cut_off().answer(task["id"], SERVICE, "delivered", now=received_at)
    await life.until("2026-12-09")

    await life.send(reply.command)

    assert await told(life, "milestone_overdue") == []
    assert await told(life, "milestone_delivered") == ["2026-12-07 23:59"]


async def test_a_gate_opens_only_once_everything_before_it_is_accepted(life: Life) -> None:
    await life.launch()
    for _ in range(2):
        await life.answer("deliver_milestone", "delivered")
    await life.answer("accept_milestone", "accept")
    before = await told(life, "gate_opened")

    await life.answer("accept_milestone", "accept")

    assert before == []
    (opened,) = await life.told("gate_opened")
    assert opened.subject == "milestone/helpdesk/go_live"


async def test_an_agreement_goes_live_on_its_day_when_every_gate_was_passed(life: Life) -> None:
    await life.launch()
    await life.go_live()

    await life.until("2027-01-05")

    assert await told(life, "went_live") == ["2027-01-04 00:00"]
    assert await phase(life) == "live"


async def test_an_agreement_accepted_later_goes_live_on_that_day(life: Life) -> None:
    await life.launch()
    await life.until("2027-01-12 15:00")

    await life.go_live()

    assert await told(life, "went_live") == ["2027-01-12 00:00"]
    assert await phase(life) == "live"


async def test_a_new_chapter_begins_when_the_last_gate_is_passed(life: Life) -> None:
    await life.launch()
    handle = life.stage.client.get_workflow_handle(AGREEMENT)
    first = (await handle.describe()).run_id
    before = await life.query(AGREEMENT, "due")
    await life.answer("deliver_milestone", "delivered", command_id="kickoff-delivered")
    delivered = await life.order("kickoff-delivered")

    await life.go_live()
    second = (await handle.describe()).run_id
    await handle.signal("deliver_milestone", delivered)
    await life.until("2027-01-05")

    told_in = {each.event: each.run for each in await life.told() if each.workflow == AGREEMENT}
    assert (told_in["agreement_launched"], told_in["went_live"]) == (first, second)
    assert first != second
    kept = [row for row in before if row["kind"] in {"open_renewal", "end_term"}]
    after = await life.query(AGREEMENT, "due")
    assert [row for row in after if row["kind"] in {"open_renewal", "end_term"}] == kept
    recorded = life.stage.client.get_workflow_handle(AGREEMENT, run_id=second)
    names = [
        event.activity_task_scheduled_event_attributes.activity_type.name
        async for event in recorded.fetch_history_events()
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert names == ["enter_live"]


async def test_what_is_due_can_be_asked(life: Life) -> None:
    await life.launch()

    due = await life.query(AGREEMENT, "due")

    assert [(row["kind"], row["key"]) for row in due] == [
        ("warn_milestone", "kickoff"),
        ("milestone_overdue", "kickoff"),
        ("warn_milestone", "training"),
        ("milestone_overdue", "training"),
        ("warn_milestone", "go_live"),
        ("milestone_overdue", "go_live"),
        ("open_renewal", "1"),
        ("end_term", "1"),
    ]


async def test_the_standing_says_where_the_milestones_are(life: Life) -> None:
    await life.launch()
    await life.answer("deliver_milestone", "delivered")

    standing = await life.query(AGREEMENT, "standing")

    assert standing["milestones"] == {
        "kickoff": "delivered",
        "training": "open",
        "go_live": "open",
    }
    assert standing["next_due"]["key"] == "training"


async def test_a_lapsed_agreement_closes_after_its_last_cut_off(life: Life) -> None:
    await life.launch(helpdesk(UNMEASURED | SHORT))
    await life.go_live()

    await life.until("2027-04-10")

    assert await told(life, "agreement_closed") == ["2027-04-07 00:00"]
    assert await life.rows("SELECT phase FROM agreement") == [("closed",)]
    last = (await life.told("period_evaluated"))[-1]
    assert (last.subject, last.at) == ("helpdesk/errors/2027-W13", at("2027-04-06"))


async def test_a_renewed_agreement_goes_on_in_its_next_term(life: Life) -> None:
    await life.launch(helpdesk(RENEWING))
    await life.go_live()

    await life.until("2027-05-10")

    standing = await life.query(AGREEMENT, "standing")
    assert (standing["phase"], standing["term"]) == ("live", 2)
    assert standing["term_ends_at"] == "2027-07-04T00:00:00Z"
    numbers = [each.subject for each in await life.told("review_opened")]
    assert numbers == [f"review/helpdesk/{number}" for number in range(1, 5)]
    periods = [each.subject.rsplit("/", 1)[1] for each in await life.told("period_evaluated")]
    assert periods[11:15] == ["2027-W12", "2027-W13", "2027-W14", "2027-W15"]


@pytest.mark.parametrize("cut_off", ["0 days", "2 days"])
async def test_a_period_across_the_end_of_a_renewed_term_is_not_cut_short(
    life: Life, cut_off: str
) -> None:
    await life.launch(helpdesk(RENEWING | {"kpis.errors.cut_off": cut_off}))
    await life.go_live()

    await life.until("2027-04-15")

    spans = await life.rows(
        "SELECT start_at, end_at FROM evaluation WHERE start_at >= '2027-03-29' ORDER BY start_at"
    )
    assert [tuple(span) for span in spans] == [
        (at("2027-03-29"), at("2027-04-05")),
        (at("2027-04-05"), at("2027-04-12")),
    ]


async def test_an_agreement_renewed_before_it_went_live_still_prepares(life: Life) -> None:
    await life.launch(helpdesk(RENEWING))
    await life.until("2027-04-06")
    before = await phase(life)

    await life.go_live()

    assert (before, await phase(life)) == ("onboarding", "live")


async def test_a_term_that_ends_while_its_renewal_is_open_waits_for_it(life: Life) -> None:
    await life.launch(helpdesk(RENEWING))
    await life.go_live()
    await life.until("2027-03-10")
    (task,) = await life.open_tasks("decide_renewal")
    now = life.stage.now
    reply = await life.cut_off().answer(task["id"], "client.governance", "expire", now=now)
    await life.until("2027-04-06 12:00")
    before = await phase(life), await told(life, "renewal_settled")

    await life.send(reply.command)
    await life.until("2027-04-08")

    assert before == ("renewing", [])
    assert await told(life, "renewal_settled") == ["2027-03-10 00:00"]
    assert await told(life, "agreement_closed") == ["2027-04-07 00:00"]
    last = (await life.told("period_evaluated"))[-1]
    assert (last.subject, last.at) == ("helpdesk/errors/2027-W13", at("2027-04-06"))


async def test_news_that_comes_twice_changes_nothing(life: Life) -> None:
    await life.launch(helpdesk(RENEWING))
    await life.go_live()
    await life.until("2027-03-10")
    await life.answer("decide_renewal", "renew")
    await life.answer("confirm_renewal", "confirm")
    before = await life.query(AGREEMENT, "standing"), await life.query(AGREEMENT, "due")
    history = len(await life.told())

    settled = RenewalSettled("renewal/helpdesk/1", RenewalOutcome.RENEWED)
    await life.signal(AGREEMENT, "renewal_settled", settled)

    after = await life.query(AGREEMENT, "standing"), await life.query(AGREEMENT, "due")
    assert after == before
    assert len(await life.told()) == history


async def test_forged_or_old_news_settles_no_renewal(life: Life) -> None:
    await life.launch(helpdesk(RENEWING))
    await life.go_live()
    await life.until("2027-03-10")

    settled = RenewalSettled("renewal/helpdesk/1", RenewalOutcome.RENEWED)
    await life.signal(AGREEMENT, "renewal_settled", settled)

    assert await phase(life) == "renewing"


async def test_an_edition_that_nobody_adopted_takes_no_effect(life: Life) -> None:
    await life.launch()
    forged = ChangeClosed("change/helpdesk/7", ChangeOutcome.APPROVED, 7, life.stage.now)

    await life.signal(AGREEMENT, "change_closed", forged)

    assert await told(life, "edition_took_effect") == []
    assert (await life.query(AGREEMENT, "standing"))["edition"] == 1


async def test_a_signal_that_cannot_be_read_changes_nothing(life: Life) -> None:
    await life.launch()

    await life.signal(AGREEMENT, "accept_milestone", {"nothing": "of the kind"})

    assert (await life.answer("deliver_milestone", "delivered")).word == "recorded"
