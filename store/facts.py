"""Facts into the record: a whole file in the caller's transaction, nothing ever overwritten."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact, FactKind, Sample, Ticket
from store.tables import intake


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a file: every fact read was accepted, or was there already."""

    read: int
    accepted: int
    repeated: int
    again: bool = field(default=False, compare=False)
    """Whether the very same file had been handed in before; then nothing changed."""


CONTENT = {
    FactKind.TICKET: ("opened_at", "responded_at", "resolved_at", "closed_at", "due_at", "columns"),
    FactKind.SAMPLE: ("series", "at", "value", "columns"),
}
"""The columns that make a fact what it is; two facts equal in these are the same."""

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('facts/' || :agreement, 0))")
"""One intake at a time for each agreement: two would both write revision n + 1."""


async def take_in(
    connection: AsyncConnection,
    agreement: str,
    name: str,
    raw_digest: str,
    kind: FactKind,
    facts: Iterable[Fact],
    actor: str,
    received_at: datetime,
) -> Intake:
    """Take in a file's facts, all or none.

    Changed content of a known id becomes its next revision. The same file again changes nothing,
    reads nothing, and gets the first outcome.
    """
    await connection.execute(LOCK, {"agreement": agreement})
    if (known := await _known(connection, agreement, raw_digest)) is not None:
        return known
    read = await _copy(connection, kind, facts)
    given = {"agreement": agreement, "intake": raw_digest, "received_at": received_at}
    counted = (await connection.execute(text(_merge(kind)), given)).one()
    await connection.execute(text("DROP TABLE incoming"))
    taken = Intake(read, counted.accepted, counted.repeated)
    if taken.read != taken.accepted + taken.repeated:
        msg = f"facts were lost or doubled on the way in: {taken}"
        raise AssertionError(msg)
    await connection.execute(
        insert(intake).values(
            agreement=agreement,
            digest=raw_digest,
            name=name,
            kind=kind,
            actor=actor,
            read=taken.read,
            accepted=taken.accepted,
            repeated=taken.repeated,
            received_at=received_at,
        )
    )
    return taken


async def _known(connection: AsyncConnection, agreement: str, digest: str) -> Intake | None:
    query = select(intake.c.read, intake.c.accepted, intake.c.repeated).where(
        intake.c.agreement == agreement, intake.c.digest == digest
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Intake(row.read, row.accepted, row.repeated, again=True)


async def _copy(connection: AsyncConnection, kind: FactKind, facts: Iterable[Fact]) -> int:
    """COPY the facts into the temporary table `incoming`; how many there were."""
    columns = ("id", *CONTENT[kind])
    await connection.execute(
        text(
            f"CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS "
            f"SELECT {', '.join(columns)} FROM {kind} WITH NO DATA"
        )
    )
    await connection.execute(text("ALTER TABLE incoming ALTER COLUMN columns TYPE text"))
    read = 0

    def records() -> Iterator[tuple[Any, ...]]:
        nonlocal read
        for fact in facts:
            read += 1
            yield _record(fact)

    raw = await connection.get_raw_connection()
    await raw.driver_connection.copy_records_to_table(  # type: ignore[union-attr]
        "incoming", records=records(), columns=columns
    )
    return read


def _record(fact: Fact) -> tuple[Any, ...]:
    further = json.dumps(dict(fact.columns), ensure_ascii=False)
    match fact:
        case Ticket():
            return (
                fact.id,
                fact.opened_at,
                fact.responded_at,
                fact.resolved_at,
                fact.closed_at,
                fact.due_at,
                further,
            )
        case Sample():
            return (fact.id, fact.series, fact.at, fact.value, further)


def _merge(kind: FactKind) -> str:
    """Judge every incoming fact against the latest revision of its id, and add what is new.

    A fact that a file repeats is counted once as new and then as repeated. Two different contents
    of one id, which the reader of files refuses, would collide on the table's key and fail whole.
    """
    content = CONTENT[kind]
    ours = ", ".join(f"f.{column}" for column in content)
    theirs = ", ".join(f"latest.{column}" for column in content)
    names = ", ".join(content)
    return f"""
    WITH fresh AS (
        SELECT id, {", ".join((*content[:-1], "columns::jsonb AS columns"))} FROM incoming
    ),
    judged AS MATERIALIZED (
        SELECT f.*,
               coalesce(latest.revision, 0) + 1 AS revision,
               latest.revision IS NOT NULL AND ({theirs}) IS NOT DISTINCT FROM ({ours}) AS known,
               row_number() OVER (PARTITION BY f.id, {ours}) AS copy
        FROM fresh f
        LEFT JOIN LATERAL (
            SELECT t.* FROM {kind} t
            WHERE t.agreement = :agreement AND t.id = f.id
            ORDER BY t.revision DESC LIMIT 1
        ) latest ON true
    ),
    added AS (
        INSERT INTO {kind} (agreement, id, revision, {names}, intake, received_at)
        SELECT :agreement, id, revision, {names}, :intake, :received_at
        FROM judged WHERE NOT known AND copy = 1
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM added) AS accepted,
           (SELECT count(*) FROM judged WHERE known OR copy > 1) AS repeated
    """
