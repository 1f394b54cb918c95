"""Figure 1: history events of an agreement-year, beside an agreement that measures itself."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bench import standard
from bench.figures import Figure, Row, ratio
from bench.histories import count_events, runs_of
from bench.naive import Naive, NaiveAgreementWorkflow, measure_naively
from domain.facts import FactKind
from domain.identifiers import agreement_workflow, monitoring_workflow
from domain.terms.reader import read
from domain.zones import midnight, zone_named
from gateway import Gateway
from incoming.files import open_source
from notices.channels import MailboxChannel
from rehearsal.acting import Acting, Cast, ScriptedChannel
from rehearsal.people import DeskWorkflow, PersonWorkflow
from rehearsal.script import Script
from rehearsal.stage import TASK_QUEUE, Stage, staged, throw_away_record
from store import tables
from store.facts import take_in
from worker import build_worker

GOAL = 800
STEP = timedelta(days=10)
DAYS = 365

ONE_DAILY, STANDARD = "naive/one-daily", "naive/standard"
NAIVE = {
    ONE_DAILY: ("day",),
    STANDARD: tuple(every for _, every in standard.kpis(standard.WHOLE)),
}
ON_SHARD = 50
"""Agreements on Monitoring's shard, by the goal."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The events of one agreement's life by type of workflow, and of its peers."""

    by_type: dict[str, int]
    monitoring: int
    on_shard: int
    evaluated: int
    naive: dict[str, int]

    @property
    def whole(self) -> float:
        """Everything of the agreement's own, and its share of Monitoring."""
        return sum(self.by_type.values()) + self.share

    @property
    def share(self) -> float:
        """One agreement's part of Monitoring, whose wakes do not depend on how many it wakes for."""
        return self.monitoring / ON_SHARD


def count(on_shard: int = ON_SHARD, naive: Mapping[str, tuple[str, ...]] = NAIVE) -> Counted:
    """Live a year on the time-skipping server and count."""
    with throw_away_record() as url, TemporaryDirectory(prefix="covenant-bench-") as folder:
        return asyncio.run(_live(url, Path(folder), on_shard, naive))


async def _live(
    url: str, folder: Path, on_shard: int, naive: Mapping[str, tuple[str, ...]]
) -> Counted:
    reading = read(standard.script(on_shard - 1).encode(), "rehearsal.yaml", Script)
    assert reading.value is not None, reading.problems
    cast = Cast(reading.value, folder, "Europe/London", {})
    channel = ScriptedChannel(MailboxChannel(folder / "mailbox", "bench@covenant.invalid"), cast)
    async with staged(url, channel, standard.BEGINS) as stage:
        channel.engage(stage.client, TASK_QUEUE, stage.world.offset.total_seconds())
        gateway = Gateway(stage.world, patience_s=0)
        worker = build_worker(
            stage.world,
            more_workflows=[PersonWorkflow, DeskWorkflow, NaiveAgreementWorkflow],
            more_activities=[Acting(gateway, cast).act, measure_naively],
        )
        async with worker:
            for name, kpis in naive.items():
                await stage.client.start_workflow(
                    NaiveAgreementWorkflow.run, Naive(DAYS, kpis), id=name, task_queue=TASK_QUEUE
                )
            await _launch(gateway, "standard", standard.WHOLE, every_days=1)
            for number in range(1, on_shard):
                await _launch(gateway, *standard.neighbour(number), every_days=28)
            until = midnight(standard.UNTIL, zone_named("Europe/London"))
            while stage.now < until:
                await stage.advance(min(STEP, until - stage.now))
            return await _count(stage, on_shard, naive)


async def _launch(gateway: Gateway, key: str, size: standard.Size, every_days: int) -> None:
    """Launch an agreement and take in its year of facts, which nobody could hand in so early."""
    await gateway.launch(standard.agreement(key, size), now=standard.BEGINS)
    document = standard.facts(size, every_days)
    facts = open_source(document, zone_named("Europe/London")).facts
    async with gateway.world.engine.begin() as connection:
        await take_in(
            connection,
            key,
            document.name,
            key,
            FactKind.SAMPLE,
            facts,
            "provider.manager",
            standard.BEGINS,
        )


