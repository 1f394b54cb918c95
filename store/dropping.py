"""Facts out of the record, after they were archived: which of them go, and their end.

The statements of one transaction of the schema's owner; the application may delete nothing. What
goes is first chosen into `going`, fact by fact with all its revisions, and so are events with their
ticket. A fact goes when all that it says lies before the instant. Others that stand before it stay:
those that reach further, tickets that are not closed, the last states of series whose states hold
on, and kinds of which there are few and which matter far from their own instants.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.archived import GOING
from store.fact_rows import AT
from store.merging import KIND
from store.tables import IN_MONTHS, archived

CHOOSE = (
    """
    CREATE TEMPORARY TABLE going (kind text, id text, closed_at timestamptz, PRIMARY KEY (kind, id))
    ON COMMIT DROP
    """,
    """
    INSERT INTO going
    SELECT 'ticket', id, (array_agg(closed_at ORDER BY revision DESC))[1]
    FROM ticket WHERE agreement = :agreement AND opened_at < :before
    GROUP BY id
    HAVING max(greatest(opened_at, responded_at, resolved_at, closed_at)) < :before
       AND (array_agg(closed_at ORDER BY revision DESC))[1] IS NOT NULL
    """,
    """
    INSERT INTO going
    SELECT kind, id FROM fact
    WHERE agreement = :agreement AND kind = ANY(:kinds) AND kind <> 'ticket_event' AND at < :before
    GROUP BY kind, id HAVING max(coalesce(ends_at, at)) <= :before
    """,
    """
    INSERT INTO going
    SELECT DISTINCT 'sample', id FROM sample WHERE agreement = :agreement AND at < :before
    """,
    # What a correction moved to the instant or behind it, or from there.
    """
    DELETE FROM going USING fact_key AS revised, fact_key AS moved
    WHERE revised.agreement = :agreement AND revised.kind = going.kind AND revised.id = going.id
      AND revised.revision > 1
      AND moved.agreement = :agreement AND moved.kind = going.kind AND moved.id = going.id
      AND moved.at >= :before
    """,
    # A ticket that something befell later, or after it was closed: its clocks may run again.
    """
    DELETE FROM going USING fact AS befell
    WHERE going.kind = 'ticket' AND befell.agreement = :agreement AND befell.kind = 'ticket_event'
      AND befell.body ->> 'ticket' = going.id
      AND (befell.at >= :before OR befell.at > going.closed_at)
    """,
    """
    INSERT INTO going
    SELECT DISTINCT 'ticket_event', befell.id
    FROM fact AS befell JOIN going AS of ON of.kind = 'ticket' AND of.id = befell.body ->> 'ticket'
    WHERE befell.agreement = :agreement AND befell.kind = 'ticket_event'
    """,
    # An event that a correction gave to another ticket, which stays.
    """
    DELETE FROM going USING fact AS befell
    WHERE going.kind = 'ticket_event' AND befell.agreement = :agreement
      AND befell.kind = 'ticket_event' AND befell.id = going.id
      AND NOT EXISTS (
          SELECT 1 FROM going AS of WHERE of.kind = 'ticket' AND of.id = befell.body ->> 'ticket'
      )
    """,
    # The last state of each sort of samples, which holds on behind the instant.
    """
    DELETE FROM going USING (
        SELECT DISTINCT ON (series, columns) id FROM sample AS of
        WHERE agreement = :agreement AND series = ANY(:states) AND at < :before
          AND NOT EXISTS (
              SELECT 1 FROM fact_key AS later
              WHERE later.agreement = :agreement AND later.kind = 'sample' AND later.id = of.id
                AND later.revision > of.revision AND later.revision > 1
          )
        ORDER BY series, columns, at DESC, id COLLATE "C" DESC
    ) AS last
    WHERE going.kind = 'sample' AND going.id = last.id
    """,
    "ANALYZE going",
)


OF_KIND = {**KIND, "fact": "of.kind"}


def _counted(place: str) -> str:
    """How many revisions of each kind go, and how many that stand before the instant stay."""
    return f"""
    SELECT {OF_KIND[place]} AS kind, count(going.id) AS going,
           count(*) - count(going.id) AS staying
    FROM {place} AS of LEFT JOIN going ON going.id = of.id AND going.kind = {OF_KIND[place]}
    WHERE of.agreement = :agreement AND of.{AT[place]} < :before
    GROUP BY 1
    """


def _deleted(place: str) -> str:
    return f"""
    DELETE FROM {place} AS of USING going
    WHERE of.agreement = :agreement AND of.{AT[place]} < :before
      AND going.id = of.id AND going.kind = {OF_KIND[place]}
    """


FILES = """
WITH left_over AS (
    SELECT intake FROM ticket WHERE agreement = :agreement AND opened_at < :before
    UNION SELECT intake FROM sample WHERE agreement = :agreement AND at < :before
    UNION SELECT intake FROM fact WHERE agreement = :agreement AND at < :before
), over AS (
    SELECT digest, raw FROM intake
    WHERE agreement = :agreement AND raw IS NOT NULL AND number NOT IN (SELECT * FROM left_over)
      AND NOT EXISTS (
          SELECT 1 FROM touched
          WHERE touched.agreement = :agreement AND touched.intake = digest AND end_at > :before
      )
      AND (received_at < :before OR EXISTS (
          SELECT 1 FROM touched
          WHERE touched.agreement = :agreement AND touched.intake = digest
      ))
      AND NOT EXISTS (
          SELECT 1 FROM held_row LEFT JOIN held_decision USING (number)
          WHERE held_row.agreement = :agreement AND held_row.intake = digest
            AND held_decision.number IS NULL
      )
), gone AS (
    DELETE FROM document_part USING over
    WHERE document_part.digest = over.raw AND NOT EXISTS (
        SELECT 1 FROM intake AS other
        WHERE other.raw = over.raw AND (other.agreement, other.digest) NOT IN (
            SELECT CAST(:agreement AS text), digest FROM over
        )
    )
    RETURNING document_part.digest
)
SELECT count(DISTINCT digest) FROM gone
"""
"""The bytes of files of which nothing is left, nor waits for a decision, nor belongs to others."""

OWNS = """
SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class
WHERE oid = ANY(ARRAY['ticket', 'sample', 'fact', 'document_part', 'archived']::regclass[])
"""

MONTHS = """
SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = CAST(:place AS regclass) AND relname < :first ORDER BY relname
"""

ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('months that are kept', 0))"

PATIENCE = "SET LOCAL lock_timeout = '500ms'"
"""Whoever wants a month to go waits no longer, for everybody else waits behind him."""


async def may_delete(connection: AsyncConnection) -> bool:
    """Whether whoever signed in owns the tables."""
    return bool(await connection.scalar(text(OWNS)))


async def choose(
    connection: AsyncConnection, agreement: str, before: datetime, states: Collection[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """Choose what goes; how many revisions of each kind go, and how many before `before` stay.

    `states` are the series whose samples hold until the next one.
    """
    given = _given(agreement, before) | {"kinds": list(GOING), "states": sorted(states)}
    for statement in CHOOSE:
        await connection.execute(text(statement), given)
    going: dict[str, int] = {}
    staying: dict[str, int] = {}
    for place in IN_MONTHS:
        for row in await connection.execute(text(_counted(place)), given):
            going |= {row.kind: row.going} if row.going else {}
            staying |= {row.kind: row.staying} if row.staying else {}
    return going, staying


async def delete(connection: AsyncConnection, agreement: str, before: datetime) -> tuple[int, int]:
    """Delete what was chosen, and the bytes of files that are over; how many rows, and files."""
    given = _given(agreement, before)
    rows = 0
    for place in IN_MONTHS:
        rows += (await connection.execute(text(_deleted(place)), given)).rowcount
    return rows, int(await connection.scalar(text(FILES), given) or 0)


async def note_drop(
    connection: AsyncConnection,
    agreement: str,
    before: datetime,
    manifest: str,
    rows: dict[str, int],
    files: int,
    **said: object,
) -> int:
    """Write down what is gone, and by whom, why and when it was taken out; its number."""
    last = select(func.max(archived.c.number)).where(archived.c.agreement == agreement)
    number = int(await connection.scalar(last) or 0) + 1
    values = {
        "agreement": agreement,
        "number": number,
        "before_at": before,
        "manifest": manifest,
        "rows": rows,
        "files": files,
        **said,
    }
    await connection.execute(insert(archived).values(values))
    return number


async def drop_empty_months(connection: AsyncConnection, before: datetime) -> list[str] | None:
    """Drop the tables of months before that are empty; None when others were at them too long."""
    dropped: list[str] = []
    try:
        async with connection.begin_nested():
            await connection.execute(text(PATIENCE))
            await connection.execute(text(ALONE))
            for place in IN_MONTHS:
                dropped += await _dropped(connection, place, before)
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) not in {"55P03", "40P01"}:
            raise
        return None
    return dropped


async def _dropped(connection: AsyncConnection, place: str, before: datetime) -> list[str]:
    given = {"place": place, "first": f"{place}_{before:%Y_%m}"}
    names = list(await connection.scalars(text(MONTHS), given))
    if not await _empty(connection, names):
        return []
    await connection.execute(text(f"LOCK TABLE {place} IN ACCESS EXCLUSIVE MODE"))
    empty = await _empty(connection, names)
    for name in empty:
        await connection.execute(text(f"DROP TABLE {name}"))
    return empty


async def _empty(connection: AsyncConnection, names: list[str]) -> list[str]:
    return [
        name
        for name in names
        if not await connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {name})"))
    ]


def _given(agreement: str, before: datetime) -> dict[str, object]:
    return {"agreement": agreement, "before": before}
