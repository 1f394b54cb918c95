"""What the facts of many windows amount to, in one statement.

The meaning is `domain.measurement`'s; this is the same in SQL, and a test holds the two together.
What was counted once is kept by the window and by the day (`store.statistics`): after an intake the
days are read that it touched, and no others.
"""

import asyncio
import operator
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Numeric,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    extract,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.measurement import (
    RANKED,
    Aggregate,
    Window,
    counted,
    digest_of_sums,
    good_limit,
    wanted,
)
from domain.measures.selection import SOURCES
from domain.terms.measures import Belongs, NoData
from domain.terms.shape import Clock, Kind, Kpi, Measure
from domain.threshold import Edge, Threshold
from store import statistics
from store.known import is_last
from store.statistics import (
    AMOUNTS,
    DAY,
    DAY_SECONDS,
    KEY,
    SPAN,
    TICK,
    Amounts,
    Place,
    Run,
    amounts_of,
    keeping,
    key_of,
    places,
)
from store.tables import sample, ticket

EVENTS = {
    Clock.RESPONSE: ticket.c.responded_at,
    Clock.RESOLUTION: ticket.c.resolved_at,
    Clock.CLOSURE: ticket.c.closed_at,
}

ONE = cast(literal(1), Numeric)
ZERO = cast(literal(0), Numeric)
HUNDREDTH = cast(literal(Decimal("0.01")), Numeric)


COUNTED = RANKED | {Kind.PROPORTION, Kind.MEAN, Kind.SUM}


def is_counted(kpi: Kpi) -> bool:
    """Whether a statement says it all: a figure of the readings of one window alone."""
    measure = kpi.measure
    return (
        measure.kind in COUNTED
        and not kpi.per
        and kpi.averaging is None
        and kpi.low_volume is None
        and kpi.baseline is None
        and kpi.no_data != NoData.CARRIED
        and measure.belongs_to == Belongs.OPENED
        and measure.clock is None
        and all(getattr(measure, source) is None for source in SOURCES if source != "series")
    )


def adds_up(measure: Measure) -> bool:
    """Whether what the days of a window amount to can be added up: no place in an order can."""
    return measure.kind not in RANKED


MOST_WINDOWS = 300
"""So many windows are read by one statement, or those of one measure."""

AT_ONCE = 4
"""So many statements of one process read at once where nobody waits for them in a transaction.

The rest of its connections are for others, whose steps are short and would wait for these.
"""


async def count_new(connection: AsyncConnection, agreement: str, runs: Sequence[Run]) -> set[Place]:
    """Count those of the windows which only one intake has touched, keep it, and say which."""
    new = await statistics.touched_once(connection, agreement, runs)
    for piece in _pieces(_among(runs, new)):
        await _tell(connection, agreement, piece)
    return new


async def count_beforehand(
    engine: AsyncEngine, agreement: str, runs: Sequence[Run], gate: asyncio.Semaphore
) -> None:
    """Count what is not kept yet, and keep it, so that a transaction that asks for it is short.

    Nothing is locked, and several statements read at once, as many as pass the gate: PostgreSQL
    counts on several cores.
    """
    async with engine.connect() as connection:
        kept = await statistics.look(connection, agreement, runs)

    async def count(piece: Sequence[Run]) -> None:
        async with gate, engine.begin() as connection:
            await _tell(connection, agreement, piece)

    # Nothing may be left that counts on, and a caller is to see the fault itself.
    several = await asyncio.gather(
        *map(count, _pieces(_lacking(runs, kept))), return_exceptions=True
    )
    for fault in several:
        if fault is not None:
            raise fault


async def aggregate(
    connection: AsyncConnection, agreement: str, runs: Sequence[Run]
) -> list[list[Aggregate]]:
    """One aggregate for each window of each run, in their order; what had to be counted is kept."""
    kept = await statistics.look(connection, agreement, runs)
    read: dict[Place, Amounts] = {}
    for piece in _pieces(_lacking(runs, kept)):
        read |= await _tell(connection, agreement, piece)
    return [
        [_aggregate(measure, kept[place] or read[place]) for place in places([(measure, windows)])]
        for measure, windows in runs
    ]


def _lacking(runs: Sequence[Run], kept: Mapping[Place, Amounts | None]) -> list[Run]:
    """The windows of which nothing is kept."""
    return _among(runs, {place for place, amounts in kept.items() if amounts is None})


def _among(runs: Iterable[Run], wanted: Container[Place]) -> list[Run]:
    """Of the runs these windows, each once, whoever asked for it."""
    found: dict[bytes, tuple[Measure, dict[Window, None]]] = {}
    for measure, windows in runs:
        key = key_of(measure)
        _, several = found.setdefault(key, (measure, {}))
        several |= dict.fromkeys(each for each in windows if (key, each) in wanted)
    return [(measure, list(several)) for measure, several in found.values() if several]


