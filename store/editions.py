"""Editions: which terms are in force at an instant, and the documents behind them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain import timeline
from domain.terms.shape import Agreement
from domain.terms_check import validate
from store.tables import contact, document, edition


@dataclass(frozen=True, slots=True)
class Edition:
    """Terms with their number, their digest and the instant from which they hold."""

    number: int
    effective_at: datetime
    digest: str
    terms: Agreement


class BrokenEditionError(Exception):
    """A stored edition no longer reads as an agreement: a fault of this release, not of a user."""


@lru_cache(maxsize=1024)
def parse(digest: str, raw: bytes) -> Agreement:
    """The terms in a stored document, which was valid when it was adopted."""
    reading = validate(raw, digest)
    if reading.value is None:
        raise BrokenEditionError("; ".join(map(str, reading.problems)))
    return reading.value


async def keep_document(connection: AsyncConnection, name: str, raw: bytes) -> str:
    """Keep raw bytes under their SHA-256, once; returns it."""
    digest = hashlib.sha256(raw).hexdigest()
    values = {"digest": digest, "name": name, "raw": raw}
    await connection.execute(insert(document).values(values).on_conflict_do_nothing())
    return digest


async def read_document(connection: AsyncConnection, digest: str) -> bytes:
    """The raw bytes of that digest."""
    row = await connection.execute(select(document.c.raw).where(document.c.digest == digest))
    return bytes(row.scalar_one())


async def adopt(
    connection: AsyncConnection,
    agreement: str,
    new: Edition,
    *,
    command: str,
    adopted_at: datetime,
) -> None:
    """Add an edition with its contacts; adopting it again changes nothing."""
    values = {
        "agreement": agreement,
        "number": new.number,
        "effective_at": new.effective_at,
        "digest": new.digest,
        "command": command,
        "adopted_at": adopted_at,
    }
    await connection.execute(insert(edition).values(values).on_conflict_do_nothing())
    parties = {"client": new.terms.parties.client, "provider": new.terms.parties.provider}
    rows = [
        {
            "agreement": agreement,
            "edition": new.number,
            "ref": f"{side}.{role}",
            "title": each.title,
            "email": each.email,
            "zone": each.zone or new.terms.zone,
        }
        for side, party in parties.items()
        for role, each in party.contacts.items()
    ]
    await connection.execute(insert(contact).on_conflict_do_nothing(), rows)


async def all_editions(connection: AsyncConnection, agreement: str) -> list[Edition]:
    """Every edition, by number."""
    query = (
        select(edition.c.number, edition.c.effective_at, edition.c.digest, document.c.raw)
        .join(document, document.c.digest == edition.c.digest)
        .where(edition.c.agreement == agreement)
        .order_by(edition.c.number)
    )
    return [
        Edition(row.number, row.effective_at, row.digest, parse(row.digest, bytes(row.raw)))
        for row in await connection.execute(query)
    ]


def in_force(editions: Sequence[Edition], at: datetime) -> Edition:
    """The edition that holds at an instant; before any holds, the first."""
    holding = [each for each in editions if each.effective_at <= at]
    return max(holding, key=lambda each: each.number) if holding else editions[0]


def timeline_of(adopted: Sequence[Edition]) -> timeline.Timeline:
    """The editions of an agreement as the domain knows them."""
    several = (timeline.Edition(each.number, each.terms, each.effective_at) for each in adopted)
    return timeline.Timeline(tuple(several))


async def edition_at(connection: AsyncConnection, agreement: str, at: datetime) -> Edition:
    """The edition of an agreement that holds at an instant."""
    return in_force(await all_editions(connection, agreement), at)


async def next_number(connection: AsyncConnection, agreement: str) -> int:
    """The number of the next edition."""
    query = select(func.max(edition.c.number)).where(edition.c.agreement == agreement)
    return int(await connection.scalar(query) or 0) + 1
