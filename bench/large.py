"""A large CSV into the record: `python -m bench.large` makes one, loads it, tells rows and memory.

The same rows go into a bare table by COPY first, so that what all the checks cost can be seen.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from domain.terms_check import validate
from rehearsal.stage import throw_away_record
from store import tables
from store.editions import Edition, adopt, keep_document
from store.engine import connect

ROOT = Path(__file__).parent.parent

AGREEMENT = ROOT / "examples" / "helpdesk" / "agreement.yaml"

ACTOR = "provider.service_manager"

RECEIVED = datetime(2029, 1, 1, tzinfo=UTC)

HEADER = "id,opened,responded,resolved,closed,priority,type,site,group\n"

BARE = """
CREATE TABLE bare (id text, opened timestamptz, responded timestamptz, resolved timestamptz,
    closed timestamptz, priority text, type text, site text, "group" text)
"""


def write_tickets(path: Path, size: int) -> int:
    """Tickets of two years as CSV, so many bytes of them; how many there are."""
    first = datetime(2027, 1, 4, tzinfo=UTC)
    rows = written = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        while written < size:
            # In the mornings: no local time of these is one that the clocks skip or repeat.
            opened = first + timedelta(days=rows % 700, hours=6, seconds=rows * 7919 % 20_000)
            answered = opened + timedelta(minutes=rows % 90)
            solved = answered + timedelta(minutes=rows % 200)
            written += file.write(
                f"INC{rows:010},{opened:%Y-%m-%d %H:%M:%S},{answered:%Y-%m-%d %H:%M:%S},"
                f"{solved:%Y-%m-%d %H:%M:%S},{solved + timedelta(days=1):%Y-%m-%d %H:%M:%S},"
                f"{'low' if rows % 3 else 'high'},incident,site-{rows % 40},Group {rows % 90}\n"
            )
            rows += 1
    return rows


async def prepare(url: str) -> str:
    """An agreement in force to which the tickets belong; its key."""
    raw = AGREEMENT.read_bytes()
    terms = validate(raw, AGREEMENT.name).value
    assert terms is not None
    engine = connect(url, pool_size=1)
    async with engine.begin() as connection:
        row = {
            "id": terms.agreement,
            "title": terms.title,
            "client": terms.parties.client.name,
            "provider": terms.parties.provider.name,
            "zone": terms.zone,
            "phase": "live",
            "shard": 0,
            "term": 1,
            "launched_at": datetime(2026, 1, 1, tzinfo=UTC),
            "live_from": datetime(2027, 1, 4, tzinfo=UTC),
            "ends_at": RECEIVED,
        }
        await connection.execute(insert(tables.agreement).values(row))
        digest = await keep_document(connection, AGREEMENT.name, raw)
        edition = Edition(1, datetime(2026, 1, 1, tzinfo=UTC), digest, terms)
        await adopt(
            connection, terms.agreement, edition, command="bench", adopted_at=edition.effective_at
        )
    await engine.dispose()
    return terms.agreement


async def copy(url: str, path: Path) -> float:
    """Seconds that a bare COPY of the file takes."""
    engine = connect(url, pool_size=1)
    async with engine.begin() as connection:
        await connection.execute(text(BARE.replace("CREATE TABLE", "CREATE TEMPORARY TABLE")))
        raw = await connection.get_raw_connection()
        begun = time.monotonic()
        with path.open("rb") as file:
            await raw.driver_connection.copy_to_table(  # type: ignore[union-attr]
                "bare", source=file, format="csv", header=True
            )
        seconds = time.monotonic() - begun
    await engine.dispose()
    return seconds


def load(url: str, agreement: str, path: Path) -> dict[str, float]:
    """Hand in the file in a process of its own; what it tells at the end."""
    words = ["-m", "bench.loading", url, agreement, ACTOR, str(path), RECEIVED.isoformat()]
    told = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=os.environ, check=True, stdout=subprocess.PIPE
    )
    outcome: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return outcome


def main() -> None:
    """Make the file, load it, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    size = parser.parse_args().megabytes * 1_000_000
    with TemporaryDirectory(prefix="covenant-large-") as place, throw_away_record() as url:
        path = Path(place) / "facts-ticket-large.csv"
        rows = write_tickets(path, size)
        print(f"{rows:,} tickets, {path.stat().st_size:,} bytes", flush=True)
        agreement = asyncio.run(prepare(url))
        bare = asyncio.run(copy(url, path))
        print(f"bare COPY: {bare:.1f} s, {rows / bare:,.0f} rows/s", flush=True)
        outcome = load(url, agreement, path)
        assert outcome["rows"] == outcome["new"] == rows
        print(
            f"intake: {outcome['s']:.1f} s, {rows / outcome['s']:,.0f} rows/s, "
            f"{bare / outcome['s']:.2f} of bare COPY; peak {outcome['peak'] / 2**20:,.0f} MiB"
        )


if __name__ == "__main__":
    main()
