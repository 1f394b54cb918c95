"""What happened to a ticket, as far as its clocks care: when work stopped, and when it paused.

A clock stops:

- of a response, at the first response; one by a robot (`system`, `robot`) never counts;
- of a resolution, when the ticket is resolved, or closed without having been resolved;
- of a closure, when the ticket is closed.

A `reopened` event undoes a resolution or closure, so that the last one that stands counts; until
then a further resolution or closure changes nothing. A clock may pause from such an end to the
reopening, and while the last `state` event names a state in which it pauses. At the same instant a
stop goes before a reopening, and a state in which it pauses before one in which it runs.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from domain.facts import Ticket, TicketEvent
from domain.terms.calendars import Stop

ROBOTS = frozenset({"system", "robot"})
"""Actors that cannot respond."""

ENDS = {
    Stop.RESPONSE: frozenset({"closed"}),
    Stop.RESOLUTION: frozenset({"resolved", "closed"}),
    Stop.CLOSURE: frozenset({"closed"}),
}
"""The events that end the work on a ticket until it is reopened."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which a clock did not run; one that still lasts ends at the run's `until`."""

    start: datetime
    end: datetime | None
    why: str


def stop_of(
    stops: Stop, ticket: Ticket, told: Iterable[TicketEvent], now: datetime
) -> tuple[list[Pause], datetime | None]:
    """The stretches from an end of work to its reopening, and the instant of the stop, if any."""
    told = list(told)
    own = {
        "responded": ticket.responded_at,
        "resolved": ticket.resolved_at,
        "closed": ticket.closed_at,
    }
    known = {name: at for name, at in own.items() if at is not None and at <= now}
    ends = ENDS[stops]
    turns = {(at, False) for name, at in known.items() if name in ends}
    turns |= {(event.at, False) for event in told if event.event in ends}
    turns |= {(event.at, True) for event in told if event.event == "reopened"}
    idle: list[Pause] = []
    ended: datetime | None = None
    for at, reopened in sorted(turns):
        if reopened and ended is not None:
            idle.append(Pause(ended, at, "finished, until it was reopened"))
        ended = None if reopened else ended or at
    if stops == Stop.RESPONSE:
        ended = _response(known.get("responded"), told)
    return idle, None if ended is None else max(ended, ticket.opened_at)


def _response(own: datetime | None, told: Iterable[TicketEvent]) -> datetime | None:
    """The first response by a person. The ticket's own is a robot's if a robot's is as late."""
    people: set[datetime] = set()
    robots: set[datetime] = set()
    for event in told:
        if event.event == "responded":
            robotic = event.actor.strip().lower() in ROBOTS
            (robots if robotic else people).add(event.at)
    if own is not None and own not in robots:
        people.add(own)
    return min(people, default=None)


def in_states(states: Collection[str], told: Iterable[TicketEvent]) -> Iterator[Pause]:
    """The stretches in such states: each from the event that tells of it to the next state."""
    changes = sorted(
        (event for event in told if event.event == "state"),
        key=lambda event: (event.at, event.value not in states, event.value or "", event.id),
    )
    ends = [change.at for change in changes[1:]]
    for change, end in zip_longest(changes, ends):
        if change.value in states:
            yield Pause(change.at, end, f"state `{change.value}`")


def disjoint(
    pauses: Iterable[Pause], opened: datetime, stopped: datetime | None
) -> Iterator[Pause]:
    """The pauses from the opening to the stop, in order, each after the end of the one before."""
    reached = opened
    for pause in sorted(pauses, key=lambda pause: (pause.start, pause.why)):
        start = max(pause.start, reached)
        end = min(filter(None, (pause.end, stopped)), default=None)
        if end is None:
            yield Pause(start, None, pause.why)
            return
        if start < end:
            yield Pause(start, end, pause.why)
            reached = end
