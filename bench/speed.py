"""Figure 2: rehearsed agreement-years per second."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import standard
from bench.figures import Figure, Row
from domain.zones import midnight, zone_named
from rehearsal.stage import Played, play, read_piece, throw_away_record


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How many agreement-years were rehearsed, in how many seconds."""

    years: float
    seconds: float
    starting: float
    entries: int


def measure() -> Rehearsed:
    """Rehearse the standard agreement, desk and people included, as `covenant rehearse` does."""
    with TemporaryDirectory(prefix="covenant-bench-") as place:
        folder = Path(place)
        begun = time.monotonic()
        piece = read_piece(standard.write_piece(folder))
        until = midnight(standard.UNTIL, zone_named(piece.terms.zone))
        begins = midnight(piece.script.begins.date(), zone_named(piece.terms.zone))
        first_told: list[float] = []

        def passed(_now: object) -> None:
            first_told.append(time.monotonic())

        with throw_away_record() as url:
            played: Played = asyncio.run(
                play(piece, url, folder / "out", until=until, tell=lambda _: None, passed=passed)
            )
            ended = time.monotonic()
        years = (until - begins).total_seconds() / (365.25 * 86_400)
        return Rehearsed(years, ended - begun, first_told[0] - begun, len(played.story))


def figure(rehearsed: Rehearsed) -> Figure:
    """The figure as it is told."""
    playing = rehearsed.seconds - rehearsed.starting
    return Figure(
        "2. Rehearsal of the standard agreement",
        (
            Row(
                "with the engines' start",
                f"{rehearsed.years / rehearsed.seconds:.3f} years/s",
                f"{rehearsed.years:.2f} years in {rehearsed.seconds:.1f} s",
            ),
            Row(
                "without",
                f"{rehearsed.years / playing:.3f} years/s",
                f"{rehearsed.starting:.1f} s to the launch; {rehearsed.entries:,} journal entries",
            ),
        ),
    )
