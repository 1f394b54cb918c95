from tests.lives import Life, at


async def test_an_agreement_goes_live_on_its_day_when_every_gate_was_passed(life: Life) -> None:
    await life.launch()
    await life.go_live()

    await life.until("2027-01-05")

    (live,) = await life.told("went_live")
    assert live.at == at("2027-01-04")
    assert (await life.query("agreement/helpdesk", "standing"))["phase"] == "live"
