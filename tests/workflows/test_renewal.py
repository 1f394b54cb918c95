import pytest

from gateway import ConflictError
from tests.lives import Life, helpdesk

SHORT = {
    "term.months": "3",
    "renewal.notice": "30 days",
    "renewal.decide_before": "10 days",
    "renewal.renews_for": "3",
    "reviews.every": "2 months",
    "kpis.errors.no_data": "excluded",
}
"""Opens on 2027-03-05, silence speaks on 2027-03-25, the term ends on 2027-04-04."""


async def an_open_window(life: Life, on_silence: str = "expire") -> None:
    await life.launch(helpdesk(SHORT | {"renewal.on_silence": on_silence}))
    await life.go_live()
    await life.until("2027-03-05 09:00")


async def settled(life: Life) -> list[tuple[str, str]]:
    """When it was settled, and how."""
    return [
        (f"{each.at:%Y-%m-%d %H:%M}", each.detail["outcome"])
        for each in await life.told("renewal_settled")
    ]


async def phase(life: Life) -> str:
    return str((await life.query("agreement/helpdesk", "standing"))["phase"])


async def test_a_renewal_is_decided_by_the_client_and_confirmed_by_the_provider(life: Life) -> None:
    await an_open_window(life)
    await life.answer("decide_renewal", "renew")
    before = await phase(life)

    await life.answer("confirm_renewal", "confirm")

    assert before == "renewing"
    assert [outcome for _, outcome in await settled(life)] == ["renewed"]
    assert await phase(life) == "renewed"


async def test_the_client_decides_against(life: Life) -> None:
    await an_open_window(life, "renew")

    await life.answer("decide_renewal", "expire")

    assert [outcome for _, outcome in await settled(life)] == ["lapsed"]
    assert await phase(life) == "expiring"
    assert await life.open_tasks("confirm_renewal") == []


async def test_the_provider_declines(life: Life) -> None:
    await an_open_window(life, "renew")
    await life.answer("decide_renewal", "renew")

    await life.answer("confirm_renewal", "decline", note="We leave this market")

    assert [outcome for _, outcome in await settled(life)] == ["lapsed"]


async def test_declining_needs_a_reason(life: Life) -> None:
    await an_open_window(life)
    await life.answer("decide_renewal", "renew")

    with pytest.raises(ConflictError, match="'decline' needs a reason"):
        await life.answer("confirm_renewal", "decline")


@pytest.mark.parametrize(("on_silence", "outcome"), [("expire", "lapsed"), ("renew", "renewed")])
async def test_silence_means_what_was_agreed(life: Life, on_silence: str, outcome: str) -> None:
    await an_open_window(life, on_silence)

    await life.until("2027-03-26")

    assert await settled(life) == [("2027-03-25 00:00", outcome)]
    assert await life.open_tasks("decide_renewal") == []


async def test_a_decision_that_nobody_confirms_is_silence(life: Life) -> None:
    await an_open_window(life)
    await life.answer("decide_renewal", "renew")

    await life.until("2027-03-26")

    assert await settled(life) == [("2027-03-25 00:00", "lapsed")]


async def test_a_decision_received_in_time_but_heard_late_comes_before_silence(life: Life) -> None:
    await an_open_window(life, "renew")
    (task,) = await life.open_tasks("decide_renewal")
    now = life.stage.now
    reply = await life.cut_off().answer(task["id"], "client.governance", "expire", now=now)
    await life.until("2027-03-26")

    await life.send(reply.command)

    assert await settled(life) == [("2027-03-05 09:00", "lapsed")]


async def test_silence_still_speaks_after_a_late_heard_decision_to_renew(life: Life) -> None:
    await an_open_window(life)
    (task,) = await life.open_tasks("decide_renewal")
    now = life.stage.now
    reply = await life.cut_off().answer(task["id"], "client.governance", "renew", now=now)
    await life.until("2027-03-26")

    await life.send(reply.command)

    assert await settled(life) == [("2027-03-25 00:00", "lapsed")]


async def test_the_workflow_says_when_silence_speaks(life: Life) -> None:
    await an_open_window(life)

    assert await life.query("renewal/helpdesk/1", "due") == "2027-03-25T00:00:00Z"
    assert await life.query("renewal/helpdesk/1", "standing") is None
