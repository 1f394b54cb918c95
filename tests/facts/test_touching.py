"""What an intake touched: where new facts stand, and where those stood that they supersede."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.facts import Decision as Said
from domain.facts import Fact, FactKind, Outage, ReliefFact, Sample, Ticket, TicketEvent
from domain.restating import Touched
from store import arriving
from store.facts import take_in
from store.touching import touched_by

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TICK = timedelta.resolution
RECEIVED = datetime(2027, 4, 1, tzinfo=UTC)


async def touched(database: AsyncEngine, digest: str, *facts: Fact) -> list[Touched]:
    async with database.begin() as connection:
        await take_in(connection, "helpdesk", "f.jsonl", digest, None, facts, "desk", RECEIVED)
        return await touched_by(connection, "helpdesk", digest)


def samples(*steps: timedelta, series: str = "arrivals") -> Iterable[Sample]:
    return [Sample(f"{series}{step}", series, AT + step, Decimal(1)) for step in steps]


def point(kind: FactKind, name: str, at: datetime, *, revises: bool = False) -> Touched:
    return Touched(kind, name, at, at + TICK, revises)


@pytest.mark.usefixtures("agreed")
async def test_each_day_of_a_series_is_touched_by_itself(database: AsyncEngine) -> None:
    facts = [*samples(0 * HOUR, 3 * HOUR, 5 * DAY), *samples(HOUR, series="departures")]

    assert await touched(database, "1", *facts) == [
        Touched(FactKind.SAMPLE, "arrivals", AT, AT + 3 * HOUR + TICK, revises=False),
        point(FactKind.SAMPLE, "arrivals", AT + 5 * DAY),
        point(FactKind.SAMPLE, "departures", AT + HOUR),
    ]


@pytest.mark.usefixtures("agreed")
async def test_what_was_known_touches_nothing(database: AsyncEngine) -> None:
    facts = samples(0 * HOUR, DAY)
    await touched(database, "1", *facts)

    assert await touched(database, "2", *facts) == []


@pytest.mark.usefixtures("agreed")
async def test_a_fact_that_moves_touches_the_place_that_it_leaves(database: AsyncEngine) -> None:
    await touched(database, "1", Sample("a", "arrivals", AT))

    assert await touched(database, "2", Sample("a", "departures", AT + DAY)) == [
        point(FactKind.SAMPLE, "arrivals", AT, revises=True),
        point(FactKind.SAMPLE, "departures", AT + DAY, revises=True),
    ]


@pytest.mark.usefixtures("agreed")
async def test_what_is_kept_at_once_and_what_is_judged_touch_the_same_days_together(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 1)
    monkeypatch.setattr(arriving, "MANY", 1)
    await touched(database, "1", Sample("a", "arrivals", AT))

    found = await touched(
        database,
        "2",
        Sample("b", "arrivals", AT + HOUR),
        Sample("a", "arrivals", AT + DAY),
        *samples(DAY + HOUR, 2 * DAY),
    )

    assert found == [
        Touched(FactKind.SAMPLE, "arrivals", AT, AT + HOUR + TICK, revises=True),
        Touched(FactKind.SAMPLE, "arrivals", AT + DAY, AT + DAY + HOUR + TICK, revises=True),
        point(FactKind.SAMPLE, "arrivals", AT + 2 * DAY),
    ]


@pytest.mark.usefixtures("agreed")
async def test_a_ticket_touches_every_instant_by_which_it_may_belong(database: AsyncEngine) -> None:
    opened = Ticket("T1", AT)
    closed = Ticket("T1", AT, resolved_at=AT + DAY, closed_at=AT + 40 * DAY)

    assert await touched(database, "1", opened) == [point(FactKind.TICKET, "", AT)]
    assert await touched(database, "2", closed) == [
        point(FactKind.TICKET, "", at, revises=True) for at in (AT, AT + DAY, AT + 40 * DAY)
    ]


@pytest.mark.usefixtures("agreed")
async def test_what_befell_a_ticket_touches_the_ticket(database: AsyncEngine) -> None:
    await touched(database, "1", Ticket("T1", AT, closed_at=AT + 40 * DAY))

    event = TicketEvent("E1", "T1", AT + 2 * DAY, "waits", None, "desk")

    assert await touched(database, "2", event) == [
        point(FactKind.TICKET, "", AT, revises=True),
        point(FactKind.TICKET, "", AT + 40 * DAY, revises=True),
        point(FactKind.TICKET_EVENT, "", AT + 2 * DAY),
    ]


@pytest.mark.usefixtures("agreed")
async def test_what_lasts_touches_all_its_time(database: AsyncEngine) -> None:
    outage = Outage("O1", "mail", AT, AT + 3 * DAY, "power")
    relief = ReliefFact("R1", None, AT, AT + DAY, "flood", "provider", Said.PENDING)

    assert await touched(database, "1", outage, relief) == [
        Touched(FactKind.OUTAGE, "mail", AT, AT + 3 * DAY, revises=False),
        Touched(FactKind.RELIEF, "", AT, AT + DAY, revises=False),
    ]
