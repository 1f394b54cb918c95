"""The clock of a ticket against a walk through its history, minute by minute.

The walk knows nothing of calendars compiled, of phases or of legs: it looks at each minute, asks
whether the office is open by the local clock, whether the ticket waits or is closed, and which
limit fits, and counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import run
from domain.facts import Ticket, TicketEvent
from domain.terms.calendars import Policy, TicketClock
from tests.domain.ticking import HOURS, LONDON, event, utc

OPENED = utc("2026-10-23T14:00")
"""A Friday in London; in the second night after it the clocks go back."""

MINUTE = timedelta(minutes=1)
LIMITS = {"p1": ("5 h", 300, "office"), "p2": ("3 h", 180, None)}
ORDER = {"resolved": 1, "closed": 1, "reopened": 2, "priority": 3, "state": 4}


@dataclass(frozen=True)
class Moment:
    """One minute that passed: which limit fitted, whether the ticket waited or was closed."""

    at: datetime
    priority: str
    rests: bool

    def counts_under(self, priority: str) -> bool:
        """Whether the minute counts, by the hours of a limit."""
        local = self.at.astimezone(LONDON)
        is_open = local.weekday() < 5 and 8 <= local.hour < 17
        return not self.rests and (LIMITS[priority][2] is None or is_open)


@dataclass
class Walk:
    """What the walk found: the minutes until the stop or now, and the last change of the limit."""

    minutes: list[Moment]
    stopped: datetime | None
    changed: datetime

    @property
    def priority(self) -> str:
        return self.minutes[-1].priority if self.minutes else ""


def walked(first: str, events: Sequence[TicketEvent], now: datetime, reopened: Policy) -> Walk:
    at, priority, waits, closed = OPENED, first, False, None
    minutes: list[Moment] = []
    changes = [OPENED]
    while True:
        for each in _in_turn(events, at):
            match each.event:
                case "resolved" | "closed" if closed is None and each.actor != "system":
                    closed = at
                case "reopened" if closed is not None:
                    closed = None
                case "priority" if each.value != priority:
                    priority = str(each.value)
                    changes.append(at)
                case "state":
                    waits = each.value == "pending"
                case _:
                    pass
        if at >= now:
            break
        idle = closed is not None and reopened == Policy.CARRY
        minutes.append(Moment(at, priority, waits or idle))
        at += MINUTE
    if closed is not None:
        minutes = [each for each in minutes if each.at < closed]
    changed = max(each for each in changes if closed is None or each <= OPENED or each < closed)
    return Walk(minutes, closed, changed)


def _in_turn(events: Sequence[TicketEvent], at: datetime) -> Iterator[TicketEvent]:
    now = [each for each in events if each.at == at]
    return iter(sorted(now, key=lambda each: (ORDER[each.event], each.value != "pending", each.id)))


def clock(on_change: Policy | None, on_reopen: Policy) -> TicketClock:
    limits = [
        {"where": {"priority": key}, "within": within, "calendar": calendar}
        for key, (within, _, calendar) in LIMITS.items()
    ]
    return TicketClock.model_validate(
        {
            "key": "fix",
            "stops": "resolution",
            "limits": limits,
            "pauses": ["pending"],
            "on_change": on_change,
            "on_reopen": on_reopen,
        }
    )


SAID = (
    "state pending",
    "state open",
    "resolved",
    "closed",
    "reopened",
    "priority p1",
    "priority p2",
)
LENGTH = 70 * 60
"""Until Monday noon."""

instants = st.integers(0, LENGTH // 10).map(lambda ten: OPENED + ten * 10 * MINUTE)
histories = st.lists(
    st.builds(
        lambda at, said, actor: event(at.isoformat()[:16], said, actor),
        instants,
        st.sampled_from(SAID),
        st.sampled_from(["agent", "agent", "system"]),
    ),
    max_size=7,
    unique_by=lambda each: each.id,
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["p1", "p2"]),
    histories,
    instants,
    st.sampled_from([None, *Policy]),
    st.sampled_from([Policy.CARRY, Policy.RETROACTIVE]),
)
def test_what_a_clock_counts_is_what_a_walk_counts(
    first: str,
    events: list[TicketEvent],
    now: datetime,
    on_change: Policy | None,
    on_reopen: Policy,
) -> None:
    heeded = [each for each in events if on_change is not None or each.event != "priority"]
    walk = walked(first, heeded, now, on_reopen)
    of = Ticket("t1", OPENED, columns={"priority": first})

    result = run(clock(on_change, on_reopen), of, events, HOURS, LONDON, now)

    assert result is not None
    assert result.stopped_at == walk.stopped
    if not walk.minutes:
        assert result.elapsed == 0
        return
    last = walk.priority
    counted = [
        minute.at
        for minute in walk.minutes
        if minute.counts_under(minute.priority if on_change == Policy.CARRY else last)
        and (on_change != Policy.RESTART or minute.at >= walk.changed)
    ]
    if result.limits.where == {"priority": last}:
        assert result.elapsed == 60 * len(counted)
        budget = LIMITS[last][1]
        if on_change != Policy.CARRY and len(counted) >= budget:
            assert result.deadline == counted[budget - 1] + MINUTE