def _pieces(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs that one statement can read, not too many windows in each.

    In one order for everybody, as what is kept is kept in: two who keep the same wait for each
    other's commit, and never both.
    """
    pieces: dict[str, list[list[Run]]] = {}
    for run in sorted(runs, key=lambda run: key_of(run[0])):
        of_shape = pieces.setdefault(_shape(run[0]), [[]])
        if sum(len(windows) for _, windows in of_shape[-1]) >= MOST_WINDOWS:
            of_shape.append([])
        of_shape[-1].append(run)
    return [piece for of_shape in pieces.values() for piece in of_shape]


async def _tell(
    connection: AsyncConnection, agreement: str, runs: Sequence[Run]
) -> dict[Place, Amounts]:
    """What the facts of the windows amount to, of measures of one shape."""
    rows = await connection.execute(_prepared(runs[0][0]), statistics.bound(agreement, runs))
    return {place: amounts_of(row) for place, row in zip(places(runs), rows, strict=True)}


def _aggregate(measure: Measure, amounts: Amounts) -> Aggregate:
    den = counted(measure, amounts.facts, amounts.missing)
    digest = digest_of_sums(amounts.mark_high, amounts.mark_low)
    return Aggregate(amounts.num, den, amounts.facts, amounts.missing, digest)


def _shape(measure: Measure) -> str:
    """What the statement of a measure depends on: all but what is bound for each of its windows."""
    edge = measure.good.edge if isinstance(measure.good, Threshold) else measure.good
    rest = measure.model_dump_json(exclude={"series", "good", "percentile"})
    return f"{measure.series is None}\t{edge}\t{rest}"


STATEMENTS: dict[str, Select[Any]] = {}
MOST_STATEMENTS = 500


def _prepared(measure: Measure) -> Select[Any]:
    """The statement of a measure's shape, kept: building one costs more than running it."""
    shape = _shape(measure)
    if shape not in STATEMENTS:
        if len(STATEMENTS) == MOST_STATEMENTS:
            STATEMENTS.clear()
        STATEMENTS[shape] = statement(measure)
    return STATEMENTS[shape]


def statement(measure: Measure) -> Select[Any]:
    """The statement for all windows of measures of this shape; `statistics.bound` is bound to it.

    A window of which nothing is kept yet is read whole, and kept. One that still runs, or of which
    something was kept before another intake touched it, will be asked for again: its days are
    counted and kept too, and only those are read that are not. All of it is one look at the record,
    so that what is kept is what was known.
    """
    asked = statistics.asked()
    touches = statistics.touches_of(asked)
    windows = _windows(measure, asked, touches)
    looked = _looked(windows, touches)
    read = _read(measure, looked)
    spans = union_all(
        select(looked.c.n, *(looked.c[name] for name in AMOUNTS)).where(
            looked.c.facts.is_not(None)
        ),
        select(read.c.n, *(read.c[name] for name in AMOUNTS)),
    ).subquery("spans")
    summed = (
        select(spans.c.n, *(func.sum(spans.c[name]).label(name) for name in AMOUNTS))
        .group_by(spans.c.n)
        .subquery("summed")
    )
    whole = (
        select(windows, *(func.coalesce(summed.c[name], 0).label(name) for name in AMOUNTS))
        .select_from(windows.outerjoin(summed, summed.c.n == windows.c.n))
        .cte("whole")
        .prefix_with("MATERIALIZED")
    )
    return (
        select(*(whole.c[name] for name in AMOUNTS))
        .order_by(whole.c.n)
        .add_cte(keeping(read, true(), "kept_spans"), keeping(whole, whole.c.daily, "kept_windows"))
    )


def _windows(measure: Measure, asked: CTE, touches: CTE) -> CTE:
    """The windows, what is known of each, and whether it is counted by its days."""
    known = statistics.knowledge(touches, touches.c.n)
    longer = asked.c.end_at > asked.c.start_at + DAY
    again = or_(asked.c.known_at < asked.c.end_at, statistics.any_kept(asked))
    by_days = true() if adds_up(measure) else false()
    return (
        select(
            asked,
            func.coalesce(known.c.intakes, 0).label("intakes"),
            known.c.latest_at,
            known.c.revises,
            and_(known.c.intakes > 0, by_days, longer, again).label("daily"),
        )
        .select_from(asked.outerjoin(known, known.c.n == asked.c.n))
        .cte("windows")
        .prefix_with("MATERIALIZED")
    )


def _looked(windows: CTE, touches: CTE) -> CTE:
    """The spans to be added up, days or whole windows, what is known, and what is kept of each."""
    whole = select(
        *(windows.c[name] for name in ("n", *SPAN, "intakes", "latest_at", "revises")),
    ).where(~windows.c.daily, windows.c.intakes > 0)
    span = union_all(_days(windows, touches), whole).subquery("span")
    kept = statistics.kept_of(span, span)
    return (
        select(span, kept)
        .select_from(span.outerjoin(kept, true()))
        .cte("looked")
        .prefix_with("MATERIALIZED")
    )


def _days(windows: CTE, touches: CTE) -> Select[Any]:
    """The days of windows that were touched; a touch may reach from one into the next."""

    def day_of(instant: ColumnElement[Any]) -> ColumnElement[Any]:
        seconds = extract("epoch", instant - windows.c.start_at)
        return cast(func.floor(seconds / DAY_SECONDS), Integer)

    first = func.greatest(day_of(touches.c.start_at), 0)
    last = day_of(func.least(touches.c.end_at, windows.c.end_at) - TICK)
    day = func.generate_series(first, last).table_valued("number").render_derived("day")
    touched = (
        select(windows.c.n, day.c.number, touches.c.received_at, touches.c.revises)
        .select_from(windows.join(touches, touches.c.n == windows.c.n).join(day, true()))
        .where(windows.c.daily)
        .subquery("touched_day")
    )
    known = statistics.knowledge(touched, touched.c.n, touched.c.number)
    start = windows.c.start_at + known.c.number * DAY
    return select(
        windows.c.n,
        *(windows.c[name] for name in ("kind", "name", "measure", "number")),
        start.label("start_at"),
        func.least(start + DAY, windows.c.end_at).label("end_at"),
        windows.c.known_at,
        known.c.intakes,
        known.c.latest_at,
        known.c.revises,
    ).select_from(known.join(windows, windows.c.n == known.c.n))


def _read(measure: Measure, looked: CTE) -> CTE:
    """What the facts of the spans amount to of which nothing is kept."""
    counted = _counted(measure, looked)
    return (
        select(
            looked.c.n, *(looked.c[name] for name in KEY), *(counted.c[name] for name in AMOUNTS)
        )
        .select_from(looked.join(counted, true()))
        .where(looked.c.facts.is_(None))
        .cte("read")
        .prefix_with("MATERIALIZED")
    )


def _counted(measure: Measure, window: FromClause) -> FromClause:
    """What the facts of one window amount to."""
    table, at = (ticket, ticket.c.opened_at) if measure.series is None else (sample, sample.c.at)
    reading = _reading(measure)
    facts = func.count()
    query = select(
        _num(measure, reading, window.c.number).label("num"),
        facts.label("facts"),
        (facts - func.count(reading)).label("missing"),
        *(
            func.coalesce(func.sum(mark), 0).label(name)
            for name, mark in _marks(measure, reading).items()
        ),
    ).where(
        table.c.agreement == bindparam("agreement"),
        at >= window.c.start_at,
        at < window.c.end_at,
        table.c.received_at < window.c.known_at,
        or_(~window.c.revises, is_last(table, window.c.known_at)),
        *_filters(table, measure.where),
    )
    if measure.series is not None:
        query = query.where(sample.c.series == window.c.name)
    if measure.good == "by due":
        query = query.where(ticket.c.due_at.is_not(None))
    return query.lateral("counted")


def _filters(table: Table, where: Mapping[str, tuple[str, ...] | str]) -> list[ColumnElement[bool]]:
    return [
        table.c["columns"].op("->>", return_type=Text())(column).in_(values)
        for column, values in wanted(where).items()
    ]


def _reading(measure: Measure) -> ColumnElement[Any]:
    if measure.series is not None:
        return sample.c.value
    if measure.flag is not None:
        said = func.lower(ticket.c["columns"].op("->>", return_type=Text())(measure.flag))
        return case((said == "true", ONE), (said == "false", ZERO))
    if measure.tickets is None:
        msg = "the measure names neither a series nor a ticket clock nor a flag"
        raise ValueError(msg)
    event = EVENTS[measure.tickets]
    if measure.good == "by due":
        return extract("epoch", ticket.c.due_at - event)
    return extract("epoch", event - ticket.c.opened_at)


def _num(
    measure: Measure, reading: ColumnElement[Any], number: ColumnElement[Any]
) -> ColumnElement[Any]:
    if measure.kind in RANKED:
        return func.coalesce(_ranked(reading, number), 0)
    if measure.kind != Kind.PROPORTION:
        return func.coalesce(func.sum(reading), 0)
    return func.count().filter(HOLDS[good_limit(measure)[0].edge](reading, number))


def _ranked(reading: ColumnElement[Any], share: ColumnElement[Any]) -> ColumnElement[Any]:
    """The reading of the nearest rank: no float would be exact, and no quotient of many digits."""
    rank = func.greatest(1, func.ceil(share * func.count(reading) * HUNDREDTH))
    ordered = func.array_agg(aggregate_order_by(reading, reading), type_=ARRAY(Numeric))
    return ordered[cast(rank, Integer)]


HOLDS: Mapping[Edge, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]] = {
    Edge.AT_LEAST: operator.ge,
    Edge.ABOVE: operator.gt,
    Edge.AT_MOST: operator.le,
    Edge.BELOW: operator.lt,
}
"""When a reading holds a limit."""


def _marks(measure: Measure, reading: ColumnElement[Any]) -> dict[str, ColumnElement[Any]]:
    """`domain.measurement.mark` of each fact: with samples it is kept, with tickets not."""
    if measure.series is not None:
        return {"mark_high": sample.c.mark_high, "mark_low": sample.c.mark_low}
    said = func.coalesce(cast(func.trim_scale(reading), Text), "")
    mark = func.sha256(func.convert_to(ticket.c.id + "\t" + said, "UTF8"))
    return {
        "mark_high": cast(func.substr(mark, 1, 8), BigInteger),
        "mark_low": cast(func.substr(mark, 9, 8), BigInteger),
    }
