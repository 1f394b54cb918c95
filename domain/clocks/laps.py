"""From when to when a clock was asked to run: its laps.

A clock stops:

- of a response, at the first response;
- of a resolution, when the ticket is resolved, or closed without having been resolved;
- of a closure, when the ticket is closed;
- of an update, at each update, to begin anew until the ticket is resolved or closed.

A robot never stops a clock. Where the terms name actors, only theirs is the response, resolution,
closure or update that counts; a ticket may be closed by anybody else. What a closing means while a
clock still waits can be agreed (`domain.clocks.closings`).

A `reopened` event undoes a resolution or closure, so that the last one that stands counts; until
then a further resolution or closure changes nothing. What happens at the same instant counts in
the order of `domain.clocks.Turn`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from domain.clocks import Turn
from domain.clocks.closings import agreed_closing
from domain.clocks.pauses import Pause, actor
from domain.facts import Ticket, TicketEvent
from domain.terms.calendars import Closing, Policy, Stop, TicketClock

ENDS = {
    Stop.RESPONSE: frozenset({"closed"}),
    Stop.RESOLUTION: frozenset({"resolved", "closed"}),
    Stop.CLOSURE: frozenset({"closed"}),
    Stop.UPDATE: frozenset({"resolved", "closed"}),
}
"""The events that end the work on a ticket until it is reopened."""

ANSWERS = {
    Stop.RESPONSE: frozenset({"responded"}),
    Stop.RESOLUTION: frozenset({"resolved"}),
    Stop.CLOSURE: frozenset({"closed"}),
}
"""The events that count only through those who may answer; of an update the terms name them."""


@dataclass(frozen=True, slots=True)
class Lap:
    """A stretch for which a clock was set: until its stop, its replacement by the next, or now.

    `idle` are stretches in it between an end of work and the reopening. `replaced` says why a lap
    that never stopped ended all the same. `closing` is what was agreed where the ticket was closed
    before what the clock waited for; then `stop` is the closing.
    """

    since: datetime
    stop: datetime | None
    until: datetime
    idle: tuple[Pause, ...] = ()
    why: str = "the opening"
    replaced: str | None = None
    closing: Closing | None = None


def laps(
    clock: TicketClock, ticket: Ticket, told: Sequence[TicketEvent], now: datetime
) -> list[Lap]:
    """The laps of a clock on a ticket, in order; there is at least one."""
    turns = _Turns(clock, ticket, told, now)
    works = _works(turns, ticket.opened_at)
    if clock.stops == Stop.UPDATE:
        return list(_updates(turns, works, now))
    policy = clock.on_reopen or (Policy.CARRY if clock.reopening_continues else Policy.RETROACTIVE)
    if policy == Policy.RESTART:
        return list(_anew(turns, works, now))
    idle = [
        Pause(one.end, other.start, "finished, until it was reopened")
        for one, other in pairwise(works)
        if one.end is not None
    ]
    answer = min(turns.answers(), default=None) if turns.is_response else None
    stop, closing = turns.ended(works[-1], answer)
    stop = None if stop is None else max(stop, ticket.opened_at)
    kept = tuple(idle) if policy == Policy.CARRY else ()
    return [Lap(ticket.opened_at, stop, stop or now, kept, closing=closing)]


@dataclass(frozen=True, slots=True)
class _Work:
    """From the opening or a reopening to the end of the work, if it has ended, and the reopening.

    `told_at` is the end as it was told, which may be before the opening.
    """

    start: datetime
    end: datetime | None = None
    told_at: datetime | None = None
    reopened_at: datetime | None = None
    is_first: bool = False

    def has(self, at: datetime) -> bool:
        """Whether something happened in it or after its end: after a reopening, before the next."""
        return (self.is_first or self.start < at) and (
            self.reopened_at is None or at <= self.reopened_at
        )


class _Turns:
    """What is known of a ticket, as far as it counts for a clock."""

    def __init__(
        self, clock: TicketClock, ticket: Ticket, told: Iterable[TicketEvent], now: datetime
    ) -> None:
        self._clock = clock
        self._columns = ticket.columns
        self._robots = frozenset(map(actor, clock.robots))
        self._people = frozenset(map(actor, clock.answered_by))
        self._answers = ANSWERS.get(clock.stops) or frozenset(clock.updates)
        self.told = told
        own = {
            "responded": ticket.responded_at,
            "resolved": ticket.resolved_at,
            "closed": ticket.closed_at,
        }
        self._own = {name: at for name, at in own.items() if at is not None and at <= now}

    @property
    def is_response(self) -> bool:
        """Whether it is the first response that stops the clock."""
        return self._clock.stops == Stop.RESPONSE

    def answers(self) -> set[datetime]:
        """When somebody who may answered, closed or not."""
        return set().union(*(self._instants(name) for name in self._answers))

    def ends(self) -> set[datetime]:
        """When work ended."""
        return set().union(*(self._instants(name) for name in ENDS[self._clock.stops]))

    def ended(
        self, work: _Work, answer: datetime | None = None
    ) -> tuple[datetime | None, Closing | None]:
        """When the clock stopped in a stretch of work, and what was agreed if by a closing.

        `answer` is the response, if there was one: a closing before it counts as agreed.
        """
        own = answer if self.is_response else work.end
        at = self._closed_at(work)
        if at is None or (answer is not None and answer <= at) or at in self._done():
            return own, None
        closing = self._closings()[at]
        if closing is None:
            return own, None
        if closing == Closing.RUNS_ON:
            later = (
                max(each, work.start) for each in self.answers() if at < each and work.has(each)
            )
            return answer or min(later, default=None), None
        return max(at, work.start), closing

    def _closed_at(self, work: _Work) -> datetime | None:
        """When the work was closed by people, if that can matter: a robot's closing never does."""
        if self._clock.on_close is None:
            return None
        closed = self._closings()
        if self.is_response:
            return min(filter(work.has, closed), default=None)
        return work.told_at if work.told_at in closed else None

    def _done(self) -> set[datetime]:
        """When something else than a closing ended what the clock waits for."""
        updates = self.answers() if self._clock.stops == Stop.UPDATE else set()
        others = ENDS[self._clock.stops] - {"closed"}
        return updates.union(*(self._instants(name) for name in others))

    def _closings(self) -> dict[datetime, Closing | None]:
        """When people closed the ticket, and what was agreed of that; of several the last id counts."""
        events = [event for event in self.told if event.event == "closed"]
        found: dict[datetime, Closing | None] = {}
        for event in sorted(events, key=lambda event: event.id):
            if actor(event.actor) not in self._robots:
                columns = {**self._columns, **event.columns}
                found[event.at] = agreed_closing(self._clock, event.reason, columns)
        own = self._own.get("closed")
        if own is not None and all(event.at != own for event in events):
            found[own] = agreed_closing(self._clock, None, self._columns)
        return found

    def _instants(self, name: str) -> set[datetime]:
        """When such a thing happened that counts. The ticket's own is an event's if both agree."""
        events = [event for event in self.told if event.event == name]
        found = {event.at for event in events if self._counts(event)}
        own = self._own.get(name)
        if own is not None and all(event.at != own for event in events):
            found.add(own)
        return found

    def _counts(self, event: TicketEvent) -> bool:
        by = actor(event.actor)
        if event.event in self._answers:
            return by not in self._robots and (not self._people or by in self._people)
        return by not in self._robots or self.is_response


