"""Facts go from the record when their archive holds them and nothing can need them; or they stay."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from sqlalchemy import insert, text, update
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from activities.evaluating import count, measure
from domain.facts import Fact, FactKind, Outage, Sample, Ticket, TicketEvent
from domain.schedule import periods_of
from gateway import Choice, ConflictError, ForbiddenError
from gateway.dropping import Dropped, Request, drop, preview
from incoming import archives
from starter import main
from store import arriving
from store.archived import FactsArchivedError, FactsGoneError, drops_of_ticket
from store.editions import Edition, adopt, all_editions, keep_document, parse, timeline_of
from store.facts import take_in
from store.tables import agreement
from tests.facts.handing import DESK, TERM, Desk
from tests.facts.test_keeping import COUNT, EVERY, INDEX, SAMPLE
from tests.lives import helpdesk

MARCH, APRIL = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
RECEIVED = datetime(2027, 5, 1, tzinfo=UTC)
NOW = datetime(2029, 1, 1, tzinfo=UTC)

TICKET = Ticket("T1", MARCH, None, None, MARCH + DAY)


@pytest_asyncio.fixture
async def owner(database: AsyncEngine, owner_url: URL) -> AsyncIterator[AsyncEngine]:
    """The way into the test's database of whoever owns it."""
    engine = create_async_engine(owner_url.set(database=database.url.database))
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture
async def closed(desk: Desk) -> Desk:
    """An agreement whose record is closed, so that nothing is judged again."""
    async with desk.database.begin() as connection:
        await connection.execute(update(agreement).values(live_from=TERM[0], closed_at=TERM[1]))
    return desk


async def take(
    desk: Desk, facts: list[Fact], digest: str = "first", received_at: datetime = RECEIVED
) -> None:
    async with desk.database.begin() as connection:
        given = desk.agreement, "f.jsonl", digest, None
        await take_in(connection, *given, facts, DESK, received_at)


async def write(desk: Desk, folder: Path, month: str = "2027-04") -> Path:
    """Archive with the product's own verb."""
    words = ["archive", "write", desk.agreement, "--before", month, "--to", str(folder)]
    result = await run(desk.database, words)
    assert result.exit_code == 0, result.output
    return folder


async def run(
    database: AsyncEngine, words: list[str], owner: AsyncEngine | None = None, typed: str = ""
) -> Result:
    names = {"COVENANT_DATABASE_URL": database, "COVENANT_OWNER_URL": owner}
    env = {
        name: engine.url.render_as_string(hide_password=False) if engine else ""
        for name, engine in names.items()
    }
    return await asyncio.to_thread(CliRunner(env=env).invoke, main, words, typed)


def request(folder: Path, before: datetime | None = None, **said: Any) -> Request:
    given = {"agreement": "helpdesk", "actor": DESK, "note": "Seven years are over"} | said
    return Request(folder=folder, before=before, **given)


async def go(owner: AsyncEngine, folder: Path, now: datetime = NOW, **said: Any) -> Dropped:
    async with owner.begin() as connection:
        return await drop(connection, request(folder, **said), now, lambda _: None)


async def ids(desk: Desk) -> dict[str, list[str]]:
    """What each month keeps, and in what the register knows more."""
    async with desk.database.connect() as connection:
        return {
            place: list(
                await connection.scalars(text(f"SELECT DISTINCT id FROM {place} ORDER BY id"))
            )
            for place in ("ticket", "sample", "fact", "fact_key")
        }


async def months(owner: AsyncEngine) -> list[str]:
    async with owner.connect() as connection:
        query = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1"
        return list(await connection.scalars(text(query)))


# --- what goes


