"""The ledger, and what the run of results set off, as the record keeps them; all of it only grows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.results import Fired, Line, RightArisen
from store.results import dim_text, readable
from store.tables import credit, entitlement, fired

SUBSTANCE = ("percent", "base_minor", "amount_minor", "month", "type")
"""What another revision of a line is worth writing for."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A line of the ledger, the key of the period from which it follows, and its revision."""

    line: Line
    period: str
    revision: int
    currency: str | None


async def lines_of(connection: AsyncConnection, agreement: str) -> dict[str, dict[str, Any]]:
    """The latest revision of every line, by its id."""
    query = (
        select(credit)
        .ext(distinct_on(credit.c.line))
        .where(credit.c.agreement == agreement)
        .order_by(credit.c.line, credit.c.revision.desc())
    )
    rows = await connection.execute(query)
    return {row.line: dict(row._mapping) for row in rows}  # noqa: SLF001


def row_of(agreement: str, entered: Entered, due_at: datetime) -> dict[str, Any]:
    """The row of a line."""
    line = entered.line
    return {
        "agreement": agreement,
        "line": line.id,
        "revision": entered.revision,
        "remedy": line.remedy,
        "type": line.type,
        "kpi": line.kpi,
        "dim": dim_text(line.dim),
        "period": entered.period,
        "start_at": line.start,
        "end_at": line.end,
        "month": line.settles.key,
        "settles_from": line.settles.start,
        "settles_until": line.settles.end,
        "percent": None if line.percent is None else readable(line.percent),
        "base_minor": line.base_minor,
        "amount_minor": line.amount_minor,
        "currency": entered.currency,
        "adjusts": list(line.adjusts),
        "reason": " ".join((*line.reason, *_cited(line.clause))),
        "due_at": due_at,
    }


def _cited(clause: str | None) -> Sequence[str]:
    return () if clause is None else (f"Clause: {clause}.",)


def is_same(row: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether a line comes to what is known of it."""
    return all(row[name] == known[name] for name in SUBSTANCE)


def is_nothing(row: dict[str, Any]) -> bool:
    """Whether a line comes to nothing."""
    return not row["percent"] and not row["amount_minor"]


def ended(known: dict[str, Any], due_at: datetime) -> dict[str, Any]:
    """The last revision of a line that is no more."""
    kept = {name: value for name, value in known.items() if name != "recorded_at"}
    return kept | {
        "revision": known["revision"] + 1,
        "percent": None if known["percent"] is None else 0,
        "amount_minor": None if known["amount_minor"] is None else 0,
        "adjusts": [],
        "reason": "What is known by now no longer gives this line.",
        "due_at": due_at,
    }


async def enter(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Add revisions of lines; one that is there already is a fault."""
    if rows:
        await connection.execute(insert(credit), rows)


# --- what was set off


@dataclass(frozen=True, slots=True)
class Firing:
    """Which firing of a trigger at an instant it is, its revision, and the periods that count."""

    trigger: str
    fired_at: datetime
    number: int
    revision: int
    periods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetOff:
    """A trigger that fired, and its right; the first revision of a firing is news."""

    firing: Firing
    fired: Fired
    right: RightArisen | None

    @property
    def is_new(self) -> bool:
        """Whether it was not known at all."""
        return self.firing.revision == 1


def latest_fired(agreement: str) -> Select[Any]:
    """The latest revision of every firing."""
    place = (fired.c.trigger, fired.c.fired_at, fired.c.number)
    latest = (
        select(fired)
        .ext(distinct_on(*place))
        .where(fired.c.agreement == agreement)
        .order_by(*place, fired.c.revision.desc())
        .subquery()
    )
    return select(latest).order_by(latest.c.fired_at, latest.c.trigger, latest.c.number)


async def fired_so_far(connection: AsyncConnection, agreement: str) -> list[Firing]:
    """Every firing of a trigger."""
    return [
        Firing(row.trigger, row.fired_at, row.number, row.revision, tuple(row.periods))
        for row in await connection.execute(latest_fired(agreement))
    ]


async def set_off(
    connection: AsyncConnection, agreement: str, news: Iterable[SetOff], due_at: datetime
) -> None:
    """Add firings, and the rights that new ones gave."""
    for each in news:
        await connection.execute(
            insert(fired).values(
                agreement=agreement,
                trigger=each.firing.trigger,
                fired_at=each.firing.fired_at,
                number=each.firing.number,
                revision=each.firing.revision,
                periods=list(each.firing.periods),
                quantity=str(each.fired.quantity),
                consequence=each.fired.then,
                clause=each.fired.clause,
                reason=" ".join(each.fired.reason),
                due_at=due_at,
            )
        )
        if each.right is not None and each.is_new:
            await connection.execute(
                insert(entitlement).values(
                    agreement=agreement,
                    key=each.right.key,
                    arises_at=each.right.arises,
                    number=each.firing.number,
                    kind=each.right.kind,
                    effective_at=each.right.effective,
                    exercise_by=each.right.exercise_by,
                    trigger=each.right.trigger,
                    reason=" ".join(each.right.reason),
                    due_at=due_at,
                )
            )
