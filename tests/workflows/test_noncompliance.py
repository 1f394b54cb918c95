from datetime import timedelta
from typing import Any

import pytest

from domain.commands import Order
from domain.noncompliance import PeriodMissed, PeriodsMet
from gateway import ConflictError, ForbiddenError
from tests.lives import Life, at, helpdesk

CASE = "noncompliance/helpdesk/errors/2027-W01"
"""Nobody hands in facts for the first week: it is missed, and found so on 2027-01-13."""

MANAGER, DIRECTOR = "provider.service_manager", "provider.delivery_director"
REVIEWER, GOVERNANCE, EXECUTIVE = "client.reviewer", "client.governance", "client.executive"

THREE_LEVELS: dict[str, Any] = {
    "kpis.errors.verified_after": "1",
    "escalation.minor": [
        {"level": str(level), "to": to, "answer_within": f"{level} days", "playbook": "Answer it"}
        for level, to in enumerate(
            ([MANAGER, REVIEWER], [DIRECTOR, GOVERNANCE], [DIRECTOR, EXECUTIVE]), 1
        )
    ],
}
"""Levels on 2027-01-13, 14 and 16; unanswered at the end on 2027-01-19."""

SHORT = {
    "term.months": "3",
    "renewal.notice": "30 days",
    "renewal.decide_before": "10 days",
    "renewal.renews_for": "3",
    "reviews.every": "1 month",
}
"""The term ends on 2027-04-04."""


async def a_missed_week(life: Life, changes: dict[str, Any] | None = None) -> None:
    """The case opens, as time stands at 2027-01-13 09:00."""
    await life.launch(helpdesk(THREE_LEVELS | (changes or {})))
    await life.go_live()
    await life.until("2027-01-13 09:00")


async def met(life: Life, *days: str) -> None:
    """The weeks of these days meet their target."""
    await life.samples_to_come(*((f"{day}T12:00", 0) for day in days))


async def told(life: Life, event: str) -> list[str]:
    """When this took effect, each time."""
    return [f"{entry.at:%Y-%m-%d %H:%M}" for entry in await life.told(event)]


async def outcomes(life: Life) -> list[Any]:
    """How each case ended, if it has."""
    rows = await life.rows("SELECT period, outcome FROM noncompliance ORDER BY opened_at")
    return [tuple(row) for row in rows]


async def heard(life: Life, template: str) -> list[list[str]]:
    """Who was told, by the instants at which the notices were due."""
    rows = await life.rows(
        "SELECT array_agg(contact ORDER BY contact) FROM notice"
        " WHERE template = :template GROUP BY due_at ORDER BY due_at",
        template=template,
    )
    return [row[0] for row in rows]


async def state(life: Life, case: str = CASE) -> str:
    return str((await life.query(case, "standing"))["state"])


async def test_an_unanswered_case_climbs_every_level_on_both_sides_once(life: Life) -> None:
    await a_missed_week(life)

    await life.until("2027-01-19 12:00")

    assert await told(life, "rung_fired") == [
        "2027-01-13 00:00",
        "2027-01-14 00:00",
        "2027-01-16 00:00",
    ]
    assert await heard(life, "breach") == [
        [REVIEWER, MANAGER],
        [GOVERNANCE, DIRECTOR],
        [EXECUTIVE, DIRECTOR],
    ]


async def test_a_ladder_that_nobody_answers_is_exhausted(life: Life) -> None:
    await a_missed_week(life)

    await life.until("2027-01-19 12:00")

    assert await told(life, "ladder_exhausted") == ["2027-01-19 00:00"]
    assert await state(life) == "unanswered"


async def test_a_case_that_nobody_answered_closes_when_the_figures_recover(life: Life) -> None:
    await a_missed_week(life)
    await met(life, "2027-01-12")

    await life.until("2027-01-21")

    assert await outcomes(life) == [("2027-W01", "recovered_unanswered")]
    assert await told(life, "case_closed") == ["2027-01-20 00:00"]


