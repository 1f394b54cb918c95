"""Facts out of the record, as they were known before an instant: of each the latest revision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    cast,
    collate,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact, FactKind, ReliefFact
from domain.terms.measures import Belongs
from store.fact_rows import fact_of, sample_of, ticket_of
from store.tables import fact, fact_key, sample, ticket

INSTANTS: Mapping[str, ColumnElement[Any]] = {
    Belongs.OPENED: ticket.c.opened_at,
    Belongs.RESPONDED: ticket.c.responded_at,
    Belongs.RESOLVED: ticket.c.resolved_at,
    Belongs.CLOSED: ticket.c.closed_at,
}
"""The instants by which a ticket may belong to a window."""

NAMES = {
    FactKind.INTERVAL: "series",
    FactKind.COUNT: "series",
    FactKind.OUTAGE: "service",
    FactKind.SURVEY: "instrument",
}
"""What a measure names such facts by."""

STANDING = (
    FactKind.CHARGE,
    FactKind.CREDIT,
    FactKind.EVENT,
    FactKind.PERIOD_RESULT,
    FactKind.RELIEF,
)
"""Kinds of which there are few, and which matter far from their own instants."""


@dataclass(frozen=True, slots=True)
class States:
    """A series whose last sample before a window holds in it: of which samples, and split by what.

    `where` are the values that columns may have.
    """

    series: str
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    per: tuple[str, ...] = ()


@dataclass(slots=True)
class Wanted:
    """What is wanted of a window: the names of series, services and instruments, by kind.

    Of tickets the names are the instants by which they belong to a period (`opened`, `resolved` …);
    with `clocks` whatever befell these tickets is wanted too, however long before. Of `states` the
    last samples before the window are wanted too.
    """

    names: dict[FactKind, set[str]] = field(default_factory=dict)
    clocks: bool = False
    states: set[States] = field(default_factory=set)

    def add(self, kind: FactKind, names: Iterable[str]) -> None:
        """Want more."""
        self.names.setdefault(kind, set()).update(names)


async def standing_facts(
    connection: AsyncConnection, agreement: str, known_at: datetime
) -> list[Fact]:
    """Charges, credits, events, reported results and claims to relief, all of them.

    A claim to relief was handed in when its first revision was received.
    """
    query = _known(fact, agreement, known_at).where(fact.c.kind.in_(STANDING))
    found = [fact_of(row) for row in await connection.execute(query)]
    if not any(isinstance(each, ReliefFact) for each in found):
        return found
    claimed = dict(await _first_receipts(connection, agreement, FactKind.RELIEF))
    return [
        replace(each, received_at=claimed[each.id]) if isinstance(each, ReliefFact) else each
        for each in found
    ]


async def claims_of(connection: AsyncConnection, agreement: str) -> frozenset[tuple[str, str]]:
    """The ids of all claims to relief, each with who claims in some revision of it."""
    claimed_by = fact.c.body.op("->>", return_type=Text())("claimed_by")
    query = select(fact.c.id, claimed_by).where(
        fact.c.agreement == agreement, fact.c.kind == FactKind.RELIEF
    )
    return frozenset((name, party) for name, party in await connection.execute(query))


async def _first_receipts(
    connection: AsyncConnection, agreement: str, kind: FactKind
) -> list[tuple[str, datetime]]:
    """When the first revision of each fact of the kind was received."""
    query = select(fact_key.c.id, fact_key.c.received_at).where(
        fact_key.c.agreement == agreement, fact_key.c.kind == kind, fact_key.c.revision == 1
    )
    return [(name, at) for name, at in await connection.execute(query)]


async def facts_within(
    connection: AsyncConnection,
    agreement: str,
    known_at: datetime,
    window: tuple[datetime, datetime],
    wanted: Wanted,
) -> list[Fact]:
    """The wanted facts that lie in the window `[start, end)` or reach into it."""
    start, end = window
    found: list[Fact] = []
    for kind, names in sorted(wanted.names.items()):
        match kind:
            case FactKind.TICKET:
                instants = [INSTANTS[name] for name in sorted(names)]
                inside = or_(*(and_(at >= start, at < end) for at in instants))
                query = _known(ticket, agreement, known_at).where(inside)
                tickets = [ticket_of(row) for row in await connection.execute(query)]
                found += tickets
                if wanted.clocks:
                    ids = [each.id for each in tickets]
                    found += await _events_of(connection, agreement, known_at, ids)
            case FactKind.SAMPLE:
                query = _known(sample, agreement, known_at).where(
                    sample.c.series.in_(names), sample.c.at >= start, sample.c.at < end
                )
                found += [sample_of(row) for row in await connection.execute(query)]
            case _:
                named = fact.c.body.op("->>", return_type=Text())(NAMES[kind])
                query = _known(fact, agreement, known_at).where(
                    fact.c.kind == kind,
                    named.in_(names),
                    fact.c.at < end,
                    or_(fact.c.at >= start, fact.c.ends_at > start),
                )
                found += [fact_of(row) for row in await connection.execute(query)]
    for states in wanted.states:
        query = _last_before(_known(sample, agreement, known_at), states, start)
        found += [sample_of(row) for row in await connection.execute(query)]
    return found


def _last_before(query: Select[Any], states: States, start: datetime) -> Select[Any]:
    """The last sample before an instant: one, or of a KPI that is split one of each part."""

    def column(name: str) -> ColumnElement[Any]:
        return sample.c.columns.op("->>", return_type=Text())(name)

    query = query.where(sample.c.series == states.series, sample.c.at < start)
    for name, values in states.where:
        query = query.where(column(name).in_(values))
    latest = sample.c.at.desc(), collate(sample.c.id, "C").desc()
    if not states.per:
        return query.order_by(*latest).limit(1)
    parts = [column(name) for name in states.per]
    return query.ext(distinct_on(*parts)).order_by(*parts, *latest)


async def facts_of_ticket(
    connection: AsyncConnection, agreement: str, known_at: datetime, name: str
) -> list[Fact]:
    """A ticket by its id, and whatever befell it; empty when it is not known."""
    return await facts_of_tickets(connection, agreement, known_at, [name])


async def facts_of_tickets(
    connection: AsyncConnection, agreement: str, known_at: datetime, names: list[str]
) -> list[Fact]:
    """Tickets by their ids, and whatever befell those that are known."""
    opened = select(fact_key.c.at).where(
        fact_key.c.agreement == agreement,
        fact_key.c.kind == FactKind.TICKET,
        fact_key.c.id.in_(names),
    )
    query = _known(ticket, agreement, known_at).where(
        ticket.c.opened_at.in_(opened), ticket.c.id.in_(names)
    )
    tickets = [ticket_of(row) for row in await connection.execute(query)]
    ids = [each.id for each in tickets]
    return [*tickets, *(await _events_of(connection, agreement, known_at, ids) if ids else ())]


async def open_tickets(
    connection: AsyncConnection, agreement: str, known_at: datetime
) -> list[str]:
    """The ids of tickets that are not closed by themselves, the oldest first."""
    query = _known(ticket, agreement, known_at).where(ticket.c.closed_at.is_(None))
    of = query.with_only_columns(ticket.c.id).order_by(ticket.c.opened_at, ticket.c.id)
    return list(await connection.scalars(of))


async def _events_of(
    connection: AsyncConnection, agreement: str, known_at: datetime, tickets: list[str]
) -> list[Fact]:
    """Whatever befell these tickets."""
    of = fact.c.body.op("->>", return_type=Text())("ticket")
    query = _known(fact, agreement, known_at).where(
        fact.c.kind == FactKind.TICKET_EVENT, of == func.any(cast(tickets, ARRAY(Text)))
    )
    return [fact_of(row) for row in await connection.execute(query)]


def _known(table: Table, agreement: str, known_at: datetime) -> Select[Any]:
    """Rows received before the instant of which no later revision was."""
    return select(table).where(
        table.c.agreement == agreement,
        table.c.received_at < known_at,
        is_last(table, known_at),
    )


def is_last(table: Table, known_at: datetime | ColumnElement[Any]) -> ColumnElement[bool]:
    """No later revision was known, wherever it stands. Few facts have any, and these are indexed."""
    kind = table.c.kind if "kind" in table.c else literal(table.name)
    later = select(literal(1)).where(
        fact_key.c.agreement == table.c.agreement,
        fact_key.c.kind == kind,
        fact_key.c.id == table.c.id,
        fact_key.c.revision > table.c.revision,
        fact_key.c.revision > REVISED,
        fact_key.c.received_at < known_at,
    )
    return ~later.correlate_except(fact_key).exists()


REVISED: ColumnElement[int] = literal_column("1")
"""Not as a parameter: PostgreSQL would not see that the index of revisions holds them all."""
