"""The stage: throw-away engines, the product's own worker, and a driver that only advances time."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, SleepRequest
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig

import embedded
from activities.world import World
from domain.events import Event
from domain.terms.reader import read
from domain.terms.shape import Agreement
from domain.terms_check import validate
from domain.zones import instant, zone_named
from gateway import Document, Gateway, InvalidError
from notices.channels import MailboxChannel
from notices.post import Post
from rehearsal.acting import Acting, Cast, ScriptedChannel, mornings
from rehearsal.people import DeskWorkflow, PersonWorkflow, Shift
from rehearsal.script import Script, by_day
from store.engine import connect, migrate
from store.views.history import Told, history
from store.views.summary import summary_of
from worker import build_worker
from workflows.attributes import SEARCH_ATTRIBUTES
from workflows.sandbox import DATA_CONVERTER

TASK_QUEUE = "rehearsal"
STEP = timedelta(days=5)
"""How far the driver moves time at once; people act at their own instants in between."""

BREATH = timedelta(seconds=1)
"""What is under way at one instant is done this much later; then nothing is, and two ends agree."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is rehearsed: the script, the agreement, and each day's facts."""

    script: Script
    document: Document
    terms: Agreement
    folder: Path
    days: dict[Any, list[tuple[str, bytes]]]


def read_piece(folder: Path) -> Piece:
    """Read `rehearsal.yaml` and what it names; InvalidError tells every problem."""
    path = folder / "rehearsal.yaml"
    reading = read(path.read_bytes(), str(path), Script)
    if reading.value is None:
        raise InvalidError(reading.problems)
    script = reading.value
    source = folder / script.agreement
    document = Document(source.name, source.read_bytes())
    agreement = validate(document.raw, str(source))
    if agreement.value is None:
        raise InvalidError(agreement.problems)
    days: dict[Any, list[tuple[str, bytes]]] = {}
    for name in script.desk.files if script.desk else ():
        for day, file in by_day(name, (folder / name).read_bytes()).items():
            days.setdefault(day, []).append(file)
    return Piece(script, document, agreement.value, folder, days)


@dataclass(slots=True)
class Stage:
    """A world in which time is moved by hand."""

    world: World
    client: Client
    now: datetime

    async def advance(self, by: timedelta) -> None:
        """Let business time pass; whatever falls due in between happens."""
        rest = Duration()
        rest.FromTimedelta(by)
        await self.client.test_service.unlock_time_skipping_with_sleep(SleepRequest(duration=rest))
        self.now = await server_time(self.client) + self.world.offset


@cache
def quiet_runtime() -> Runtime:
    """The SDK's runtime without its warning, at every start, of what this test server cannot do."""
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter="ERROR")))


async def server_time(client: Client) -> datetime:
    """The time-skipping server's own time."""
    answer = await client.test_service.get_current_time(Empty())
    return answer.time.ToDatetime(tzinfo=UTC)


@contextmanager
def throw_away_record(folder: Path | None = None) -> Iterator[str]:
    """A migrated PostgreSQL that nobody keeps; yields the application's URL."""
    with TemporaryDirectory(prefix="covenant-rehearsal-") as temporary:
        data_dir = folder or Path(temporary)
        with embedded.postgres(data_dir, durable=False) as postgres:
            url = postgres.url("postgres", user="covenant", password=postgres.owner_password)
            migrate(postgres.url("postgres"), url)
            yield url


@asynccontextmanager
async def staged(
    database_url: str, channel: ScriptedChannel | MailboxChannel, begins: datetime
) -> AsyncIterator[Stage]:
    """Engines in which business time begins when it is told to."""
    engine: AsyncEngine = connect(database_url)
    try:
        with embedded.time_skipping(search_attributes=SEARCH_ATTRIBUTES) as address:
            client = await Client.connect(
                address, data_converter=DATA_CONVERTER, runtime=quiet_runtime()
            )
            # The server begins unlocked and would run ahead of the driver whenever it is idle.
            await client.test_service.lock_time_skipping(LockTimeSkippingRequest())
            offset = begins - await server_time(client)
            world = World(engine, Post(engine, channel), client, TASK_QUEUE, offset, shards=1)
            yield Stage(world, client, begins)
    finally:
        await engine.dispose()


