"""Facts into the record: what is new, what was there, what has changed, and never a loss."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from asyncpg import PostgresError  # type: ignore[import-untyped]
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.facts import Fact, FactKind, Sample, Ticket
from domain.facts.files import FactFileError, open_facts
from domain.zones import zone_named
from store import arriving
from store.arriving import FactsContradictError
from store.facts import Intake, take_in
from store.tables import intake, sample, ticket

AT = datetime(2016, 3, 1, 9, tzinfo=UTC)
RECEIVED = datetime(2016, 4, 1, 6, tzinfo=UTC)


def samples(values: Mapping[str, str | None]) -> list[Sample]:
    return [
        Sample(name, "arrivals", AT, None if value is None else Decimal(value), {"carrier": "EV"})
        for name, value in values.items()
    ]


async def take(
    database: AsyncEngine,
    facts: Iterable[Fact],
    digest: str = "first",
    *,
    kind: FactKind = FactKind.SAMPLE,
    received_at: datetime = RECEIVED,
) -> Intake:
    async with database.begin() as connection:
        return await take_in(
            connection, "helpdesk", "facts.csv", digest, kind, facts, "desk", received_at
        )


async def revisions(database: AsyncEngine) -> Sequence[tuple[str, int, Decimal | None]]:
    query = select(sample.c.id, sample.c.revision, sample.c.value).order_by(
        sample.c.id, sample.c.revision
    )
    async with database.connect() as connection:
        return [(row.id, row.revision, row.value) for row in await connection.execute(query)]


@pytest.mark.usefixtures("agreed")
async def test_new_facts_are_accepted(database: AsyncEngine) -> None:
    taken = await take(database, samples({"a": "1.50", "b": None}))

    assert taken == Intake(read=2, accepted=2, repeated=0)
    assert await revisions(database) == [("a", 1, Decimal("1.50")), ("b", 1, None)]


@pytest.mark.usefixtures("agreed")
async def test_a_ticket_is_kept_with_all_it_said(database: AsyncEngine) -> None:
    fact = Ticket(
        "T1",
        AT,
        AT + timedelta(microseconds=1),
        AT + timedelta(hours=1),
        None,
        AT + timedelta(days=1),
        {"priority": "1 - Kritisch, größer", "note": 'one "two"\n\\three'},
    )

    await take(database, [fact], kind=FactKind.TICKET)

    async with database.connect() as connection:
        row = (await connection.execute(select(ticket))).one()
        number = await connection.scalar(select(intake.c.number).where(intake.c.digest == "first"))
    assert (row.agreement, row.id, row.revision) == ("helpdesk", "T1", 1)
    assert row.opened_at == fact.opened_at
    assert row.responded_at == fact.responded_at
    assert row.resolved_at == fact.resolved_at
    assert row.closed_at is None
    assert row.due_at == fact.due_at
    assert row.columns == fact.columns
    assert row.received_at == RECEIVED
    assert row.intake == number


@pytest.mark.usefixtures("agreed")
async def test_facts_that_are_there_already_are_repeated(database: AsyncEngine) -> None:
    await take(database, samples({"a": "1.5", "b": None}))

    taken = await take(database, samples({"a": "1.50", "b": None, "c": "3"}), "second")

    assert taken == Intake(read=3, accepted=1, repeated=2)
    assert len(await revisions(database)) == 3


@pytest.mark.usefixtures("agreed")
async def test_what_is_said_again_far_below_is_found_though_it_is_sent_later(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 2)
    monkeypatch.setattr(arriving, "MANY", 2)
    several = samples({"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"})

    taken = await take(database, [*several, several[0]])

    assert taken == Intake(read=6, accepted=5, repeated=1)
    assert len(await revisions(database)) == 5
    with pytest.raises(FactsContradictError, match="the id f"):
        await take(database, [*samples({"f": "1"}), *several, *samples({"f": "2"})], "second")
    assert len(await revisions(database)) == 5


@pytest.mark.usefixtures("agreed")
async def test_what_is_told_otherwise_far_below_contradicts_what_was_kept_at_once(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 2)
    monkeypatch.setattr(arriving, "MANY", 2)
    several = samples({"a": "1", "b": "2", "c": "3"})

    with pytest.raises(FactsContradictError, match="the id a"):
        await take(database, [*several, *samples({"a": "2"})])

    assert await revisions(database) == []
    assert await take(database, several) == Intake(read=3, accepted=3, repeated=0)


@pytest.mark.usefixtures("agreed")
async def test_of_a_file_what_is_new_is_kept_at_once_and_what_is_known_or_changed_is_judged(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 2)
    monkeypatch.setattr(arriving, "MANY", 2)
    await take(database, samples({"a": "1", "b": "1"}))
    told = {"c": "1", "d": "1", "e": "1", "a": "2", "b": "1", "f": "1", "g": "1", "h": "1"}

    taken = await take(database, [*samples(told), *samples({"c": "1", "e": "1"})], "second")

    assert taken == Intake(read=10, accepted=7, repeated=3)
    one, two = Decimal(1), Decimal(2)
    new = [(name, 1, one) for name in "bcdefgh"]
    assert await revisions(database) == [("a", 1, one), ("a", 2, two), *new]
    again = await take(database, samples({**told, "c": "2"}), "third")
    assert again == Intake(read=8, accepted=1, repeated=7)
    assert (await revisions(database))[3:5] == [("c", 1, one), ("c", 2, two)]


@pytest.mark.usefixtures("agreed")
async def test_two_things_about_a_known_fact_are_never_half_taken_however_far_apart(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 2)
    monkeypatch.setattr(arriving, "MANY", 2)
    await take(database, samples({"a": "1"}))
    told = [*samples({"a": "2", "b": "1", "c": "1", "d": "1"}), *samples({"a": "3"})]

    with pytest.raises(FactsContradictError, match="the id a"):
        await take(database, told, "second")

    assert await revisions(database) == [("a", 1, Decimal(1))]


@pytest.mark.usefixtures("agreed")
async def test_a_fault_far_below_undoes_what_was_sent_before(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 2)
    monkeypatch.setattr(arriving, "MANY", 2)

    def broken() -> Iterator[Fact]:
        yield from samples({"a": "1", "b": "2", "c": "3"})
        msg = "the disk is gone"
        raise OSError(msg)

    with pytest.raises(OSError, match="the disk is gone"):
        await take(database, broken())

    assert await revisions(database) == []
    assert await take(database, samples({"a": "1"})) == Intake(read=1, accepted=1, repeated=0)


@pytest.mark.usefixtures("agreed")
async def test_a_file_that_postgresql_refuses_is_read_no_further(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 2)
    monkeypatch.setattr(arriving, "MANY", 2)
    read: list[str] = []

    def endless() -> Iterator[Fact]:
        for number in count():
            read.append(f"{number}")
            (each,) = samples({f"{number}\x00": "1"})
            yield each

    with pytest.raises(PostgresError, match="0x00"):
        await take(database, endless())

    assert len(read) <= 5


@pytest.mark.usefixtures("agreed")
async def test_of_long_facts_fewer_are_sent_together(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "LONGEST", 1000)
    read: list[str] = []

    def long(most: int, end: str = "") -> Iterator[Fact]:
        for number in range(most):
            read.append(f"{number}")
            yield Sample(f"{number}{end}", "arrivals", AT, None, {"note": "long" * 150})

    assert await take(database, long(7)) == Intake(read=7, accepted=7, repeated=0)
    read.clear()
    with pytest.raises(PostgresError, match="0x00"):
        await take(database, long(5_000, "\x00"), "second")
    assert len(read) <= 4


@pytest.mark.usefixtures("agreed")
async def test_columns_are_kept_as_they_were_written(database: AsyncEngine) -> None:
    said = {"note": '"two"\n\\three\t\x01 \u2028 größer 🎈', "sité": "", "b": "2"}

    await take(database, [Sample("a", "arrivals", AT, None, said)])

    async with database.connect() as connection:
        assert await connection.scalar(select(sample.c["columns"])) == said


@pytest.mark.usefixtures("agreed")
async def test_changed_facts_are_further_revisions(database: AsyncEngine) -> None:
    await take(database, samples({"a": "1", "b": "1"}))
    await take(database, samples({"a": "2", "b": "1"}), "second")

    taken = await take(database, samples({"a": "1", "b": None}), "third")

    assert taken == Intake(read=2, accepted=2, repeated=0)
    assert await revisions(database) == [
        ("a", 1, 1),
        ("a", 2, 2),
        ("a", 3, 1),
        ("b", 1, 1),
        ("b", 2, None),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        Sample("a", "departures", AT, Decimal(1), {"carrier": "EV"}),
        Sample("a", "arrivals", AT + timedelta(microseconds=1), Decimal(1), {"carrier": "EV"}),
        Sample("a", "arrivals", AT, Decimal(1), {"carrier": "MQ"}),
        Sample("a", "arrivals", AT, Decimal(1), {}),
    ],
)
@pytest.mark.usefixtures("agreed")
async def test_whatever_a_fact_says_is_its_content(database: AsyncEngine, changed: Sample) -> None:
    await take(database, samples({"a": "1"}))

    assert await take(database, [changed], "second") == Intake(read=1, accepted=1, repeated=0)


@pytest.mark.usefixtures("agreed")
async def test_a_fact_that_a_file_says_twice_is_repeated(database: AsyncEngine) -> None:
    facts = samples({"a": "1", "b": "2"})

    taken = await take(database, [*facts, *facts, facts[0]])

    assert taken == Intake(read=5, accepted=2, repeated=3)
    assert len(await revisions(database)) == 2


@pytest.mark.usefixtures("agreed")
async def test_two_things_about_one_fact_are_never_half_taken(database: AsyncEngine) -> None:
    with pytest.raises(FactsContradictError, match="the id a"):
        await take(database, [*samples({"a": "1"}), *samples({"a": "2"})])

    assert await revisions(database) == []


@pytest.mark.usefixtures("agreed")
async def test_the_same_file_again_changes_nothing(database: AsyncEngine) -> None:
    first = await take(database, samples({"a": "1"}))
    await take(database, samples({"a": "2"}), "second")

    again = await take(database, (pytest.fail("it was read again") for _ in range(1)))

    assert again == first
    assert len(await revisions(database)) == 2


@pytest.mark.usefixtures("agreed")
async def test_a_file_without_facts_is_taken_too(database: AsyncEngine) -> None:
    assert await take(database, []) == Intake(read=0, accepted=0, repeated=0)


@pytest.mark.usefixtures("agreed")
async def test_the_intake_is_recorded(database: AsyncEngine) -> None:
    await take(database, samples({"a": "1"}))

    async with database.connect() as connection:
        row = (await connection.execute(select(intake))).one()
    assert (row.agreement, row.digest, row.name, row.kind) == (
        "helpdesk",
        "first",
        "facts.csv",
        "sample",
    )
    assert (row.actor, row.read, row.accepted, row.repeated) == ("desk", 1, 1, 0)
    assert row.received_at == RECEIVED


@pytest.mark.usefixtures("agreed")
async def test_a_file_with_a_problem_leaves_nothing(database: AsyncEngine) -> None:
    lines = [b"id,series,at\n"] + [b"S%d,arrivals,2016-03-01 09:00\n" % n for n in range(5000)]
    file = open_facts([*lines, b"S,arrivals,never\n"], "facts.csv", zone_named("Europe/London"))

    with pytest.raises(FactFileError, match=r"facts\.csv:5002:3"):
        await take(database, file.facts)

    assert await revisions(database) == []
    assert await take(database, samples({"a": "1"})) == Intake(read=1, accepted=1, repeated=0)


@pytest.mark.usefixtures("agreed")
async def test_several_files_go_into_one_transaction(database: AsyncEngine) -> None:
    facts = samples({"a": "1"})

    async with database.begin() as connection:
        for kind, digest in ((FactKind.SAMPLE, "1"), (FactKind.SAMPLE, "2")):
            taken = await take_in(
                connection, "helpdesk", "f.csv", digest, kind, facts, "desk", RECEIVED
            )

    assert taken == Intake(read=1, accepted=0, repeated=1)


@pytest.mark.usefixtures("agreed")
async def test_files_that_come_at_once_are_taken_one_after_the_other(
    database: AsyncEngine,
) -> None:
    names = {f"S{number}": "1" for number in range(300)}

    taken = await asyncio.gather(
        *(take(database, samples(names), f"digest {number}") for number in range(4))
    )

    assert sorted(each.accepted for each in taken) == [0, 0, 0, 300]
    assert sum(each.repeated for each in taken) == 900


@pytest.mark.usefixtures("agreed")
async def test_the_same_file_at_once_is_taken_once(database: AsyncEngine) -> None:
    taken = await asyncio.gather(*(take(database, samples({"a": "1"})) for _ in range(4)))

    assert set(taken) == {Intake(read=1, accepted=1, repeated=0)}
    async with database.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(intake)) == 1
