"""Lives: an agreement on the product's own worker, whose time passes when the test says so.

`helpdesk(…)` is the text of a small agreement in UTC that is to go live on 2027-01-04, with one
weekly KPI; what is given by path replaces or adds values.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import yaml
from sqlalchemy import text
from temporalio import client, worker
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from domain.commands import Order
from domain.facts.mapping import Mapping as Mapped
from domain.zones import zone_named
from gateway import Choice, Decision, Document, Gateway, Reply, Way
from incoming.files import Given, Source, open_source
from notices.channels import MailboxChannel
from rehearsal.stage import Stage, staged
from store.commands import load
from store.facts import take_in
from store.views.history import Told, history
from store.views.tasks import tasks
from worker import build_worker

HELPDESK = (Path(__file__).parent / "documents" / "life.yaml").read_text(encoding="utf-8")

BEGINS = datetime(2026, 11, 30, 9, tzinfo=UTC)

HANGS_AFTER_S = 60
"""A step of time that takes so long in reality never ends."""


def _samples(rows: tuple[tuple[str, int], ...]) -> Document:
    lines = "".join(f"error-{at}-{n},error,{at},{v}\n" for n, (at, v) in enumerate(rows))
    name = f"facts-sample-{abs(hash(rows))}.csv"
    return Document(name, f"id,series,at,value\n{lines}".encode())


def at(said: str) -> datetime:
    """`2027-01-04` or `2027-01-04 09:00` in UTC."""
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def helpdesk(changes: Mapping[str, Any] | None = None) -> str:
    """The small agreement, with other values at some paths, such as `kpis.errors.every`."""
    document = yaml.load(HELPDESK, yaml.BaseLoader)  # noqa: S506 - texts only, as the reader sees it
    for path, value in (changes or {}).items():
        *above, last = path.split(".")
        place = document
        for step in above:
            named = isinstance(place, list)
            place = next(each for each in place if each["key"] == step) if named else place[step]
        place[last] = value
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


class ActivityFaults(ActivityInboundInterceptor):
    """Reports what an activity raises."""

    def __init__(self, inner: ActivityInboundInterceptor, faults: "Faults") -> None:
        super().__init__(inner)
        self._faults = faults

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        try:
            return await super().execute_activity(input)
        except Exception as fault:
            self._faults.report(fault)
            raise


class Faults(client.Interceptor, worker.Interceptor):
    """Hears of every fault of an activity or a workflow task, which would be retried for ever."""

    def __init__(self) -> None:
        self.heard: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return ActivityFaults(next, self)

    def report(self, fault: BaseException) -> None:
        """Keep the first."""
        if not self.heard.done():
            self.heard.set_result(fault)


class FaultLog(logging.Handler):
    """Reports what a workflow task raises, which the SDK only logs."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        """Some are logged by other threads; a signal that cannot be read is dropped as it should."""
        said = record.getMessage()
        told = said.startswith("Failed") and "dropping" not in said
        if told and record.exc_info and record.exc_info[1]:
            self._loop.call_soon_threadsafe(self._faults.report, record.exc_info[1])


class Unreachable:
    """A Temporal that does not answer."""

    def get_workflow_handle(self, workflow: str) -> NoReturn:
        """No workflow can be signalled."""
        raise RPCError(f"no way to {workflow}", RPCStatusCode.UNAVAILABLE, b"")

    async def start_workflow(self, workflow: str, *_: object, **__: object) -> NoReturn:
        """No workflow can be started."""
        raise RPCError(f"no way to {workflow}", RPCStatusCode.UNAVAILABLE, b"")


@dataclass(slots=True)
class Life:
    """One agreement, its gateway, and its time."""

    stage: Stage
    gateway: Gateway
    faults: Faults
    agreement: str = "helpdesk"

    async def launch(self, document: str = HELPDESK) -> Reply:
        """Launch at the present instant."""
        raw = document.encode()
        reply = await self.gateway.launch(Document("agreement.yaml", raw), now=self.stage.now)
        await self.pass_by(timedelta(seconds=1))
        return reply

    async def until(self, said: str) -> None:
        """Let time pass to an instant in UTC, by days so that nothing is jumped over."""
        end = at(said)
        while self.stage.now < end:
            await self.pass_by(min(timedelta(days=5), end - self.stage.now))

    async def pass_by(self, length: timedelta) -> None:
        """Let so much time pass; a fault, which would be retried for ever, ends the test at once."""
        passing = asyncio.ensure_future(self.stage.advance(length))
        waiting: set[asyncio.Future[Any]] = {passing, self.faults.heard}
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait(waiting, timeout=HANGS_AFTER_S, return_when=first)
        if self.faults.heard.done():
            passing.cancel()
            raise self.faults.heard.result()
        if not passing.done():
            passing.cancel()
            message = f"{length} from {self.stage.now} never end"
            raise TimeoutError(message)
        await passing

    def cut_off(self) -> Gateway:
        """A gateway that writes commands down but cannot reach Temporal."""
        return Gateway(replace(self.stage.world, temporal=Unreachable()), patience_s=0)  # type: ignore[arg-type]

    async def send(self, command_id: str) -> None:
        """Deliver at last what was only written down."""
        async with self.stage.world.engine.connect() as connection:
            command = await load(connection, command_id)
        await self.gateway.delivery.deliver(command)
        await self.pass_by(timedelta(seconds=1))

    async def look_away(self, said: str) -> None:
        """Keep Monitoring from evaluating before an instant, as an outage would."""
        async with self.stage.world.engine.begin() as connection:
            later = text("UPDATE agreement SET next_due_at = :at WHERE id = :id")
            await connection.execute(later, {"at": at(said), "id": self.agreement})

    async def open_tasks(self, kind: str | None = None, owner: str | None = None) -> list[Any]:
        """The open tasks, soonest first."""
        async with self.stage.world.engine.connect() as connection:
            rows = await tasks(connection, key=self.agreement, owner=owner)
        return [row for row in rows if kind in {None, row["kind"]}]

    async def answer(
        self,
        kind: str,
        choice: str,
        *,
        who: str | None = None,
        note: str = "",
        on: date | None = None,
        document: str | None = None,
        now: datetime | None = None,
        command_id: str | None = None,
    ) -> Reply:
        """Answer the first open task of a kind as its first owner (or as `who`)."""
        task = (await self.open_tasks(kind, who))[0]
        reply = await self.gateway.answer(
            task["id"],
            who or task["owners"][0],
            choice,
            note=note,
            on=on,
            document=Document("attached.yaml", document.encode()) if document else None,
            now=now or self.stage.now,
            command_id=command_id,
        )
        await self.pass_by(timedelta(seconds=1))
        return reply

    async def go_live(self) -> None:
        """Deliver and accept every milestone, at the present instant."""
        while await self.open_tasks("deliver_milestone") or await self.open_tasks(
            "accept_milestone"
        ):
            for kind, choice in (
                ("deliver_milestone", "delivered"),
                ("accept_milestone", "accept"),
            ):
                if await self.open_tasks(kind):
                    await self.answer(kind, choice)

    async def samples(self, *rows: tuple[str, int]) -> None:
        """Hand in samples: local instants and values."""
        who, paper = "provider.service_manager", _samples(rows)
        await self.gateway.hand_in(self.agreement, who, paper, now=self.stage.now)

    async def samples_released(self, *rows: tuple[str, int]) -> None:
        """Hand in samples, and release those that are set aside."""
        who, now = "provider.service_manager", self.stage.now
        way = Way(quarantine=True)
        await self.gateway.hand_in(self.agreement, who, _samples(rows), way=way, now=now)
        held = tuple(number for (number,) in await self.rows("SELECT number FROM held_row"))
        release = Decision(Choice.RELEASED, held, "They were found in a drawer")
        await self.gateway.decide_held(self.agreement, who, release, now=now)

    async def samples_to_come(self, *rows: tuple[str, int]) -> None:
        """Have samples in the record that nobody can hand in yet."""
        await self.facts_to_come(_samples(rows))

    async def facts_to_come(self, source: Source, mapping: Mapped | None = None) -> None:
        """Have facts in the record that nobody can hand in yet, because they lie ahead."""
        async with self.stage.world.engine.begin() as connection:
            query = text("SELECT zone FROM agreement WHERE id = :id")
            zone = await connection.scalar(query, {"id": self.agreement})
            file = open_source(source, zone_named(str(zone)), Given(mapping=mapping))
            await take_in(
                connection,
                self.agreement,
                source.name,
                source.name,
                file.kind,
                file.facts,
                "provider.service_manager",
                self.stage.now,
            )

    async def told(self, event: str | None = None) -> list[Told]:
        """The journal (of one event), by the instants at which things took effect."""
        async with self.stage.world.engine.connect() as connection:
            entries = await history(connection, self.agreement)
        return [entry for entry in entries if event in {None, entry.event}]

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the record says."""
        async with self.stage.world.engine.connect() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def query(self, workflow: str, name: str) -> Any:
        """Ask a workflow."""
        return await self.stage.client.get_workflow_handle(workflow).query(name)

    async def signal(self, workflow: str, name: str, argument: object) -> None:
        """Signal a workflow past the gateway, as one could who reached Temporal."""
        await self.stage.client.get_workflow_handle(workflow).signal(name, argument)
        await self.pass_by(timedelta(seconds=1))

    async def order(self, command_id: str) -> Order:
        """What the signal of a command carries."""
        ((digest,),) = await self.rows("SELECT digest FROM command WHERE id = :id", id=command_id)
        return Order(command_id, digest)


@asynccontextmanager
async def living(database_url: str, folder: Path, begins: datetime = BEGINS) -> AsyncIterator[Life]:
    """A world with the product's own worker, from an instant of business time on."""
    channel = MailboxChannel(folder / "mailbox", "covenant@example.invalid")
    faults = Faults()
    logger, log = logging.getLogger("temporalio.worker"), FaultLog(faults)
    logger.addHandler(log)
    try:
        async with staged(database_url, channel, begins) as stage:
            config = stage.client.config()
            config["interceptors"] = [faults]
            observed = client.Client(**config)
            stage.world = replace(stage.world, temporal=observed)
            async with build_worker(stage.world):
                yield Life(stage, Gateway(stage.world, patience_s=5), faults)
    finally:
        logger.removeHandler(log)