async def test_figures_that_recover_do_not_close_a_case_that_still_climbs(life: Life) -> None:
    slow = [{**level, "answer_within": "5 days"} for level in THREE_LEVELS["escalation.minor"]]
    await a_missed_week(life, {"escalation.minor": slow})
    await met(life, "2027-01-12")

    await life.until("2027-01-21")

    assert await state(life) == "climbing"


async def test_an_acknowledgement_at_the_second_level_stops_the_climb(life: Life) -> None:
    await a_missed_week(life)
    await life.until("2027-01-14 09:00")
    await life.answer("acknowledge_breach", "acknowledge", who=DIRECTOR)

    await life.until("2027-01-20")

    assert len(await told(life, "rung_fired")) == 2
    assert await state(life) == "planning"


async def test_the_client_cannot_acknowledge(life: Life) -> None:
    await a_missed_week(life)
    (task,) = await life.open_tasks("acknowledge_breach")

    with pytest.raises(ForbiddenError, match=f"possible: as {MANAGER}"):
        await life.gateway.answer(task["id"], REVIEWER, "acknowledge", now=life.stage.now)


async def test_whoever_was_not_told_yet_cannot_acknowledge(life: Life) -> None:
    await a_missed_week(life)
    (task,) = await life.open_tasks("acknowledge_breach")

    with pytest.raises(ForbiddenError, match=f"possible: as {MANAGER}"):
        await life.gateway.answer(task["id"], DIRECTOR, "acknowledge", now=life.stage.now)


async def test_an_answered_breach_takes_no_second_acknowledgement(life: Life) -> None:
    await a_missed_week(life)
    (task,) = await life.open_tasks("acknowledge_breach")
    await life.answer("acknowledge_breach", "acknowledge")

    with pytest.raises(ConflictError, match=f"already answered 'acknowledge' by {MANAGER}"):
        await life.gateway.answer(task["id"], MANAGER, "acknowledge", now=life.stage.now)


async def test_a_plan_is_judged_corrected_and_proved_by_later_periods(life: Life) -> None:
    await a_missed_week(life)
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")
    await life.answer("judge_plan", "reject", note="Of whom?")
    await life.answer("submit_plan", "submit", note="Of the night shift")
    await life.answer("judge_plan", "accept")
    await met(life, "2027-01-20", "2027-01-27")

    await life.until("2027-02-10 09:00")

    events = [each.event for each in await life.told() if each.subject == CASE]
    assert events == [
        "case_opened",
        "rung_fired",
        "breach_acknowledged",
        "plan_submitted",
        "plan_rejected",
        "plan_submitted",
        "plan_accepted",
        "case_joined",
        "case_closed",
    ]
    assert await outcomes(life) == [("2027-W01", "verified"), ("2027-W05", None)]


async def test_silence_accepts_a_plan_where_that_is_agreed(life: Life) -> None:
    await a_missed_week(life)
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")

    await life.until("2027-01-19")

    (accepted,) = await life.told("plan_deemed_accepted")
    assert f"{accepted.at:%Y-%m-%d %H:%M}" == "2027-01-18 09:00"
    assert await state(life) == "verifying"


async def test_silence_on_a_plan_goes_to_governance_where_that_is_agreed(life: Life) -> None:
    await a_missed_week(life, {"corrective_action.on_silence": "escalate"})
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")

    await life.until("2027-01-19")

    assert await heard(life, "plan_unjudged") == [[GOVERNANCE, REVIEWER]]
    assert await state(life) == "judging"


async def test_a_plan_that_governance_heard_of_can_still_be_judged(life: Life) -> None:
    await a_missed_week(life, {"corrective_action.on_silence": "escalate"})
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")
    await life.until("2027-01-19")

    await life.answer("judge_plan", "accept")

    assert await state(life) == "verifying"


