"""What the facts of many windows amount to, in one statement.

The meaning is `domain.measurement`'s; this is the same in SQL, and a test holds the two together.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    FromClause,
    Numeric,
    Select,
    Table,
    Text,
    bindparam,
    case,
    cast,
    exists,
    extract,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.measurement import Aggregate, Window, excludes_missing, good_limit, wanted
from domain.terms.shape import Clock, Kind, Kpi, Measure
from domain.threshold import Edge, Threshold
from store.tables import sample, ticket

EVENTS = {
    Clock.RESPONSE: ticket.c.responded_at,
    Clock.RESOLUTION: ticket.c.resolved_at,
    Clock.CLOSURE: ticket.c.closed_at,
}

ONE = cast(literal(1), Numeric)
ZERO = cast(literal(0), Numeric)

INSTANTS = ARRAY(DateTime(timezone=True))


async def aggregate(
    connection: AsyncConnection, agreement: str, kpi: Kpi, windows: Sequence[Window]
) -> list[Aggregate]:
    """One aggregate for each window, in their order."""
    given = {
        "agreement": agreement,
        "starts": [window.start for window in windows],
        "ends": [window.end for window in windows],
        "known": [window.known_at for window in windows],
    }
    rows = await connection.execute(prepared(kpi.measure), given)
    return [
        Aggregate(Decimal(row.num), row.den, row.facts, row.missing, row.inputs_digest)
        for row in rows
    ]


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
    """The statement for all windows at once; it binds agreement, starts, ends and known."""
    arrays = (bindparam(name, type_=INSTANTS) for name in ("starts", "ends", "known"))
    window = (
        func.unnest(*arrays)
        .table_valued("start_at", "end_at", "known_at", with_ordinality="n")
        .render_derived("span")
    )
    counted = _counted(measure, window)
    return select(counted).select_from(window.join(counted, true())).order_by(window.c.n)


def _counted(measure: Measure, window: FromClause) -> FromClause:
    """What the facts of one window amount to."""
    table, at = (ticket, ticket.c.opened_at) if measure.series is None else (sample, sample.c.at)
    reading = _reading(measure)
    facts = func.count()
    present = func.count(reading)
    query = select(
        _num(measure, reading).label("num"),
        (present if excludes_missing(measure) else facts).label("den"),
        facts.label("facts"),
        (facts - present).label("missing"),
        _inputs_digest(table.c.id, reading).label("inputs_digest"),
    ).where(
        table.c.agreement == bindparam("agreement"),
        at >= window.c.start_at,
        at < window.c.end_at,
        table.c.received_at < window.c.known_at,
        _is_latest(table, window),
        *_filters(table, measure.where),
    )
    if measure.series is not None:
        query = query.where(sample.c.series == measure.series)
    if measure.good == "by due":
        query = query.where(ticket.c.due_at.is_not(None))
    return query.lateral("counted")


def _is_latest(table: Table, window: FromClause) -> ColumnElement[bool]:
    """No later revision was known: one that moved the fact out of the window counts as well."""
    later = table.alias("later")
    known = select(literal(1)).where(
        later.c.agreement == bindparam("agreement"),
        later.c.id == table.c.id,
        later.c.revision > table.c.revision,
        later.c.received_at < window.c.known_at,
    )
    return ~exists(known.correlate(table, window))


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


def _inputs_digest(name: ColumnElement[str], reading: ColumnElement[Any]) -> ColumnElement[str]:
    """`domain.measurement.inputs_digest`: ids and readings in the order of the ids' code points."""
    line = name + "\t" + func.coalesce(cast(func.trim_scale(reading), Text), "")
    lines = func.string_agg(line, aggregate_order_by(literal("\n"), name.collate("C")))
    return func.encode(func.sha256(func.convert_to(func.coalesce(lines, ""), "UTF8")), "hex")
