"""The record of performance over a span of time: what reviews and renewals are decided from."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import credit, evaluation, noncompliance, rung


async def record_of(
    connection: AsyncConnection, agreement: str, since: datetime | None, until: datetime
) -> dict[str, Any]:
    """Periods by KPI and status, cases opened and still open, and credits, known before `until`."""
    place = (evaluation.c.kpi, evaluation.c.dim, evaluation.c.period)
    mine = (evaluation.c.agreement == agreement) & (evaluation.c.due_at < until)
    latest = (
        select(*place, evaluation.c.status)
        .ext(distinct_on(*place))
        .where(mine)
        .order_by(*place, evaluation.c.revision.desc())
        .subquery()
    )
    # A period belongs to the time in which its figures were due; restated later, it stays there.
    first = select(*place).where(mine, evaluation.c.revision == 1)
    if since is not None:
        first = first.where(evaluation.c.due_at >= since)
    due = first.subquery()
    counted = (
        select(latest.c.kpi, latest.c.status, func.count().label("periods"))
        .join(
            due,
            (due.c.kpi == latest.c.kpi)
            & (due.c.dim == latest.c.dim)
            & (due.c.period == latest.c.period),
        )
        .group_by(latest.c.kpi, latest.c.status)
        .order_by(latest.c.kpi, latest.c.status)
    )
    kpis: dict[str, dict[str, int]] = {}
    for row in await connection.execute(counted):
        kpis.setdefault(row.kpi, {})[row.status] = row.periods
    cases = select(noncompliance).where(
        noncompliance.c.agreement == agreement, noncompliance.c.opened_at < until
    )
    found = list(
        await connection.execute(cases.order_by(noncompliance.c.opened_at, noncompliance.c.id))
    )
    recent = [row for row in found if since is None or row.opened_at >= since]
    still_open = [row.id for row in found if row.closed_at is None or row.closed_at >= until]
    periods, percent = await _credited(connection, agreement, since, until)
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat(),
        "kpis": kpis,
        "cases_opened": [row.id for row in recent],
        "cases_open": still_open,
        "credited_periods": periods,
        "credited_percent": f"{percent:f}",
    }


async def _credited(
    connection: AsyncConnection, agreement: str, since: datetime | None, until: datetime
) -> tuple[int, Decimal]:
    """How many lines of credit were entered, and what all lines then entered add up to."""
    mine = (credit.c.agreement == agreement) & (credit.c.due_at < until)
    entered = select(credit.c.line).where(mine).group_by(credit.c.line)
    if since is not None:
        entered = entered.having(func.min(credit.c.due_at) >= since)
    latest = (
        select(credit)
        .ext(distinct_on(credit.c.line))
        .where(mine, credit.c.line.in_(entered))
        .order_by(credit.c.line, credit.c.revision.desc())
        .subquery()
    )
    owed = (latest.c.percent > 0) | (latest.c.amount_minor > 0)
    adding = select(func.count().filter(owed), func.coalesce(func.sum(latest.c.percent), 0))
    lines, percent = (await connection.execute(adding)).one()
    return int(lines), Decimal(percent)


async def rungs_of(connection: AsyncConnection, case_id: str) -> list[dict[str, Any]]:
    """The rungs of a case that fired, with their lateness in seconds."""
    query = select(rung).where(rung.c.case_id == case_id).order_by(rung.c.level)
    return [
        {
            "level": row.level,
            "due_at": row.due_at,
            "fired_at": row.fired_at,
            "late_s": (row.fired_at - row.due_at).total_seconds(),
        }
        for row in await connection.execute(query)
    ]


def in_words(record: dict[str, Any]) -> str:
    """The record for a notice: one line per KPI, then cases and credits."""
    lines = [
        f"- {kpi}: "
        + ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in each.items())
        for kpi, each in record["kpis"].items()
    ]
    lines.append(
        f"- cases: {len(record['cases_opened'])} opened, {len(record['cases_open'])} open now"
    )
    lines.append(f"- credits: {record['credited_periods']} periods")
    return "\n".join(lines)
