"""A storm: people act while engines and worker are killed; afterwards everything is looked at."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import func, select, text

import embedded
from activities.world import World
from gateway import Document, Gateway, GatewayError, Reply
from notices.channels import MailboxChannel
from notices.post import Post
from settings import Settings
from store import tables
from tests.durability.forecast import OVERDUE, Forecast, Victim, document
from tests.durability.household import Household, Kill, WorkerProcess
from worker import world_of

T = TypeVar("T")

STEADY = timedelta(seconds=10)
"""From the first launch to the first case: everybody should be live by then."""


@dataclass(slots=True)
class Sent:
    """What somebody sent until they had an answer."""

    command: str
    tries: int = 0
    reply: Reply | None = None
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Everything that is there when the storm is over."""

    forecast: Forecast
    opened_at: datetime
    sent: list[Sent]
    files: list[tuple[str, str]]
    kills: list[Kill]
    attempts: list[int]
    mails: list[Path]
    rows: dict[str, list[Any]]

    def of(self, table: str, **values: Any) -> list[Any]:
        """The rows of a table with these values."""
        return [
            row
            for row in self.rows[table]
            if all(getattr(row, name) == value for name, value in values.items())
        ]


@dataclass(slots=True)
class Crowd:
    """Everybody who acts: tries again under the same command id until there is an answer."""

    gateway: Gateway
    sent: list[Sent] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)

    async def insist(self, act: Callable[[], Awaitable[T]]) -> tuple[T, int]:
        """Try until it is answered; a refusal at the door is an answer that ends the test."""
        tries = 0
        while True:
            tries += 1
            try:
                async with asyncio.timeout(20):
                    return await act(), tries
            except GatewayError:
                raise
            except Exception:  # noqa: BLE001 - whatever the outage looks like from here
                assert tries < 200
                await asyncio.sleep(0.2)

    async def send(self, command: str, act: Callable[[str], Awaitable[Reply]]) -> None:
        """Send a command under its id."""
        sent = Sent(command)
        self.sent.append(sent)
        begun = time.monotonic()
        sent.reply, sent.tries = await self.insist(lambda: act(command))
        sent.took_s = time.monotonic() - begun

    async def answer(
        self, task: str, who: str, choice: str, *, note: str = "", now: datetime | None = None
    ) -> None:
        """Answer a task."""
        await self.send(
            f"{task} {choice}",
            lambda command: self.gateway.answer(
                task, who, choice, note=note, now=now, command_id=command
            ),
        )

    async def hand_in(self, agreement: str, name: str, content: str) -> None:
        """Hand in a file of facts, until somebody says that it was taken."""
        paper = Document(name, content.encode())
        who = "provider.service_manager"
        await self.insist(lambda: self.gateway.hand_in(agreement, who, paper))
        self.files.append((agreement, name))


