"""What the facts of a span amount to, kept, so that none of them is read again.

A statistic says what it knew: how many intakes had touched its span by then, and when the last of
them was received. The intakes received before an instant, in the order of their receipt, are the
same ones whenever there are as many with the same last; so these two say whether a statistic holds
for a window, at whatever instant it is asked for. Nothing has to be thrown away, and nothing can be
out of date.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    DateTime,
    FromClause,
    Interval,
    LargeBinary,
    Numeric,
    Select,
    Text,
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
from sqlalchemy.types import TypeEngine

from domain.facts import FactKind
from domain.measurement import DIGITS, RANKED, Window, good_limit, share_of_rank
from domain.terms.shape import Kind, Measure
from store.tables import statistic, touched

MEANING = 2
"""To be raised when a measure comes to count otherwise: statistics of another meaning are void."""

DAY = literal_column("interval '24 hours'", Interval)
"""Windows are counted by such days from their start on; a touch is no longer than this either. As
text: a parameter would become `1 day`, which has 23 or 25 hours in a session of another zone."""

DAY_SECONDS = 86_400

TICK = literal_column("interval '1 microsecond'", Interval)

KEY = ("measure", "start_at", "end_at", "intakes", "latest_at")
"""What tells the statistics of an agreement apart."""

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


Run: TypeAlias = tuple[Measure, Sequence[Window]]
"""Windows of one measure whose amounts are wanted."""

Place: TypeAlias = tuple[bytes, Window]
"""A window of the measure with this key."""


def places(runs: Iterable[Run]) -> list[Place]:
    """Window by window, in the order in which the statements say what they amount to."""
    return [
        (key, window)
        for measure, windows in runs
        for key in (key_of(measure),)
        for window in windows
    ]


def bound(agreement: str, runs: Iterable[Run]) -> dict[str, Any]:
    """What the statements over windows bind, window by window; there must be one."""
    rows = [
        (*of_measure, window.start, window.end, window.known_at)
        for measure, windows in runs
        for of_measure in (_of_measure(measure),)
        for window in windows
    ]
    columns = map(list, zip(*rows, strict=True))
    return {"agreement": agreement, **dict(zip(SPAN, columns, strict=True))}


def _of_measure(measure: Measure) -> tuple[FactKind, str, bytes, Decimal | None]:
    kind = FactKind.TICKET if measure.series is None else FactKind.SAMPLE
    return kind, measure.series or "", key_of(measure), number_of(measure)


def key_of(measure: Measure) -> bytes:
    """By what the statistics of a measure are kept."""
    said = f"{MEANING}\t{measure.model_dump_json(exclude_defaults=True)}"
    return sha256(said.encode()).digest()[:16]


def number_of(measure: Measure) -> Decimal | None:
    """The number that readings are held to: a limit, in base units, or the share of a rank."""
    if measure.kind in RANKED:
        return share_of_rank(measure)
    if measure.kind != Kind.PROPORTION:
        return None
    good, scale = good_limit(measure)
    with localcontext() as context:
        context.prec = DIGITS
        return good.value * scale


INSTANT = DateTime(timezone=True)

SPAN: Mapping[str, TypeEngine[Any]] = {
    "kind": Text(),
    "name": Text(),
    "measure": LargeBinary(),
    "number": Numeric(),
    "start_at": INSTANT,
    "end_at": INSTANT,
    "known_at": INSTANT,
}
"""The columns of windows as rows; what is bound for each is an array."""


def spans() -> FromClause:
    """The windows as rows, each with its number `n`."""
    arrays = (bindparam(name, type_=ARRAY(type_)) for name, type_ in SPAN.items())
    return func.unnest(*arrays).table_valued(*SPAN, with_ordinality="n").render_derived("span")


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
        touched.c.kind == window.c.kind,
        touched.c.name == window.c.name,
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
            statistic.c.measure == window.c.measure,
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
            statistic.c.measure == window.c.measure,
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
    connection: AsyncConnection, agreement: str, runs: Sequence[Run]
) -> dict[Place, Amounts | None]:
    """What is kept of each window. Of one that nothing ever touched that is nothing at all."""
    return {
        place: Amounts() if not row.intakes else None if row.num is None else amounts_of(row)
        for place, row in await _looked(connection, agreement, runs)
    }


async def touched_once(
    connection: AsyncConnection, agreement: str, runs: Sequence[Run]
) -> set[Place]:
    """The windows that one intake has touched and no other, and of which nothing is kept."""
    return {
        place
        for place, row in await _looked(connection, agreement, runs)
        if row.intakes == 1 and row.num is None
    }


async def _looked(
    connection: AsyncConnection, agreement: str, runs: Sequence[Run]
) -> list[tuple[Place, Any]]:
    """Each window with how many intakes touched it, and what is kept; nobody is asked for none."""
    if not any(windows for _, windows in runs):
        return []
    rows = await connection.execute(LOOKING, bound(agreement, runs))
    return list(zip(places(runs), rows, strict=True))


def keeping(rows: FromClause, which: ColumnElement[bool], name: str) -> CTE:
    """Keep the amounts of these rows; somebody else may have done so meanwhile."""
    names = (*KEY, *AMOUNTS)
    several = select(bindparam("agreement"), *(rows.c[each] for each in names)).where(which)
    several = several.order_by(*(rows.c[each] for each in KEY))
    return (
        insert(statistic)
        .from_select(("agreement", *names), several)
        .on_conflict_do_nothing()
        .cte(name)
    )
