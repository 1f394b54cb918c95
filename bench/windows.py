"""Figure 10: windows of KPIs over millions of samples, against DuckDB, Polars and pandas.

A hundred series with a KPI each, by turns a proportion and a mean, over 24 months: 2,400 windows;
and the 95th percentile of each. The peers have the same rows in memory, each half of the series in
a frame of its own, and group them by series and month. All results are compared: counts and
percentiles exactly, sums to a billionth, because the peers add in floating point.

The rows are put into the record by one statement for each month, which an intake could not do, and
what an intake does besides is told by itself: days are counted as they come in. The register of
facts, which no window reads where nothing was corrected, is left empty of the samples, and their
marks are no SHA-256.
"""

import asyncio
import importlib.util
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Any, TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.figures import Figure, Row, ratio
from bench.record import AGREEMENT, FIRST, Record, record
from domain.facts import FactKind, Sample
from domain.measurement import Window
from domain.spans import add_months
from domain.terms.shape import Kpi
from domain.zones import midnight, zone_named
from store.facts import take_in
from store.measuring import aggregate, count_new

SERIES, MONTHS = 100, 24
SAMPLES, SHORT = 10_000_000, 24_000
ROUNDS = 3
LATE = 1_000
GOAL_S = 0.2

UTC_ZONE = zone_named("Etc/UTC")
RECEIVED = FIRST.replace(year=2027)
KNOWN = RECEIVED + timedelta(days=1)

Results: TypeAlias = dict[tuple[int, int], tuple[int, float]]
"""Of series and month: how many samples had a value, and the good ones, the sum or the percentile."""

Peer: TypeAlias = tuple[Callable[[], Results], Callable[[], Results]]
"""How a peer computes the shares and means, and the percentiles."""

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


def starts() -> list[datetime]:
    """Where the months start, and the last one ends."""
    first = date(FIRST.year, FIRST.month, 1)
    return [midnight(add_months(first, month), UTC_ZONE) for month in range(MONTHS + 1)]


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


async def by_record(connection: AsyncConnection, kpis: list[Kpi]) -> Results:
    """All windows, as an evaluation asks for them: those of one KPI together."""
    several = starts()
    windows = [Window(start, end, KNOWN) for start, end in pairwise(several)]
    found: Results = {}
    for series, terms in enumerate(kpis):
        counted = await aggregate(connection, AGREEMENT, terms, windows)
        for month, each in enumerate(counted):
            found[series, month] = each.den, float(each.num)
    return found


async def ahead(connection: AsyncConnection, kpis: list[Kpi]) -> None:
    """Count the days of all months, as an intake does when they come in."""
    days = [
        Window(day, day + timedelta(days=1), KNOWN)
        for start, end in pairwise(starts())
        for day in (start + timedelta(days=n) for n in range((end - start).days))
    ]
    for terms in kpis:
        await count_new(connection, AGREEMENT, terms.measure, days)


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
        (one,) = await aggregate(connection, AGREEMENT, kpis[series], [before])
        begun = time.perf_counter()
        (other,) = await aggregate(connection, AGREEMENT, kpis[series], [after])
        measured.late.append(time.perf_counter() - begun)
    assert other.facts == one.facts + LATE, (one, other)


# --- peers


def frame(each: int) -> Any:  # noqa: ANN401 - a frame of pandas
    """The same samples, computed by the same formula."""
    import numpy as np
    import pandas as pd

    several = np.array([start.replace(tzinfo=None) for start in starts()], "datetime64[us]")
    steps = np.diff(several).astype("int64") / each
    month, series, i = (
        axis.ravel()
        for axis in np.meshgrid(
            np.arange(MONTHS), np.arange(SERIES), np.arange(each), indexing="ij"
        )
    )
    value = ((series * 7919 + month * 104729 + i * 7907) % 10007) / 10
    value[(i + series) % 997 == 0] = np.nan
    at = several[month] + (i * steps[month]).astype("int64").astype("timedelta64[us]")
    return pd.DataFrame({"series": series.astype("int16"), "at": at, "value": value})


def peers(each: int) -> Mapping[str, Peer]:
    """Who computes the same, of those that are installed; their halves are made beforehand."""
    whole = frame(each)
    halves = [whole[whole["series"] % 2 == half].reset_index(drop=True) for half in (0, 1)]
    found: dict[str, Peer] = {
        "pandas": (lambda: by_pandas(*halves), lambda: ranked_by_pandas(*halves))
    }
    if importlib.util.find_spec("polars"):
        import polars as pl

        frames = [pl.from_pandas(half, nan_to_null=True) for half in halves]
        found["Polars"] = (lambda: by_polars(*frames), lambda: ranked_by_polars(*frames))
    if importlib.util.find_spec("duckdb"):
        import duckdb

        connection = duckdb.connect()
        for name, half in zip(("shares", "means"), halves, strict=True):
            connection.register("half", half)
            connection.execute(
                f'CREATE TABLE {name} AS SELECT series, "at", '
                "CASE WHEN isnan(value) THEN NULL ELSE value END AS value FROM half"
            )
        found["DuckDB"] = (lambda: by_duckdb(connection), lambda: ranked_by_duckdb(connection))
    return found


