"""What befell a ticket and did not count for a clock, and why: for whoever asks."""

from collections.abc import Iterable, Iterator

from domain.clocks.laps import ANSWERS
from domain.clocks.pauses import STATE, actor, pause_rules, refused
from domain.facts import TicketEvent
from domain.terms.calendars import Stop, TicketClock


def ignored(clock: TicketClock, told: Iterable[TicketEvent]) -> Iterator[tuple[TicketEvent, str]]:
    """The events that a reader might expect to count, in order, each with the reason."""
    for event in sorted(told, key=lambda event: (event.at, event.id)):
        why = _why_no_answer(clock, event) or _why_no_pause(clock, event)
        if why is None and clock.on_change is None and _would_change(clock, event):
            why = "nothing is agreed for a change, so that the ticket's own columns count"
        if why is not None:
            yield event, why


def _why_no_answer(clock: TicketClock, event: TicketEvent) -> str | None:
    answers = ANSWERS.get(clock.stops) or frozenset(clock.updates)
    ends = {"closed"} if clock.stops == Stop.RESOLUTION else {"resolved", "closed"}
    if clock.stops == Stop.CLOSURE or (clock.stops == Stop.RESPONSE and clock.on_close is None):
        ends = set()
    if event.event not in answers | ends:
        return None
    if actor(event.actor) in {actor(each) for each in clock.robots}:
        return "a robot's deed never stops a clock"
    people = {actor(each) for each in clock.answered_by}
    if event.event in answers and people and actor(event.actor) not in people:
        return f"only {' or '.join(f'`{each}`' for each in clock.answered_by)} stops it"
    return None


def _why_no_pause(clock: TicketClock, event: TicketEvent) -> str | None:
    if event.event != STATE:
        return None
    said = [refused(rule, event) for rule in pause_rules(clock)]
    if None in said:
        return None
    return next((f"it did not pause: {why}" for why in said if why), None)


def _would_change(clock: TicketClock, event: TicketEvent) -> bool:
    return any(event.event in limits.where for limits in clock.limits)
