"""One process that hands in one file, and tells how far it is and how much memory it took."""

import asyncio
import json
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

from gateway.handing_in import Way, hand_in
from incoming import Stored
from store.engine import connect

EVERY = 1024 * 1024


async def load(url: str, agreement: str, actor: str, path: Path, at: str) -> None:
    """Hand in a file; a line for every mebibyte, and one of JSON at the end."""
    read = 0

    def watch(size: int) -> None:
        nonlocal read
        if read // EVERY != (read + size) // EVERY:
            print(f"read {read + size}", flush=True)
        read += size

    engine = connect(url, pool_size=1)
    begun = time.monotonic()
    taken = await hand_in(
        engine,
        agreement,
        actor,
        Stored(path.name, path),
        Way(watch=watch),
        datetime.fromisoformat(at),
    )
    seconds = time.monotonic() - begun
    await engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"rows": taken.rows, "new": taken.accepted, "s": seconds, "peak": peak}))


if __name__ == "__main__":
    asyncio.run(load(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5]))