async def _count(stage: Stage, on_shard: int, naive: Iterable[str]) -> Counted:
    async with stage.world.engine.connect() as connection:
        workflows = await _workflows(connection, "standard")
        await _check(connection, on_shard)
        evaluated = int(
            await connection.scalar(select(func.count()).select_from(tables.evaluation)) or 0
        )
    by_type = {
        kind: sum([await count_events(stage.client, each) for each in ids])
        for kind, ids in workflows.items()
    }
    return Counted(
        by_type,
        await _monitoring(stage, on_shard),
        on_shard,
        evaluated,
        {name: await count_events(stage.client, name) for name in naive},
    )


async def _monitoring(stage: Stage, on_shard: int) -> int:
    """Monitoring's events of one year: what 50 launches cause, and the last year of the first term.

    Left out is the time in which only some neighbours were live, or another year had begun.
    """
    zone, day = zone_named("Europe/London"), timedelta(days=1)
    first_live = midnight(standard.LIVE_ON - on_shard * day, zone)
    since = midnight(standard.ENDS_ON - DAYS * day, zone)
    until = midnight(standard.ENDS_ON, zone) + timedelta(hours=1)
    counted = 0
    async for events in runs_of(stage.client, monitoring_workflow(0)):
        for event in events:
            at = event.event_time.ToDatetime(tzinfo=UTC) + stage.world.offset
            counted += at < first_live or since <= at < until
    return counted


async def _workflows(connection: AsyncConnection, key: str) -> dict[str, list[str]]:
    """The ids of an agreement's workflows, by type."""
    kinds = {
        "cases": tables.noncompliance,
        "reviews": tables.review,
        "changes": tables.change,
        "renewals": tables.renewal,
    }
    found = {"agreement": [agreement_workflow(key)]}
    for kind, table in kinds.items():
        ids = await connection.scalars(
            select(table.c.id).where(table.c.agreement == key).order_by(table.c.id)
        )
        found[kind] = list(ids)
    return found


async def _check(connection: AsyncConnection, on_shard: int) -> None:
    """The year was what it is said to have been; otherwise its events tell nothing."""
    journal, mine = tables.journal, tables.journal.c.agreement == "standard"
    query = select(journal.c.event, func.count().label("times")).where(mine).group_by("event")
    told = {row.event: row.times for row in await connection.execute(query)}
    expected = {
        "milestone_delivered": 5,
        "milestone_accepted": 5,
        "went_live": 1,
        "case_opened": 4,
        "rung_fired": 8,
        "breach_acknowledged": 4,
        "plan_submitted": 4,
        "plan_accepted": 4,
        "case_closed": 4,
        "review_answered": 12,
        "review_closed": 6,
        "term_renewed": 1,
    }
    wrong = {event: told.get(event, 0) for event in expected if told.get(event) != expected[event]}
    assert not wrong, f"the standard year went otherwise: {wrong}"
    measured = await connection.scalar(select(func.count(tables.evaluation.c.agreement.distinct())))
    assert measured == on_shard, f"{measured} agreements were measured, not {on_shard}"


def figure(counted: Counted) -> Figure:
    """The figure as it is told."""
    by_type = tuple(Row(f"  {kind}", f"{events:,}") for kind, events in counted.by_type.items())
    peers = (
        (STANDARD, "naive agreement, the same KPIs"),
        (ONE_DAILY, "naive agreement, one daily KPI"),
    )
    naive = tuple(
        Row(
            what,
            f"{counted.naive[name]:,}",
            f"measures only; same run; ours to it {ratio(counted.whole, counted.naive[name])}",
        )
        for name, what in peers
        if name in counted.naive
    )
    share = (
        f"{counted.monitoring:,} events in a year, {counted.on_shard} agreements on its shard, "
        f"{counted.evaluated:,} periods evaluated"
    )
    return Figure(
        "1. History events of a standard agreement-year",
        (
            Row("all workflows", f"{counted.whole:,.0f}", f"goal: at most {GOAL}"),
            *by_type,
            Row(f"  1/{ON_SHARD} of Monitoring", f"{counted.share:,.0f}", share),
            *naive,
        ),
    )
