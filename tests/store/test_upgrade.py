"""What an earlier release wrote down is still understood."""

import asyncio
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.facts import Sample, Ticket
from domain.measurement import Window, inputs_digest
from domain.results import Status
from domain.terms_check import validate
from domain.timeline import Edition, Timeline
from store import dropping
from store.engine import migration_config
from store.facts import Intake, take_in
from store.ledger import lines_of
from store.results import results_until
from store.touching import touched_by
from tests.facts.terms import aggregate, kpi
from tests.lives import helpdesk

LIVE = datetime(2027, 1, 4, tzinfo=UTC)
WEEK = timedelta(days=7)

OLD = """
INSERT INTO agreement (id, title, client, provider, zone, phase, shard, term, launched_at, ends_at)
VALUES ('helpdesk', 't', 'c', 'p', 'Europe/London', 'live', 0, 1, :live, :ends);
INSERT INTO evaluation (agreement, kpi, period, revision, start_at, end_at, due_at, edition, status,
    num, den, facts, missing, reason, inputs_digest, engine_version, tzdata_version, evaluated_at)
VALUES ('helpdesk', 'errors', '2027-W01', 1, :live, :ends, :ends, 1, 'below_expected',
    3, 6, 6, 0, 'why', 'digest', '1', '2026a', :ends);
INSERT INTO credit (agreement, kpi, period, revision, month, percent, amount_minor, currency)
VALUES ('helpdesk', 'errors', '2027-W01', 1, '2027-07', 5, 100000, 'GBP');
INSERT INTO intake (agreement, digest, name, kind, actor, read, accepted, repeated, received_at)
VALUES ('helpdesk', 'first', 'f', 'sample', 'desk', 2, 2, 0, :live),
       ('helpdesk', 'second', 'f', 'sample', 'desk', 1, 1, 0, :ends);
INSERT INTO sample (agreement, id, revision, series, at, value, columns, intake, received_at)
VALUES ('helpdesk', 'a', 1, 'error', :live, 1.50, '{"site": "leeds"}', 'first', :live),
       ('helpdesk', 'b', 1, 'error', :live, NULL, '{}', 'first', :live),
       ('helpdesk', 'a', 2, 'error', :ends, 2, '{"site": "leeds"}', 'second', :ends);
INSERT INTO ticket (agreement, id, revision, opened_at, closed_at, columns, intake, received_at)
VALUES ('helpdesk', 'T', 1, :live, :ends, '{}', 'first', :live)
"""


@pytest.fixture
def old(owner_url: URL) -> Iterator[URL]:
    """A database of the first release, with a week that was missed, brought to this one."""
    name = f"old_{secrets.token_hex(4)}"
    url = owner_url.set(database=name)
    config = migration_config(url.render_as_string(hide_password=False))

    async def run(where: URL, *statements: str) -> None:
        engine = create_async_engine(where, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            for each in statements:
                values = {"live": LIVE, "ends": LIVE + WEEK}
                named = {key: value for key, value in values.items() if f":{key}" in each}
                await connection.execute(text(each), named)
        await engine.dispose()

    asyncio.run(run(owner_url, f"CREATE DATABASE {name}"))
    command.upgrade(config, "0001")
    asyncio.run(run(url, *OLD.split(";")))
    command.upgrade(config, "head")
    yield url
    asyncio.run(run(owner_url, f"DROP DATABASE {name} WITH (FORCE)"))


def test_results_and_credits_of_the_first_release_go_on(old: URL) -> None:
    terms = validate(helpdesk().encode(), "agreement.yaml").value
    assert terms is not None
    timeline = Timeline((Edition(1, terms, LIVE),))

    async def read(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            (kept,) = await results_until(connection, "helpdesk", timeline)
            lines = await lines_of(connection, "helpdesk")
        await engine.dispose()
        assert (kept.result.status, kept.result.value) == (Status.BELOW_EXPECTED, Fraction(50))
        assert (kept.result.num, kept.result.den, kept.facts) == (Fraction(3), Fraction(6), 6)
        ((name, row),) = lines.items()
        assert name == row["line"] == "credits/errors/2027-W01"
        assert (row["type"], row["amount_minor"]) == ("credit", 100000)
        # The settlement period is the local month: in July London is an hour ahead.
        assert row["settles_from"] == datetime(2027, 6, 30, 23, tzinfo=UTC)
        assert row["settles_until"] == datetime(2027, 7, 31, 23, tzinfo=UTC)

    asyncio.run(read(create_async_engine(old)))


def test_facts_of_the_first_release_are_known_and_go_on(old: URL) -> None:
    samples = [
        Sample("a", "error", LIVE + WEEK, Decimal("2.0"), {"site": "leeds"}),
        Sample("b", "error", LIVE, None),
    ]
    terms = kpi({"kind": "mean", "series": "error"})
    windows = [
        Window(LIVE, LIVE + WEEK, LIVE + WEEK),
        Window(LIVE, LIVE + WEEK, LIVE + 2 * WEEK),
        Window(LIVE + WEEK, LIVE + 2 * WEEK, LIVE + 2 * WEEK),
    ]

    async def read(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            given = "helpdesk", "f.csv", "third", None
            again = await take_in(
                connection,
                *given,
                [*samples, Ticket("T", LIVE, closed_at=LIVE + WEEK)],
                "desk",
                LIVE,
            )
            counted = [
                (await aggregate(connection, "helpdesk", terms, [window]))[0] for window in windows
            ]
            touched = await touched_by(connection, "helpdesk", "second")
        async with engine.begin() as connection:
            february = datetime(2027, 2, 1, tzinfo=UTC)
            went = (
                await dropping.choose(connection, "helpdesk", february, ()),
                await dropping.delete(connection, "helpdesk", february),
                await dropping.drop_empty_months(connection, february),
            )
        await engine.dispose()
        assert went == (
            ({"ticket": 1, "sample": 3}, {}),
            (4, 0),
            ["ticket_2027_01", "sample_2027_01"],
        )
        assert again == Intake(read=3, accepted=0, repeated=3)
        assert [(each.num, each.den, each.missing) for each in counted] == [
            (Decimal("1.5"), 1, 1),
            (0, 0, 1),
            (2, 1, 0),
        ]
        assert counted[1].inputs_digest == inputs_digest({"b": None})
        assert [(each.name, each.start, each.revises) for each in touched] == [
            ("error", LIVE, True),
            ("error", LIVE + WEEK, True),
        ]

    asyncio.run(read(create_async_engine(old)))