@dataclass(frozen=True, slots=True)
class Played:
    """What a rehearsal came to."""

    story: list[Told]
    summary: dict[str, Any]
    turned_away: list[str]

    def as_json(self) -> dict[str, Any]:
        """The story and the summary without what differs between two equal rehearsals."""
        return {
            "story": [
                {
                    "at": entry.at,
                    "event": entry.event,
                    "subject": entry.subject,
                    "actor": entry.actor,
                    "detail": entry.detail,
                }
                for entry in self.story
            ],
            "summary": _repeatable(self.summary),
            "turned_away": sorted(self.turned_away),
        }


PASSING = {"recorded_at", "evaluated_at"}
"""Columns that tell when the machine did something, which no rule reads."""


def _repeatable(value: Any) -> Any:  # noqa: ANN401 - nested plain values
    if isinstance(value, dict):
        return {name: _repeatable(each) for name, each in value.items() if name not in PASSING}
    if isinstance(value, list):
        return [_repeatable(each) for each in value]
    return value


def clear(out: Path) -> None:
    """Remove what an earlier rehearsal left in its own three places, and nothing else."""
    for name in ("mailbox", "histories"):
        for file in (out / name).glob("*.*"):
            file.unlink()
    (out / "journal.jsonl").unlink(missing_ok=True)


async def play(
    piece: Piece,
    database_url: str,
    out: Path,
    *,
    until: datetime,
    tell: Callable[[Told], None],
    passed: Callable[[datetime], None],
) -> Played:
    """Play the piece to its end, or to `until`; `tell` hears the story, `passed` the time."""
    zone = zone_named(piece.terms.zone)
    cast = Cast(piece.script, piece.folder, piece.terms.zone, piece.days)
    channel = ScriptedChannel(MailboxChannel(out / "mailbox", "covenant@rehearsal.invalid"), cast)
    begins = instant(piece.script.begins, zone)
    async with staged(database_url, channel, begins) as stage:
        world = stage.world
        offset_s = world.offset.total_seconds()
        channel.engage(stage.client, TASK_QUEUE, offset_s)
        gateway = Gateway(world, patience_s=0)
        acting = Acting(gateway, cast)
        worker = build_worker(
            world,
            more_workflows=[PersonWorkflow, DeskWorkflow],
            more_activities=[acting.act, acting.hand_in],
        )
        async with worker:
            if piece.script.desk is not None:
                await stage.client.start_workflow(
                    "DeskWorkflow",
                    Shift(
                        piece.terms.agreement,
                        piece.script.desk.who,
                        offset_s,
                        tuple(mornings(cast)),
                    ),
                    id=f"desk/{piece.terms.agreement}",
                    task_queue=TASK_QUEUE,
                )
            launch = f"launch/{piece.terms.agreement}"
            await gateway.launch(piece.document, now=begins, command_id=launch)
            told = await _drive(stage, piece.terms.agreement, until, tell, passed)
            await export(stage, out, told)
            async with world.engine.connect() as connection:
                summary = await summary_of(connection, piece.terms.agreement)
        return Played(told, summary, cast.turned_away)


async def _drive(
    stage: Stage,
    agreement: str,
    until: datetime,
    tell: Callable[[Told], None],
    passed: Callable[[datetime], None],
) -> list[Told]:
    """Advance time until the agreement is closed, or up to (not including) `until`."""
    told_until = 0
    last = until - BREATH
    async with stage.world.engine.connect() as connection:
        while True:
            fresh = await history(connection, agreement, after_seq=told_until)
            for entry in fresh:
                tell(entry)
                told_until = max(told_until, entry.seq)
            passed(stage.now)
            if stage.now >= last:
                return await history(connection, agreement)
            if any(entry.event == Event.AGREEMENT_CLOSED for entry in fresh):
                last = stage.now + BREATH
            await stage.advance(min(STEP, last - stage.now))


async def export(stage: Stage, out: Path, told: list[Told]) -> None:
    """Write the journal, and the engine's histories of every workflow that it names."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "journal.jsonl").open("w", encoding="utf-8") as journal:
        for entry in told:
            journal.write(json.dumps(asdict(entry), default=str, ensure_ascii=False) + "\n")
    folder = out / "histories"
    folder.mkdir(exist_ok=True)
    runs = {(entry.workflow, entry.run) for entry in told if entry.workflow}
    for workflow, run in sorted(runs, key=str):
        handle = stage.client.get_workflow_handle(str(workflow), run_id=run)
        recorded = await handle.fetch_history()
        name = f"{str(workflow).replace('/', '_')}.{run}.json"
        (folder / name).write_text(recorded.to_json(), encoding="utf-8")
