"""Days are counted as their facts come in, each fact once; the end of a period adds them up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.facts import Fact, FactKind, Sample, Ticket
from domain.measurement import Window
from domain.terms_check import validate
from store.editions import Edition, adopt, all_editions, keep_document
from store.facts import take_in
from store.tables import agreement, statistic
from tests.facts.handing import RECEIVED, TERM, Desk
from tests.facts.terms import aggregate
from tests.lives import helpdesk

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEK = datetime.fromisoformat("2027-02-22T00:00Z")

numbers = count()


@pytest.fixture
async def live(database: AsyncEngine, desk: Desk) -> str:
    """An agreement that is live; `errors` is a share of `checks` by the week."""
    async with database.begin() as connection:
        await connection.execute(update(agreement).values(live_from=TERM[0]))
    return desk.agreement


def checks(*days: int, name: str = "S", seconds: int = 1) -> list[Sample]:
    return [
        Sample(f"{name}{day}", "checks", WEEK + day * DAY + HOUR, Decimal(seconds)) for day in days
    ]


async def take(
    database: AsyncEngine,
    signed: str,
    facts: Sequence[Fact],
    received_at: datetime = RECEIVED,
    kind: FactKind = FactKind.SAMPLE,
) -> list[tuple[datetime, timedelta, int]]:
    """Take in facts; the statistics that are kept then: where each begins, how long, how many."""
    async with database.begin() as connection:
        digest = f"digest-{next(numbers)}"
        await take_in(connection, signed, "f.csv", digest, kind, facts, "desk", received_at)
    return await kept(database)


async def kept(database: AsyncEngine) -> list[tuple[datetime, timedelta, int]]:
    query = select(statistic.c.start_at, statistic.c.end_at, statistic.c.facts)
    async with database.connect() as connection:
        rows = (await connection.execute(query.order_by(*query.selected_columns))).all()
    return [(row.start_at, row.end_at - row.start_at, row.facts) for row in rows]


async def test_days_that_come_for_the_first_time_are_counted_at_once(
    database: AsyncEngine, live: str
) -> None:
    assert await take(database, live, checks(0, 1, 3)) == [
        (WEEK + day * DAY, DAY, 1) for day in (0, 1, 3)
    ]


async def test_a_day_that_is_touched_again_waits_until_somebody_asks(
    database: AsyncEngine, live: str
) -> None:
    first = await take(database, live, checks(0, 1))

    assert await take(database, live, checks(1, name="T"), RECEIVED + HOUR) == first
    assert await take(database, live, checks(0, seconds=9), RECEIVED + 2 * HOUR) == first


async def test_a_day_that_comes_in_parts_is_counted_when_the_next_begins(
    database: AsyncEngine, live: str
) -> None:
    parts = [checks(1, name=name) for name in "ABC"]
    for hour, part in enumerate(parts):
        found = await take(database, live, part, RECEIVED + hour * HOUR)
        assert found == [(WEEK + DAY, DAY, 1)]

    # A file may begin before midnight; of the day before that nothing is known.
    found = await take(database, live, checks(1, 2, name="D"), RECEIVED + 3 * HOUR)

    whole = [(WEEK + DAY, DAY, 1), (WEEK + DAY, DAY, 4), (WEEK + 2 * DAY, DAY, 1)]
    assert found == whole
    # Once is enough: parts of the next day do not count it again, whatever came late.
    assert await take(database, live, checks(1, 2, name="E"), RECEIVED + 4 * HOUR) == whole


async def test_what_was_counted_ahead_is_what_the_evaluation_counts(
    database: AsyncEngine, live: str
) -> None:
    await take(database, live, checks(*range(7)))
    async with database.begin() as connection:
        (edition,) = await all_editions(connection, live)
        week = Window(WEEK, WEEK + 7 * DAY, RECEIVED + DAY)
        statistics = await kept(database)
        (found,) = await aggregate(connection, live, edition.terms.kpi("errors"), [week])

    assert (int(found.num), found.den) == (7, 7)
    # The week was added up of its days, and is kept besides.
    assert await kept(database) == sorted([*statistics, (WEEK, 7 * DAY, 7)])


async def test_days_of_tickets_are_counted_by_their_opening(
    database: AsyncEngine, live: str
) -> None:
    measure = {"kind": "proportion", "tickets": "response", "good": "below 4 h"}
    document = helpdesk({"kpis.errors.measure": measure}).encode()
    terms = validate(document, "tickets.yaml").value
    assert terms is not None
    async with database.begin() as connection:
        digest = await keep_document(connection, "tickets.yaml", document)
        edition = Edition(2, TERM[0], digest, terms)
        await adopt(connection, live, edition, command="second", adopted_at=TERM[0])

    tickets = [Ticket("T", WEEK + HOUR, responded_at=WEEK + DAY + HOUR)]

    # The day of the response was touched as well: a period may belong to responses.
    assert await take(database, live, tickets, kind=FactKind.TICKET) == [
        (WEEK, DAY, 1),
        (WEEK + DAY, DAY, 0),
    ]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param([Sample("S", "other", WEEK, Decimal(1))], id="a series that no KPI reads"),
        pytest.param([Sample("S", "checks", TERM[0] - DAY, Decimal(1))], id="before it is live"),
        pytest.param([Sample("S", "checks", TERM[1], Decimal(1))], id="after the term"),
    ],
)
async def test_what_no_period_takes_is_not_counted(
    database: AsyncEngine, live: str, facts: list[Fact]
) -> None:
    assert await take(database, live, facts, TERM[1] + DAY) == []


async def test_before_an_agreement_is_live_nothing_is_counted(
    database: AsyncEngine, desk: Desk
) -> None:
    assert await take(database, desk.agreement, checks(0)) == []


async def test_a_file_that_says_nothing_new_counts_nothing(
    database: AsyncEngine, live: str
) -> None:
    first = await take(database, live, checks(0))

    assert await take(database, live, checks(0), RECEIVED + HOUR) == first