def by_pandas(shares: Any, means: Any) -> Results:  # noqa: ANN401
    """By pandas."""
    found: Results = {}
    for half in (shares, means):
        at = half["at"]
        month = (at.dt.year - FIRST.year) * 12 + at.dt.month - 1
        told = (
            half["value"] if half is means else (half["value"] <= 900).where(half["value"].notna())
        )
        counted = told.astype("float64").groupby([half["series"], month]).agg(["count", "sum"])
        found |= {
            (int(series), int(number)): (int(count), float(total))
            for (series, number), count, total in zip(
                counted.index, counted["count"], counted["sum"], strict=True
            )
        }
    return found


def ranked_by_pandas(*halves: Any) -> Results:  # noqa: ANN401
    """The percentiles by pandas, which has no nearest rank: where `higher` is another, it is lower."""
    found: Results = {}
    for half in halves:
        at = half["at"]
        month = (at.dt.year - FIRST.year) * 12 + at.dt.month - 1
        groups = half["value"].groupby([half["series"], month])
        counts = groups.count()
        ranked = groups.quantile(0.95, interpolation="higher")
        if any(counts % 20 == 0):
            ranked = ranked.where(counts % 20 != 0, groups.quantile(0.95, interpolation="lower"))
        found |= {
            (int(series), int(number)): (int(count), float(value))
            for (series, number), count, value in zip(ranked.index, counts, ranked, strict=True)
        }
    return found


def by_polars(shares: Any, means: Any) -> Results:  # noqa: ANN401
    """By Polars."""
    import polars as pl

    found: Results = {}
    value = pl.col("value")
    for half, told in ((shares, (value <= 900).sum()), (means, value.sum())):
        month = (pl.col("at").dt.year() - FIRST.year) * 12 + pl.col("at").dt.month() - 1
        counted = half.group_by("series", month.alias("month")).agg(
            value.count().alias("count"), told.cast(pl.Float64).alias("told")
        )
        found |= {(row[0], row[1]): (row[2], row[3]) for row in counted.iter_rows()}
    return found


def ranked_by_polars(*halves: Any) -> Results:  # noqa: ANN401
    """The percentiles by Polars, sorted and taken by their rank."""
    import polars as pl

    found: Results = {}
    value = pl.col("value")
    for half in halves:
        month = (pl.col("at").dt.year() - FIRST.year) * 12 + pl.col("at").dt.month() - 1
        rank = (value.count() * 95 + 99) // 100 - 1
        counted = half.group_by("series", month.alias("month")).agg(
            value.count().alias("count"), value.drop_nulls().sort().get(rank).alias("told")
        )
        found |= {(row[0], row[1]): (row[2], row[3]) for row in counted.iter_rows()}
    return found


def by_duckdb(connection: Any) -> Results:  # noqa: ANN401
    """By DuckDB."""
    found: Results = {}
    for name, told in (
        ("shares", "count(*) FILTER (WHERE value <= 900)"),
        ("means", "sum(value)"),
    ):
        rows = connection.execute(
            f'SELECT series, (year("at") - {FIRST.year}) * 12 + month("at") - 1, count(value), {told} '
            f"FROM {name} GROUP BY 1, 2"
        ).fetchall()
        found |= {(row[0], row[1]): (row[2], float(row[3])) for row in rows}
    return found


def ranked_by_duckdb(connection: Any) -> Results:  # noqa: ANN401
    """The percentiles by DuckDB."""
    found: Results = {}
    for name in ("shares", "means"):
        rows = connection.execute(
            f'SELECT series, (year("at") - {FIRST.year}) * 12 + month("at") - 1, count(value), '
            f"quantile_disc(value, 0.95) FROM {name} GROUP BY 1, 2"
        ).fetchall()
        found |= {(row[0], row[1]): (row[2], float(row[3])) for row in rows}
    return found


def agree(ours: Results, theirs: Results, who: str) -> None:
    """Every window must come to the same."""
    assert ours.keys() == theirs.keys(), who
    for place, (den, num) in ours.items():
        count, told = theirs[place]
        same = den == count and abs(num - told) <= 1e-9 * max(abs(num), 1)
        assert same, f"{place}: {(den, num)} by covenant, {(count, told)} by {who}"


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
                async with kept.engine.begin() as connection:
                    ours[who] = await by_record(connection, terms)
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
