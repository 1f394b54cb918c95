"""Who computes the windows of figure 10 besides the record: pandas, Polars and DuckDB, in memory.

They have the same rows, made of the formula by which the record is filled, in the columns of the
record that the question needs: the series by its name, the instant, the value, and the receipt. They
are asked the same: of the samples received before an instant, by series and month, how many there
are, how many have a value, and the good ones, the sum or the percentile. Half of the series are asked
for the good ones and half for the sum, and one pass over the rows answers both.
"""

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from bench.record import FIRST
from domain.spans import add_months
from domain.zones import midnight, zone_named

SERIES, MONTHS = 100, 24

RECEIVED = FIRST.replace(year=2027)
KNOWN = RECEIVED + timedelta(days=1)

UTC_ZONE = zone_named("Etc/UTC")

Results: TypeAlias = dict[tuple[int, int], tuple[int, int, float]]
"""Of series and month: how many samples, how many with a value, and the good ones, the sum or the
percentile of these."""

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
    names = np.array([f"s{number}" for number in range(SERIES)], dtype=object)
    return pd.DataFrame(
        {
            "series": pd.Series(names[series], dtype="str"),
            "at": pd.Series(at).dt.tz_localize("UTC"),
            "value": value,
            "received_at": pd.Timestamp(RECEIVED),
        }
    )


def peers(each: int) -> Mapping[str, Peer]:
    """Who computes the same, of those that are installed."""
    rows = frame(each)
    numbered = rows.assign(series=rows["series"].astype("category"))
    found: dict[str, Peer] = {
        "pandas": (lambda: by_pandas(rows), lambda: ranked_by_pandas(rows)),
        "pandas, series numbered beforehand": (
            lambda: by_pandas(numbered),
            lambda: ranked_by_pandas(numbered),
        ),
    }
    if importlib.util.find_spec("polars"):
        import polars as pl

        columns = {
            "series": pl.Series(rows["series"].to_numpy(object), dtype=pl.String),
            "at": pl.Series(rows["at"].dt.tz_localize(None).to_numpy()),
            "value": pl.Series(rows["value"].to_numpy(), nan_to_null=True),
            "received_at": pl.Series(rows["received_at"].dt.tz_localize(None).to_numpy()),
        }
        instants = pl.col("at", "received_at").dt.replace_time_zone("UTC")
        polars = pl.DataFrame(columns).with_columns(instants)
        found["Polars"] = (lambda: by_polars(polars), lambda: ranked_by_polars(polars))
    if importlib.util.find_spec("duckdb"):
        import duckdb

        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", rows)
        connection.execute(
            'CREATE TABLE sample AS SELECT series, "at", '
            "CASE WHEN isnan(value) THEN NULL ELSE value END AS value, received_at FROM rows"
        )
        connection.unregister("rows")
        found["DuckDB"] = (lambda: by_duckdb(connection), lambda: ranked_by_duckdb(connection))
    return found


def told(rows: Iterable[tuple[str, int, int, int, float, float]]) -> Results:
    """Of each series what is asked of it: of the even ones the good samples, else the sum."""
    found: Results = {}
    for name, month, facts, values, good, total in rows:
        series = int(name[1:])
        found[series, month] = int(facts), int(values), float(total if series % 2 else good)
    return found


def known_by_month(rows: Any) -> tuple[Any, Any]:  # noqa: ANN401 - of pandas
    """The samples received by then, and the month of each."""
    known = rows[rows["received_at"] < KNOWN]
    at = known["at"].dt
    return known, ((at.year - FIRST.year) * 12 + at.month - 1).rename("month")


def by_pandas(rows: Any) -> Results:  # noqa: ANN401
    """By pandas."""
    known, month = known_by_month(rows)
    groups = known.assign(good=known["value"] <= 900).groupby(["series", month], observed=True)
    counted = groups.agg(
        facts=("value", "size"),
        values=("value", "count"),
        good=("good", "sum"),
        total=("value", "sum"),
    )
    return told(counted.reset_index().itertuples(index=False))


def ranked_by_pandas(rows: Any) -> Results:  # noqa: ANN401
    """The percentiles by pandas, which has no nearest rank: where `higher` is another, it is lower."""
    known, month = known_by_month(rows)
    groups = known["value"].groupby([known["series"], month], observed=True)
    facts, counts = groups.size(), groups.count()
    ranked = groups.quantile(0.95, interpolation="higher")
    if any(counts % 20 == 0):
        ranked = ranked.where(counts % 20 != 0, groups.quantile(0.95, interpolation="lower"))
    return {
        (int(name[1:]), int(number)): (int(size), int(count), float(value))
        for (name, number), size, count, value in zip(
            ranked.index, facts, counts, ranked, strict=True
        )
    }


def grouped_by_polars(rows: Any, **figures: Any) -> Any:  # noqa: ANN401 - of Polars
    """How many samples each series has by month, how many with a value, and these figures."""
    import polars as pl

    at = pl.col("at").dt
    month = (at.year() - FIRST.year) * 12 + at.month() - 1
    counts = pl.len().alias("facts"), pl.col("value").count().alias("values")
    known = rows.lazy().filter(pl.col("received_at") < KNOWN)
    groups = known.group_by("series", month.alias("month"))
    return groups.agg(*counts, **figures).collect().iter_rows()


def by_polars(rows: Any) -> Results:  # noqa: ANN401
    """By Polars."""
    import polars as pl

    value = pl.col("value")
    return told(grouped_by_polars(rows, good=(value <= 900).sum(), total=value.sum()))


def ranked_by_polars(rows: Any) -> Results:  # noqa: ANN401
    """The percentiles by Polars, sorted and taken by their rank."""
    import polars as pl

    value = pl.col("value")
    rank = (value.count() * 95 + 99) // 100 - 1
    return _ranked(grouped_by_polars(rows, ranked=value.drop_nulls().sort().get(rank)))


def _ranked(rows: Iterable[tuple[str, int, int, int, float]]) -> Results:
    return {
        (int(name[1:]), month): (facts, values, ranked)
        for name, month, facts, values, ranked in rows
    }


GROUPED = f"""
    SELECT series, (year("at") - {FIRST.year}) * 12 + month("at") - 1, count(*), count(value), {{}}
    FROM sample WHERE received_at < ? GROUP BY 1, 2
"""


def by_duckdb(connection: Any) -> Results:  # noqa: ANN401
    """By DuckDB."""
    query = GROUPED.format("count(*) FILTER (WHERE value <= 900), sum(value)")
    return told(connection.execute(query, [KNOWN]).fetchall())


def ranked_by_duckdb(connection: Any) -> Results:  # noqa: ANN401
    """The percentiles by DuckDB."""
    query = GROUPED.format("quantile_disc(value, 0.95)")
    return _ranked(connection.execute(query, [KNOWN]).fetchall())


def agree(ours: Results, theirs: Results, who: str) -> None:
    """Every window must come to the same."""
    assert ours.keys() == theirs.keys(), who
    for place, (facts, den, num) in ours.items():
        *counts, figure = theirs[place]
        same = [facts, den] == counts and abs(num - figure) <= 1e-9 * max(abs(num), 1)
        assert same, f"{place}: {(facts, den, num)} by covenant, {theirs[place]} by {who}"
