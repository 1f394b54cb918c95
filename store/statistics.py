"""What the facts of a span amount to, kept, so that none of them is read again.

A statistic says what it knew: how many intakes had touched its span by then, and when the last of
them was received. The intakes received before an instant, in the order of their receipt, are the
same ones whenever there are as many with the same last; so these two say whether a statistic holds
for a window, at whatever instant it is asked for. Nothing has to be thrown away, and nothing can be
out of date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    DateTime,
    FromClause,
    Interval,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import FactKind
from domain.measurement import Window
from domain.terms.shape import Measure
from store.tables import statistic, touched

MEANING = 1
"""To be raised when a measure comes to count otherwise: statistics of another meaning are void."""

DAY = literal_column("interval '24 hours'", Interval)
"""Windows are counted by such days from their start on; a touch is no longer than this either. As
text: a parameter would become `1 day`, which has 23 or 25 hours in a session of another zone."""

DAY_SECONDS = 86_400

TICK = literal_column("interval '1 microsecond'", Interval)

INSTANTS = ARRAY(DateTime(timezone=True))

KEY = ("start_at", "end_at", "intakes", "latest_at")
"""What tells the statistics of a measure apart."""

AMOUNTS = ("num", "facts", "missing", "mark_high", "mark_low")
"""What can be added up: of spans that do not overlap, the sums are those of the whole."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the facts of a span amount to."""

    num: Decimal = Decimal(0)
    facts: int = 0
    missing: int = 0
    mark_high: int = 0
    mark_low: int = 0


def amounts_of(row: Any) -> Amounts:  # noqa: ANN401 - a row with the columns of `statistic`
    """The amounts that a row says."""
    counts = (int(getattr(row, name)) for name in AMOUNTS[1:])
    return Amounts(row.num, *counts)


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


def asked() -> CTE:
    """The windows, to be looked at more than once."""
    return select(spans()).cte("asked").prefix_with("MATERIALIZED")


def touches_of(window: FromClause) -> CTE:
    """What had touched each of the windows, by the number of the window."""
    touch = _one_by_one(select(*(touched.c[name] for name in TOUCH)).where(_touches(window)))
    return (
        select(window.c.n, touch)
        .select_from(window.join(touch, true()))
        .cte("touches")
        .prefix_with("MATERIALIZED")
    )


def _one_by_one(query: Select[Any]) -> FromClause:
    """To be looked up in the index for each row beside it, whatever little the planner knows.

    Tables that grew since they were looked at last would else be read whole for each row.
    """
    return query.offset(literal_column("0")).lateral()


TOUCH = ("start_at", "end_at", "received_at", "revises")


def knowledge(touches: FromClause, *by: ColumnElement[Any]) -> FromClause:
    """How many intakes had touched, when the last was received, and if any revised."""
    return select(*by, *_known(touches)).group_by(*by).subquery("known")


def _known(touches: FromClause) -> list[ColumnElement[Any]]:
    return [
        func.count().label("intakes"),
        func.max(touches.c.received_at).label("latest_at"),
        func.coalesce(func.bool_or(touches.c.revises), false()).label("revises"),
    ]


def knowledge_of(window: FromClause) -> FromClause:
    """The same of one window at a time."""
    return select(*_known(touched)).where(_touches(window)).lateral("knowledge")


def _touches(window: FromClause) -> ColumnElement[bool]:
    return and_(
        touched.c.agreement == bindparam("agreement"),
        touched.c.kind == bindparam("kind"),
        touched.c.name == bindparam("name"),
        touched.c.start_at > window.c.start_at - DAY,
        touched.c.start_at < window.c.end_at,
        touched.c.end_at > window.c.start_at,
        touched.c.received_at < window.c.known_at,
    )


def any_kept(window: FromClause) -> ColumnElement[bool]:
    """Whether anything is kept of a window or of a part of it, as of whatever instant."""
    return (
        select(literal_column("1"))
        .where(
            statistic.c.agreement == bindparam("agreement"),
            statistic.c.measure == bindparam("measure"),
            statistic.c.start_at >= window.c.start_at,
            statistic.c.start_at < window.c.end_at,
        )
        .correlate(window)
        .exists()
    )


def kept_of(window: FromClause, known: FromClause) -> FromClause:
    """The amounts that are kept of a window of which so much is known."""
    return _one_by_one(
        select(*(statistic.c[name] for name in AMOUNTS)).where(
            statistic.c.agreement == bindparam("agreement"),
            statistic.c.measure == bindparam("measure"),
            statistic.c.start_at == window.c.start_at,
            statistic.c.end_at == window.c.end_at,
            statistic.c.intakes == known.c.intakes,
            statistic.c.latest_at == known.c.latest_at,
        )
    )


def _looking() -> Select[Any]:
    window = spans()
    known = knowledge_of(window)
    kept = kept_of(window, known)
    return (
        select(known.c.intakes, kept)
        .select_from(window.join(known, true()).outerjoin(kept, true()))
        .order_by(window.c.n)
    )


LOOKING = _looking()


async def look(
    connection: AsyncConnection, agreement: str, measure: Measure, windows: Sequence[Window]
) -> list[Amounts | None]:
    """What is kept of each window, in their order. Of one never touched that is nothing at all."""
    rows = await connection.execute(LOOKING, bound(agreement, measure, windows))
    return [
        Amounts() if not row.intakes else None if row.num is None else amounts_of(row)
        for row in rows
    ]


async def touched_once(
    connection: AsyncConnection, agreement: str, measure: Measure, windows: Sequence[Window]
) -> list[Window]:
    """The windows that one intake has touched and no other, and of which nothing is kept."""
    rows = await connection.execute(LOOKING, bound(agreement, measure, windows))
    return [
        window
        for window, row in zip(windows, rows, strict=True)
        if row.intakes == 1 and row.num is None
    ]


def keeping(rows: FromClause, which: ColumnElement[bool], name: str) -> CTE:
    """Keep the amounts of these rows; somebody else may have done so meanwhile."""
    names = ("agreement", "measure", *KEY, *AMOUNTS)
    mine: list[ColumnElement[Any]] = [bindparam("agreement"), bindparam("measure")]
    several = select(*mine, *(rows.c[each] for each in (*KEY, *AMOUNTS))).where(which)
    return insert(statistic).from_select(names, several).on_conflict_do_nothing().cte(name)
