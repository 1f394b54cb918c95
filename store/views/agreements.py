"""Agreements at a glance, and one agreement on one page."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.terms.shape import Agreement
from store.editions import all_editions, in_force
from store.ledger import latest_fired
from store.tables import (
    agreement,
    change,
    credit,
    edition,
    entitlement,
    evaluation,
    milestone,
    noncompliance,
    renewal,
    review,
    task,
)

Row = dict[str, Any]


def _plain(rows: Any) -> list[Row]:  # noqa: ANN401 - database rows
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - the documented way to the names


async def agreements(connection: AsyncConnection) -> list[Row]:
    """Every agreement with its phase, what is open in it and how it stands."""
    open_tasks = _count(task, task.c.agreement == agreement.c.id, task.c.closed_at.is_(None))
    open_cases = _count(
        noncompliance,
        noncompliance.c.agreement == agreement.c.id,
        noncompliance.c.closed_at.is_(None),
    )
    next_task = (
        select(func.min(task.c.due_at))
        .where(task.c.agreement == agreement.c.id, task.c.closed_at.is_(None))
        .scalar_subquery()
    )
    query = select(
        agreement.c.id,
        agreement.c.title,
        agreement.c.client,
        agreement.c.provider,
        agreement.c.phase,
        agreement.c.zone,
        agreement.c.term,
        agreement.c.launched_at,
        agreement.c.live_from,
        agreement.c.ends_at,
        agreement.c.closed_at,
        open_cases.label("open_cases"),
        open_tasks.label("open_tasks"),
        next_task.label("next_task_due_at"),
    )
    return _plain(await connection.execute(query.order_by(agreement.c.id)))


def _count(table: Any, *where: Any) -> Any:  # noqa: ANN401 - of SQLAlchemy's own types
    return select(func.count()).select_from(table).where(*where).scalar_subquery()


async def one_agreement(connection: AsyncConnection, key: str) -> Row | None:
    """Everything of an agreement on one page; None when there is none."""
    found = [row for row in await agreements(connection) if row["id"] == key]
    if not found:
        return None
    latest = (
        select(evaluation)
        .ext(distinct_on(evaluation.c.kpi, evaluation.c.dim))
        .where(evaluation.c.agreement == key)
        .order_by(
            evaluation.c.kpi,
            evaluation.c.dim,
            evaluation.c.end_at.desc(),
            evaluation.c.revision.desc(),
        )
    )
    of = {
        "editions": select(
            edition.c.number, edition.c.effective_at, edition.c.adopted_at, edition.c.digest
        )
        .where(edition.c.agreement == key)
        .order_by(edition.c.number),
        "milestones": select(milestone)
        .where(milestone.c.agreement == key)
        .order_by(milestone.c.planned_on, milestone.c.key),
        "kpis": latest,
        "cases": select(noncompliance)
        .where(noncompliance.c.agreement == key)
        .order_by(noncompliance.c.opened_at, noncompliance.c.id),
        "reviews": select(review)
        .where(review.c.agreement == key)
        .order_by(review.c.opened_at, review.c.id),
        "changes": select(change).where(change.c.agreement == key).order_by(change.c.number),
        "renewals": select(renewal).where(renewal.c.agreement == key).order_by(renewal.c.term),
        "credits": credited(key),
        "fired": latest_fired(key),
        "rights": select(entitlement)
        .where(entitlement.c.agreement == key)
        .order_by(entitlement.c.arises_at, entitlement.c.key, entitlement.c.number),
    }
    page = {name: _plain(await connection.execute(query)) for name, query in of.items()}
    return {**found[0], **page}


def credited(key: str) -> Any:  # noqa: ANN401 - of SQLAlchemy's own types
    """The ledger of an agreement: the latest revision of each line, as it was settled."""
    latest = (
        select(credit)
        .ext(distinct_on(credit.c.line))
        .where(credit.c.agreement == key)
        .order_by(credit.c.line, credit.c.revision.desc())
        .subquery()
    )
    return select(latest).order_by(latest.c.settles_from, latest.c.start_at, latest.c.line)


async def evaluations(connection: AsyncConnection, key: str) -> list[Row]:
    """Every period of an agreement that was evaluated, the latest revision of each."""
    place = (evaluation.c.kpi, evaluation.c.dim, evaluation.c.start_at)
    query = (
        select(evaluation)
        .ext(distinct_on(*place))
        .where(evaluation.c.agreement == key)
        .order_by(*place, evaluation.c.revision.desc())
    )
    return _plain(await connection.execute(query))


async def terms_of(connection: AsyncConnection, key: str, at: datetime) -> Agreement | None:
    """The terms of an agreement in force at an instant; None where there is no such agreement."""
    editions = await all_editions(connection, key)
    return in_force(editions, at).terms if editions else None
