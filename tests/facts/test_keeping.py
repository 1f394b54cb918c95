"""Facts of every kind are kept as they are, and known as they were known."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.facts import (
    ChargeFact,
    CountFact,
    CreditFact,
    Decision,
    EventFact,
    Fact,
    FactKind,
    IndexFact,
    Interval,
    Outage,
    PeriodResult,
    ReliefFact,
    Sample,
    Survey,
    Ticket,
    TicketEvent,
)
from store import arriving
from store.facts import Intake, take_in
from store.known import STANDING, States, Wanted, facts_within, standing_facts
from store.tables import fact

START = datetime(2027, 3, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = START + 31 * DAY
RECEIVED = datetime(2027, 4, 1, 6, tzinfo=UTC)
LATER = RECEIVED + DAY

TICKET = Ticket("T1", START, START + HOUR, None, None, None, {"priority": "1"})
EVENT_OF_TICKET = TicketEvent("E1", "T1", START - DAY, "state", "waiting", "client", "asked")
SAMPLE = Sample("S1", "load", START, Decimal("1.5"), {"site": "leeds"})
INTERVAL = Interval(
    "I1", "api", START - HOUR, START - HOUR / 2, Decimal(9), None, Decimal(10), repeat=4
)
OUTAGE = Outage("O1", "mail", START - HOUR, START + HOUR, "disk", Decimal(20), {"by": "us"})
SURVEY = Survey("Q1", START, "csat", Decimal(4), Decimal(5))
COUNT = CountFact("N1", "calls", START, START + HOUR, "offered", Decimal(100))
CHARGE = ChargeFact("C1", "service", START, END, Decimal("20000.00"), "GBP")
RESULT = PeriodResult("R1", "errors", START, END, met=True, num=Decimal(1), den=Decimal(3))
CREDIT = CreditFact("G1", START, END, percent=Decimal("2.5"))
EVENT = EventFact("V1", START, "report", "monthly", START + DAY, Decimal(3), {"who": "client"})
INDEX = IndexFact("X1", "cpi", "2027-02", Decimal("107.3"), START)
RELIEF = ReliefFact("L1", None, START, END, "strike", "provider", Decision.PENDING, LATER)

EVERY: tuple[Fact, ...] = (
    TICKET,
    EVENT_OF_TICKET,
    SAMPLE,
    INTERVAL,
    OUTAGE,
    SURVEY,
    COUNT,
    CHARGE,
    RESULT,
    CREDIT,
    EVENT,
    INDEX,
    RELIEF,
)

WANTED = Wanted(
    {
        FactKind.TICKET: {"opened"},
        FactKind.SAMPLE: {"load"},
        FactKind.INTERVAL: {"api"},
        FactKind.OUTAGE: {"mail"},
        FactKind.SURVEY: {"csat"},
        FactKind.COUNT: {"calls"},
    },
    clocks=True,
)


async def take(
    database: AsyncEngine,
    facts: Iterable[Fact],
    digest: str = "first",
    received_at: datetime = RECEIVED,
) -> Intake:
    async with database.begin() as connection:
        return await take_in(
            connection, "helpdesk", "f.jsonl", digest, None, facts, "desk", received_at
        )


async def known(
    database: AsyncEngine, known_at: datetime, start: datetime = START, end: datetime = END
) -> list[Fact]:
    async with database.connect() as connection:
        standing = await standing_facts(connection, "helpdesk", known_at)
        within = await facts_within(connection, "helpdesk", known_at, (start, end), WANTED)
    return [*standing, *within]


def ids(facts: Iterable[Fact]) -> list[str]:
    return sorted(each.id for each in facts)


@pytest.mark.usefixtures("agreed")
async def test_facts_of_every_kind_come_back_as_they_were_handed_in(database: AsyncEngine) -> None:
    taken = await take(database, EVERY)

    found = {type(each): each for each in await known(database, LATER)}
    assert taken == Intake(read=13, accepted=13, repeated=0)
    assert found == {type(each): each for each in EVERY if each is not INDEX}
    assert {each.received_at for each in found.values()} == {RECEIVED}


@pytest.mark.usefixtures("agreed")
async def test_the_same_facts_again_change_nothing(database: AsyncEngine) -> None:
    await take(database, EVERY)

    taken = await take(database, [*EVERY, replace(SAMPLE, value=Decimal("1.50"))], "second")

    assert (taken.accepted, taken.repeated) == (0, 14)


@pytest.mark.usefixtures("agreed")
async def test_other_content_is_the_next_revision_and_counts_once_it_is_known(
    database: AsyncEngine,
) -> None:
    approved = replace(RELIEF, decision=Decision.APPROVED)
    await take(database, [RELIEF])
    taken = await take(database, [approved], "second", LATER)

    assert taken.accepted == 1
    assert await known(database, RECEIVED) == []
    assert await known(database, LATER) == [RELIEF]
    assert await known(database, LATER + HOUR) == [approved]


@pytest.mark.usefixtures("agreed")
async def test_one_id_names_a_fact_of_each_kind(database: AsyncEngine) -> None:
    taken = await take(database, [replace(OUTAGE, id="1"), replace(SURVEY, id="1")])

    assert taken.accepted == 2
    async with database.connect() as connection:
        assert await connection.scalar(select(func.max(fact.c.revision))) == 1


@pytest.mark.usefixtures("agreed")
async def test_an_id_that_is_known_of_another_kind_is_new_all_the_same(
    database: AsyncEngine,
) -> None:
    await take(database, [replace(OUTAGE, id="1"), replace(SURVEY, id="2")])

    taken = await take(database, [replace(OUTAGE, id="2"), replace(SURVEY, id="2")], "second")

    assert taken == Intake(read=2, accepted=1, repeated=1)


@pytest.mark.usefixtures("agreed")
async def test_facts_of_every_kind_are_kept_one_by_one_as_they_are_together(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 1)
    monkeypatch.setattr(arriving, "MANY", 1)
    odd = replace(TICKET, id='T "2", \\N', columns={"note": 'one "two"\r\n\\three, größer'})
    changed = replace(SURVEY, score=Decimal(3))

    taken = await take(database, [*EVERY, odd, SURVEY])
    again = await take(database, [changed, *EVERY[:5], odd], "second", LATER)

    assert taken == Intake(read=15, accepted=14, repeated=1)
    assert again == Intake(read=7, accepted=1, repeated=6)
    found = await known(database, LATER + DAY)
    expected = (odd, changed, *(each for each in EVERY if each not in {INDEX, SURVEY}))
    assert {(type(each), each.id): each for each in found} == {
        (type(each), each.id): each for each in expected
    }
    assert len(found) == len(expected)


@pytest.mark.usefixtures("agreed")
async def test_what_lasts_reaches_into_a_window_and_its_repeats_too(database: AsyncEngine) -> None:
    await take(database, [OUTAGE, INTERVAL])

    assert ids(await known(database, LATER)) == ["I1", "O1"]
    assert ids(await known(database, LATER, START + HOUR, END)) == []
    assert ids(await known(database, LATER, START - DAY, START - HOUR)) == []


@pytest.mark.usefixtures("agreed")
async def test_a_fact_that_was_moved_out_of_a_window_is_no_longer_in_it(
    database: AsyncEngine,
) -> None:
    await take(database, [SURVEY, SAMPLE])
    await take(database, [replace(SURVEY, at=END), replace(SAMPLE, at=END)], "second")

    assert await known(database, LATER) == []


@pytest.mark.usefixtures("agreed")
async def test_what_befell_other_tickets_is_not_read(database: AsyncEngine) -> None:
    other = replace(EVENT_OF_TICKET, id="E2", ticket="T2")
    await take(database, [TICKET, EVENT_OF_TICKET, other])

    assert ids(await known(database, LATER)) == ["E1", "T1"]


@pytest.mark.usefixtures("agreed")
async def test_of_what_stands_beside_periods_all_is_read(database: AsyncEngine) -> None:
    await take(database, EVERY)

    found = await known(database, LATER, END, END + DAY)
    assert ids(found) == ["C1", "G1", "L1", "R1", "V1"]
    assert len(found) == len(STANDING)


@pytest.mark.usefixtures("agreed")
async def test_a_claim_to_relief_is_as_old_as_its_first_receipt(database: AsyncEngine) -> None:
    decided = replace(RELIEF, decision=Decision.APPROVED)
    await take(database, [RELIEF])
    await take(database, [decided], "second", LATER)

    async with database.connect() as connection:
        [found] = await standing_facts(connection, "helpdesk", LATER + DAY)

    assert found == decided
    assert found.received_at == RECEIVED


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (States("door"), ["D4"]),
        (States("door", per=("site",)), ["D3", "D4"]),
        (States("door", where=(("site", ("york", "hull")),)), ["D3"]),
        (States("window"), []),
    ],
)
async def test_the_states_with_which_a_window_begins_are_the_last_known_before_it(
    database: AsyncEngine, states: States, expected: list[str]
) -> None:
    def state(name: str, at: datetime, site: str, series: str = "door") -> Sample:
        return Sample(name, series, at, Decimal(1), {"site": site})

    early = [
        state("D1", START - 3 * DAY, "york"),
        state("D2", START - 2 * DAY, "leeds"),
        state("D3", START - 2 * DAY, "york"),
        state("D4", START - DAY, "leeds"),
        state("D5", START, "leeds"),
        state("D6", START - HOUR, "leeds", "gate"),
    ]
    await take(database, early)
    await take(database, [state("D7", START - HOUR, "leeds")], "second", LATER)

    async with database.connect() as connection:
        wanted = Wanted(states={states})
        found = await facts_within(connection, "helpdesk", LATER, (START, END), wanted)

    assert ids(found) == expected
