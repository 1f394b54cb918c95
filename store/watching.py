"""Open tickets and KPIs that are watched for warnings: when each is looked at, and what was told.

Word of them is left in the transaction of the intake that touches them; only agreements whose terms
say `warn_at` have any.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import FactKind
from domain.restating import Touched, takes
from domain.terms.shape import Terms
from store.editions import all_editions
from store.tables import agreement, warned, watched

Kind = Literal["ticket", "kpi"]

TICKETS = """
INSERT INTO watched (agreement, kind, name, look_at)
SELECT DISTINCT :agreement, 'ticket', id, CAST(:look_at AS timestamptz) FROM (
    SELECT id FROM ticket
    WHERE agreement = :agreement AND intake = :intake AND opened_at >= :first AND opened_at < :last
      AND closed_at IS NULL
    UNION ALL
    SELECT body ->> 'ticket' FROM fact
    WHERE agreement = :agreement AND intake = :intake AND kind = 'ticket_event'
      AND at >= :first AND at < :last
) AS open
ON CONFLICT (agreement, kind, name) DO UPDATE SET look_at = excluded.look_at
"""
"""Tickets of which an intake tells, unless they are closed; an event may open one again."""


async def leave_word(
    connection: AsyncConnection,
    agreement_id: str,
    number: int,
    touched: Sequence[Touched],
    received_at: datetime,
) -> None:
    """Have what an intake touches looked at as of its receipt, where somebody wants warnings."""
    editions = await all_editions(connection, agreement_id)
    if not any(wants_warnings(each.terms) for each in editions):
        return
    of_tickets = [each for each in touched if each.kind in {FactKind.TICKET, FactKind.TICKET_EVENT}]
    if of_tickets and any(clock.warn_at for each in editions for clock in each.terms.clocks):
        given = {
            "agreement": agreement_id,
            "intake": number,
            "look_at": received_at,
            "first": min(each.start for each in of_tickets),
            "last": max(each.end for each in of_tickets),
        }
        await connection.execute(text(TICKETS), given)
    keys = {
        kpi.key
        for each in editions
        for kpi in each.terms.kpis
        if kpi.warn_at and any(takes(kpi, place) for place in touched)
    }
    await look(connection, agreement_id, "kpi", dict.fromkeys(keys, received_at))
    soonest = await next_look(connection, agreement_id)
    if soonest is not None:
        due_at = func.least(agreement.c.next_due_at, soonest)
        live = agreement.c.live_from.is_not(None) & agreement.c.closed_at.is_(None)
        await connection.execute(
            update(agreement).where(agreement.c.id == agreement_id, live).values(next_due_at=due_at)
        )


def wants_warnings(terms: Terms) -> bool:
    """Whether anything of the terms is to be warned of."""
    return any(clock.warn_at for clock in terms.clocks) or any(kpi.warn_at for kpi in terms.kpis)


async def look(
    connection: AsyncConnection, agreement_id: str, kind: Kind, at: Mapping[str, datetime]
) -> None:
    """Look at these at their instants."""
    if not at:
        return
    rows = [
        {"agreement": agreement_id, "kind": kind, "name": name, "look_at": look_at}
        for name, look_at in sorted(at.items())
    ]
    adding = upsert(watched)
    adding = adding.on_conflict_do_update(
        index_elements=["agreement", "kind", "name"], set_={"look_at": adding.excluded.look_at}
    )
    await connection.execute(adding, rows)


async def forget(
    connection: AsyncConnection, agreement_id: str, kind: Kind, names: Iterable[str]
) -> None:
    """Look at these no more, until an intake touches them again."""
    await connection.execute(
        update(watched)
        .where(
            watched.c.agreement == agreement_id,
            watched.c.kind == kind,
            watched.c.name.in_(list(names)),
        )
        .values(look_at=None)
    )


async def to_look_at(
    connection: AsyncConnection, agreement_id: str, now: datetime, most: int
) -> list[tuple[Kind, str]]:
    """What is to be looked at by now, the soonest first."""
    query = (
        select(watched.c.kind, watched.c.name)
        .where(watched.c.agreement == agreement_id, watched.c.look_at <= now)
        .order_by(watched.c.look_at, watched.c.kind, watched.c.name)
        .limit(most)
    )
    return [(row.kind, row.name) for row in await connection.execute(query)]


async def next_look(connection: AsyncConnection, agreement_id: str) -> datetime | None:
    """When something is to be looked at next."""
    query = select(func.min(watched.c.look_at)).where(watched.c.agreement == agreement_id)
    at: datetime | None = await connection.scalar(query)
    return at


async def given(connection: AsyncConnection, agreement_id: str, keys: Sequence[str]) -> set[str]:
    """Which of these warnings were given already."""
    query = select(warned.c.key).where(
        warned.c.agreement == agreement_id, warned.c.key.in_(list(keys))
    )
    return set(await connection.scalars(query))


async def give(
    connection: AsyncConnection, agreement_id: str, due: Mapping[str, datetime], now: datetime
) -> None:
    """Note that these were given; one that was given before is a fault."""
    rows = [
        {"agreement": agreement_id, "key": key, "due_at": at, "told_at": now}
        for key, at in sorted(due.items())
    ]
    await connection.execute(insert(warned), rows)
