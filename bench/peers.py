"""Who computes the windows of figure 10 besides the record: pandas, Polars and DuckDB, in memory.

Each has half of the series in a frame of its own, made of the formula by which the record is filled.
"""

import importlib.util
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

from bench.record import FIRST
from domain.spans import add_months
from domain.zones import midnight, zone_named

SERIES, MONTHS = 100, 24

UTC_ZONE = zone_named("Etc/UTC")

Results: TypeAlias = dict[tuple[int, int], tuple[int, float]]
"""Of series and month: how many samples had a value, and the good ones, the sum or the percentile."""

Peer: TypeAlias = tuple[Callable[[], Results], Callable[[], Results]]
"""How a peer computes the shares and means, and the percentiles."""


def starts() -> list[datetime]:
    """Where the months start, and the last one ends."""
    first = date(FIRST.year, FIRST.month, 1)
    return [midnight(add_months(first, month), UTC_ZONE) for month in range(MONTHS + 1)]


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
