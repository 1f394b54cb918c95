"""What is gone from the record since it was archived, and the one guard of all who read windows.

Facts that lie wholly before an instant go, and no others: what reaches further stays with all of
it (`store.dropping`). So a window that begins at that instant or later has all its facts, and one
that begins before it may lack some.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import FactKind
from store.known import STANDING
from store.tables import archived, fact_key, ticket

GOING = tuple(sorted(set(FactKind) - {*STANDING, FactKind.INDEX}))
"""Kinds of facts that are taken out. Of the others there are few, and they matter for longer."""


class FactsArchivedError(Exception):
    """A window reaches into months whose facts are gone from the record."""

    def __init__(self, agreement: str, since: datetime, gone: datetime) -> None:
        """Say which facts would be needed, and where they are."""
        super().__init__(
            f"{agreement}: facts from {since:%Y-%m-%d %H:%M} UTC on are needed, and those before "
            f"{gone:%Y-%m} are archived (archived) → assess them from the archive; "
            f"`covenant archive due {agreement}` names it"
        )


class FactsGoneError(Exception):
    """Facts of an intake that would lie in months that are gone, or revise what went with them."""

    def __init__(self, before: datetime, ids: frozenset[tuple[FactKind, str]]) -> None:
        """Keep which they are."""
        super().__init__(f"{len(ids)} facts lie before {before:%Y-%m}, and these are archived")
        self.before, self.ids = before, ids


async def gone_before(connection: AsyncConnection, agreement: str) -> datetime | None:
    """The instant before which facts are gone; None while the record has all of them."""
    query = select(func.max(archived.c.before_at)).where(archived.c.agreement == agreement)
    at: datetime | None = await connection.scalar(query)
    return at


async def must_be_there(
    connection: AsyncConnection, agreement: str, starts: Iterable[datetime]
) -> None:
    """FactsArchivedError when one of the windows that begin at these instants may lack facts."""
    since = min(starts, default=None)
    if since is None:
        return
    gone = await gone_before(connection, agreement)
    if gone is not None and since < gone:
        raise FactsArchivedError(agreement, since, gone)


async def drops(
    connection: AsyncConnection, agreement: str, since: datetime | None = None
) -> list[dict[str, Any]]:
    """What was taken out, in that order; only what may hold facts of `since` where one is given."""
    query = select(archived).where(archived.c.agreement == agreement).order_by(archived.c.number)
    if since is not None:
        query = query.where(archived.c.before_at > since)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def rows_gone(connection: AsyncConnection, agreement: str) -> Mapping[str, int]:
    """How many revisions of each kind are gone."""
    found: dict[str, int] = {}
    for drop in await drops(connection, agreement):
        for kind, rows in drop["rows"].items():
            found[kind] = found.get(kind, 0) + rows
    return found


async def drops_of_ticket(
    connection: AsyncConnection, agreement: str, name: str
) -> list[dict[str, Any]]:
    """The drops one of which took this ticket out; none for a ticket that is there, or unknown."""
    there = select(literal(1)).where(
        ticket.c.agreement == agreement,
        ticket.c.opened_at == fact_key.c.at,
        ticket.c.id == name,
    )
    query = select(func.max(fact_key.c.at)).where(
        fact_key.c.agreement == agreement,
        fact_key.c.kind == FactKind.TICKET,
        fact_key.c.id == name,
        ~there.exists(),
    )
    opened_at: datetime | None = await connection.scalar(query)
    return [] if opened_at is None else await drops(connection, agreement, opened_at)
