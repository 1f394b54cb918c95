"""How far back an agreement's facts are still needed, as the record knows it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.measurement import carries_on
from domain.retention import Course, Need, needs, reach_of
from domain.timeline import Timeline
from store.archived import gone_before
from store.editions import Edition, all_editions, timeline_of
from store.results import results_until
from store.tables import agreement, case_period, noncompliance


async def needs_of(connection: AsyncConnection, key: str, now: datetime) -> list[Need]:
    """What facts are needed for, the earliest first."""
    timeline = timeline_of(await all_editions(connection, key))
    row = (await connection.execute(select(agreement).where(agreement.c.id == key))).one()
    kept = await results_until(connection, key, timeline)
    course = Course(row.live_from, row.ends_at, row.closed_at)
    cases = await _open_cases(connection, key)
    return needs(timeline, [each.result for each in kept], course, cases, now)


async def reaches_too_far(connection: AsyncConnection, key: str, coming: Edition) -> str | None:
    """Why an edition cannot be adopted: its first periods would read facts that are gone."""
    gone = await gone_before(connection, key)
    if gone is None:
        return None
    timeline = timeline_of([*await all_editions(connection, key), coming])
    row = (await connection.execute(select(agreement).where(agreement.c.id == key))).one()
    kept = await results_until(connection, key, timeline)
    course = Course(row.live_from, row.ends_at, row.closed_at)
    need = reach_of(timeline, coming.number, [each.result for each in kept], course)
    if need is None or gone <= need.since:
        return None
    return (
        f"{need.why} would rest on facts from {need.since:%Y-%m-%d %H:%M} UTC on, and those before "
        f"{gone:%Y-%m} are archived; choose a shorter average, or another `no_data`"
    )


async def _open_cases(connection: AsyncConnection, key: str) -> set[tuple[str, str]]:
    """The KPI and the periods of cases that are open."""
    query = (
        select(noncompliance.c.kpi, case_period.c.period)
        .join(case_period, case_period.c.case_id == noncompliance.c.id)
        .where(noncompliance.c.agreement == key, noncompliance.c.closed_at.is_(None))
    )
    return {(row.kpi, row.period) for row in await connection.execute(query)}


def states_of(timeline: Timeline) -> set[str]:
    """The series whose samples are states, in some edition: each holds until the next."""
    measures = [kpi.measure for edition in timeline.editions for kpi in edition.terms.kpis]
    return {each.series for each in measures if each.series is not None and carries_on(each)}
