"""Warnings before a breach: open tickets whose time runs out, and KPIs in periods that still run.

Each warning is given once. It counts as of the instant at which it was one, however late it is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.asking import owners_of, title_of
from activities.evaluating import Measured, count, measure
from activities.world import Happening, note, tell
from domain.at_risk import ClockWarning, is_open, warnings_of
from domain.clocks.every import Clocks
from domain.clocks.runs import ClockRun, ClockStatus
from domain.events import Event
from domain.facts import Ticket, TicketEvent
from domain.prospects import Outlook, budget_warnings, prospects
from domain.results import Result
from domain.schedule import DuePeriod, periods_of
from domain.timeline import Timeline
from notices.templates import Draft, Template
from store import watching
from store.editions import Edition, in_force
from store.known import facts_of_tickets

AT_ONCE = 500
"""So many tickets and KPIs are looked at in one transaction."""

MOST_LINES = 50
"""So many tickets are told of in one notice; the rest are counted."""

ALARMING = frozenset({Outlook.ABOUT_TO_BE_MISSED, Outlook.CANNOT_BE_MET})


@dataclass(slots=True)
class Lookout:
    """What is watched of one agreement, as it stands now."""

    connection: AsyncConnection
    row: Any
    editions: list[Edition]
    timeline: Timeline
    now: datetime
    _clocks: dict[int, Clocks] = field(default_factory=dict)

    async def look(self, evaluated: Mapping[str, datetime], earlier: Sequence[Result]) -> bool:
        """Look at what is to be looked at by now; whether somebody has to be told."""
        due = await watching.to_look_at(self.connection, self.row.id, self.now, AT_ONCE)
        tickets = [name for kind, name in due if kind == "ticket"]
        keys = [name for kind, name in due if kind == "kpi"]
        told = await self._tickets(tickets) if tickets else False
        if keys:
            told |= await self._kpis(keys, evaluated, earlier)
        return told

    # --- tickets

    async def runs_of(self, tickets: list[str]) -> list[ClockRun]:
        """The clocks of these tickets, as they stand with what is known now."""
        known_at = self.now + datetime.resolution
        facts = await facts_of_tickets(self.connection, self.row.id, known_at, tickets)
        events: dict[str, list[TicketEvent]] = {}
        for fact in facts:
            if isinstance(fact, TicketEvent):
                events.setdefault(fact.ticket, []).append(fact)
        return [
            run
            for fact in facts
            if isinstance(fact, Ticket)
            for run in self._clocks_at(fact.opened_at).on(fact, events.get(fact.id, ()), self.now)
        ]

    def _clocks_at(self, opened_at: datetime) -> Clocks:
        edition = in_force(self.editions, opened_at)
        return self._clocks.setdefault(edition.number, Clocks(edition.terms))

    async def _tickets(self, tickets: list[str]) -> bool:
        """Warn of shares of limits that are used up, and look again when the next will be."""
        runs = [each for each in await self.runs_of(tickets) if is_open(each)]
        warnings = [each for run in runs for each in warnings_of(run)]
        upcoming: dict[str, datetime] = {}
        for each in warnings:
            if not each.reached and each.due_at is not None:
                at = max(each.due_at, self.now + datetime.resolution)
                upcoming[each.ticket] = min(at, upcoming.get(each.ticket, at))
        gone = [name for name in tickets if name not in upcoming]
        await watching.forget(self.connection, self.row.id, "ticket", gone)
        await watching.look(self.connection, self.row.id, "ticket", upcoming)

        reached = {each.key: each for each in warnings if each.reached and each.due_at is not None}
        for key in await watching.given(self.connection, self.row.id, list(reached)):
            del reached[key]
        if not reached:
            return False
        due = {key: each.due_at for key, each in reached.items() if each.due_at is not None}
        await watching.give(self.connection, self.row.id, due, self.now)
        overdue = {(run.ticket, run.clock) for run in runs if run.status == ClockStatus.MISSED}
        told = _worst(
            [each for each in reached.values() if (each.ticket, each.clock) not in overdue]
        )
        return await self._tell_of_tickets(told) if told else False

    async def _tell_of_tickets(self, told: list[ClockWarning]) -> bool:
        """One entry and one notice of all that are at risk, to who answers for them."""
        first = min(each.due_at or self.now for each in told)
        subject = f"{self.row.id}/clocks"
        happening = Happening(self.row.id, Event.CLOCKS_AT_RISK, subject, first, (told[0].key,))
        lines = [each.said for each in told]
        tickets = len({each.ticket for each in told})
        await note(self.connection, happening, self.now, tickets=tickets, said=lines[:MOST_LINES])
        terms = in_force(self.editions, self.now).terms
        clocks = {each.clock for each in told}
        to = dict.fromkeys(
            kpi.owners.provider for kpi in terms.kpis if kpi.owners and kpi.measure.clock in clocks
        )
        more = len(lines) - MOST_LINES
        rest = [f"And {more:,} more."] if more > 0 else []
        draft = Draft(
            Template.CLOCKS_AT_RISK,
            {"tickets": f"{tickets:,}", "reason": "\n".join([*lines[:MOST_LINES], *rest])},
            {},
            first,
            self.now,
        )
        await tell(self.connection, self.row.id, subject, told[0].key, to, draft)
        return bool(to)

    # --- KPIs

    async def _kpis(
        self, keys: list[str], evaluated: Mapping[str, datetime], earlier: Sequence[Result]
    ) -> bool:
        """Warn of budgets that are used up, and of promises that are about to be broken."""
        await watching.forget(self.connection, self.row.id, "kpi", keys)
        told = False
        for each in await self.provisional(keys, evaluated, earlier):
            if each.result.kpi.warn_at:
                told |= await self._warn_of(each.result)
        return told

    async def provisional(
        self, keys: Sequence[str], evaluated: Mapping[str, datetime], earlier: Sequence[Result]
    ) -> list[Measured]:
        """What the periods that have begun and are not yet evaluated would come to now."""
        found: list[Measured] = []
        for each in self._running(keys, evaluated):
            counted = await count(self.connection, self.row.id, [each])
            measured, _ = await measure(
                self.connection, self.row, self.timeline, [each], counted, earlier
            )
            found += measured
        return found

    def _running(self, keys: Sequence[str], evaluated: Mapping[str, datetime]) -> list[DuePeriod]:
        known_at = self.now + datetime.resolution
        found: list[DuePeriod] = []
        for key in keys:
            since = evaluated.get(key, self.row.live_from)
            for each in periods_of(self.timeline, key, since, self.row.ends_at):
                if each.period.start > self.now:
                    break
                found.append(DuePeriod(each.kpi, each.edition, each.period, known_at))
        return found

    async def _warn_of(self, result: Result) -> bool:
        """Tell both owners of one KPI's period what is new in it, in one notice."""
        said = {each.key: each.said for each in budget_warnings(result)}
        said |= {each.key: each.said for each in prospects(result) if each.outlook in ALARMING}
        keys = {f"kpi/{key}": text for key, text in said.items()}
        for key in await watching.given(self.connection, self.row.id, list(keys)):
            del keys[key]
        if not keys:
            return False
        await watching.give(self.connection, self.row.id, dict.fromkeys(keys, self.now), self.now)
        kpi = result.kpi
        subject = f"{self.row.id}/{kpi.key}/{result.period.key}"
        lines = list(keys.values())
        first = next(iter(keys))
        happening = Happening(self.row.id, Event.KPI_AT_RISK, subject, self.now, (first,))
        await note(self.connection, happening, self.now, reason=lines)
        draft = Draft(
            Template.KPI_AT_RISK,
            {
                "kpi": title_of(kpi),
                "period": result.period.key,
                "reason": "\n".join([*lines, *result.reason]),
            },
            {},
            self.now,
            self.now,
        )
        await tell(self.connection, self.row.id, subject, first, owners_of(kpi), draft)
        return True


def _worst(warnings: list[ClockWarning]) -> list[ClockWarning]:
    """Of several shares that one clock used up, the greatest; the soonest first."""
    worst: dict[tuple[str, str], ClockWarning] = {}
    for each in sorted(warnings, key=lambda each: each.share):
        worst[each.ticket, each.clock] = each
    return sorted(worst.values(), key=lambda each: (each.due_at is None, each.due_at, each.key))
