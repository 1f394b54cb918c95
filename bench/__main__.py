"""`python -m bench` takes every figure, or those named; `--short` takes them small."""

import argparse
import asyncio
import os
import time
from collections.abc import Callable

from bench import (
    assessing,
    elapsed,
    events,
    intake,
    lateness,
    launching,
    memory,
    speed,
    windows,
)
from bench.engines import real
from bench.figures import Figure, machine
from worker import configure_logging

ON_REAL_ENGINES = ("launching", "lateness", "memory")
FIGURES = ("events", "speed", *ON_REAL_ENGINES, "assessing", "elapsed", "intake", "windows")

ANSWER_WITHIN = "60 s"
"""Time enough to open every case before its second rung is due."""


async def on_real_engines(tell: Callable[[Figure], None], launches: int, resting: int) -> None:
    """Figures 3 to 5, in one session: the agreements launched and at rest are those that escalate."""
    async with real() as engines:
        tell(launching.figure(await launching.measure(engines, launches, ANSWER_WITHIN)))
        rest = await memory.measure(engines, resting, ANSWER_WITHIN)
        tell(lateness.figure(await lateness.measure(engines, resting)))
        tell(memory.figure(rest))


def main() -> None:
    """Take the figures and print each as it comes."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=FIGURES, help="these figures, not all")
    parser.add_argument("--short", action="store_true", help="small; figure 1 if none is named")
    chosen = parser.parse_args()
    figures = chosen.only or (("events",) if chosen.short else FIGURES)
    # Warnings of the SDK about the time-skipping server's age are no part of a figure.
    os.environ.setdefault("RUST_LOG", "error")
    configure_logging("ERROR")
    begun = time.monotonic()

    def tell(figure: Figure) -> None:
        print(f"{figure}\n", flush=True)

    print(f"{machine()}\n", flush=True)
    if "events" in figures:
        counted = events.count(2, {events.ONE_DAILY: ("day",)}) if chosen.short else events.count()
        tell(events.figure(counted))
    if "speed" in figures:
        tell(speed.figure(speed.measure()))
    if set(figures) & set(ON_REAL_ENGINES):
        asyncio.run(on_real_engines(tell, launches=50, resting=200))
    if "assessing" in figures:
        tell(assessing.figure(assessing.measure()))
        tell(assessing.asked(assessing.ask()))
    if "elapsed" in figures:
        tell(elapsed.figure(elapsed.measure()))
    if "intake" in figures:
        tell(intake.figure(intake.taken(intake.SHORT if chosen.short else intake.ROWS)))
    if "windows" in figures:
        samples = windows.SHORT if chosen.short else windows.SAMPLES
        tell(windows.figure(asyncio.run(windows.measure(samples))))
    print(f"Taken in {time.monotonic() - begun:.0f} s.")


if __name__ == "__main__":
    main()