def _works(turns: _Turns, opened: datetime) -> list[_Work]:
    order = [(at, Turn.STOPPED) for at in turns.ends()]
    order += [(event.at, Turn.REOPENED) for event in turns.told if event.event == "reopened"]
    works = [_Work(opened, is_first=True)]
    for at, turn in sorted(order):
        last = works[-1]
        if turn == Turn.STOPPED and last.end is None:
            works[-1] = replace(last, end=max(at, last.start), told_at=at)
        elif turn == Turn.REOPENED and last.end is not None:
            again = max(at, opened)
            works[-1] = replace(last, reopened_at=again)
            works.append(_Work(again))
    return works


def _anew(turns: _Turns, works: Sequence[_Work], now: datetime) -> Iterator[Lap]:
    """A lap for each stretch of work, each with its own stop."""
    answers = sorted(turns.answers()) if turns.is_response else []
    for work in works:
        answer = next(filter(work.has, answers), None)
        stop, closing = turns.ended(work, answer)
        stop = None if stop is None else max(stop, work.start)
        why = "the opening" if work.is_first else "the reopening"
        unanswered = stop is None and work.reopened_at is not None
        replaced = "the ticket was reopened" if unanswered else None
        until = stop or work.reopened_at or now
        yield Lap(work.start, stop, until, why=why, replaced=replaced, closing=closing)


def _updates(turns: _Turns, works: Sequence[_Work], now: datetime) -> Iterator[Lap]:
    """A lap from each update to the next, or to the end of the work."""
    updates = sorted(turns.answers())
    for work in works:
        end, closing = turns.ended(work)
        inside = [at for at in updates if work.start < at and (end is None or at < end)]
        since, why = work.start, "the opening" if work.is_first else "the reopening"
        for at in inside:
            yield Lap(since, at, at, why=why)
            since, why = at, "the update"
        yield Lap(since, end, end or now, why=why, closing=closing)