async def test_a_judgement_received_in_time_but_heard_late_forestalls_silence(life: Life) -> None:
    await a_missed_week(life)
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")
    (task,) = await life.open_tasks("judge_plan")
    reply = await life.cut_off().answer(
        task["id"], REVIEWER, "reject", note="Of whom?", now=life.stage.now
    )
    await life.until("2027-01-19")

    await life.send(reply.command)

    assert await told(life, "plan_deemed_accepted") == []
    assert await state(life) == "planning"


async def test_whoever_heard_of_the_breach_hears_that_no_plan_came(life: Life) -> None:
    await a_missed_week(life)
    await life.until("2027-01-14 09:00")
    await life.answer("acknowledge_breach", "acknowledge")

    await life.until("2027-01-25")

    assert [day[:10] for day in await told(life, "plan_overdue")] == ["2027-01-24"]
    assert await heard(life, "plan_overdue") == [[GOVERNANCE, REVIEWER, DIRECTOR, MANAGER]]


async def test_a_period_missed_under_an_accepted_plan_undoes_it(life: Life) -> None:
    await a_missed_week(life)
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")
    await life.answer("judge_plan", "accept")

    await life.until("2027-01-27 09:00")

    (relapsed,) = await life.told("case_relapsed")
    assert relapsed.at == at("2027-01-27")
    (task,) = await life.open_tasks("submit_plan")
    assert task["id"] == f"{CASE}/submit_plan/2"


async def test_a_period_that_began_before_the_plan_does_not_undo_it(life: Life) -> None:
    await a_missed_week(life)
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")
    await life.answer("judge_plan", "accept")

    await life.until("2027-01-20 09:00")

    assert await told(life, "case_joined") == ["2027-01-20 00:00"]
    assert await state(life) == "verifying"


async def test_spent_plans_go_to_governance(life: Life) -> None:
    await a_missed_week(life, {"corrective_action.cycles": "1"})
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")

    await life.answer("judge_plan", "reject", note="Of whom?")

    assert len(await told(life, "plans_exhausted")) == 1
    assert len(await life.open_tasks("submit_plan")) == 1


async def test_a_later_missed_period_joins_the_open_case(life: Life) -> None:
    await a_missed_week(life)

    await life.until("2027-01-20 09:00")

    assert await outcomes(life) == [("2027-W01", None)]
    periods = await life.rows("SELECT period FROM case_period ORDER BY period")
    assert [row.period for row in periods] == ["2027-W01", "2027-W02"]


async def test_a_miss_after_the_closure_opens_another_case(life: Life) -> None:
    await a_missed_week(life)
    await met(life, "2027-01-12")

    await life.until("2027-01-27 09:00")

    assert await outcomes(life) == [
        ("2027-W01", "recovered_unanswered"),
        ("2027-W03", None),
    ]


async def test_an_acknowledgement_received_in_time_but_heard_late_forestalls(life: Life) -> None:
    await a_missed_week(life)
    (task,) = await life.open_tasks("acknowledge_breach")
    received_at = at("2027-01-13 23:59")
    reply = await life.cut_off().answer(task["id"], MANAGER, "acknowledge", now=received_at)
    await life.until("2027-01-20")
    before = await told(life, "rung_fired"), await state(life)

    await life.send(reply.command)

    assert before == (["2027-01-13 00:00"], "climbing")
    assert len(await told(life, "rung_forestalled")) == 2
    assert await told(life, "ladder_exhausted") == []
    assert await told(life, "breach_acknowledged") == ["2027-01-13 23:59"]
    assert await state(life) == "planning"


async def test_an_acknowledgement_received_between_two_levels_forestalls_the_later(
    life: Life,
) -> None:
    await a_missed_week(life)
    (task,) = await life.open_tasks("acknowledge_breach")
    received_at = at("2027-01-14 00:00")
    reply = await life.cut_off().answer(task["id"], MANAGER, "acknowledge", now=received_at)
    await life.until("2027-01-17")

    await life.send(reply.command)

    assert await told(life, "rung_fired") == ["2027-01-13 00:00", "2027-01-14 00:00"]
    assert await told(life, "rung_forestalled") == ["2027-01-16 00:00"]


