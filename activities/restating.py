"""Periods restated: facts that came after their due instants, and all that follows from them.

What follows counts as of the instant at which the facts were received, however late it is done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.asking import Asking, owners_of, title_of
from activities.evaluating import Measured, count, measure
from activities.following import follow_restated, status_of
from activities.ledgering import Account, Instant, settle
from activities.world import Happening, World, note, tell
from domain.asking import lacking
from domain.events import Event
from domain.facts.book import book
from domain.restating import concerned, due_of, restated_until, runs, settled_until
from domain.results import Result, Status
from domain.schedule import DuePeriod, rests_on
from notices.templates import Draft, Template
from store import restating
from store.archived import gone_before
from store.editions import Edition, in_force
from store.known import standing_facts
from store.restating import Late
from store.results import Kept


@dataclass(frozen=True, slots=True)
class Restating:
    """An agreement whose periods are restated: its row, its editions, and what is kept of it."""

    world: World
    row: Any
    editions: Sequence[Edition]
    account: Account

    async def take(
        self, connection: AsyncConnection, late: Late, as_of: datetime, now: datetime
    ) -> bool:
        """Measure again what an intake touches; whether somebody has to be told."""
        account = self.account
        evaluated = max((each.result.period.end for each in account.kept), default=None)
        if not restating.reaches_back(late.touched, evaluated):
            return False
        # Facts whose taking in was still under way at a due instant, which they would have met,
        # were not seen then.
        settled = settled_until(account.timeline, account.results)
        as_of = max(filter(None, (as_of, settled)))
        found = concerned(
            account.timeline, account.results, late.touched, as_of, self.row.closed_at
        )
        gone = await gone_before(connection, self.row.id)
        within, beyond = self._apart(found.again, gone)
        await self._too_late(connection, late, [*found.too_late, *beyond], as_of, now, gone)
        if self.row.closed_at is not None and self.row.closed_at < as_of:
            return False
        before, lacked = self._statuses(), self._lacking()
        # Strictly before this instant is known what was received at the other.
        known_at = as_of + datetime.resolution
        again = [replace(each, due_at=known_at) for each in within]
        measured = await self._measured(connection, again)
        known = book(await standing_facts(connection, self.row.id, known_at))
        because = {"file": late.file, "facts": late.accepted, "received_at": as_of.isoformat()}
        at = Instant(as_of, now, known, because)
        to_tell = await settle(
            connection, account, measured, at, in_force(self.editions, as_of).terms
        )
        after, lacks = self._statuses(), self._lacking()
        asking = Asking(connection, self.row, self.editions, account.timeline, now)
        for each in sorted(within, key=lambda due: (due.period.end, due.kpi.key)):
            place = each.kpi.key, each.period.start
            old, new = before[place], after[place]
            if old != new:
                due = replace(each, due_at=as_of)
                await follow_restated(connection, self.world, self.row, due, old, new, now)
                await self._tell(connection, due, old, new, late, now)
                to_tell = True
            if place in lacks and place not in lacked:
                step = max(kept.revision for kept in self._kept_of(each))
                await asking.ask(each, as_of, lacks[place], step)
                to_tell = True
            elif place in lacked and place not in lacks:
                await asking.supplied(each, as_of, late)
        return to_tell

    def _apart(
        self, periods: Iterable[DuePeriod], gone: datetime | None
    ) -> tuple[list[DuePeriod], list[DuePeriod]]:
        """The periods whose facts the record has, and those that rest on facts that are archived."""
        made: dict[str, list[Result]] = {}
        for result in self.account.results:
            made.setdefault(result.kpi.key, []).append(result)
        within: list[DuePeriod] = []
        beyond: list[DuePeriod] = []
        for each in periods:
            since, _ = rests_on([each], made)
            (within if gone is None or gone <= since else beyond).append(each)
        return within, beyond

    async def _measured(
        self, connection: AsyncConnection, again: Sequence[DuePeriod]
    ) -> list[Measured]:
        """The periods measured again, run by run, so that nothing between them is read."""
        row, timeline = self.row, self.account.timeline
        counted = await count(connection, row.id, again)
        made: dict[tuple[Any, ...], Measured] = {}

        async def add(several: Iterable[DuePeriod]) -> None:
            for run in runs(several):
                earlier = [*self.account.results, *(each.result for each in made.values())]
                measured, _ = await measure(connection, row, timeline, run, counted, earlier)
                made.update({_place(each.result): each for each in measured})

        await add(again)
        await add(replace(each, due_at=again[0].due_at) for each in self._without(made))
        return list(made.values())

    def _without(self, made: Mapping[tuple[Any, ...], Measured]) -> list[DuePeriod]:
        """Later periods that lack a dimension of which the late facts were the first."""
        known = {(each.kpi.key, each.dim) for each in self.account.results}
        first: dict[tuple[Any, ...], datetime] = {}
        for each in made.values():
            key, dim, start = _place(each.result)
            if (key, dim) not in known:
                first[key, dim] = min(start, first.get((key, dim), start))
        lacking: dict[tuple[str, datetime], Result] = {}
        for result in self.account.results:
            key, start = result.kpi.key, result.period.start
            for (of, dim), since in first.items():
                if of == key and start > since and (key, dim, start) not in made:
                    lacking[key, start] = result
        return [due_of(each, self.account.timeline) for each in lacking.values()]

    def _statuses(self) -> dict[tuple[str, datetime], Status | None]:
        """What each period came to over all its dimensions."""
        found: dict[tuple[str, datetime], list[Status]] = {}
        for each in self.account.results:
            found.setdefault((each.kpi.key, each.period.start), []).append(each.status)
        return {place: status_of(several) for place, several in found.items()}

    def _lacking(self) -> dict[tuple[str, datetime], list[Result]]:
        """The periods without a figure whose facts are asked for, dimension by dimension."""
        found: dict[tuple[str, datetime], list[Result]] = {}
        for each in lacking(self.account.results):
            found.setdefault((each.kpi.key, each.period.start), []).append(each)
        return found

    def _kept_of(self, due: DuePeriod) -> list[Kept]:
        """What is kept of a period, dimension by dimension."""
        place = due.kpi.key, due.period.start
        return [
            each
            for each in self.account.kept
            if (each.result.kpi.key, each.result.period.start) == place
        ]

    async def _too_late(
        self,
        connection: AsyncConnection,
        late: Late,
        periods: Iterable[DuePeriod],
        as_of: datetime,
        now: datetime,
        gone: datetime | None,
    ) -> None:
        """Note which periods the facts no longer restate; with `gone`, facts before it are archived."""
        of_kpi: dict[str, list[DuePeriod]] = {}
        for each in periods:
            of_kpi.setdefault(each.kpi.key, []).append(each)
        for key, several in of_kpi.items():
            until = restated_until(several[-1], self.account.timeline, self.row.closed_at)
            happening = Happening(
                self.row.id,
                Event.FACTS_TOO_LATE,
                f"{self.row.id}/{key}",
                as_of,
                (late.intake,),
            )
            await note(
                connection,
                happening,
                now,
                file=late.file,
                facts=late.accepted,
                periods=[each.period.key for each in several],
                until=None if until is None else until.isoformat(),
                **({} if gone is None else {"archived": gone.isoformat()}),
            )

    async def _tell(
        self,
        connection: AsyncConnection,
        due: DuePeriod,
        old: Status | None,
        new: Status | None,
        late: Late,
        now: datetime,
    ) -> None:
        """Tell both owners of a KPI that a period turned out otherwise."""
        several = self._kept_of(due)
        reasons = dict.fromkeys(" ".join(each.result.reason) for each in several)
        subject = f"{self.row.id}/{due.kpi.key}/{due.period.key}"
        draft = Draft(
            Template.PERIOD_RESTATED,
            {
                "kpi": title_of(due.kpi),
                "period": due.period.key,
                "before": in_words(old),
                "after": in_words(new),
                "reason": "\n".join(reasons),
                "file": late.file,
                "facts": f"{late.accepted:,}",
            },
            {"received": late.received_at},
            due.due_at,
            now,
        )
        step = max(each.revision for each in several)
        await tell(connection, self.row.id, subject, step, owners_of(due.kpi), draft)


def in_words(status: Status | None) -> str:
    """`below expected`; a period of which nothing can be said has no verdict."""
    return "without verdict" if status is None else status.replace("_", " ")


def _place(result: Result) -> tuple[str, Any, datetime]:
    return result.kpi.key, result.dim, result.period.start
