"""Warnings before a breach: each share of a ticket's time is told once, at its instant, in one notice."""

from datetime import UTC, datetime, timedelta

from activities.standing import Standing, standing
from commandline.pages import print_all
from commandline.standing import as_document, page
from domain.zones import zone_named
from gateway import Document
from reports.story import line
from tests.lives import Life, helpdesk

WATCHED = {
    "calendars": {"office": {"hours": {"mon-fri": "09:00-17:00"}}},
    "clocks": [
        {
            "key": "fix",
            "stops": "resolution",
            "calendar": "office",
            "pauses": ["waiting"],
            "limits": [{"within": "8 h"}],
            "warn_at": ["50 %", "75 %"],
        }
    ],
    "kpis": [
        {
            "key": "fixed",
            "title": "Fixed in time",
            "objective": "People can work",
            "owners": {"client": "client.reviewer", "provider": "provider.service_manager"},
            "unit": "%",
            "measure": {"kind": "attainment", "clock": "fix", "missing": "excluded"},
            "every": "month",
            "target": {"expected": "at least 60 %"},
            "cut_off": "2 days",
            "no_data": "excluded",
            "warn_at": ["50 %"],
        }
    ],
}


async def hand_in(life: Life, name: str, *lines: str) -> None:
    document = Document(name, ("\n".join(lines) + "\n").encode())
    who = "provider.service_manager"
    await life.gateway.hand_in(life.agreement, who, document, now=life.stage.now)
    await life.pass_by(timedelta(seconds=1))


async def stands(life: Life) -> Standing:
    async with life.stage.world.engine.connect() as connection:
        found = await standing(connection, life.agreement, life.stage.now)
    assert found is not None
    return found


async def told_at(life: Life, event: str) -> list[str]:
    return [f"{each.at:%Y-%m-%d %H:%M}" for each in await life.told(event)]


async def test_what_is_at_risk_is_told_once_and_in_time(life: Life) -> None:
    await life.launch(helpdesk(WATCHED))
    await life.go_live()
    await life.until("2027-01-05 09:30")
    await hand_in(
        life,
        "facts-ticket-monday.csv",
        "id,opened,resolved,closed",
        "A,2027-01-05 09:00,,",
        "B,2027-01-05 09:00,,",
        "C,2027-01-04 09:00,2027-01-04 10:00,2027-01-04 10:00",
        "D,2027-01-04 09:00,2027-01-04 10:00,",
    )

    # B waits for the user from ten o'clock on: its time stands still, and nobody is warned.
    await life.until("2027-01-05 10:30")
    await hand_in(
        life,
        "facts-ticket_event-pause.csv",
        "id,ticket,at,event,value,actor",
        "b1,B,2027-01-05 10:00,state,waiting,desk",
    )
    before = await stands(life)
    await life.until("2027-01-06 09:00")

    assert await told_at(life, "clocks_at_risk") == ["2027-01-05 13:00", "2027-01-05 15:00"]
    first, second = await life.told("clocks_at_risk")
    assert first.detail["said"] == [
        "Ticket A had used 50 % of the 8 h of clock `fix` at 2027-01-05 13:00; "
        "its deadline is 2027-01-05 17:00."
    ]
    assert "75 %" in line(second, zone_named("Etc/UTC"))
    notices = await life.rows(
        "SELECT contact, title, due_at FROM notice WHERE template = 'clocks_at_risk' ORDER BY due_at"
    )
    assert [row.contact for row in notices] == ["provider.service_manager"] * 2

    # Before: both ran. Now A is overdue, and B still waits.
    assert [(run.ticket, str(run.status)) for run in before.clocks] == [
        ("A", "running"),
        ("B", "paused"),
    ]
    after = await stands(life)
    assert [(run.ticket, str(run.status)) for run in after.clocks] == [
        ("A", "missed"),
        ("B", "paused"),
    ]

    # The user answers on the eleventh: the clock of B goes on, and its first share is told then.
    await life.until("2027-01-11 09:30")
    await hand_in(
        life,
        "facts-ticket_event-on.csv",
        "id,ticket,at,event,value,actor",
        "b2,B,2027-01-11 09:00,state,open,desk",
    )
    await life.until("2027-01-12 09:00")
    assert (await told_at(life, "clocks_at_risk"))[2:] == ["2027-01-11 12:00", "2027-01-11 14:00"]

    # One late fix of three leaves the target of 60 %, which a second one would break.
    await hand_in(
        life,
        "facts-ticket-late.csv",
        "id,opened,resolved,closed",
        "A,2027-01-05 09:00,2027-01-07 10:00,2027-01-07 10:00",
    )
    risks = await life.told("kpi_at_risk")
    assert [each.subject for each in risks] == ["helpdesk/fixed/2027-01"] * len(risks)
    said = " ".join(text for each in risks for text in each.detail["reason"])
    assert "fixed/2027-01 has used 50 % of its error budget or more" in said
    assert len(await life.rows("SELECT 1 FROM notice WHERE template = 'kpi_at_risk'")) == 2 * len(
        risks
    )

    found = as_document(await stands(life))
    assert [(each["kpi"], each["sample"]) for each in found["kpis"]] == [("fixed", 3)]
    assert found["due"][0]["at"] > datetime(2027, 1, 12, tzinfo=UTC)
    assert any("fixed 2027-01 is judged" in each["what"] for each in found["due"])


async def test_nothing_is_watched_where_nobody_asked_for_warnings(life: Life) -> None:
    await life.launch(helpdesk({"kpis.errors.target.expected": "below 50 %"}))
    await life.go_live()
    await life.until("2027-01-05 09:30")
    await life.samples(("2027-01-05T09:00", 1), ("2027-01-05T09:10", 0))

    assert await life.rows("SELECT 1 FROM watched") == []
    shown = list(page("helpdesk", await stands(life)))
    print_all(*shown)
    assert "as of 2027-01-05 09:30" in shown[0]
    (kpi,) = (await stands(life)).kpis
    assert (kpi.result.sample, str(kpi.result.status)) == (2, "below_expected")


async def test_before_it_goes_live_an_agreement_only_has_dates_before_it(life: Life) -> None:
    await life.launch()

    shown = await stands(life)

    assert (shown.kpis, shown.clocks) == ((), ())
    assert "task #" in shown.due[0].what
    assert "Not live yet: its go-live is not accepted." in list(page("helpdesk", shown))
    async with life.stage.world.engine.connect() as connection:
        assert await standing(connection, "nobody", life.stage.now) is None
