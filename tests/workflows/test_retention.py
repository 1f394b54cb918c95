"""An agreement goes on without the facts of months that are gone; an archive tells their figures."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner
from sqlalchemy import insert
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from activities.retention import needs_of
from commandline.assessing import _facts
from domain.assessment import Limits, assess
from domain.retention import Need
from domain.terms_check import validate
from domain.timeline import Edition, Timeline, term_starts_at
from domain.zones import zone_named
from gateway import Choice, Decision, Document, Way
from gateway.dropping import Dropped, Request, drop
from gateway.requests import ConflictError, InvalidError
from reports.story import line
from starter import main
from store.tables import archived
from tests.lives import Life, at, helpdesk

MANAGER = "provider.service_manager"
DOCUMENT = helpdesk(
    {"kpis.errors.restate_within": "10 days", "kpis.errors.averaging": {"periods": "2"}}
)
WEEKS = [f"{at('2027-01-05 12:00') + n * timedelta(weeks=1):%Y-%m-%dT%H:%M}" for n in range(11)]

Verb = Callable[..., Awaitable[str]]


async def hand_in(life: Life, name: str, lines: str) -> None:
    given = life.agreement, MANAGER, Document(name, lines.encode())
    await life.gateway.hand_in(*given, now=life.stage.now)


async def relief(life: Life, name: str, start: str, end: str) -> None:
    """Somebody claims that a time be excused, it is granted, and counts however late it is."""
    head = "id,start,end,ground,claimed_by,decision,decided_at\n"
    said = f"{name},{start},{end},strike,provider,approved,{life.stage.now:%Y-%m-%d %H:%M}\n"
    document = Document(f"facts-relief-{name}.csv", (head + said).encode())
    given, now = (life.agreement, "client.governance"), life.stage.now
    await life.gateway.hand_in(*given, document, way=Way(quarantine=True), now=now)
    held = tuple(
        number
        for (number,) in await life.rows(
            "SELECT number FROM held_row WHERE number NOT IN (SELECT number FROM held_decision)"
        )
    )
    if held:
        release = Decision(Choice.RELEASED, held, "It was granted long after")
        await life.gateway.decide_held(*given, release, now=now)


async def go(life: Life, owner: AsyncEngine, folder: Path) -> Dropped:
    request = Request(life.agreement, folder, None, MANAGER, "No longer needed")
    async with owner.begin() as connection:
        return await drop(connection, request, life.stage.now, lambda _: None)


def assessed(folder: Path) -> dict[str, tuple[object, ...]]:
    """What the archive comes to by itself for the weeks before February, as known in the end."""
    terms = validate(DOCUMENT.encode(), "agreement.yaml").value
    assert terms is not None
    timeline = Timeline((Edition(1, terms, term_starts_at(terms)),))
    limits = Limits(until=at("2027-02-01"), known_at=at("2027-03-03"))
    found = assess(timeline, _facts([folder], timeline), limits, digest="")
    return {
        each.period.key: (each.status, each.num, each.den, each.inputs_digest)
        for each in found.results
        if each.period.end <= at("2027-02-01")
    }


@dataclass(frozen=True, slots=True)
class Years:
    """A life whose facts of January are gone, with the archive that holds them."""

    life: Life
    owner: AsyncEngine
    folder: Path
    verb: Verb


@pytest_asyncio.fixture
async def years(
    life: Life, database: AsyncEngine, owner_url: URL, tmp_path: Path
) -> AsyncIterator[Years]:
    """An agreement that is live, judged, restated once, and in its tenth week."""
    runner = CliRunner(env={"COVENANT_DATABASE_URL": in_full(database)})

    async def verb(*words: object) -> str:
        result = await asyncio.to_thread(runner.invoke, main, list(map(str, words)))
        assert result.exit_code == 0, result.output
        return " ".join(result.stdout.split())

    owner = create_async_engine(owner_url.set(database=database.url.database))
    await life.launch(DOCUMENT)
    await life.go_live()
    await life.samples_to_come(*((week, int(week == WEEKS[2])) for week in WEEKS))
    await life.until("2027-01-28 09:00")
    async with database.connect() as connection:
        # However late it were: while the case of the third week is open, its facts are needed.
        need = (await needs_of(connection, "helpdesk", at("2027-06-01")))[0]
    assert need == Need(at("2027-01-11"), "errors/2027-W03 has a case that is open")
    correction = f"error-{WEEKS[2]}-2,error,{WEEKS[2].replace('T', ' ')},0\n"
    await hand_in(life, "facts-sample-c.csv", "id,series,at,value\n" + correction)
    await life.until("2027-03-03 09:00")
    for month in ("2027-02", "2027-03"):
        await verb("archive", "write", "helpdesk", "--before", month, "--to", tmp_path / month)
    yield Years(life, owner, tmp_path, verb)
    await owner.dispose()


def in_full(database: AsyncEngine) -> str:
    return database.url.render_as_string(hide_password=False)


async def test_months_go_and_the_agreement_goes_on(years: Years) -> None:
    life, folder = years.life, years.folder / "2027-02"
    with pytest.raises(ConflictError) as refusal:
        await go(life, years.owner, years.folder / "2027-03")
    assert "errors/2027-W07 can be restated until 2027-03-06 00:00 UTC" in str(refusal.value)
    assert str(refusal.value).endswith("→ drop those before 2027-02, or wait")

    assert (await go(life, years.owner, folder)).going == {"sample": 5}

    await can_be_performed_again(life, folder)
    await can_be_explained(years.verb)
    await no_average_can_be_agreed_that_reaches_there(life)
    await what_comes_late_is_told(life)
    await what_would_be_wrong_is_not_done(life, years.owner)


async def can_be_performed_again(life: Life, folder: Path) -> None:
    """Whoever holds the archive comes to the record's own figures, and to their digests."""
    rows = await life.rows(
        "SELECT DISTINCT ON (period) period, status, num, den, inputs_digest FROM evaluation "
        "WHERE end_at <= '2027-02-01' ORDER BY period, revision DESC"
    )
    assert len(rows) == 4
    assert assessed(folder) == {
        row.period: (row.status, row.num, row.den, row.inputs_digest) for row in rows
    }


