"""Facts into the record: a whole file in the caller's transaction, nothing ever overwritten.

The facts are sent to temporary tables and judged as sets. The register `fact_key` says what is
known; where all of a file is new, which is the rule, nothing else is looked at. While PostgreSQL
enters some of the facts there, the next ones are read.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact, FactKind
from store import merging, restating, touching, watching
from store.archived import GOING, FactsGoneError, gone_before
from store.counting import count_ahead
from store.fact_rows import CONTENT, KEYS, place_of, record
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
    unread: Mapping[str, int] = field(default_factory=dict, compare=False)
    """Facts that nothing in the terms reads, by what they are of."""


class FactsContradictError(ValueError):
    """A file says two things of one fact; the reading of files should have refused it."""


MIXED = "mixed"
"""The kind of a file whose lines say their own."""

AT_ONCE = 10_000
"""So many facts are sent to PostgreSQL together, and as many are read meanwhile."""

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('facts/' || :agreement, 0))")
"""One intake at a time for each agreement: two would both write revision n + 1."""

NUMBER = text("SELECT nextval(pg_get_serial_sequence('intake', 'number'))")


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
    facts, what became of the file's rows: further columns of its intake. FactsGoneError when facts
    would revise what was archived and taken out, or lie beside it.
    """
    await connection.execute(LOCK, {"agreement": agreement})
    if (known := await known_intake(connection, agreement, raw_digest)) is not None:
        return known
    number = int(await connection.scalar(NUMBER) or 0)
    await connection.execute(text(touching.PLACES))
    gone = await gone_before(connection, agreement)
    given = {"agreement": agreement, "intake": number, "received_at": received_at, "gone": gone}
    sent = await _send(connection, facts, given)
    read, accepted = sum(each.facts for each in sent.values()), 0
    over: set[tuple[FactKind, str]] = set()
    for place, each in sent.items():
        accepted += await _merge(connection, place, each, given, over)
    if gone is not None and over:
        raise FactsGoneError(gone, frozenset(over))
    rows = account(read)
    said = {name: rows[name] for name in ROWS if name in rows}
    taken = Intake(read, accepted, read - accepted, **said)
    await connection.execute(
        insert(intake).values(
            agreement=agreement,
            digest=raw_digest,
            number=number,
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
    await connection.execute(text(touching.KEEP), {**given, "intake": raw_digest})
    await connection.execute(text("DROP TABLE touching"))
    touched = await touching.touched_by(connection, agreement, raw_digest)
    await count_ahead(connection, agreement, touched, received_at)
    await restating.leave_word(connection, agreement, raw_digest, touched, received_at)
    await watching.leave_word(connection, agreement, number, touched, received_at)
    return taken


ROWS = ("rows", "passed", "quarantined", "rejected", "unread")


async def known_intake(connection: AsyncConnection, agreement: str, digest: str) -> Intake | None:
    """What became of a file that was handed in before."""
    names = ("read", "accepted", "repeated", *ROWS)
    query = select(*(intake.c[name] for name in names)).where(
        intake.c.agreement == agreement, intake.c.digest == digest
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Intake(**row._asdict(), again=True)


@dataclass(slots=True)
class _Sent:
    """How many facts were sent into one temporary table, and how many of them have new ids."""

    facts: int = 0
    entered: int = 0


Records: TypeAlias = dict[str, list[tuple[Any, ...]]]


async def _send(
    connection: AsyncConnection, facts: Iterable[Fact], given: dict[str, Any]
) -> dict[str, _Sent]:
    """Send the facts to temporary tables and enter the new ids; the next are read meanwhile."""
    sent: dict[str, _Sent] = {}
    coming = iter(facts)
    ahead = asyncio.create_task(asyncio.to_thread(_next, coming))
    try:
        while batch := await ahead:
            ahead = asyncio.create_task(asyncio.to_thread(_next, coming))
            for place, rows in batch.items():
                if place not in sent:
                    sent[place] = _Sent()
                    for table in ("coming", "incoming"):
                        await connection.execute(text(merging.arriving(place, table)))
                sent[place].facts += len(rows)
                sent[place].entered += await _enter(connection, place, rows, given)
    finally:
        # Nothing may be left that reads on.
        await asyncio.gather(ahead, return_exceptions=True)
    return sent


def _next(coming: Iterator[Fact]) -> Records:
    """The next facts, as rows for their tables."""
    records: Records = {}
    for fact in islice(coming, AT_ONCE):
        records.setdefault(place_of(fact), []).append(record(fact))
    return records


async def _enter(
    connection: AsyncConnection, place: str, rows: list[tuple[Any, ...]], given: dict[str, Any]
) -> int:
    """Send some facts and enter those in the register whose ids are new; how many they were."""
    raw = await connection.get_raw_connection()
    await raw.driver_connection.copy_records_to_table(  # type: ignore[union-attr]
        f"coming_{place}", records=rows, columns=(*KEYS[place], *CONTENT[place])
    )
    entered: int = (await connection.execute(text(merging.register(place)), given)).rowcount
    for moving in merging.moving(place):
        await connection.execute(text(moving))
    return entered


async def _merge(
    connection: AsyncConnection,
    place: str,
    sent: _Sent,
    given: dict[str, Any],
    over: set[tuple[FactKind, str]],
) -> int:
    """Add what is new to the record; how many facts that were. `over` gets those that cannot be."""
    await connection.execute(text(merging.months(place)))
    accepted = sent.entered
    rows = f"incoming_{place}"
    if accepted < sent.facts:
        rows = f"judged_{place}"
        await connection.execute(text(merging.judge(place)), given)
        await connection.execute(text(f"ANALYZE {rows}"))
        twice = await connection.scalar(text(merging.contradictions(place)))
        if twice is not None:
            msg = f"two different facts of one file have the id {twice}"
            raise FactsContradictError(msg)
    if given["gone"] is not None:
        archived = text(merging.archived(place, rows))
        found = await connection.execute(archived, {**given, "going": list(GOING)})
        over.update((FactKind(kind), name) for kind, name in found)
    if accepted < sent.facts:
        accepted += (await connection.execute(text(merging.revise(place)), given)).rowcount
        for noted in touching.left(place, rows):
            await connection.execute(text(noted), given)
    await connection.execute(text(merging.keep(place, rows)), given)
    for noted in touching.taken(place, rows):
        await connection.execute(text(noted), given)
    await connection.execute(
        text(f"DROP TABLE {', '.join({rows, f'incoming_{place}', f'coming_{place}'})}")
    )
    return accepted