async def live(crowd: Crowd, forecast: Forecast, key: str, opens_at: datetime) -> None:
    """Launch an agreement, and bring it to life two days ago."""
    midnight = (opens_at - timedelta(hours=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    past = midnight - timedelta(days=2)
    paper = Document(f"{key}.yaml", document(forecast, key, midnight, opens_at))
    await crowd.send(
        f"launch {key}",
        lambda command: crowd.gateway.launch(paper, now=past, command_id=command),
    )
    milestone = f"milestone/{key}/go_live"
    await crowd.answer(
        f"{milestone}/deliver_milestone/1",
        "provider.service_manager",
        "delivered",
        now=past + timedelta(hours=1),
    )
    row = f"s-1,error,{(midnight - timedelta(hours=12)):%Y-%m-%d %H:%M},5"
    await crowd.hand_in(key, "facts-sample-bad.csv", f"id,series,at,value\n{row}\n")
    await crowd.answer(
        f"{milestone}/accept_milestone/1",
        "client.governance",
        "accept",
        now=past + timedelta(hours=2),
    )


async def together(*acts: Coroutine[Any, Any, None]) -> None:
    """Let all happen at once; when one fails, the others end with it."""
    async with asyncio.TaskGroup() as group:
        for act in acts:
            group.create_task(act)


async def sleep_until(at: datetime) -> None:
    """Sleep until an instant of the real clock."""
    await asyncio.sleep(max(0.0, at.timestamp() - time.time()))  # noqa: TID251


async def people(
    crowd: Crowd, forecast: Forecast, key: str, number: int, opens_at: datetime
) -> None:
    """Of three cases one is left alone, one acknowledged in good time, one with no worker."""
    day = (opens_at - timedelta(hours=1)).date() - timedelta(days=1)

    async def acknowledge(kpi: int, after_s: float) -> None:
        await sleep_until(opens_at + timedelta(seconds=after_s))
        case = f"noncompliance/{key}/errors_{kpi}/{day}"
        for task, choice, note in (
            (f"{case}/acknowledge_breach", "acknowledge", ""),
            (f"{case}/submit_plan/1", "submit", "Restart it"),
        ):
            await crowd.answer(task, await owner(crowd, task), choice, note=note)

    async def call(index: int, after_s: float) -> None:
        await sleep_until(opens_at + timedelta(seconds=after_s))
        row = f"s-{index + 2},error,{datetime.now(UTC):%Y-%m-%d %H:%M},0"  # noqa: TID251
        name = f"facts-sample-{index}.csv"
        await crowd.hand_in(key, name, f"id,series,at,value\n{row}\n")
        await crowd.send(
            f"call {key} {index}",
            lambda command: crowd.gateway.call_review(
                key, "client.governance", f"Storm {index}", command_id=command
            ),
        )

    unworked = [each for each in reversed(forecast.strikes) if each.victim is Victim.WORKER]
    answers = []
    for kpi in range(forecast.kpis):
        turn, place = divmod(number + kpi, 3)
        in_good_time = 2.6 * forecast.level_s
        in_the_middle = unworked[turn % len(unworked)].at_s + 0.15
        after_s = (None, in_good_time, in_the_middle)[place]
        if after_s is not None:
            answers.append(acknowledge(kpi, after_s))
    calls = [
        call(index, strike.at_s + 0.1)
        for index, strike in enumerate(forecast.strikes)
        if index % forecast.agreements == number
    ]
    await together(*answers, *calls)


async def owner(crowd: Crowd, task: str) -> str:
    """Who is asked to do it; waits until somebody is, for nobody can answer before."""
    query = select(tables.task.c.owners).where(tables.task.c.id == task)

    async def look() -> list[str] | None:
        async with crowd.gateway.world.engine.connect() as connection:
            return await connection.scalar(query)

    while not (owners := (await crowd.insist(look))[0]):  # noqa: ASYNC110 - others decide
        await asyncio.sleep(0.1)
    return owners[0]


async def strikes(household: Household, forecast: Forecast, opens_at: datetime) -> None:
    """Kill what the forecast says, when it says; a victim that is still down is left to get up."""
    locks = {strike.victim: asyncio.Lock() for strike in forecast.strikes}

    async def one(at: datetime, victim: Any) -> None:
        await sleep_until(at)
        async with locks[victim]:
            await household.strike(victim)

    await together(
        *(
            one(opens_at + timedelta(seconds=strike.at_s), strike.victim)
            for strike in forecast.strikes
        )
    )


async def calm(world: World, forecast: Forecast) -> None:
    """Wait until nothing is on its way any more."""
    expected = forecast.agreements * (forecast.kpis + 1)
    deadline = time.monotonic() + forecast.calm_within_s
    busy = text(
        "SELECT (SELECT count(*) FROM command WHERE outcome IS NULL)"
        " + (SELECT count(*) FROM notice WHERE state = 'prepared')"
        " + (SELECT count(*) FROM noncompliance WHERE state = 'climbing')"
        " + (SELECT count(*) FROM outbox WHERE NOT told)"
    )
    while True:
        with suppress(OSError):
            async with world.engine.connect() as connection:
                cases = await connection.scalar(
                    select(func.count()).select_from(tables.noncompliance)
                )
                waiting = await connection.scalar(busy)
            if cases == expected and waiting == 0:
                return
        assert time.monotonic() < deadline, f"{cases} of {expected} cases, {waiting} waiting"
        await asyncio.sleep(0.25)


async def weather(forecast: Forecast, engines: embedded.Engines, folder: Path) -> Aftermath:
    """Let it come, wait until it is over, and look."""
    from commandline.session import application_url

    worker = WorkerProcess(folder, engines)
    household = Household(engines, worker)
    settings = Settings(data_dir=folder)
    url = application_url(engines)
    async with world_of(settings, url, engines.temporal.address) as world:
        crowd = Crowd(Gateway(world, patience_s=3))
        await worker.ready()
        try:
            soon = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
            opens_at = soon + STEADY + timedelta(seconds=forecast.agreements)
            await together(*(live(crowd, forecast, key, opens_at) for key in forecast.keys))
            await together(
                strikes(household, forecast, opens_at),
                *(
                    people(crowd, forecast, key, number, opens_at)
                    for number, key in enumerate(forecast.keys)
                ),
            )
            await sleep_until(opens_at + timedelta(seconds=forecast.climb_s))
            await calm(world, forecast)
            assert await worker.stop() == 0
        finally:
            worker.kill()
        # What a killed worker was just sending is re-issued after a minute; here, at once.
        channel = MailboxChannel(settings.mail_folder(), settings.sender)
        await asyncio.sleep(1)
        await Post(world.engine, channel, lost_after=timedelta(seconds=1)).send()
        return await look_around(world, forecast, opens_at, crowd, household, settings)


async def look_around(
    world: World,
    forecast: Forecast,
    opens_at: datetime,
    crowd: Crowd,
    household: Household,
    settings: Settings,
) -> Aftermath:
    """Read everything that there is."""
    rows: dict[str, list[Any]] = {}
    async with world.engine.connect() as connection:
        for table in ("noncompliance", "rung", "notice", "command", "journal", "intake", "review"):
            columns = select(tables.metadata.tables[table])
            rows[table] = list(await connection.execute(columns))
    attempts: list[int] = []
    for workflow in {row.workflow for row in rows["journal"] if row.workflow}:
        handle = world.temporal.get_workflow_handle(workflow)
        attempts += [
            event.activity_task_started_event_attributes.attempt
            async for event in handle.fetch_history_events()
            if event.HasField("activity_task_started_event_attributes")
        ]
    return Aftermath(
        forecast,
        opens_at,
        crowd.sent,
        crowd.files,
        household.kills,
        attempts,
        sorted(settings.mail_folder().glob("*.eml")),
        rows,
    )


__all__ = ["OVERDUE", "Aftermath", "weather"]
