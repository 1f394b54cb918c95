"""Figure 10: windows of KPIs over millions of samples, against DuckDB, Polars and pandas.

A hundred series with a KPI each, by turns a proportion and a mean, over 24 months: 2,400 windows;
and the 95th percentile of each. The peers have the same rows in memory and group them by series and
month. All results are compared: counts and percentiles exactly, sums to a billionth, because the
peers add in floating point.

The rows are put into the record by one statement for each month, which an intake could not do, and
what an intake does besides is told by itself: days are counted as they come in. The register of
facts, which no window reads where nothing was corrected, is left empty of the samples, and their
marks are no SHA-256.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.figures import Figure, Row, ratio
from bench.peers import KNOWN, MONTHS, RECEIVED, SERIES, Results, agree, peers, starts
from bench.record import AGREEMENT, Record, record
from domain.facts import FactKind, Sample
from domain.measurement import Window
from domain.terms.shape import Kpi
from store.facts import take_in
from store.measuring import AT_ONCE, aggregate, count_beforehand, count_new

SAMPLES, SHORT = 10_000_000, 24_000
ROUNDS = 3
LATE = 1_000
GOAL_S = 0.2


FILL = """
INSERT INTO sample
    (agreement, id, revision, series, at, value, columns, mark_high, mark_low, intake, received_at)
SELECT :agreement, 'f' || CAST(CAST(:month AS integer) AS text) || '-' || s || '-' || i, 1, 's' || s,
       CAST(:start AS timestamptz) + i * CAST(:step AS interval),
       CASE WHEN (i + s) % 997 > 0
            THEN ((s * 7919 + CAST(:month AS integer) * 104729 + i * 7907) % 10007)::numeric / 10 END,
       '{}', hashint8extended(i, s), hashint8extended(i, s + 1000), 0, :received
FROM generate_series(0, :series - 1) AS s, generate_series(0, :each - 1) AS i
"""

TOUCH = """
INSERT INTO touched (agreement, intake, kind, name, start_at, end_at, revises, received_at)
SELECT :agreement, 'bench', 'sample', series, min(at), max(at) + interval '1 microsecond', false,
       :received
