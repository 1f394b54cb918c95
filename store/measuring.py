"""What the facts of many windows amount to, in one statement.

The meaning is `domain.measurement`'s; this is the same in SQL, and a test holds the two together.
What was counted once is kept by the day and by the window (`store.statistics`): after an intake the
days are read that it touched, and no others.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Table,
    Text,
    bindparam,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    true,
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
from store.statistics import Amounts, Knowledge, added, amounts_of
from store.tables import sample, ticket

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
    waiting = [window for window, each in zip(windows, found, strict=True) if not each.amounts]
    counted = await _counted_anew(connection, agreement, measure, list(dict.fromkeys(waiting)))
    return [
        _aggregate(measure, each.amounts or counted[window])
        for window, each in zip(windows, found, strict=True)
    ]


async def _counted_anew(
    connection: AsyncConnection, agreement: str, measure: Measure, windows: Sequence[Window]
) -> dict[Window, Amounts]:
    """The amounts of windows from those of their days, of which the missing ones are read."""
    if not windows:
        return {}
    days = {window: statistics.days_of(window) for window in windows}
    several = list(dict.fromkeys(each for window in windows for each in (*days[window], window)))
    looked = await statistics.look(connection, agreement, measure, several)
    known = dict(zip(several, looked, strict=True))
    amounts = {day: found.amounts for day, found in known.items() if found.amounts}
    missing = [each for window in windows for each in days[window] if each not in amounts]
    read = await _read(connection, agreement, measure, list(dict.fromkeys(missing)))
    amounts |= {day: found for day, _, found in read}
    sums = {window: added([amounts[day] for day in days[window]]) for window in windows}
    # Whatever came in since we looked is in these sums, and they are kept for what they are not.
    late = {day for day, knowledge, _ in read if knowledge != known[day].knowledge}
    whole = [
        (window, known[window].knowledge, sums[window])
        for window in windows
        if len(days[window]) > 1 and late.isdisjoint(days[window])
    ]
    await statistics.keep(connection, agreement, measure, [*read, *whole])
    return sums


async def _read(
    connection: AsyncConnection, agreement: str, measure: Measure, windows: Sequence[Window]
) -> list[tuple[Window, Knowledge, Amounts]]:
    """Read the facts of windows; what is known of each is seen by the same look at the record."""
    if not windows:
        return []
    given = statistics.bound(agreement, measure, windows)
    del given["measure"]
    rows = await connection.execute(prepared(measure), given)
    return [
        (window, (row.intakes, row.latest_at), amounts_of(row))
        for window, row in zip(windows, rows, strict=True)
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
    """The statement for all windows at once; `store.statistics.bound` tells what it binds."""
    window = statistics.spans()
    knowledge = statistics.knowledge_of(window)
    counted = _counted(measure, window, knowledge)
    return (
        select(knowledge.c.intakes, knowledge.c.latest_at, counted)
        .select_from(window.join(knowledge, true()).join(counted, true()))
        .order_by(window.c.n)
    )


def _counted(measure: Measure, window: FromClause, knowledge: FromClause) -> FromClause:
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
        or_(~knowledge.c.revises, is_last(table, window.c.known_at)),
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
