"""Figure 4: how late rungs fire that are all due at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from activities.opening import Miss, open_case
from activities.starting import nudge_monitoring
from bench.engines import Real, until
from bench.figures import Figure, Row, spread
from domain.evaluation import Status
from store import tables

GOAL_S = 5.0
KPI, PERIOD = "day-1", "2026-01-01"


@dataclass(frozen=True, slots=True)
class Late:
    """Seconds after the instant: of rungs, and of their mails in the mailbox."""

    rungs: list[float]
    mails: list[float]
    opened_in_time: int


async def measure(real: Real, agreements: int) -> Late:
    """Open a case in each agreement as Monitoring does, and let its second rung fall due."""
    engine, now = real.world.engine, real.world.now()
    agreement, rung = tables.agreement, tables.rung
    async with engine.begin() as connection:
        query = select(agreement.c.id, agreement.c.shard).where(agreement.c.id.like("resting-%"))
        rows = (await connection.execute(query.order_by(agreement.c.id))).all()[:agreements]
        for row in rows:
            miss = Miss(row.id, row.shard, KPI, PERIOD, Status.BELOW_MINIMUM, now)
            await open_case(connection, real.world, miss, now)
    for row in {row.shard: row for row in rows}.values():
        await nudge_monitoring(real.world, row.id, now)
    second = select(func.count()).select_from(rung).where(rung.c.level == 2)

    async def all_sent() -> bool:
        async with engine.connect() as connection:
            fired = await connection.scalar(second)
        return fired == len(rows) and len(_mails(real)) == 2 * len(rows)

    await until(all_sent, "every second rung has fired and its mails are sent")
    async with engine.connect() as connection:
        fired = (await connection.execute(select(rung).where(rung.c.level == 2))).all()
        first = (await connection.execute(select(rung).where(rung.c.level == 1))).all()
    due_at: datetime = fired[0].due_at
    assert all(each.due_at == due_at for each in fired)
    return Late(
        [(each.fired_at - due_at).total_seconds() for each in fired],
        [mail - due_at.timestamp() for mail in _mails(real)],
        sum(each.fired_at < due_at for each in first),
    )


def _mails(real: Real) -> Sequence[float]:
    """When the mails of second rungs lay in the mailbox."""
    return [mail.stat().st_mtime for mail in real.mailbox.glob("*_breach_2_*.eml")]


def figure(late: Late) -> Figure:
    """The figure as it is told."""
    goal = f"goal: at most {GOAL_S:.0f} s"
    return Figure(
        f"4. Lateness of {len(late.rungs)} rungs due at one instant, on the real engines",
        (
            Row("rung fired", spread(late.rungs, "s"), goal),
            Row(f"mail in the mailbox ({len(late.mails)})", spread(late.mails, "s"), goal),
            Row("cases opened before the instant", f"{late.opened_in_time} of {len(late.rungs)}"),
        ),
    )
