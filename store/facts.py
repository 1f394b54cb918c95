"""Facts into the record: a whole file in the caller's transaction, nothing ever overwritten."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact, FactKind
from store import touching
from store.fact_rows import CONTENT, JSON, KEYS, place_of, record
from store.tables import intake


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a file: every fact read was accepted, or was there already."""

    read: int
    accepted: int
    repeated: int
    again: bool = field(default=False, compare=False)
    """Whether the very same file had been handed in before; then nothing changed."""
    rows: int = field(default=0, compare=False)
    passed: int = field(default=0, compare=False)
    quarantined: int = field(default=0, compare=False)
    rejected: int = field(default=0, compare=False)


MIXED = "mixed"
"""The kind of a file whose lines say their own."""

AT_ONCE = 20_000
"""So many facts are sent to PostgreSQL together."""

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('facts/' || :agreement, 0))")
"""One intake at a time for each agreement: two would both write revision n + 1."""


async def take_in(  # noqa: PLR0913, PLR0917 - a file, from whom, when, and what becomes of its rows
    connection: AsyncConnection,
    agreement: str,
    name: str,
    raw_digest: str,
    kind: FactKind | None,
    facts: Iterable[Fact],
    actor: str,
    received_at: datetime,
    account: Callable[[int], Mapping[str, Any]] = lambda read: {"rows": read},
) -> Intake:
    """Take in a file's facts, all or none; without a kind they are of several.

    Changed content of a known id becomes its next revision. The same file again changes nothing,
    reads nothing, and gets the first outcome. `account` is asked at the end, with the number of
    facts, what became of the file's rows: further columns of its intake.
    """
    await connection.execute(LOCK, {"agreement": agreement})
    if (known := await known_intake(connection, agreement, raw_digest)) is not None:
        return known
    read, places = await _copy(connection, facts)
    await connection.execute(text(touching.PLACES))
    given = {"agreement": agreement, "intake": raw_digest, "received_at": received_at}
    accepted = repeated = 0
    for place in places:
        counted = (await connection.execute(text(_merge(place)), given)).one()
        accepted, repeated = accepted + counted.accepted, repeated + counted.repeated
        await connection.execute(text(f"DROP TABLE incoming_{place}"))
    rows = account(read)
    taken = Intake(read, accepted, repeated, **{name: rows[name] for name in ROWS if name in rows})
    if taken.read != taken.accepted + taken.repeated:
        msg = f"facts were lost or doubled on the way in: {taken}"
        raise AssertionError(msg)
    await connection.execute(
        insert(intake).values(
            agreement=agreement,
            digest=raw_digest,
            name=name,
            kind=kind or MIXED,
            actor=actor,
            read=taken.read,
            accepted=taken.accepted,
            repeated=taken.repeated,
            received_at=received_at,
            **rows,
        )
    )
    await connection.execute(text(touching.KEEP), given)
    await connection.execute(text("DROP TABLE touching"))
    return taken


ROWS = ("rows", "passed", "quarantined", "rejected")


async def known_intake(connection: AsyncConnection, agreement: str, digest: str) -> Intake | None:
    """What became of a file that was handed in before."""
    names = ("read", "accepted", "repeated", *ROWS)
    query = select(*(intake.c[name] for name in names)).where(
        intake.c.agreement == agreement, intake.c.digest == digest
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Intake(**row._asdict(), again=True)


async def _copy(connection: AsyncConnection, facts: Iterable[Fact]) -> tuple[int, list[str]]:
    """COPY the facts into temporary tables; how many there were, and into which they went."""
    raw = await connection.get_raw_connection()
    coming = iter(facts)
    read = 0
    places: list[str] = []
    while several := list(islice(coming, AT_ONCE)):
        read += len(several)
        records: dict[str, list[tuple[Any, ...]]] = {}
        for fact in several:
            records.setdefault(place_of(fact), []).append(record(fact))
        for place, rows in records.items():
            if place not in places:
                await _prepare(connection, place)
                places.append(place)
            await raw.driver_connection.copy_records_to_table(  # type: ignore[union-attr]
                f"incoming_{place}", records=rows, columns=(*KEYS[place], *CONTENT[place])
            )
    return read, places


async def _prepare(connection: AsyncConnection, place: str) -> None:
    """Make the temporary table whose facts are merged into a table."""
    await connection.execute(
        text(
            f"CREATE TEMPORARY TABLE incoming_{place} ON COMMIT DROP AS "
            f"SELECT {', '.join((*KEYS[place], *CONTENT[place]))} FROM {place} WITH NO DATA"
        )
    )
    for column in JSON:
        if column in CONTENT[place]:
            await connection.execute(
                text(f"ALTER TABLE incoming_{place} ALTER COLUMN {column} TYPE text")
            )


def _merge(place: str) -> str:
    """Judge every incoming fact against the latest revision of its key, and add what is new.

    Where what is new stands, and what it supersedes stood, goes into the table `touching`.

    A fact that a file repeats is counted once as new and then as repeated. Two different contents
    of one id, which the reader of files refuses, would collide on the table's key and fail whole.
    """
    key, content = KEYS[place], CONTENT[place]
    read = [f"{each}::jsonb AS {each}" if each in JSON else each for each in (*key, *content)]
    ours = ", ".join(f"f.{column}" for column in content)
    theirs = ", ".join(f"latest.{column}" for column in content)
    mine = ", ".join(f"f.{column}" for column in key)
    same = " AND ".join(f"t.{column} = f.{column}" for column in key)
    keys, names = ", ".join(key), ", ".join(content)
    before = ", ".join(f"latest.{column} AS before_{column}" for column in content)
    return f"""
    WITH fresh AS (
        SELECT {", ".join(read)} FROM incoming_{place}
    ),
    judged AS MATERIALIZED (
        SELECT f.*,
               {before},
               coalesce(latest.revision, 0) + 1 AS revision,
               latest.revision IS NOT NULL AND ({theirs}) IS NOT DISTINCT FROM ({ours}) AS known,
               row_number() OVER (PARTITION BY {mine}, {ours}) AS copy
        FROM fresh f
        LEFT JOIN LATERAL (
            SELECT t.* FROM {place} t
            WHERE t.agreement = :agreement AND {same}
            ORDER BY t.revision DESC LIMIT 1
        ) latest ON true
    ),
    added AS (
        INSERT INTO {place} (agreement, {keys}, revision, {names}, intake, received_at)
        SELECT :agreement, {keys}, revision, {names}, :intake, :received_at
        FROM judged WHERE NOT known AND copy = 1
        RETURNING 1
    ),
    touched AS (
        INSERT INTO touching (kind, name, start_at, end_at, revises)
        {touching.places(place, "judged", "NOT known AND copy = 1")}
    )
    SELECT (SELECT count(*) FROM added) AS accepted,
           (SELECT count(*) FROM judged WHERE known OR copy > 1) AS repeated
    """
