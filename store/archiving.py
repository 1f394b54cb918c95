"""Facts out of the record as they came, every revision of them, for an archive."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact, FactKind
from store.archived import rows_gone
from store.fact_rows import AT, fact_of, sample_of, ticket_of
from store.known import REVISED
from store.tables import agreement, edition, fact, fact_key, sample, ticket

AT_ONCE = 10_000
"""So many rows are fetched together."""

PLACES: Mapping[FactKind, tuple[Any, Callable[[Any], Fact]]] = {
    FactKind.TICKET: (ticket, ticket_of),
    FactKind.SAMPLE: (sample, sample_of),
}
"""The table that keeps a kind, and how a row of it is read; `fact` keeps all others."""


class Revision(NamedTuple):
    """One revision of a fact, and the instant at which it stands.

    `unseen` is one that was superseded no later than it was received: it was never known.
    """

    at: datetime
    fact: Fact
    unseen: bool


async def editions_of(connection: AsyncConnection, name: str) -> list[dict[str, Any]] | None:
    """The editions of an agreement with the digests of their documents; None where there is none."""
    if await connection.scalar(select(agreement.c.id).where(agreement.c.id == name)) is None:
        return None
    query = (
        select(edition.c.number, edition.c.effective_at, edition.c.digest)
        .where(edition.c.agreement == name)
        .order_by(edition.c.number)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def registered(
    connection: AsyncConnection, name: str, before: datetime
) -> dict[FactKind, int]:
    """How many revisions the register counts of the facts to be archived, by kind.

    Those that were taken out are left out, as far as they were counted then.
    """
    counts = {}
    gone = await rows_gone(connection, name)
    for kind in FactKind:
        query = select(func.count()).where(
            fact_key.c.agreement == name,
            fact_key.c.kind == kind,
            _chosen(fact_key, fact_key.c.at, name, kind, before),
        )
        if several := int(await connection.scalar(query) or 0) - gone.get(kind, 0):
            counts[kind] = several
    return counts


async def revisions(
    connection: AsyncConnection, name: str, kind: FactKind, before: datetime
) -> AsyncIterator[Revision]:
    """Every revision of the kind's facts that stand before an instant, in the order of instants.

    A fact that a correction moved across that instant comes whole: the chain of its revisions is
    never broken.
    """
    table, read = PLACES.get(kind, (fact, fact_of))
    at = table.c[AT[table.name]]
    query = (
        select(table, at.label("stands_at"), _unseen(table, kind).label("unseen"))
        .where(table.c.agreement == name, _chosen(table, at, name, kind, before))
        .order_by(at, table.c.id.collate("C"), table.c.revision)
    )
    if "kind" in table.c:
        query = query.where(table.c.kind == kind)
    stream = await connection.stream(query, execution_options={"yield_per": AT_ONCE})
    async for row in stream:
        yield Revision(row.stands_at, read(row), row.unseen)


def _chosen(
    table: FromClause, at: ColumnElement[Any], name: str, kind: FactKind, before: datetime
) -> ColumnElement[bool]:
    """Stands before the instant, or is another revision of what does; few facts have several."""
    of = fact_key.alias("of")
    revised = fact_key.alias("revised")
    several = select(revised.c.id).where(
        revised.c.agreement == name, revised.c.kind == kind, revised.c.revision > REVISED
    )
    moved = select(of.c.id).where(
        of.c.agreement == name, of.c.kind == kind, of.c.at < before, of.c.id.in_(several)
    )
    return or_(at < before, table.c.id.in_(moved))


def _unseen(table: FromClause, kind: FactKind) -> ColumnElement[bool]:
    later = fact_key.alias("later")
    return (
        select(literal(1))
        .where(
            later.c.agreement == table.c.agreement,
            later.c.kind == kind,
            later.c.id == table.c.id,
            later.c.revision > table.c.revision,
            later.c.revision > REVISED,
            later.c.received_at <= table.c.received_at,
        )
        .exists()
    )
