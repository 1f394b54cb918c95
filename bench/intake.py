"""Figure 9: a file handed in, with all checks, against bare COPY of the same rows."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.figures import Figure, Row
from bench.large import ACTOR, RECEIVED, prepare
from bench.record import FIRST, Record, record
from domain.zones import zone_named
from gateway.handing_in import AS_IT_IS, hand_in
from incoming.files import Stored, open_source

ROWS, ROUNDS, SERIES = 200_000, 5, 100
SHORT = 2_000

KEPT = (
    "agreement, id, revision, series, at, value, columns, mark_high, mark_low, intake, received_at"
)
REGISTERED = "agreement, kind, id, revision, name, at, content, intake, received_at"
GOAL = 0.25


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of each round: reading alone, all of it, and COPY into the months and the register."""

    rows: int
    reading: list[float]
    whole: list[float]
    months: list[float]
    both: list[float]


def lines(rows: int, tag: str) -> Iterator[bytes]:
    """A file of samples, a hundred series by turns."""
    yield b"id,series,at,value,site\n"
    for number in range(rows):
        at = FIRST + timedelta(seconds=13 * number)
        value = f"{number % 997 / 10},north"
        yield f"{tag}-{number},s{number % SERIES},{at:%Y-%m-%dT%H:%M:%SZ},{value}\n".encode()


async def measure(rows: int = ROWS) -> Taken:
    """Each round hands a file in, and then has its rows copied, under other ids, by COPY alone."""
    taken = Taken(rows, [], [], [], [])
    with TemporaryDirectory(prefix="covenant-bench-") as place:
        async with record() as kept:
            agreement = await prepare(kept.engine.url.render_as_string(hide_password=False))
            for number in range(ROUNDS):
                tag = f"r{number}"
                path = Path(place) / "facts-sample.csv"
                path.write_bytes(b"".join(lines(rows, tag)))
                await _round(kept, taken, agreement, tag, Stored(path.name, path))
    return taken


async def _round(kept: Record, taken: Taken, agreement: str, tag: str, source: Stored) -> None:
    begun = time.perf_counter()
    for _ in open_source(source, zone_named("Europe/London")).facts:
        pass
    taken.reading.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    intake = await hand_in(kept.engine, agreement, ACTOR, source, AS_IT_IS, RECEIVED)
    taken.whole.append(time.perf_counter() - begun)
    assert intake.accepted == taken.rows
    months = await _said(kept, "sample", KEPT, tag)
    register = await _said(kept, "fact_key", REGISTERED, tag)
    begun = time.perf_counter()
    await _copy(kept, "sample", KEPT, months)
    taken.months.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    await _copy(kept, "fact_key", REGISTERED, register)
    taken.both.append(taken.months[-1] + time.perf_counter() - begun)


async def _said(kept: Record, table: str, columns: str, tag: str) -> bytes:
    """The rows of a round as CSV, each with another id."""
    out = BytesIO()
    named = columns.replace(" id,", " 'copy-' || id AS id,")
    async with kept.owner.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        query = f"SELECT {named} FROM {table} WHERE id LIKE '{tag}-%' ORDER BY at"
        await raw.copy_from_query(query, output=out, format="csv")
    return out.getvalue()


async def _copy(kept: Record, table: str, columns: str, rows: bytes) -> None:
    """COPY, and the commit that makes it last."""
    async with kept.engine.begin() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        names = columns.split(", ")
        await raw.copy_to_table(table, source=BytesIO(rows), format="csv", columns=names)


def figure(taken: Taken) -> Figure:
    """The figure as it is told."""
    reading, whole, months, both = (
        taken.rows / median(each) for each in (taken.reading, taken.whole, taken.months, taken.both)
    )
    ratio = median(a / b for a, b in zip(taken.months, taken.whole, strict=True))
    ratio_of_both = median(a / b for a, b in zip(taken.both, taken.whole, strict=True))
    return Figure(
        f"9. Intake of {taken.rows:,} samples, {len(taken.whole)} rounds",
        (
            Row("with all checks", f"{whole:,.0f} rows/s", f"reading alone {reading:,.0f} rows/s"),
            Row(
                "of bare COPY into the months",
                f"{ratio:.2f}",
                f"{months:,.0f} rows/s",
            ),
            Row(
                "of bare COPY into months and register",
                f"{ratio_of_both:.2f}",
                f"{both:,.0f} rows/s; all the rows that an intake writes; goal: at least {GOAL}",
            ),
        ),
    )


def taken(rows: int = ROWS) -> Taken:
    """Measure, on a loop of its own."""
    return asyncio.run(measure(rows))
