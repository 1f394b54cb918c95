"""Rows that were not taken in: kept with what is wrong, and what people decide about them."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import held_decision, held_row, intake


class Fate(StrEnum):
    """Whether a row waits for a person, or is no record at all."""

    QUARANTINED = "quarantined"
    REJECTED = "rejected"


class Choice(StrEnum):
    """What a person makes of a held row."""

    RELEASED = "released"
    CORRECTED = "corrected"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Held:
    """A row that was not taken in, and everything that is wrong with it."""

    fate: Fate
    line: int
    kind: str | None
    mapping: str | None
    mapped_by: int | None
    problems: Sequence[Mapping[str, Any]]
    cells: Mapping[str, str]
    places: Mapping[str, int] | None = None
    """The number of each cell's column in the file, where its form has any."""

    @property
    def content(self) -> str:
        """The digest of what the row says and how it was read, wherever it stands."""
        said = [self.fate, self.kind, self.mapping, self.mapped_by, sorted(self.cells.items())]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


AT_ONCE = 1000


async def hold(
    connection: AsyncConnection,
    agreement: str,
    digest: str,
    rows: Iterable[Held],
    actor: str,
    received_at: datetime,
) -> None:
    """Keep rows of one intake; what is held already, or was decided, is not held again."""
    coming = iter(rows)
    while several := list(islice(coming, AT_ONCE)):
        values = [
            {
                "agreement": agreement,
                "content": row.content,
                "intake": digest,
                "fate": row.fate,
                "line": row.line,
                "kind": row.kind,
                "mapping": row.mapping,
                "mapped_by": row.mapped_by,
                "problems": list(row.problems),
                "cells": dict(row.cells),
                "places": None if row.places is None else dict(row.places),
                "actor": actor,
                "received_at": received_at,
            }
            for row in several
        ]
        await connection.execute(insert(held_row).on_conflict_do_nothing(), values)


async def find_held(connection: AsyncConnection, agreement: str, number: int) -> Any:  # noqa: ANN401
    """A held row with its file and its decision, if there is one; None when there is no row."""
    query = (
        select(
            held_row,
            intake.c.name.label("file"),
            held_decision.c.choice,
            held_decision.c.actor.label("decided_by"),
            held_decision.c.decided_at,
        )
        .join(
            intake,
            (intake.c.agreement == held_row.c.agreement) & (intake.c.digest == held_row.c.intake),
        )
        .outerjoin(held_decision, held_decision.c.number == held_row.c.number)
        .where(held_row.c.agreement == agreement, held_row.c.number == number)
    )
    return (await connection.execute(query)).one_or_none()


async def decide(
    connection: AsyncConnection,
    number: int,
    choice: Choice,
    cells: Mapping[str, str],
    *,
    note: str,
    actor: str,
    decided_at: datetime,
) -> bool:
    """Write down a decision; false when there is one already, whoever came first."""
    statement = (
        insert(held_decision)
        .values(
            number=number,
            choice=choice,
            cells=dict(cells),
            note=note,
            actor=actor,
            decided_at=decided_at,
        )
        .on_conflict_do_nothing()
        .returning(held_decision.c.number)
    )
    return await connection.scalar(statement) is not None