FROM sample WHERE at >= :start AND at < :end
GROUP BY series, date_bin('24 hours', at, 'epoch') ORDER BY 4, 5
"""


@dataclass(slots=True)
class Measured:
    """Seconds of each round, by who it was."""

    samples: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    ranked: dict[str, list[float]] = field(default_factory=dict)
    ahead: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    taking: list[float] = field(default_factory=list)


def kpi(series: int) -> Kpi:
    """By turns a proportion and a mean."""
    kind: dict[str, object] = {"kind": "mean", "series": f"s{series}"}
    if series % 2 == 0:
        kind = {"kind": "proportion", "series": f"s{series}", "good": "at most 900 ms"}
    return Kpi.model_validate(
        {
            "key": f"kpi-{series}",
            "unit": "ms" if series % 2 else "%",
            "measure": {**kind, "missing": "excluded"},
            "every": "month",
            "target": {"expected": "at least 0" + (" %" if series % 2 == 0 else " ms")},
        }
    )


def percentile(series: int) -> Kpi:
    """The 95th percentile of a series."""
    return Kpi.model_validate(
        {
            "key": f"p95-{series}",
            "unit": "ms",
            "measure": {"kind": "percentile", "percentile": "95 %", "series": f"s{series}"},
            "every": "month",
            "target": {"expected": "at least 0 ms"},
        }
    )


# --- PostgreSQL


async def fill(kept: Record, each: int) -> None:
    """Put the samples into their months, two months at a time."""
    several = starts()
    gate = asyncio.Semaphore(2)

    async def one(month: int) -> None:
        given = {"agreement": AGREEMENT, "received": RECEIVED, "start": several[month]}
        step = (several[month + 1] - several[month]) / each
        async with gate, kept.owner.begin() as connection:
            await connection.execute(
                text(FILL),
                given | {"month": month, "step": step, "series": SERIES, "each": each},
            )
            await connection.execute(text(TOUCH), given | {"end": several[month + 1]})

    async with kept.owner.begin() as connection:
        for start in several[:-1]:
            await connection.execute(
                text("SELECT keep_month('sample', :day)"), {"day": start.date()}
            )
    await asyncio.gather(*(one(month) for month in range(MONTHS)))
    async with kept.owner.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))


async def by_record(kept: Record, kpis: list[Kpi]) -> Results:
    """All windows, as an evaluation asks for them: counted beforehand, then told."""
    windows = [Window(start, end, KNOWN) for start, end in pairwise(starts())]
    runs = [(terms.measure, windows) for terms in kpis]
    await count_beforehand(kept.engine, AGREEMENT, runs, asyncio.Semaphore(AT_ONCE))
    async with kept.engine.begin() as connection:
        counted = await aggregate(connection, AGREEMENT, runs)
    return {
        (series, month): (each.facts, each.den, float(each.num))
        for series, several in enumerate(counted)
        for month, each in enumerate(several)
    }


async def ahead(connection: AsyncConnection, kpis: list[Kpi]) -> None:
    """Count the days of all months, as an intake does when they come in."""
    days = [
        Window(day, day + timedelta(days=1), KNOWN)
        for start, end in pairwise(starts())
        for day in (start + timedelta(days=n) for n in range((end - start).days))
    ]
    await count_new(connection, AGREEMENT, [(terms.measure, days) for terms in kpis])


async def again(kept: Record, measured: Measured, number: int, kpis: list[Kpi]) -> None:
    """A thousand late samples of one series in one month, and that month once more."""
    series, month = number % SERIES, MONTHS // 2
    several = starts()
    step = (several[month + 1] - several[month]) / LATE
    late = [
        Sample(f"late{number}-{n}", f"s{series}", several[month] + n * step, Decimal(100))
        for n in range(LATE)
    ]
    received_at = KNOWN + number * timedelta(hours=1)
    begun = time.perf_counter()
    async with kept.engine.begin() as connection:
        given = "late.csv", f"late{number}", FactKind.SAMPLE, late, "bench", received_at
        await take_in(connection, AGREEMENT, *given)
    measured.taking.append(time.perf_counter() - begun)
    before, after = (
        Window(several[month], several[month + 1], known_at)
        for known_at in (received_at, received_at + timedelta(minutes=1))
    )
    async with kept.engine.begin() as connection:
        ((one,),) = await aggregate(connection, AGREEMENT, [(kpis[series].measure, [before])])
        begun = time.perf_counter()
        ((other,),) = await aggregate(connection, AGREEMENT, [(kpis[series].measure, [after])])
        measured.late.append(time.perf_counter() - begun)
    assert other.facts == one.facts + LATE, (one, other)


# --- the figure


async def measure(samples: int = SAMPLES) -> Measured:
    """All of them in turn, several times over."""
    each = samples // (SERIES * MONTHS)
    measured = Measured(each * SERIES * MONTHS)
    others = peers(each)
    kpis = [kpi(series) for series in range(SERIES)]
    ranked = [percentile(series) for series in range(SERIES)]
    async with record() as kept:
        await fill(kept, each)
        for number in range(ROUNDS):
            ours = {}
            for who, terms, noted in (
                ("cold", kpis, measured.seconds),
                ("warm", kpis, measured.seconds),
                ("ahead", kpis, measured.seconds),
                ("PostgreSQL", ranked, measured.ranked),
            ):
                await forget(kept, who)
                if who == "ahead":
                    begun = time.perf_counter()
                    async with kept.engine.begin() as connection:
                        await ahead(connection, terms)
                    measured.ahead.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                ours[who] = await by_record(kept, terms)
                noted.setdefault(who, []).append(time.perf_counter() - begun)
            assert ours["cold"] == ours["warm"] == ours["ahead"]
            for who, (sums, ranks) in others.items():
                for compute, mine, noted in (
                    (sums, ours["cold"], measured.seconds),
                    (ranks, ours["PostgreSQL"], measured.ranked),
                ):
                    begun = time.perf_counter()
                    theirs = compute()
                    noted.setdefault(who, []).append(time.perf_counter() - begun)
                    agree(mine, theirs, who)
            await again(kept, measured, number, kpis)
    return measured


async def forget(kept: Record, who: str) -> None:
    """Have nothing counted, and the planner know it."""
    if who != "warm":
        async with kept.owner.begin() as connection:
            await connection.execute(text("TRUNCATE statistic"))


def figure(found: Measured) -> Figure:
    """The figure as it is told."""
    told = {
        "cold": "PostgreSQL, nothing counted yet",
        "warm": "PostgreSQL, counted before",
        "ahead": "PostgreSQL, days counted as they came in",
    }
    rows = [
        *_rows({told.get(who, who): seconds for who, seconds in found.seconds.items()}),
        *_rows({f"p95, {who}": seconds for who, seconds in found.ranked.items()}, "p95, pandas"),
    ]
    counting = Row(
        "counting the days as they come in",
        f"{median(found.ahead):.2f} s",
        f"{median(found.ahead) / found.samples * 1e6:.2f} µs a sample",
    )
    again = Row(
        f"a month again after {LATE:,} late samples",
        f"{median(found.late):.3f} s",
        f"goal: at most {GOAL_S} s; taking them in {median(found.taking):.2f} s",
    )
    return Figure(
        f"10. {SERIES * MONTHS:,} windows over {found.samples:,} samples, {ROUNDS} rounds, "
        "results equal",
        (*rows, counting, again),
    )


def _rows(seconds: Mapping[str, list[float]], peer: str = "pandas") -> list[Row]:
    """How long each took, and beside the peer."""
    unit = median(seconds[peer])
    return [
        Row(
            who,
            f"{median(several):.2f} s",
            "" if who == peer else f"{ratio(median(several), unit)} pandas",
        )
        for who, several in seconds.items()
    ]
