"""Which stretches of which series, services or KPIs an intake touched.

Whoever asks what must be judged again, or counted again, asks here, and no file is read for it.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import FactKind
from domain.restating import Touched
from store.fact_rows import AT
from store.merging import KIND, NAME
from store.tables import touched

PLACES = """
CREATE TEMPORARY TABLE touching (
    kind text, name text, start_at timestamptz, end_at timestamptz, revises boolean
) ON COMMIT DROP
"""

KEEP = """
INSERT INTO touched (agreement, intake, kind, name, start_at, end_at, revises, received_at)
SELECT :agreement, :intake, kind, coalesce(name, ''), min(start_at),
       max(greatest(end_at, start_at + interval '1 microsecond')), bool_or(revises), :received_at
FROM touching
GROUP BY kind, coalesce(name, ''), date_bin('24 hours', start_at, 'epoch')
ORDER BY 3, 4, 5
"""
"""One row for each day on which something stands, from the first on it until the last has ended."""

INSTANTS = ("opened_at", "responded_at", "resolved_at", "closed_at")
"""The instants by which a ticket may belong to a period."""


async def touched_by(connection: AsyncConnection, agreement: str, digest: str) -> list[Touched]:
    """What the intake of the file with this SHA-256 touched, in the order of kinds and times.

    Whatever befalls a ticket touches the instants of the ticket, whichever came first.
    """
    query = (
        select(touched)
        .where(touched.c.agreement == agreement, touched.c.intake == digest)
        .order_by(touched.c.kind, touched.c.name, touched.c.start_at, touched.c.seq)
    )
    return [
        Touched(FactKind(row.kind), row.name, row.start_at, row.end_at, row.revises)
        for row in await connection.execute(query)
    ]


def taken(place: str, rows: str) -> list[str]:
    """Note where the facts stand that were taken."""
    revises = "before IS NOT NULL" if rows.startswith("judged") else "false"
    if place == "ticket":
        return [_instants(f"{rows} AS of", revises)]
    ends = "coalesce(ends_at, at)" if place == "fact" else "at"
    ends = f"greatest({ends}, at + interval '1 microsecond')"
    several = f"""
    INSERT INTO touching
    SELECT {KIND[place]}, {NAME[place]}, min(at), max({ends}), bool_or({revises})
    FROM {rows} GROUP BY 1, 2, date_bin('24 hours', at, 'epoch')
    """
    return [several, _tickets(rows), _due(rows, revises)] if place == "fact" else [several]


def left(place: str, rows: str) -> list[str]:
    """Note where the facts stood that are superseded."""
    superseded = f"""
        {rows} AS now JOIN {place} AS of
          ON of.agreement = :agreement AND of.{AT[place]} = now.at_before
         AND of.id = now.id AND of.revision = now.before
    """
    match place:
        case "ticket":
            return [_instants(superseded, "true")]
        case "sample":
            return [
                f"""
                INSERT INTO touching SELECT 'sample', name_before, at_before, at_before, true
                FROM {rows} WHERE before IS NOT NULL
                """
            ]
        case _:
            before = f"(SELECT of.* FROM {superseded} AND of.kind = now.kind)"
            return [
                f"""
                INSERT INTO touching
                SELECT kind, {NAME[place]}, at, coalesce(ends_at, at), true FROM {before} AS of
                """,
                _tickets(before),
                _due(f"{before} AS of", "true"),
            ]


def _instants(rows: str, revises: str) -> str:
    """Note the instants of tickets."""
    instants = ", ".join(f"of.{name}" for name in INSTANTS)
    return f"""
    INSERT INTO touching
    SELECT DISTINCT 'ticket', '', stands, stands, {revises}
    FROM {rows} CROSS JOIN LATERAL unnest(ARRAY[{instants}]) AS stands
    WHERE stands IS NOT NULL
    """


def _tickets(rows: str) -> str:
    """Note the instants of the tickets of events: their clocks run otherwise than before.

    Event by event (`OFFSET 0`): PostgreSQL takes the tickets of the same file, of which it has no
    statistics yet, for a single one, and would go through all events for each.
    """
    tickets = f"""
        {rows} AS event CROSS JOIN LATERAL (
            SELECT ticket.* FROM fact_key JOIN ticket
              ON ticket.agreement = :agreement AND ticket.opened_at = fact_key.at
             AND ticket.id = fact_key.id AND ticket.revision = fact_key.revision
            WHERE event.kind = 'ticket_event' AND fact_key.agreement = :agreement
              AND fact_key.kind = 'ticket' AND fact_key.id = event.body ->> 'ticket'
            OFFSET 0
        ) AS of
    """
    return _instants(tickets, "true")


def _due(rows: str, revises: str) -> str:
    """Note where events were due: to that period they belong."""
    return f"""
    INSERT INTO touching
    SELECT kind, {NAME["fact"]}, due, due, {revises}
    FROM {rows} CROSS JOIN LATERAL (SELECT (body ->> 'due')::timestamptz AS due) AS when_due
    WHERE kind = 'event' AND due IS NOT NULL
    """
