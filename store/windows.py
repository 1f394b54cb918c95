"""The one statement that counts windows: what the facts of each amount to, read or kept.

It says in SQL what `domain.measurement` says. Measures of one shape share it; what they differ in
is bound window by window (`store.statistics.SPAN`).
"""

import operator
from collections.abc import Callable, Mapping
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

from domain.measurement import RANKED, good_limit, wanted
from domain.terms.shape import Clock, Kind, Measure
from domain.threshold import Edge, Threshold
from store import statistics
from store.known import is_last
from store.statistics import AMOUNTS, DAY, DAY_SECONDS, KEY, SPAN, TICK, keeping
from store.tables import sample, ticket

EVENTS = {
    Clock.RESPONSE: ticket.c.responded_at,
    Clock.RESOLUTION: ticket.c.resolved_at,
    Clock.CLOSURE: ticket.c.closed_at,
}

ONE = cast(literal(1), Numeric)
ZERO = cast(literal(0), Numeric)
HUNDREDTH = cast(literal(Decimal("0.01")), Numeric)


def adds_up(measure: Measure) -> bool:
    """Whether what the days of a window amount to can be added up: no place in an order can."""
    return measure.kind not in RANKED


def shape_of(measure: Measure) -> str:
    """What the statement of a measure depends on: all but what is bound for each of its windows."""
    edge = measure.good.edge if isinstance(measure.good, Threshold) else measure.good
    rest = measure.model_dump_json(exclude={"series", "good", "percentile"})
    return f"{measure.series is None}\t{edge}\t{rest}"


STATEMENTS: dict[str, Select[Any]] = {}
MOST_STATEMENTS = 500


def prepared(measure: Measure) -> Select[Any]:
    """The statement of a measure's shape, kept: building one costs more than running it."""
    shape = shape_of(measure)
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
