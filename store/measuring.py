"""What the facts of many windows amount to, in one statement.

The meaning is `domain.measurement`'s; this is the same in SQL, and a test holds the two together.
What was counted once is kept by the day and by the window (`store.statistics`): after an intake the
days are read that it touched, and no others.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.measurement import (
    Aggregate,
    Window,
    digest_of_sums,
    excludes_missing,
    good_limit,
    wanted,
)
from domain.terms.shape import Clock, Kind, Kpi, Measure
from domain.threshold import Edge, Threshold
from store import statistics
from store.known import is_last
from store.statistics import AMOUNTS, DAY, KEY, TICK, Amounts, amounts_of, keeping
from store.tables import sample, statistic, ticket

EVENTS = {
    Clock.RESPONSE: ticket.c.responded_at,
    Clock.RESOLUTION: ticket.c.resolved_at,
    Clock.CLOSURE: ticket.c.closed_at,
}

ONE = cast(literal(1), Numeric)
ZERO = cast(literal(0), Numeric)


async def aggregate(
    connection: AsyncConnection, agreement: str, kpi: Kpi, windows: Sequence[Window]
) -> list[Aggregate]:
    """One aggregate for each window, in their order; what had to be counted is kept."""
    measure = kpi.measure
    found = await statistics.look(connection, agreement, measure, windows)
    waiting = [window for window, each in zip(windows, found, strict=True) if each is None]
    counted: dict[Window, Amounts] = {}
    if waiting:
        given = statistics.bound(agreement, measure, waiting)
        rows = await connection.execute(prepared(measure), given)
        counted = {window: amounts_of(row) for window, row in zip(waiting, rows, strict=True)}
    return [
        _aggregate(measure, each or counted[window])
        for window, each in zip(windows, found, strict=True)
    ]


def _aggregate(measure: Measure, amounts: Amounts) -> Aggregate:
    present = amounts.facts - amounts.missing
    den = present if excludes_missing(measure) else amounts.facts
    digest = digest_of_sums(amounts.mark_high, amounts.mark_low)
    return Aggregate(amounts.num, den, amounts.facts, amounts.missing, digest)


STATEMENTS: dict[str, Select[Any]] = {}
MOST_STATEMENTS = 500


def prepared(measure: Measure) -> Select[Any]:
    """The statement of a measure, kept: building one costs more than running it."""
    said = measure.model_dump_json()
    if said not in STATEMENTS:
        if len(STATEMENTS) == MOST_STATEMENTS:
            STATEMENTS.clear()
        STATEMENTS[said] = statement(measure)
    return STATEMENTS[said]


def statement(measure: Measure) -> Select[Any]:
    """The statement for all windows at once; `store.statistics.bound` tells what it binds.

    It adds the days of each window up, reads those that are not kept, and keeps them and the
    window. All of it is one look at the record, so that what is kept is what was known.
    """
    asked = _asked()
    looked = _looked(asked)
    lacking = and_(looked.c.facts.is_(None), looked.c.intakes > 0)
    counted = _counted(measure, looked)
    read = (
        select(
            looked.c.n, *(looked.c[name] for name in KEY), *(counted.c[name] for name in AMOUNTS)
        )
        .select_from(looked.join(counted, true()))
        .where(lacking)
        .cte("read")
        .prefix_with("MATERIALIZED")
    )
    days = union_all(
        select(looked.c.n, *(looked.c[name] for name in AMOUNTS)).where(looked.c.facts > 0),
        select(read.c.n, *(read.c[name] for name in AMOUNTS)),
    ).subquery("days")
    summed = (
        select(days.c.n, *(func.sum(days.c[name]).label(name) for name in AMOUNTS))
        .group_by(days.c.n)
        .subquery("summed")
    )
    whole = (
        select(asked, *(func.coalesce(summed.c[name], 0).label(name) for name in AMOUNTS))
        .select_from(asked.outerjoin(summed, summed.c.n == asked.c.n))
        .cte("whole")
        .prefix_with("MATERIALIZED")
    )
    longer = and_(whole.c.end_at > whole.c.start_at + DAY, whole.c.intakes > 0)
    return (
        select(*(whole.c[name] for name in AMOUNTS))
        .order_by(whole.c.n)
        .add_cte(keeping(read, true(), "kept_days"), keeping(whole, longer, "kept_windows"))
    )


def _asked() -> CTE:
    """The windows, and what is known of each."""
    window = statistics.spans()
    knowledge = statistics.knowledge_of(window)
    return (
        select(window, knowledge.c.intakes, knowledge.c.latest_at)
        .select_from(window.join(knowledge, true()))
        .cte("asked")
        .prefix_with("MATERIALIZED")
    )


def _looked(asked: CTE) -> CTE:
    """The days of the windows, what is known of each, and what is kept of it."""
    starts = (
        func.generate_series(asked.c.start_at, asked.c.end_at - TICK, DAY)
        .table_valued("start_at")
        .render_derived("day_of")
    )
    day = (
        select(
            asked.c.n,
            asked.c.known_at,
            starts.c.start_at,
            func.least(starts.c.start_at + DAY, asked.c.end_at).label("end_at"),
        )
        .select_from(asked.join(starts, true()))
        .subquery("day")
    )
    knowledge = statistics.knowledge_of(day)
    told = (knowledge.c.intakes, knowledge.c.latest_at, knowledge.c.revises)
    return (
        select(day, *told, *statistics.kept())
        .select_from(
            day.join(knowledge, true()).outerjoin(statistic, statistics.kept_of(day, knowledge))
        )
        .cte("looked")
        .prefix_with("MATERIALIZED")
    )


def _counted(measure: Measure, window: FromClause) -> FromClause:
    """What the facts of one window amount to."""
    table, at = (ticket, ticket.c.opened_at) if measure.series is None else (sample, sample.c.at)
    reading = _reading(measure)
    facts = func.count()
    query = select(
        _num(measure, reading).label("num"),
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
        query = query.where(sample.c.series == measure.series)
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


def _num(measure: Measure, reading: ColumnElement[Any]) -> ColumnElement[Any]:
    if measure.kind == Kind.MEAN:
        return func.coalesce(func.sum(reading), 0)
    good, scale = good_limit(measure)
    return func.count().filter(_holds(good, scale, reading))


def _holds(good: Threshold, scale: int, reading: ColumnElement[Any]) -> ColumnElement[bool]:
    limit = cast(literal(good.value), Numeric) * cast(literal(scale), Numeric)
    match good.edge:
        case Edge.AT_LEAST:
            return reading >= limit
        case Edge.ABOVE:
            return reading > limit
        case Edge.AT_MOST:
            return reading <= limit
        case Edge.BELOW:
            return reading < limit


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