async def test_after_an_outage_overdue_levels_fire_once_each_in_order_and_late(life: Life) -> None:
    await life.launch(helpdesk(THREE_LEVELS))
    await life.go_live()
    await life.look_away("2027-01-19 18:00")

    await life.until("2027-01-19 21:00")

    rungs = await life.rows("SELECT level, due_at, fired_at FROM rung ORDER BY fired_at, level")
    assert [(rung.level, rung.due_at) for rung in rungs] == [
        (1, at("2027-01-13")),
        (2, at("2027-01-14")),
        (3, at("2027-01-16")),
    ]
    assert all(rung.fired_at >= at("2027-01-13 18:00") for rung in rungs)
    assert await told(life, "ladder_exhausted") == ["2027-01-19 00:00"]
    bodies = await life.rows("SELECT body FROM notice WHERE template = 'breach'")
    assert len(bodies) == 6
    assert all("late" in row.body for row in bodies)


async def test_a_miss_found_together_with_the_recovery_opens_another_case(life: Life) -> None:
    await a_missed_week(life)
    await met(life, "2027-01-12")
    await life.until("2027-01-19 12:00")
    await life.look_away("2027-01-28")

    await life.until("2027-01-28 09:00")

    assert await outcomes(life) == [
        ("2027-W01", "recovered_unanswered"),
        ("2027-W03", None),
    ]
    assert await state(life, "noncompliance/helpdesk/errors/2027-W03") == "climbing"


async def test_a_case_ends_with_its_agreement(life: Life) -> None:
    await a_missed_week(life, SHORT)
    await life.answer("acknowledge_breach", "acknowledge")

    await life.until("2027-04-08")

    assert await outcomes(life) == [("2027-W01", "agreement_ended")]
    assert await told(life, "case_closed") == ["2027-04-07 00:00"]
    assert await life.open_tasks("submit_plan") == []


async def test_a_case_goes_on_in_a_renewed_term(life: Life) -> None:
    await a_missed_week(life, {**SHORT, "renewal.on_silence": "renew"})
    await life.answer("acknowledge_breach", "acknowledge")

    await life.until("2027-04-08")

    assert await state(life) == "planning"
    due = await life.query(CASE, "due")
    assert [(row["kind"], row["at"]) for row in due] == [("ended", "2027-07-07T00:00:00Z")]


async def test_forged_news_neither_closes_a_case_nor_undoes_its_plan(life: Life) -> None:
    await a_missed_week(life)
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")
    await life.answer("judge_plan", "accept")
    now = life.stage.now + timedelta(days=1)

    await life.signal(CASE, "figures_recovered", PeriodsMet("2027-W02", now))
    await life.signal(CASE, "join_period", PeriodMissed("2027-W02", now, now))

    assert await state(life) == "verifying"
    assert await told(life, "case_relapsed") == []


async def test_forged_orders_change_nothing(life: Life) -> None:
    await a_missed_week(life)
    (task,) = await life.open_tasks("acknowledge_breach")
    now = life.stage.now
    reply = await life.cut_off().answer(task["id"], MANAGER, "acknowledge", now=now)

    await life.signal(CASE, "acknowledge_breach", Order("nobody-asked", "0" * 64))
    await life.signal(CASE, "acknowledge_breach", Order(reply.command, "0" * 64))
    await life.signal(CASE, "submit_plan", await life.order(reply.command))

    assert await state(life) == "climbing"
    assert await life.open_tasks("submit_plan") == []


async def test_a_forged_order_does_not_shadow_the_true_one(life: Life) -> None:
    await a_missed_week(life)
    (task,) = await life.open_tasks("acknowledge_breach")
    now = life.stage.now
    reply = await life.cut_off().answer(task["id"], MANAGER, "acknowledge", now=now)
    await life.signal(CASE, "acknowledge_breach", Order(reply.command, "0" * 64))

    await life.send(reply.command)

    assert await state(life) == "planning"
