"""The record of performance over a span of time: what reviews and renewals are decided from."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import credit, evaluation, noncompliance, rung


async def record_of(
    connection: AsyncConnection, agreement: str, since: datetime | None, until: datetime
) -> dict[str, Any]:
    """Periods by KPI and status, cases opened and still open, and credits, known before `until`."""
    latest = (
        select(evaluation)
        .ext(distinct_on(evaluation.c.kpi, evaluation.c.period))
        .where(evaluation.c.agreement == agreement, evaluation.c.due_at < until)
        .order_by(evaluation.c.kpi, evaluation.c.period, evaluation.c.revision.desc())
        .subquery()
    )
    counted = (
        select(latest.c.kpi, latest.c.status, func.count().label("periods"))
        .group_by(latest.c.kpi, latest.c.status)
        .order_by(latest.c.kpi, latest.c.status)
    )
    if since is not None:
        counted = counted.where(latest.c.due_at >= since)
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
    credited = (
        select(func.count(), func.sum(credit.c.percent))
        .join(
            latest,
            (latest.c.kpi == credit.c.kpi)
            & (latest.c.period == credit.c.period)
            & (latest.c.revision == credit.c.revision),
        )
        .where(credit.c.agreement == agreement, credit.c.percent > 0)
    )
    if since is not None:
        credited = credited.where(latest.c.due_at >= since)
    periods, percent = (await connection.execute(credited)).one()
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat(),
        "kpis": kpis,
        "cases_opened": [row.id for row in recent],
        "cases_open": still_open,
        "credited_periods": periods,
        "credited_percent": str(percent or 0),
    }


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
