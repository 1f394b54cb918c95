"""Facts into the record: a whole file in the caller's transaction, nothing ever overwritten."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact, FactKind
from store import restating, touching, watching
from store.archived import gone_before
from store.arriving import arrive
from store.counting import count_ahead
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


MIXED = "mixed"
"""The kind of a file whose lines say their own."""

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
    facts, what became of the file's rows: further columns of its intake. FactsContradictError and
    FactsGoneError as `arrive` has them.
    """
    await connection.execute(LOCK, {"agreement": agreement})
    if (known := await known_intake(connection, agreement, raw_digest)) is not None:
        return known
    number = int(await connection.scalar(NUMBER) or 0)
    await connection.execute(text(touching.PLACES))
    gone = await gone_before(connection, agreement)
    given = {"agreement": agreement, "intake": number, "received_at": received_at, "gone": gone}
    read, accepted = await arrive(connection, facts, given)
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
    await restating.leave_word(connection, agreement, raw_digest, touched, received_at)
    await count_ahead(connection, agreement, touched, received_at)
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