async def test_what_lies_before_goes_and_what_matters_for_longer_stays(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    events: list[Fact] = [
        TicketEvent("E2", "T1", MARCH, "state", "waiting", "client", "asked"),
        TicketEvent("E3", "REOPENED", MARCH + 2 * DAY, "reopened", "", "client", ""),
        TicketEvent("E4", "LATER", APRIL, "updated", "", "desk", ""),
        TicketEvent("E5", "NOBODY", MARCH, "updated", "", "desk", ""),
    ]
    tickets: list[Fact] = [
        TICKET,
        Ticket("OPEN", MARCH, None, MARCH, None),
        Ticket("LONG", MARCH, None, None, APRIL),
        replace(TICKET, id="REOPENED"),
        replace(TICKET, id="LATER"),
    ]
    others: list[Fact] = [
        Outage("O2", "mail", MARCH, APRIL, "disk"),
        Outage("O3", "mail", MARCH, APRIL + DAY, "disk"),
        replace(SAMPLE, id="S2", at=APRIL),
    ]
    everything: list[Fact] = [each for each in EVERY if not isinstance(each, Ticket | TicketEvent)]
    await take(closed, [*everything, *tickets, *events, *others])
    lasting = ["C1", "G1", "L1", "R1", "V1", "X1"]

    dropped = await go(owner, await write(closed, tmp_path / "out"))

    assert await ids(closed) == {
        "ticket": ["LATER", "LONG", "OPEN", "REOPENED"],
        "sample": ["S2"],
        "fact": [*lasting[:1], "E3", "E4", "E5", "G1", "L1", "O3", "R1", "V1", "X1"],
        "fact_key": sorted(
            [each.id for each in everything] + [each.id for each in (*tickets, *events, *others)]
        ),
    }
    assert dropped.going == {
        "ticket": 1,
        "ticket_event": 1,
        "sample": 1,
        "interval": 1,
        "outage": 2,
        "survey": 1,
        "count": 1,
    }
    assert dropped.staying["ticket"] == 4
    assert dropped.months == ("sample_2027_03", "fact_2027_02")
    assert "sample_2027_03" not in await months(owner)


async def test_the_last_states_of_a_series_stay_for_they_hold_on(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    measured = {"kind": "availability", "series": "up", "good": "at least 1"}
    document = helpdesk({"kpis.errors.measure": measured}).encode()
    async with closed.database.begin() as connection:
        digest = await keep_document(connection, "second.yaml", document)
        second = Edition(2, MARCH, digest, parse(digest, document))
        await adopt(connection, closed.agreement, second, command="second", adopted_at=MARCH)
    states = [
        Sample(f"U{day}{site}", "up", MARCH + day * DAY, Decimal(1), {"site": site})
        for day in (1, 2, 3)
        for site in ("leeds", "york")
    ]
    await take(closed, [*states, SAMPLE])
    # The last one of York turns out to be an earlier one.
    await take(closed, [replace(states[5], at=MARCH)], "second", RECEIVED + DAY)

    await go(owner, await write(closed, tmp_path / "out"))

    assert (await ids(closed))["sample"] == ["U2york", "U3leeds"]


async def test_a_fact_goes_with_all_its_revisions_or_stays_with_them(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    events = [TicketEvent(f"E{n}", "T1", MARCH, "updated", "", "desk", "") for n in (1, 2)]
    samples = [replace(SAMPLE, id=f"S{n}") for n in (1, 2, 3)]
    samples[2] = replace(samples[2], at=APRIL)
    await take(closed, [TICKET, *samples, *events])
    corrected: list[Fact] = [
        replace(samples[0], value=Decimal(9)),
        replace(samples[1], at=APRIL),
        replace(samples[2], at=MARCH),
        replace(events[1], ticket="T2"),
    ]
    await take(closed, corrected, "second", RECEIVED + DAY)

    dropped = await go(owner, await write(closed, tmp_path / "out"))

    assert dropped.going == {"ticket": 1, "ticket_event": 1, "sample": 2}
    assert dropped.staying == {"ticket_event": 2, "sample": 2}


async def test_others_keep_what_they_have_in_the_same_month(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    async with closed.database.begin() as connection:
        row = (await connection.execute(agreement.select())).mappings().one()
        await connection.execute(insert(agreement).values({**row, "id": "other"}))
        given = "other", "f.jsonl", "first", None
        await take_in(connection, *given, [SAMPLE, replace(TICKET, id="T9")], DESK, RECEIVED)
    await take(closed, [SAMPLE, TICKET, COUNT])

    dropped = await go(owner, await write(closed, tmp_path / "out"))

    assert dropped.months == ("fact_2027_03",)
    async with closed.database.connect() as connection:
        for place in ("ticket", "sample"):
            rows = await connection.execute(text(f"SELECT agreement FROM {place}"))
            assert list(rows) == [("other",)]


async def test_the_bytes_of_a_file_go_once_nothing_is_left_of_it(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    header = "id,series,at,value\n"
    for name, row in (("gone", "A,checks,2027-03-05,1"), ("later", "B,checks,2027-04-05,1")):
        await closed.hand_in(f"facts-sample-{name}.csv", f"{header}{row}\n", now=RECEIVED)
    # It tells nothing new, and was received before; the other one waits for a person.
    again = "facts-sample-again.csv", f"{header}A,checks,2027-03-05,1.0\n"
    await closed.hand_in(*again, now=APRIL - DAY)
    held = "facts-sample-held.csv", f"{header}D,checks,2027-03-05,1\nE,checks,never,1\n"
    await closed.hand_in(*held, now=RECEIVED, quarantine=True)

    dropped = await go(owner, await write(closed, tmp_path / "out"))

    assert (dropped.going, dropped.files) == ({"sample": 2}, 2)
    async with closed.database.connect() as connection:
        names = "SELECT name FROM intake WHERE raw IN (SELECT digest FROM document_part) ORDER BY 1"
        assert list(await connection.scalars(text(names))) == [
            "facts-sample-held.csv",
            "facts-sample-later.csv",
        ]
        assert await connection.scalar(text("SELECT count(raw) FROM intake")) == 4


# --- what is handed in then


@pytest_asyncio.fixture
async def gone(closed: Desk, owner: AsyncEngine, tmp_path: Path) -> Desk:
    """Facts of March are gone; those of an open ticket are not."""
    still = Ticket("OPEN", MARCH, None, None, None)
    await take(closed, [SAMPLE, replace(SAMPLE, id="S2", at=APRIL), TICKET, still])
    await go(owner, await write(closed, tmp_path / "gone"))
    return closed


async def test_the_same_facts_again_are_still_the_same_and_what_stayed_goes_on(gone: Desk) -> None:
    again = "id,series,at,value,site\nS1,load,2027-03-01,1.50,leeds\n"

    taken = await gone.hand_in("facts-sample.csv", again)

    assert (taken.read, taken.accepted, taken.repeated) == (1, 0, 1)
    # A ticket that stayed is closed at last, and few kinds are taken wherever they stand.
    closing = "id,opened,closed\nOPEN,2027-03-01 00:00,2027-03-09 00:00\n"
    relief = (
        "id,start,end,ground,claimed_by,decision,decided_at\n"
        "L9,2027-03-01,2027-03-02,strike,provider,approved,2027-04-02 00:00\n"
    )
    assert (await gone.hand_in("facts-ticket.csv", closing, now=RECEIVED)).accepted == 1
    assert (
        await gone.hand_in("facts-relief.csv", relief, now=RECEIVED, actor="client.governance")
    ).accepted == 1


async def test_what_changes_facts_that_are_gone_or_lies_beside_them_is_refused(
    gone: Desk,
) -> None:
    samples = (
        "id,series,at,value,site\n"
        "S1,load,2027-03-01,2,leeds\n"  # 2: changed
        "S1b,load,2027-03-31 23:59,2,leeds\n"  # 3: beside it
        "S2,load,2027-03-02,1.5,leeds\n"  # 4: moved there
        "S3,load,2027-04-01,2,leeds\n"
    )
    tickets = (
        "id,opened,closed\n"
        "T1,2027-04-20 00:00,2027-04-21 00:00\n"  # 2: moved from there
        "T2,2027-03-01 00:00,2027-03-02 00:00\n"  # 3: beside it
        "T3,2027-03-01 00:00,2027-04-02 00:00\n"
        "T4,2027-03-01 00:00,\n"
    )
    events = (
        "id,ticket,at,event,actor\n"
        "E1,T1,2027-04-05,updated,desk\n"  # 2: of a ticket that is gone
        "E2,NOBODY,2027-03-05,updated,desk\n"  # 3: of nobody's
        "E3,OPEN,2027-03-05,updated,desk\n"
        "E4,NOBODY,2027-04-05,updated,desk\n"
    )

    assert await gone.refused("facts-sample.csv", samples, now=RECEIVED) == [
        "2:3 archived",
        "3:3 archived",
        "4:3 archived",
    ]
    assert await gone.refused("facts-ticket.csv", tickets, now=RECEIVED) == [
        "2:2 archived",
        "3:2 archived",
    ]
    assert await gone.refused("facts-ticket_event.csv", events, now=RECEIVED) == [
        "2:3 archived",
        "3:3 archived",
    ]
    by_another_id = (
        "id,series,at,value,corrects\nC1,load,2027-04-05,3,S1\nC2,load,2027-04-05,3,S2\n"
    )
    assert await gone.refused("facts-sample.csv", by_another_id, now=RECEIVED) == ["2:3 archived"]
    taken = await gone.hand_in("facts-ticket.csv", tickets, quarantine=True, now=RECEIVED)
    assert (taken.quarantined, taken.accepted) == (2, 2)
    assert await gone.rules() == {2: ["archived"], 3: ["archived"]}


async def test_what_is_gone_is_found_however_far_below_it_stands(
    gone: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 2)
    monkeypatch.setattr(arriving, "MANY", 2)
    samples = (
        "id,series,at,value,site\n"
        "N1,load,2027-04-02,1,leeds\n"
        "N2,load,2027-04-03,1,leeds\n"
        "S1,load,2027-03-01,1.50,leeds\n"  # known, and gone
        "N3,load,2027-04-04,1,leeds\n"
        "S1b,load,2027-03-31 23:59,2,leeds\n"  # 6: beside it
        "N4,load,2027-04-05,1,leeds\n"
        "N5,load,2027-04-06,1,leeds\n"
        "S2,load,2027-03-02,1.5,leeds\n"  # 9: moved there
    )

    assert await gone.refused("facts-sample.csv", samples, now=RECEIVED) == [
        "6:3 archived",
        "9:3 archived",
    ]

    lines = samples.splitlines(keepends=True)
    sound = "".join([*lines[:5], *lines[6:8]])
    taken = await gone.hand_in("facts-sample.csv", sound, now=RECEIVED)
    assert (taken.read, taken.accepted, taken.repeated) == (6, 5, 1)


async def test_an_event_goes_with_its_ticket_wherever_in_the_file_that_stands(
    gone: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "FEW", 1)
    monkeypatch.setattr(arriving, "MANY", 1)
    ticket = replace(TICKET, id="T9", closed_at=APRIL + DAY)
    early = TicketEvent("E8", "T9", MARCH + DAY, "updated", None, "desk")
    of_gone = TicketEvent("E9", "T1", APRIL + DAY, "updated", None, "desk")

    with pytest.raises(FactsGoneError) as refusal:
        await take(gone, [early, of_gone, ticket, replace(TICKET, closed_at=APRIL)], "again")
    assert refusal.value.ids == {(FactKind.TICKET_EVENT, "E9"), (FactKind.TICKET, "T1")}

    await take(gone, [early, ticket, replace(early, id="E7")], "later")
    found = await ids(gone)
    assert "T9" in found["ticket"]
    assert {"E7", "E8"} <= set(found["fact"])


async def test_a_held_row_cannot_be_released_into_months_that_are_gone(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    early = "id,series,at,value\nA,checks,2026-12-31,1\n"
    await closed.hand_in("facts-sample.csv", early, quarantine=True)
    await take(closed, [SAMPLE])
    await go(owner, await write(closed, tmp_path / "out"))
    numbers = await closed.numbers()

    with pytest.raises(ConflictError, match=r"archived\); possible: `covenant facts discard`"):
        await closed.decide(Choice.RELEASED, numbers)
    with pytest.raises(ConflictError, match=r"archived\)"):
        await closed.decide(Choice.CORRECTED, numbers, {"at": "2027-03-09"})
    assert await closed.decide(Choice.CORRECTED, numbers, {"at": "2027-04-09"}) == [1]


async def test_further_archives_hold_what_is_left(
    gone: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    closing = Ticket("OPEN", MARCH, None, None, APRIL + DAY)
    await take(gone, [closing], "third", RECEIVED + 9 * DAY)

    early = ["archive", "write", "helpdesk", "--before", "2027-03", "--to", str(tmp_path / "early")]
    refused = await run(gone.database, early)
    assert (refused.exit_code, "before 2027-04 are archived already" in refused.stderr) == (5, True)
    folder = await write(gone, tmp_path / "more", "2027-05")
    dropped = await go(owner, folder)

    assert dropped.going == {"sample": 1, "ticket": 2}
    told, _ = archives.manifest_of(folder)
    assert told["registered"] == {"sample": 1, "ticket": 2}


# --- what is refused


async def refused(owner: AsyncEngine, folder: Path, **said: Any) -> str:
    with pytest.raises(ConflictError) as refusal:
        await go(owner, folder, **said)
    return str(refusal.value)


async def test_only_an_archive_that_is_what_the_record_holds_lets_facts_go(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    await take(closed, [SAMPLE, TICKET])
    folder = await write(closed, tmp_path / "out")
    tampered = tmp_path / "tampered"
    forge(folder, tampered, lambda line: line.replace('"1.5"', '"2.5"'))
    longer = tmp_path / "longer"
    forge(folder, longer, lambda line: f"{line}\n{line.replace('S1', 'S9')}")

    assert "at sample S1 (archive-differs)" in await refused(owner, tampered)
    assert "behind the last sample of the record" in await refused(owner, longer)
    assert "not all before 2027-05" in await refused(owner, folder, before=APRIL + 30 * DAY)
    assert "needs a reason" in await refused(owner, folder, note=" ")
    (folder / "more.csv").write_text("id\n")
    assert "does not know this file" in await refused(owner, folder)
    (folder / "more.csv").unlink()
    assert "cannot be read" in await refused(owner, tmp_path)
    await take(closed, [replace(SAMPLE, id="S0")], "second")
    assert "at sample S0 (archive-differs) → write another" in await refused(owner, folder)
    assert await closed.kept() == {"ticket": 1, "sample": 2, "fact": 0}


def forge(folder: Path, to: Path, change: Callable[[str], str]) -> None:
    """An archive that is sound in itself, with another line."""
    (kept,) = folder.glob("facts-sample-*")
    (line,) = gzip.decompress(kept.read_bytes()).decode().splitlines()
    (ticket,) = folder.glob("facts-ticket-*")
    contents = json.loads((folder / "manifest.json").read_text())
    with archives.writing(to) as writer:
        writer.write(
            FactKind.TICKET,
            MARCH,
            gzip.decompress(ticket.read_bytes()).decode().rstrip(),
            unseen=False,
        )
        lines = change(line).split("\n")
        for each in lines:
            writer.write(FactKind.SAMPLE, MARCH, each, unseen=False)
        counted = contents["registered"] | {"sample": len(lines)}
        told = archives.Contents("helpdesk", "2027-04", contents["editions"], counted)
        assert archives.place(writer, writer.finish(told))


async def test_the_archive_of_another_agreement_lets_nothing_go(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    with archives.writing(tmp_path / "other") as writer:
        assert archives.place(writer, writer.finish(archives.Contents("other", "2027-04", [], {})))

    assert "is an archive of other, not of helpdesk" in await refused(owner, tmp_path / "other")
    assert closed.agreement == "helpdesk"


async def test_facts_go_once(closed: Desk, owner: AsyncEngine, tmp_path: Path) -> None:
    await take(closed, [SAMPLE, replace(SAMPLE, id="S2", at=APRIL), INDEX])
    folder = await write(closed, tmp_path / "out", "2027-05")

    two = await asyncio.gather(
        go(owner, folder, before=APRIL), go(owner, folder, before=APRIL), return_exceptions=True
    )

    (dropped,) = [each for each in two if isinstance(each, Dropped)]
    (late,) = [each for each in two if isinstance(each, ConflictError)]
    assert dropped.going == {"sample": 1}
    assert "were taken out already, by provider.service_manager at 2029-01-01" in str(late)
    assert "archive-differs" in await refused(owner, folder)
    folder = await write(closed, tmp_path / "rest", "2027-04")
    assert "no facts that lie wholly before 2027-04" in await refused(owner, folder)


async def test_what_fails_half_way_leaves_everything_as_it_was(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    await closed.hand_in(
        "facts-sample.csv", "id,series,at,value\nA,checks,2027-03-05,1\n", now=RECEIVED
    )
    folder = await write(closed, tmp_path / "out")
    async with owner.begin() as connection:
        for statement in (
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
            "CREATE TRIGGER dies AFTER INSERT ON journal EXECUTE FUNCTION die()",
        ):
            await connection.execute(text(statement))
    before = await ids(closed)

    with pytest.raises(DBAPIError):
        await go(owner, folder)

    assert await ids(closed) == before
    async with closed.database.connect() as connection:
        for table, rows in (("archived", 0), ("document_part", 1)):
            assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == rows
    async with owner.begin() as connection:
        await connection.execute(text("DROP TRIGGER dies ON journal"))
    assert (await go(owner, folder)).going == {"sample": 1}


async def test_an_empty_month_stays_while_others_are_at_it(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    await take(closed, [SAMPLE, TICKET])
    folder = await write(closed, tmp_path / "out")

    async with closed.database.begin() as connection:
        await connection.execute(text("SELECT keep_month('sample', '2027-03-01')"))
        dropped = await go(owner, folder)
    assert dropped.months is None
    await take(closed, [replace(SAMPLE, id="S9", at=APRIL)], "second")
    again = await go(owner, await write(closed, tmp_path / "more", "2027-05"))

    assert again.months == ("ticket_2027_03", "sample_2027_03", "sample_2027_04")


async def test_the_product_itself_may_let_nothing_go(closed: Desk, tmp_path: Path) -> None:
    await take(closed, [SAMPLE])
    folder = await write(closed, tmp_path / "out")

    async with closed.database.begin() as connection:
        with pytest.raises(ForbiddenError, match="COVENANT_OWNER_URL"):
            await preview(connection, request(folder), NOW, lambda _: None)


async def test_what_is_needed_is_told_with_the_month_that_may_go(
    desk: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    await take(desk, [SAMPLE])
    folder = await write(desk, tmp_path / "out")

    assert "the agreement is not live yet" in await refused(owner, folder)
    async with desk.database.begin() as connection:
        await connection.execute(update(agreement).values(live_from=MARCH + 2 * DAY))
    said = await refused(owner, folder)
    assert "errors/2027-W09 is not evaluated yet (still-needed) → drop those before 2027-03" in said
    async with desk.database.begin() as connection:
        await connection.execute(update(agreement).values(next_due_at=TERM[0]))
    await take(desk, [replace(SAMPLE, id="S2")], "second")
    assert "are not looked at yet → let a worker run" in await refused(owner, folder)


# --- who reads


async def test_a_window_that_reaches_into_months_that_are_gone_is_refused(gone: Desk) -> None:
    async with gone.database.connect() as connection:
        timeline = timeline_of(await all_editions(connection, "helpdesk"))
        before = next(periods_of(timeline, "errors", MARCH + 28 * DAY, TERM[1]))
        behind = next(periods_of(timeline, "errors", APRIL, TERM[1]))
        row = (await connection.execute(agreement.select())).one()

        with pytest.raises(FactsArchivedError, match=r"those before 2027-04 are archived"):
            await count(connection, "helpdesk", [before])
        with pytest.raises(FactsArchivedError, match=r"2027-03-29 00:00 UTC on are needed"):
            await measure(connection, row, timeline, [before], {}, [])
        assert len(await count(connection, "helpdesk", [behind])) == 1
        measured, _ = await measure(connection, row, timeline, [behind], {}, [])
        assert len(measured) == 1
        (drop_,) = await drops_of_ticket(connection, "helpdesk", "T1")
        assert drop_["before_at"] == APRIL
        assert await drops_of_ticket(connection, "helpdesk", "OPEN") == []
        assert await drops_of_ticket(connection, "helpdesk", "NOBODY") == []


# --- the verb


async def test_the_verb_tells_asks_and_says_what_is_gone(
    closed: Desk, owner: AsyncEngine, tmp_path: Path
) -> None:
    await take(closed, [SAMPLE, INDEX, TICKET])
    folder = await write(closed, tmp_path / "out")
    words = ["archive", "drop", "helpdesk", str(folder), "--as", DESK, "--note", "Over"]

    told = await run(closed.database, [*words, "--preview"], owner)
    no = await run(closed.database, words, owner, "yes\n")
    nobody = await run(closed.database, words)
    assert told.exit_code == 0, told.output
    assert "would go: 2 rows (sample 1, ticket 1)" in told.stdout
    assert "stay, for they matter later: 1 rows (index 1)" in told.stdout
    assert (no.exit_code, "nothing was taken out" in no.stderr) == (5, True)
    assert (nobody.exit_code, "set COVENANT_OWNER_URL" in nobody.stderr) == (2, True)
    assert await closed.kept() == {"ticket": 1, "sample": 1, "fact": 1}

    done = await run(closed.database, words, owner, "helpdesk\n")
    again = await run(closed.database, [*words, "--yes", "--before", "2027-03"], owner)

    assert done.exit_code == 0, done.output
    assert "gone: 2 rows" in done.stdout
    assert "months that were empty: ticket_2027_03, sample_2027_03" in done.stdout
    assert (again.exit_code, "nothing to do" in again.stderr) == (5, True)
    explained = await run(closed.database, ["explain", "helpdesk", "ticket/T1"])
    assert explained.exit_code == 3
    assert (
        "T1 of helpdesk are archived: before 2027-04, the archive whose manifest"
        in explained.stderr
    )
    due = await run(closed.database, ["archive", "due", "helpdesk"])
    assert "all facts may go once they are archived\ngone: before 2027-04, 2 rows" in due.stdout
    said = json.loads((await run(closed.database, ["archive", "due", "helpdesk", "--json"])).stdout)
    assert said["archived"][0]["rows"] == {"sample": 1, "ticket": 1}
    story = await run(closed.database, ["history", "helpdesk", "--all"])
    assert "2 rows of facts before 2027-04 taken out by provider.service_manager" in " ".join(
        story.stdout.split()
    )


async def test_what_may_go_is_told(desk: Desk) -> None:
    due = await run(desk.database, ["archive", "due", "helpdesk"])
    assert "helpdesk: no facts may go: the agreement is not live yet" in due.stdout

    async with desk.database.begin() as connection:
        await connection.execute(update(agreement).values(live_from=MARCH))
    due = await run(desk.database, ["archive", "due", "helpdesk"])
    assert "facts before 2027-03 may go once they are archived" in due.stdout
    nobody = await run(desk.database, ["archive", "due", "nobody"])
    assert nobody.exit_code == 3