async def can_be_explained(verb: Verb) -> None:
    """What is kept of a period is still told, with where its facts are."""
    said = await verb("explain", "helpdesk", "errors/2027-W03")
    assert "restated by 1 fact in facts-sample-c.csv" in said
    assert "Facts of this period are archived, and judged no more: before 2027-02" in said
    later = await verb("explain", "helpdesk", "errors/2027-W07", "--json")
    assert json.loads(later)["archived"] == []


async def no_average_can_be_agreed_that_reaches_there(life: Life) -> None:
    said = (
        "amends: helpdesk\neffective_on: 2027-03-15\nreason: Single weeks tell too little\n"
        "set:\n  kpis.errors.averaging.periods: 9\n"
    )
    document = Document("amendment.yaml", said.encode())
    reply = await life.gateway.propose(
        "helpdesk", "client.governance", document, now=life.stage.now
    )
    assert reply.outcome == "refused"
    assert reply.reason == (
        "errors/2027-W11 would rest on facts from 2027-01-18 00:00 UTC on, and those before 2027-02 "
        "are archived; choose a shorter average, or another `no_data`"
    )


async def what_comes_late_is_told(life: Life) -> None:
    """What comes for months that are gone is refused, or told; later weeks are judged as ever."""
    with pytest.raises(InvalidError, match=r"facts-sample-l\.csv:2:3: 'L' lies before 2027-02"):
        await hand_in(life, "facts-sample-l.csv", "id,series,at,value\nL,error,2027-01-06,1\n")
    await relief(life, "strike", "2027-01-05", "2027-01-06")
    await life.until("2027-03-11")
    (late,) = await life.told("facts_too_late")
    assert "came too late to restate errors 2027-W01" in line(late, zone_named("Etc/UTC"))
    assert (await life.told("period_evaluated"))[-1].subject == "helpdesk/errors/2027-W09"
    assert await life.told("evaluation_failed") == []


async def what_would_be_wrong_is_not_done(life: Life, owner: AsyncEngine) -> None:
    """Should more be gone than may be, nothing is judged from what is left, and it is told."""
    async with owner.begin() as connection:
        row = (await connection.execute(archived.select())).mappings().one()
        too_much = {**row, "number": 2, "before_at": at("2027-04-01")}
        await connection.execute(insert(archived).values(too_much))
    await relief(life, "flood", "2027-03-02", "2027-03-03")
    await life.pass_by(timedelta(minutes=1))
    late = (await life.told("facts_too_late"))[-1]
    assert late.detail["periods"] == ["2027-W09"]
    assert late.detail["archived"] == "2027-04-01T00:00:00+00:00"
    assert await life.told("evaluation_failed") == []
