"""Figure 3: from the call of the gateway's launch to the agreement's first timer."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from bench import standard
from bench.engines import Real
from bench.figures import Figure, Row, percentile, ratio, spread
from domain.identifiers import agreement_workflow
from gateway import Gateway


@dataclass(frozen=True, slots=True)
class Launched:
    """Seconds to the first timer: of agreements, and of workflows that only sleep."""

    agreements: list[float]
    idle: list[float]


async def measure(real: Real, launches: int, answer_within: str) -> Launched:
    """Launch one after another; every other time a workflow that only sleeps."""
    gateway, world = Gateway(real.world), real.world
    size = standard.to_come(world.now().date(), answer_within=answer_within)
    launched = Launched([], [])
    for number in range(launches):
        asked = world.now()
        await real.start_idle(f"idle-{number}")
        launched.idle.append(
            (await first_timer(world.temporal, f"idle-{number}") - asked).total_seconds()
        )
        document = standard.agreement(f"launched-{number}", size)
        asked = world.now()
        await gateway.launch(document)
        timer = await first_timer(world.temporal, agreement_workflow(f"launched-{number}"))
        launched.agreements.append((timer - asked).total_seconds())
    return launched


async def first_timer(client: Client, workflow: str) -> datetime:
    """When a workflow's first timer was started, by the server's clock, which is this machine's."""
    while True:
        history = await client.get_workflow_handle(workflow).fetch_history()
        for event in history.events:
            if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
                return event.event_time.ToDatetime(tzinfo=UTC)
        await asyncio.sleep(0.02)


def figure(launched: Launched) -> Figure:
    """The figure as it is told."""
    median = percentile(launched.agreements, 50)
    return Figure(
        "3. Launch to first timer, on the real engines",
        (
            Row(f"{len(launched.agreements)} agreements", spread(launched.agreements, "ms", 1000)),
            Row("workflows that only sleep", spread(launched.idle, "ms", 1000), "same run"),
            Row("median, to theirs", ratio(median, percentile(launched.idle, 50))),
        ),
    )
