"""Ids under which corrections came: each is another name of a fact that is kept."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact, FactKind
from domain.facts.chains import Name
from store.archiving import PLACES
from store.fact_rows import AT, fact_of
from store.tables import fact, fact_alias, fact_key

AT_ONCE = 5000


async def aliases_of(connection: AsyncConnection, agreement: str) -> dict[Name, str]:
    """Every id of a correction, and the id of the fact that it belongs to."""
    query = select(fact_alias.c.kind, fact_alias.c.id, fact_alias.c.fact).where(
        fact_alias.c.agreement == agreement
    )
    return {(FactKind(kind), name): fact for kind, name, fact in await connection.execute(query)}


async def known_among(
    connection: AsyncConnection, agreement: str, names: Iterable[Name]
) -> set[Name]:
    """Those of the ids by which facts are kept."""
    by_kind: dict[FactKind, list[str]] = {}
    for kind, name in names:
        by_kind.setdefault(kind, []).append(name)
    found: set[Name] = set()
    for kind, ids in by_kind.items():
        for start in range(0, len(ids), AT_ONCE):
            query = select(fact_key.c.id).where(
                fact_key.c.agreement == agreement,
                fact_key.c.kind == kind,
                fact_key.c.revision == 1,
                fact_key.c.id.in_(ids[start : start + AT_ONCE]),
            )
            found |= {(kind, name) for name in await connection.scalars(query)}
    return found


async def revisions_of(
    connection: AsyncConnection, agreement: str, names: Iterable[Name]
) -> dict[Name, list[Fact]]:
    """Every revision of the facts of these names. Few facts are corrected under other ids."""
    found: dict[Name, list[Fact]] = {}
    for kind, name in names:
        table, read = PLACES.get(kind, (fact, fact_of))
        query = (
            select(table)
            .join(
                fact_key,
                (fact_key.c.at == table.c[AT[table.name]])
                & (fact_key.c.id == table.c.id)
                & (fact_key.c.revision == table.c.revision),
            )
            .where(
                fact_key.c.agreement == agreement,
                fact_key.c.kind == kind,
                fact_key.c.id == name,
                table.c.agreement == agreement,
            )
        )
        if "kind" in table.c:
            query = query.where(table.c.kind == kind)
        found[kind, name] = [read(row) for row in await connection.execute(query)]
    return found


async def keep_aliases(
    connection: AsyncConnection,
    agreement: str,
    names: Mapping[Name, str],
    digest: str,
    received_at: datetime,
) -> None:
    """Keep the ids of corrections; those that are known stay as they are."""
    rows = [
        {
            "agreement": agreement,
            "kind": kind,
            "id": name,
            "fact": of,
            "intake": digest,
            "received_at": received_at,
        }
        for (kind, name), of in names.items()
    ]
    for start in range(0, len(rows), AT_ONCE):
        several = rows[start : start + AT_ONCE]
        await connection.execute(insert(fact_alias).on_conflict_do_nothing(), several)
