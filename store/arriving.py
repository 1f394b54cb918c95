"""The facts of a file on their way into the register and the months, in the caller's transaction.

They are sent to temporary tables, some at a time, and taken as sets. Those of which all are new,
which is the rule, are kept at once, while the next are read. Others wait until all have been read,
and are judged together.
"""

import asyncio
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from typing import Any

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact, FactKind
from store import merging, touching
from store.archived import GOING, FactsGoneError
from store.fact_rows import CONTENT, KEYS, place_of, record

FEW, MANY = 5_000, 20_000
"""So many facts are sent together: few at first, so that PostgreSQL begins early, then twice as
many each time, so that those of a series lie beside each other in their month."""

LONGEST = 16 * 1024 * 1024
"""So many characters are sent together, however few facts they are: they lie in memory, and
PostgreSQL takes less than 1 GiB in one message."""


class FactsContradictError(ValueError):
    """A file says two things of one fact; the reading of files should have refused it."""


async def arrive(
    connection: AsyncConnection, facts: Iterable[Fact], given: Mapping[str, Any]
) -> tuple[int, int]:
    """Take the facts of a file: how many were read, and how many of them were new or changed.

    `given` is what the statements ask for. FactsContradictError when the file says two things of
    one fact; FactsGoneError when facts would revise what was archived and taken out, or lie beside
    it.
    """
    arrival = _Arrival(connection, given)
    coming, most = iter(facts), FEW
    ahead = asyncio.create_task(asyncio.to_thread(_next, coming, most))
    try:
        while several := await ahead:
            most = min(2 * most, MANY)
            ahead = asyncio.create_task(asyncio.to_thread(_next, coming, most))
            for place, lines in several.items():
                await arrival.take(place, lines)
    finally:
        # Nothing may be left that reads on.
        await asyncio.gather(ahead, return_exceptions=True)
    await arrival.judge()
    return arrival.read, arrival.accepted


def _next(coming: Iterator[Fact], most: int) -> dict[str, bytes]:
    """The next facts, as lines of CSV for their tables; fewer than `most` where they are long."""
    lines: dict[str, StringIO] = {}
    write: dict[str, Callable[[tuple[Any, ...]], int]] = {}
    room = LONGEST
    for fact in islice(coming, most):
        place = place_of(fact)
        if place not in lines:
            lines[place] = StringIO(newline="")
            write[place] = csv.writer(lines[place]).writerow
        room -= write[place](record(fact))
        if room <= 0:
            break
    return {place: several.getvalue().encode() for place, several in lines.items()}


@dataclass(slots=True)
class _Arrival:
    """What became so far of the facts of a file."""

    connection: AsyncConnection
    given: Mapping[str, Any]
    read: int = 0
    accepted: int = 0
    waits: dict[str, bool] = field(default_factory=dict)
    """The tables of which facts came, and whether some of these wait."""

    async def take(self, place: str, lines: bytes) -> None:
        """Keep some facts of one table if all of them are new; else let them wait."""
        rows = f"coming_{place}"
        if place not in self.waits:
            self.waits[place] = False
            for table in ("coming", "waiting"):
                await self._say(merging.arriving(place, table))
        came = await self._copy(place, lines)
        self.read += came
        if await self._all_new(place):
            await self._keep(place, rows, merging.enter(place))
            self.accepted += came
        else:
            self.waits[place] = True
            await self._say(merging.wait(place))
        await self._say(f"TRUNCATE {rows}")

    async def judge(self) -> None:
        """Keep what is new or changed of the facts that wait."""
        waiting = [place for place, waits in self.waits.items() if waits]
        for place in waiting:
            await self._say(merging.judge(place))
            await self._say(f"ANALYZE judged_{place}")
            twice = (await self._say(merging.contradictions(place))).scalar()
            if twice is not None:
                msg = f"two different facts of one file have the id {twice}"
                raise FactsContradictError(msg)
            registered = await self._say(merging.register(place, f"judged_{place}"))
            self.accepted += registered.rowcount
        over = [await self._over(place, f"judged_{place}") for place in waiting]
        if any(over):
            raise FactsGoneError(self.given["gone"], frozenset(over[0].union(*over)))
        for place in waiting:
            for noted in touching.left(place, f"judged_{place}"):
                await self._say(noted)
            await self._keep(place, f"judged_{place}", merging.keep(place, f"judged_{place}"))
            await self._say(f"DROP TABLE judged_{place}")
        for place in self.waits:
            await self._say(f"DROP TABLE coming_{place}, waiting_{place}")

    async def _copy(self, place: str, lines: bytes) -> int:
        raw = await self.connection.get_raw_connection()
        said: str = await raw.driver_connection.copy_to_table(  # type: ignore[union-attr]
            f"coming_{place}",
            source=memoryview(lines),  # of bytes it takes the name of a file
            columns=(*KEYS[place], *CONTENT[place]),
            format="csv",
        )
        return int(said.removeprefix("COPY "))

    async def _all_new(self, place: str) -> bool:
        """Whether nothing of what came is known, told twice, or in months that are gone."""
        if not (await self._say(merging.new(place))).scalar_one():
            return False
        return not await self._over(place, f"coming_{place}")

    async def _over(self, place: str, rows: str) -> set[tuple[FactKind, str]]:
        """What would lie in months that are gone, or revise what went with them."""
        if self.given["gone"] is None:
            return set()
        found = await self._say(merging.archived(place, rows), going=list(GOING))
        return {(FactKind(row.kind), row.id) for row in found}

    async def _keep(self, place: str, rows: str, keep: str) -> None:
        """Put facts into their months by a statement, and note where they stand."""
        await self._say(merging.months(place, rows))
        await self._say(keep)
        for noted in touching.taken(place, rows):
            await self._say(noted)

    async def _say(self, statement: str, **more: object) -> CursorResult[Any]:
        return await self.connection.execute(text(statement), {**self.given, **more})
