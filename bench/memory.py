"""Figure 5: what an agreement at rest costs its worker, beside a workflow that only sleeps."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import func, select

from bench import standard
from bench.engines import Real, until
from bench.figures import Figure, Row, ratio, resident
from gateway import Gateway
from store import tables

SETTLES_S = 5.0
NOTED = "61 to 69 kB"
"""An idle workflow in an earlier trial of 1,000; docs/benchmarks.md says where."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Bytes of a worker before and after so many more agreements, or idle workflows, rest in it."""

    number: int
    before: int
    after: int
    idle_before: int
    idle_after: int

    @property
    def each(self) -> float:
        """Bytes of an agreement."""
        return (self.after - self.before) / self.number

    @property
    def idle_each(self) -> float:
        """Bytes of a workflow that only sleeps."""
        return (self.idle_after - self.idle_before) / self.number


async def measure(real: Real, number: int, answer_within: str) -> Rest:
    """Launch so many agreements, and start as many idle workflows, in workers that are warm."""
    # A burst opens every connection and fills every cache, which belong to no agreement.
    await _launch(real, "warming", number // 2, answer_within)
    before, idle_before = resident(real.worker), resident(real.idle)
    await _launch(real, "resting", number, answer_within)
    return Rest(number, before, resident(real.worker), idle_before, resident(real.idle))


async def _launch(real: Real, name: str, number: int, answer_within: str) -> None:
    """Launch in a burst, and wait until the workers are at rest."""
    gateway = Gateway(real.world, patience_s=0)
    size = standard.to_come(real.world.now().date(), answer_within=answer_within)
    for each in range(number):
        await gateway.launch(standard.agreement(f"{name}-{each}", size))
        await real.start_idle(f"{name}-{each}")
    await until(lambda: _quiet(real), "every launch is recorded and every mail sent")
    await asyncio.sleep(SETTLES_S)


async def _quiet(real: Real) -> bool:
    """Whether nothing is under way."""
    command, notice = tables.command, tables.notice
    async with real.world.engine.connect() as connection:
        undecided = await connection.scalar(
            select(func.count()).select_from(command).where(command.c.outcome.is_(None))
        )
        unsent = await connection.scalar(
            select(func.count()).select_from(notice).where(notice.c.state != "sent")
        )
    return not undecided and not unsent


def figure(rest: Rest) -> Figure:
    """The figure as it is told."""
    return Figure(
        "5. Memory of a worker at rest",
        (
            Row(
                f"each of {rest.number} idle agreements",
                f"{rest.each / 1000:,.0f} kB",
                f"worker {rest.before / 1e6:,.0f} to {rest.after / 1e6:,.0f} MB",
            ),
            Row("each workflow that only sleeps", f"{rest.idle_each / 1000:,.0f} kB", "same run"),
            Row("an agreement, to that", ratio(rest.each, rest.idle_each), f"noted: {NOTED}"),
        ),
    )
