"""Open tickets while terms change: which clock each of them has, on the page and in the figure."""

from datetime import timedelta

from domain.clocks.runs import ClockRun
from gateway import Document
from store.views import explain
from tests.lives import Life, helpdesk
from tests.workflows.test_warnings import WATCHED, hand_in

WITHOUT_DUPLICATES = WATCHED | {
    "clocks": [
        {
            "key": "fix",
            "stops": "resolution",
            "calendar": "office",
            "pauses": ["waiting"],
            "limits": [{"within": "8 h"}],
            "on_close": [{"reasons": ["duplicate"], "then": "left_out"}],
        }
    ],
}

SHORTER = """
amends: helpdesk
effective_on: 2027-01-06
reason: Half of the desk moves
set: {calendars.office.hours.mon-fri: "09:00-12:00"}
"""


async def clock(life: Life, ticket: str) -> tuple[int, ClockRun]:
    """The edition and the clock that `covenant explain` tells of a ticket."""
    async with life.stage.world.engine.connect() as connection:
        found = await explain.ticket(connection, life.agreement, ticket, life.stage.now)
    assert found is not None
    edition, (run,), _ = found
    return edition.number, run


async def test_another_calendar_moves_no_open_ticket_and_the_figure_counts_each_by_its_own(
    life: Life,
) -> None:
    await life.launch(helpdesk(WITHOUT_DUPLICATES))
    await life.go_live()
    await life.until("2027-01-05 09:30")
    await hand_in(
        life,
        "facts-ticket-1.csv",
        "id,opened,resolved",
        "A,2027-01-05 09:00,",
        "B,2027-01-05 09:00,",
        "D,2027-01-05 09:00,",
    )
    waits = (
        "b1,B,2027-01-05 09:15,state,waiting,desk,",
        "d1,D,2027-01-05 09:20,closed,,desk,duplicate",
    )
    await hand_in(life, "facts-ticket_event.csv", "id,ticket,at,event,value,actor,reason", *waits)
    edition, before = await clock(life, "A")
    assert (edition, f"{before.deadline:%d %H:%M}") == (1, "05 17:00")

    document = Document("amendment.yaml", SHORTER.encode())
    await life.gateway.propose("helpdesk", "client.governance", document, now=life.stage.now)
    await life.pass_by(timedelta(seconds=1))
    await life.answer("answer_change", "approve")
    await life.until("2027-01-06 09:30")
    await hand_in(life, "facts-ticket-2.csv", "id,opened,resolved", "C,2027-01-06 09:00,")

    # A keeps its deadline, and B, which waits, has none and is not missed; C has the new hours.
    edition, same = await clock(life, "A")
    assert (edition, same.deadline, same.status) == (1, before.deadline, "missed")
    edition, waiting = await clock(life, "B")
    assert (edition, waiting.deadline, waiting.status) == (1, None, "paused")
    edition, new = await clock(life, "C")
    assert (edition, f"{new.deadline:%d %H:%M}") == (2, "08 11:00")

    # D was closed as a duplicate, and is left out, of the month too.
    edition, duplicate = await clock(life, "D")
    assert (duplicate.status, duplicate.closing) == ("left out", "left_out")

    # B is resolved out of its pause weeks later; C took an hour of the second short morning, which
    # by the old hours would have been too late. The month is judged by the edition that it began with.
    await life.until("2027-01-25")
    await hand_in(
        life,
        "facts-ticket-3.csv",
        "id,opened,resolved",
        "A,2027-01-05 09:00,2027-01-05 12:00",
        "B,2027-01-05 09:00,2027-01-22 10:00",
        "C,2027-01-06 09:00,2027-01-07 10:00",
    )
    await life.until("2027-02-04")
    judged = "SELECT edition, num, den, status FROM evaluation WHERE kpi = 'fixed'"
    assert [tuple(row) for row in await life.rows(judged)] == [(1, 3, 3, "met")]
    assert {(await clock(life, each))[1].status for each in "ABC"} == {"met"}
