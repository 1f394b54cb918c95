"""What the facts of many windows amount to: what is kept of it, and what has to be counted.

The meaning is `domain.measurement`'s; the statement of `store.windows` is the same in SQL, and a test
holds the two together. What was counted once is kept by the window and by the day
(`store.statistics`): after an intake the days are read that it touched, and no others.
"""

import asyncio
from collections.abc import Container, Iterable, Mapping, Sequence
from operator import itemgetter

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.measurement import RANKED, Aggregate, Window, counted, digest_of_sums
from domain.measures.selection import SOURCES
from domain.terms.measures import Belongs, NoData
from domain.terms.shape import Kind, Kpi, Measure
from store import statistics
from store.statistics import Amounts, Place, Run, amounts_of, key_of, places
from store.windows import prepared, shape_of

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
        await _count(connection, agreement, piece)
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
            await _count(connection, agreement, piece)

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
        read |= await _count(connection, agreement, piece)
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

    In one order for everybody, as each statement keeps in one: of two who keep the same, one waits
    for the other.
    """
    shaped = [(shape_of(run[0]), key_of(run[0]), run) for run in runs]
    pieces: dict[str, list[list[Run]]] = {}
    for shape, _, run in sorted(shaped, key=itemgetter(0, 1)):
        of_shape = pieces.setdefault(shape, [[]])
        if sum(len(windows) for _, windows in of_shape[-1]) >= MOST_WINDOWS:
            of_shape.append([])
        of_shape[-1].append(run)
    return [piece for of_shape in pieces.values() for piece in of_shape]


async def _count(
    connection: AsyncConnection, agreement: str, runs: Sequence[Run]
) -> dict[Place, Amounts]:
    """What the facts of the windows amount to, of measures of one shape."""
    rows = await connection.execute(prepared(runs[0][0]), statistics.bound(agreement, runs))
    return {place: amounts_of(row) for place, row in zip(places(runs), rows, strict=True)}


def _aggregate(measure: Measure, amounts: Amounts) -> Aggregate:
    den = counted(measure, amounts.facts, amounts.missing)
    digest = digest_of_sums(amounts.mark_high, amounts.mark_low)
    return Aggregate(amounts.num, den, amounts.facts, amounts.missing, digest)
