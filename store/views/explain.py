"""Why a figure is what it is, and what became of a case: everything that went into it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.editions import all_editions
from store.tables import case_period, credit, evaluation, noncompliance, notice
from store.views.record import rungs_of

Row = dict[str, Any]


async def figure(connection: AsyncConnection, key: str, kpi: str, period: str) -> Row | None:
    """A period of a KPI: its revisions, the terms that it was judged by, its credit and its case."""
    mine = (evaluation.c.agreement == key) & (evaluation.c.kpi == kpi)
    query = select(evaluation).where(mine, evaluation.c.period == period)
    found = (await connection.execute(query.order_by(evaluation.c.revision))).all()
    if not found:
        return None
    revisions = [dict(row._mapping) for row in found]  # noqa: SLF001
    edition = next(
        each
        for each in await all_editions(connection, key)
        if each.number == revisions[-1]["edition"]
    )
    owed = select(credit).where(
        credit.c.agreement == key, credit.c.kpi == kpi, credit.c.period == period
    )
    case = select(case_period.c.case_id).where(
        case_period.c.period == period,
        case_period.c.case_id.in_(
            select(noncompliance.c.id).where(
                noncompliance.c.agreement == key, noncompliance.c.kpi == kpi
            )
        ),
    )
    return {
        "agreement": key,
        "kpi": edition.terms.kpi(kpi).model_dump(mode="json", exclude_none=True),
        "zone": edition.terms.zone,
        "edition": edition.number,
        "terms_digest": edition.digest,
        "revisions": revisions,
        "credits": [dict(row._mapping) for row in await connection.execute(owed)],  # noqa: SLF001
        "case": await connection.scalar(case.order_by(case_period.c.case_id)),
    }


async def case(connection: AsyncConnection, case_id: str) -> Row | None:
    """A case: its state, the periods that joined it, its rungs and who was told."""
    query = select(noncompliance).where(noncompliance.c.id == case_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    joined = select(case_period).where(case_period.c.case_id == case_id)
    told = select(
        notice.c.template, notice.c.contact, notice.c.due_at, notice.c.state, notice.c.key
    ).where(notice.c.subject == case_id)
    return {
        **row._mapping,  # noqa: SLF001
        "periods": [
            dict(each._mapping)  # noqa: SLF001
            for each in await connection.execute(joined.order_by(case_period.c.joined_at))
        ],
        "rungs": await rungs_of(connection, case_id),
        "notices": [
            dict(each._mapping)  # noqa: SLF001
            for each in await connection.execute(told.order_by(notice.c.due_at, notice.c.key))
        ],
    }
