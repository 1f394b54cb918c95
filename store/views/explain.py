"""Why a figure is what it is, and what became of a case: everything that went into it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.clocks.every import Clocks
from domain.clocks.runs import ClockRun
from domain.facts import Ticket, TicketEvent
from store.archived import drops
from store.editions import Edition, all_editions, in_force
from store.known import facts_of_ticket
from store.ledger import latest_fired
from store.tables import case_period, entitlement, evaluation, noncompliance, notice
from store.views.agreements import credited
from store.views.record import rungs_of

Row = dict[str, Any]


async def figure(
    connection: AsyncConnection, key: str, kpi: str, period: str, dim: Sequence[str] = ()
) -> Row | None:
    """A period of a KPI: its revisions, its terms, its lines in the ledger, what it set off, its case.

    `dim` are the values of a dimension, in the order of the columns that split the KPI; without
    them the period is explained in every dimension.
    """
    mine = (evaluation.c.agreement == key) & (evaluation.c.kpi == kpi)
    query = select(evaluation).where(mine, evaluation.c.period == period)
    found = await connection.execute(query.order_by(evaluation.c.dim, evaluation.c.revision))
    revisions = [row for row in _plain(found) if not dim or _values(row) == list(dim)]
    if not revisions:
        return None
    last = revisions[-1]
    edition = next(
        each for each in await all_editions(connection, key) if each.number == last["edition"]
    )
    case = (
        select(noncompliance.c.id)
        .join(case_period, case_period.c.case_id == noncompliance.c.id)
        .where(
            noncompliance.c.agreement == key,
            noncompliance.c.kpi == kpi,
            case_period.c.period == period,
        )
        .order_by(noncompliance.c.opened_at.desc(), noncompliance.c.opening.desc())
        .limit(1)
    )
    labels = {"/".join((kpi, *_values(row), period)) for row in revisions}
    rights = select(entitlement).where(entitlement.c.agreement == key)
    set_off = [
        row
        for row in _plain(await connection.execute(latest_fired(key)))
        if labels.intersection(row["periods"])
    ]
    firings = {(row["trigger"], row["fired_at"], row["number"]) for row in set_off}
    return {
        "agreement": key,
        "kpi": edition.terms.kpi(kpi).model_dump(mode="json", exclude_none=True),
        "zone": edition.terms.zone,
        "edition": edition.number,
        "terms_digest": edition.digest,
        "revisions": revisions,
        "credits": await _lines(connection, key, revisions),
        "fired": set_off,
        "rights": [
            row
            for row in _plain(await connection.execute(rights.order_by(entitlement.c.arises_at)))
            if (row["trigger"], row["arises_at"], row["number"]) in firings
        ],
        "case": await connection.scalar(case),
        "archived": await drops(connection, key, last["start_at"]),
    }


def _plain(rows: Any) -> list[Row]:  # noqa: ANN401 - database rows
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - the documented way to the names


def _values(row: Row) -> list[str]:
    """The values of a result's dimension."""
    return [value for _, value in row["outcome"].get("dim", ())]


async def _lines(connection: AsyncConnection, key: str, revisions: list[Row]) -> list[Row]:
    """The period's own lines, and those of its settlement period that are of no KPI: caps, points."""
    last = revisions[-1]
    dims = {row["dim"] for row in revisions}
    lines = _plain(await connection.execute(credited(key)))
    return [
        row
        for row in lines
        if (
            row["settles_from"] < last["end_at"] <= row["settles_until"]
            if row["kpi"] is None
            else (row["kpi"], row["start_at"]) == (last["kpi"], last["start_at"])
            and row["dim"] in dims
        )
    ]


async def ticket(
    connection: AsyncConnection, key: str, name: str, now: datetime
) -> tuple[Edition, list[ClockRun], list[str]] | None:
    """The clocks of a ticket as they stand now, by the edition in force at its opening.

    Where there are none, why. None when the agreement knows no such ticket.
    """
    found = await facts_of_ticket(connection, key, now, name)
    tickets = [fact for fact in found if isinstance(fact, Ticket)]
    if not tickets:
        return None
    events = [fact for fact in found if isinstance(fact, TicketEvent)]
    edition = in_force(await all_editions(connection, key), tickets[0].opened_at)
    clocks = Clocks(edition.terms)
    runs = clocks.on(tickets[0], events, now)
    return edition, runs, [] if runs else clocks.why_none(tickets[0])


async def case(connection: AsyncConnection, case_id: str) -> Row | None:
    """A case: its state, the periods that joined it, its rungs and who was told."""
    query = select(noncompliance).where(noncompliance.c.id == case_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    joined = (
        select(case_period)
        .ext(distinct_on(case_period.c.period))
        .where(case_period.c.case_id == case_id)
        .order_by(case_period.c.period, case_period.c.revision.desc())
        .subquery()
    )
    told = select(
        notice.c.template, notice.c.contact, notice.c.due_at, notice.c.state, notice.c.key
    ).where(notice.c.subject == case_id)
    return {
        **row._mapping,  # noqa: SLF001
        "periods": [
            dict(each._mapping)  # noqa: SLF001
            for each in await connection.execute(
                select(joined).order_by(joined.c.joined_at, joined.c.period)
            )
        ],
        "rungs": await rungs_of(connection, case_id),
        "notices": [
            dict(each._mapping)  # noqa: SLF001
            for each in await connection.execute(told.order_by(notice.c.due_at, notice.c.key))
        ],
    }
