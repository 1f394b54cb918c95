"""When a clock rested: in which states of its ticket, for which reasons, through whom.

Each `state` event ends what the one before it began; one that an agreed rule fits begins a pause.
At the same instant what pauses goes before what resumes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from zoneinfo import ZoneInfo

from domain.clocks import Turn
from domain.facts import TicketEvent
from domain.spans import after
from domain.terms.calendars import PauseRule, TicketClock

STATE = "state"


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which a clock did not run; one that still lasts ends at the run's `until`."""

    start: datetime
    end: datetime | None
    why: str


def in_states(
    clock: TicketClock, told: Iterable[TicketEvent], zone: ZoneInfo, now: datetime
) -> Iterator[Pause]:
    """The stretches in agreed states, each from the event that tells of it to the next state."""
    states = [event for event in told if event.event == STATE]
    if not states or not clock.pauses:
        return
    rules = pause_rules(clock)
    changes = sorted(((event, _rule_of(rules, event)) for event in states), key=_turn)
    began: datetime | None = None
    last: PauseRule | None = None
    for (event, rule), following in zip_longest(changes, changes[1:]):
        end = None if following is None else following[0].at
        # A pause that goes on under the same rule is not a new one: `at_most` counts on.
        began = began if began is not None and rule is last else event.at
        last = rule
        if rule is not None:
            cap = None if rule.at_most is None else after(began, rule.at_most, zone)
            if cap is not None and (cap <= now if end is None else cap < end):
                end = cap
            if end is None or event.at < end:
                yield Pause(event.at, end, _why(event, rule))


def pause_rules(clock: TicketClock) -> tuple[PauseRule, ...]:
    """The rules of a clock; a state alone is one for any reason and through anybody."""
    return tuple(
        each if isinstance(each, PauseRule) else PauseRule(states=(each,)) for each in clock.pauses
    )


def _rule_of(rules: Sequence[PauseRule], event: TicketEvent) -> PauseRule | None:
    return next((rule for rule in rules if refused(rule, event) is None), None)


def refused(rule: PauseRule, event: TicketEvent) -> str | None:
    """Why an event does not pause under a rule; None when it does, empty when of another state."""
    if event.value not in rule.states:
        return ""
    if rule.reasons and event.reason not in rule.reasons:
        said = f"the reason `{event.reason}`" if event.reason else "no reason"
        return f"{said} is not among {_listed(rule.reasons)}"
    if rule.by and actor(event.actor) not in {actor(each) for each in rule.by}:
        return f"{event.actor} is not among {_listed(rule.by)}"
    return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def actor(name: str) -> str:
    """An actor's name as it is compared: without regard to case or blanks around."""
    return name.strip().lower()


def _turn(change: tuple[TicketEvent, PauseRule | None]) -> tuple[datetime, Turn, str, str]:
    event, rule = change
    turn = Turn.RESUMED if rule is None else Turn.PAUSED
    return event.at, turn, event.value or "", event.id


def _why(event: TicketEvent, rule: PauseRule) -> str:
    said = f"state `{event.value}`"
    if event.reason:
        said += f", reason `{event.reason}`"
    if rule.by:
        said += f", through {event.actor}"
    return said if rule.at_most is None else f"{said}, at most {rule.at_most}"


def as_of(pauses: Iterable[Pause], at: datetime) -> Iterator[Pause]:
    """The pauses as they were known before an instant."""
    for pause in pauses:
        if pause.start < at:
            lasts = pause.end is None or pause.end > at
            yield replace(pause, end=None) if lasts else pause


def disjoint(pauses: Iterable[Pause], since: datetime, stopped: datetime | None) -> Iterator[Pause]:
    """The pauses from a beginning to the stop, in order, each after the end of the one before."""
    reached = since
    for pause in sorted(pauses, key=lambda pause: (pause.start, pause.why)):
        start = max(pause.start, reached)
        end = min(filter(None, (pause.end, stopped)), default=None)
        if end is None:
            yield Pause(start, None, pause.why)
            return
        if start < end:
            yield Pause(start, end, pause.why)
            reached = end
