"""What the facts of a span amount to, kept, so that none of them is read again.

A statistic says what it knew: how many intakes had touched its span by then, and when the last of
them was received. The intakes received before an instant, in the order of their receipt, are the
same ones whenever there are as many with the same last; so these two say whether a statistic holds
for a window, at whatever instant it is asked for. Nothing has to be thrown away, and nothing can be
out of date.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    DateTime,
    FromClause,
    Select,
    and_,
    bindparam,
    false,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import FactKind
from domain.measurement import Window, total
from domain.terms.shape import Measure
from store.tables import statistic, touched

MEANING = 1
"""To be raised when a measure comes to count otherwise: statistics of another meaning are void."""

DAY = timedelta(hours=24)
"""Windows are counted by such days from their start on; a touch is no longer than this either."""

INSTANTS = ARRAY(DateTime(timezone=True))

Knowledge: TypeAlias = tuple[int, datetime | None]
"""How many touches of a span were known, and when the last of them was received."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What can be added up: of spans that do not overlap, the sum is that of the whole."""

    num: Decimal = Decimal(0)
    facts: int = 0
    missing: int = 0
    mark_high: int = 0
    mark_low: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a window, and its amounts if they are kept already."""

    knowledge: Knowledge
    amounts: Amounts | None


def amounts_of(row: Any) -> Amounts:  # noqa: ANN401 - a row with the columns of `statistic`
    """The amounts that a row says."""
    return Amounts(row.num, row.facts, row.missing, int(row.mark_high), int(row.mark_low))


def added(several: Sequence[Amounts]) -> Amounts:
    """The amounts of all the spans together."""
    return Amounts(
        total(each.num for each in several),
        sum(each.facts for each in several),
        sum(each.missing for each in several),
        sum(each.mark_high for each in several),
        sum(each.mark_low for each in several),
    )


def days_of(window: Window) -> list[Window]:
    """The days of a window, the last of them perhaps shorter."""
    starts = [window.start]
    while starts[-1] + DAY < window.end:
        starts.append(starts[-1] + DAY)
    ends = [*starts[1:], window.end]
    return [Window(start, end, window.known_at) for start, end in zip(starts, ends, strict=True)]


def bound(agreement: str, measure: Measure, windows: Sequence[Window]) -> dict[str, Any]:
    """What the statements over windows bind."""
    return {
        "agreement": agreement,
        "kind": FactKind.TICKET if measure.series is None else FactKind.SAMPLE,
        "name": measure.series or "",
        "measure": key_of(measure),
        "starts": [window.start for window in windows],
        "ends": [window.end for window in windows],
        "known": [window.known_at for window in windows],
    }


def key_of(measure: Measure) -> bytes:
    """By what the statistics of a measure are kept."""
    said = f"{MEANING}\t{measure.model_dump_json(exclude_defaults=True)}"
    return sha256(said.encode()).digest()[:16]


def spans() -> FromClause:
    """The windows as rows: `start_at`, `end_at`, `known_at`, and their number `n`."""
    arrays = (bindparam(name, type_=INSTANTS) for name in ("starts", "ends", "known"))
    return (
        func.unnest(*arrays)
        .table_valued("start_at", "end_at", "known_at", with_ordinality="n")
        .render_derived("span")
    )


def knowledge_of(window: FromClause) -> FromClause:
    """How many intakes had touched a window, when the last was received, and if any revised."""
    return (
        select(
            func.count().label("intakes"),
            func.max(touched.c.received_at).label("latest_at"),
            func.coalesce(func.bool_or(touched.c.revises), false()).label("revises"),
        )
        .where(
            touched.c.agreement == bindparam("agreement"),
            touched.c.kind == bindparam("kind"),
            touched.c.name == bindparam("name"),
            touched.c.start_at > window.c.start_at - DAY,
            touched.c.start_at < window.c.end_at,
            touched.c.end_at > window.c.start_at,
            touched.c.received_at < window.c.known_at,
        )
        .lateral("knowledge")
    )


def _looking() -> Select[Any]:
    window = spans()
    knowledge = knowledge_of(window)
    same = and_(
        statistic.c.agreement == bindparam("agreement"),
        statistic.c.measure == bindparam("measure"),
        statistic.c.start_at == window.c.start_at,
        statistic.c.end_at == window.c.end_at,
        statistic.c.intakes == knowledge.c.intakes,
        statistic.c.latest_at == knowledge.c.latest_at,
    )
    kept = [statistic.c[name] for name in ("num", "facts", "missing", "mark_high", "mark_low")]
    return (
        select(knowledge.c.intakes, knowledge.c.latest_at, *kept)
        .select_from(window.join(knowledge, true()).outerjoin(statistic, same))
        .order_by(window.c.n)
    )


LOOKING = _looking()


async def look(
    connection: AsyncConnection, agreement: str, measure: Measure, windows: Sequence[Window]
) -> list[Found]:
    """What is known and kept of each window, in their order. Of one never touched: nothing at all."""
    rows = await connection.execute(LOOKING, bound(agreement, measure, windows))
    return [
        Found(
            (row.intakes, row.latest_at),
            Amounts() if not row.intakes else None if row.num is None else amounts_of(row),
        )
        for row in rows
    ]


async def keep(
    connection: AsyncConnection,
    agreement: str,
    measure: Measure,
    several: Iterable[tuple[Window, Knowledge, Amounts]],
) -> None:
    """Keep what was counted with this knowledge; what was never touched needs no keeping."""
    rows = [
        {
            "agreement": agreement,
            "measure": key_of(measure),
            "start_at": window.start,
            "end_at": window.end,
            "intakes": intakes,
            "latest_at": latest_at,
            "num": amounts.num,
            "facts": amounts.facts,
            "missing": amounts.missing,
            "mark_high": amounts.mark_high,
            "mark_low": amounts.mark_low,
        }
        for window, (intakes, latest_at), amounts in several
        if intakes
    ]
    if rows:
        await connection.execute(insert(statistic).on_conflict_do_nothing(), rows)
