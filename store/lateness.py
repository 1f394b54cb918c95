"""Which facts of an intake have no effect any more, whatever they say.

Asked in the transaction of the intake, of what it added to the record: a fact that was known
already is not among them. One that changed is late only if it is wherever it stood before, too.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import FactKind
from domain.lateness import Lifetime, Reach
from store.merging import NAME
from store.touching import INSTANTS


class LateFact(NamedTuple):
    """A fact that came too late, and when the last of its periods ceased to be restated."""

    kind: FactKind
    id: str
    until: datetime


async def lifetime(connection: AsyncConnection, agreement: str) -> Lifetime | None:
    """When the agreement's periods run; None while it is not live."""
    query = text("SELECT live_from, ends_at, closed_at FROM agreement WHERE id = :agreement")
    row = (await connection.execute(query, {"agreement": agreement})).one()
    return None if row.live_from is None else Lifetime(*row)


async def late_facts(
    connection: AsyncConnection,
    agreement: str,
    digest: str,
    reaches: Sequence[Reach],
    between: tuple[datetime, datetime],
    most: int,
) -> list[LateFact]:
    """The facts of an intake that touch periods, none of which can be restated; `most` of them.

    Only those are looked at that happened between two instants. A ticket of which anything came at
    the second or later is not among them, though it was opened before.
    """
    given: dict[str, Any] = {
        "agreement": agreement,
        "digest": digest,
        "first": between[0],
        "since": between[1],
        "most": most,
        "kinds": [each.kind for each in reaches],
        "names": [each.name for each in reaches],
        "starts": [each.start for each in reaches],
        "ends": [each.end for each in reaches],
        "untils": [each.until for each in reaches],
    }
    found = await connection.execute(LATE, given)
    return [LateFact(FactKind(row.kind), row.id, row.until) for row in found]


TICK = "interval '1 microsecond'"


def _new(place: str, at: str) -> str:
    """The rows of an intake of what happened before `since`, and those that they supersede."""
    kind, alike = f"'{place}'", ""
    happened = f"new.{at} >= :first AND new.{at} < :since"
    if place == "ticket":
        happened += f" AND greatest({', '.join(f'new.{name}' for name in INSTANTS)}) < :since"
    if place == "fact":
        kind, alike = "new.kind", "AND of.kind = new.kind"
    new = f"new.agreement = :agreement AND new.intake = taken.number AND {happened}"
    return f"""
        (SELECT new.*, true AS is_new FROM {place} AS new CROSS JOIN taken WHERE {new}
         UNION ALL
         SELECT of.*, false FROM {place} AS new CROSS JOIN taken
         JOIN fact_key AS before
           ON before.agreement = :agreement AND before.kind = {kind} AND before.id = new.id
          AND before.revision = new.revision - 1
         JOIN {place} AS of
           ON of.agreement = :agreement AND of.{at} = before.at AND of.id = before.id
          AND of.revision = before.revision {alike}
         WHERE {new})
    """


def _instants(of: str) -> str:
    """The instants of a ticket, by what they are called in the terms."""
    named = ", ".join(f"('{name.removesuffix('_at')}', {of}.{name})" for name in INSTANTS)
    return f"CROSS JOIN LATERAL (VALUES {named}) AS stands(name, at)"


LATE = text(f"""
WITH taken AS (
    SELECT number FROM intake WHERE agreement = :agreement AND digest = :digest
), reach AS (
    SELECT * FROM unnest(
        CAST(:kinds AS text[]), CAST(:names AS text[]), CAST(:starts AS timestamptz[]),
        CAST(:ends AS timestamptz[]), CAST(:untils AS timestamptz[])
    ) AS reach(kind, name, start_at, end_at, until)
), new_sample AS {_new("sample", "at")}, new_ticket AS {_new("ticket", "opened_at")},
new_fact AS {_new("fact", "at")}, place AS (
    SELECT 'sample' AS kind, id, 'sample' AS of, series AS name, at AS start_at, at AS end_at
    FROM new_sample
    UNION ALL
    SELECT 'ticket', new.id, 'ticket', stands.name, stands.at, stands.at
    FROM new_ticket AS new {_instants("new")}
    WHERE new.is_new OR stands.at IS NOT NULL
    UNION ALL
    SELECT kind, id, kind, {NAME["fact"]}, at, ends_at FROM new_fact WHERE kind <> 'ticket_event'
    UNION ALL
    SELECT event.kind, event.id, 'ticket', stands.name, stands.at, stands.at
    FROM new_fact AS event
    JOIN LATERAL (
        SELECT at, id, revision FROM fact_key
        WHERE agreement = :agreement AND kind = 'ticket' AND id = event.body ->> 'ticket'
        ORDER BY revision DESC LIMIT 1
    ) AS key ON event.kind = 'ticket_event'
    JOIN ticket ON ticket.agreement = :agreement AND ticket.opened_at = key.at
     AND ticket.id = key.id AND ticket.revision = key.revision
    {_instants("ticket")}
)
SELECT place.kind, place.id, max(reach.until) AS until
FROM place JOIN reach
  ON reach.kind = place.of AND reach.name = place.name
 AND (place.start_at IS NULL
      OR (reach.start_at <= greatest(place.start_at, place.end_at - {TICK})
          AND place.start_at < reach.end_at))
GROUP BY place.kind, place.id
HAVING bool_and(place.start_at IS NOT NULL AND reach.until IS NOT NULL)
ORDER BY place.kind, place.id
LIMIT :most
""")
"""Whatever befalls a ticket touches the ticket. One that lacks an instant by which some KPI counts
may still belong to a period to come."""
