"""Which stretches of which series, services or KPIs an intake touched.

Whoever asks what must be judged again, or counted again, asks here, and no file is read for it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import FactKind
from store.tables import touched

NAMED = """
    CASE {kind}
        WHEN 'charge' THEN {body} ->> 'line'
        WHEN 'count' THEN {body} ->> 'series'
        WHEN 'credit' THEN {body} ->> 'kpi'
        WHEN 'event' THEN {body} ->> 'type'
        WHEN 'index' THEN {body} ->> 'series'
        WHEN 'interval' THEN {body} ->> 'series'
        WHEN 'outage' THEN {body} ->> 'service'
        WHEN 'period_result' THEN {body} ->> 'kpi'
        WHEN 'relief' THEN {body} ->> 'kpi'
        WHEN 'survey' THEN {body} ->> 'instrument'
    END
"""
"""What facts are told apart by; a relief or a credit for all KPIs has no name."""

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
"""
"""One row for each day on which something stands, from the first on it until the last has ended."""

INSTANTS = ("opened_at", "responded_at", "resolved_at", "closed_at")
"""The instants by which a ticket may belong to a period."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Something changed for facts of a kind and name that lie in `[start, end)` or reach into it.

    With `revises`, facts that were there before are not what they were.
    """

    kind: FactKind
    name: str
    start: datetime
    end: datetime
    revises: bool


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


def places(place: str, rows: str, which: str) -> str:
    """Select where the new facts among the judged rows stand, and where their predecessors stood."""
    now = _standing(place, rows, which, "", "revision > 1")
    before = _standing(place, rows, f"{which} AND revision > 1", "before_", "true")
    several = [now, before]
    if place == "fact":
        # The clock of a ticket runs otherwise than before.
        instants = ", ".join(f"ticket.{name}" for name in INSTANTS)
        several += [
            f"""
            SELECT 'ticket', '', stands, stands, true
            FROM {rows} JOIN ticket
              ON ticket.agreement = :agreement AND ticket.id = {rows}.{body} ->> 'ticket'
            CROSS JOIN LATERAL unnest(ARRAY[{instants}]) AS stands
            WHERE {rows}.kind = 'ticket_event' AND {which} AND stands IS NOT NULL
            """
            for body in ("body", "before_body")
        ]
    return " UNION ALL ".join(several)


def _standing(place: str, rows: str, which: str, of: str, revises: str) -> str:
    """Select kind, name, start, end of the rows, by their columns with this prefix."""
    match place:
        case "sample":
            return (
                f"SELECT 'sample', {of}series, {of}at, {of}at, {revises} FROM {rows} WHERE {which}"
            )
        case "ticket":
            instants = ", ".join(f"{of}{name}" for name in INSTANTS)
            return (
                f"SELECT 'ticket', '', stands, stands, {revises} "
                f"FROM {rows} CROSS JOIN LATERAL unnest(ARRAY[{instants}]) AS stands "
                f"WHERE {which} AND stands IS NOT NULL"
            )
        case _:
            name = NAMED.format(kind="kind", body=f"{of}body")
            return (
                f"SELECT kind, {name}, {of}at, coalesce({of}ends_at, {of}at), {revises} "
                f"FROM {rows} WHERE {which}"
            )
