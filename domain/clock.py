"""The clocks that run on tickets: how long one ran, until when it may, and how it ended.

`domain.clocks` has the parts: which limit fits and when, what stops it, what pauses it. Here they
are reckoned together. The deadline moves by what each pause takes of the time that counts, if it
starts before the deadline; while a clock is paused there is none. Nothing is stored: at every
instant all follows from the terms and the facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.clocks.choices import choices
from domain.clocks.hours import Agreed, added, due
from domain.clocks.laps import laps
from domain.clocks.legs import Leg, legs
from domain.clocks.pauses import Pause, as_of, disjoint, in_states
from domain.clocks.runs import ClockRun, ClockStatus, Stage, length_text, stopped
from domain.clocks.segments import Segment, SegmentKind
from domain.facts import Ticket, TicketEvent
from domain.service_calendar import ServiceCalendar
from domain.terms.calendars import TicketClock

__all__ = ["ClockRun", "ClockStatus", "Segment", "SegmentKind", "length_text", "run"]


def run(
    clock: TicketClock,
    ticket: Ticket,
    events: Iterable[TicketEvent],
    hours: Mapping[str, ServiceCalendar],
    zone: ZoneInfo,
    now: datetime,
    working: ServiceCalendar | None = None,
) -> ClockRun | None:
    """The clock on a ticket as it stands now; None if it never had a limit for it, or not yet.

    What happened after `now` is unknown. `hours` are the compiled calendars by key; `working` has
    the working days of a clock without a calendar, None is Monday to Friday.
    """
    if now < ticket.opened_at:
        return None
    agreed = Agreed(hours, zone, working)
    told = tuple(event for event in events if event.ticket == ticket.id and event.at <= now)
    chosen = choices(clock, ticket, told)
    rests = list(in_states(clock, told, zone, now))
    found: list[ClockRun] = []
    for lap in laps(clock, ticket, told, now):
        for leg in legs(lap, chosen, clock.on_change, now):
            found.append(_reckoned(_Case(clock, ticket, told, rests, agreed), leg, tuple(found)))
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class _Case:
    """A ticket and a clock, with all that is known of both."""

    clock: TicketClock
    ticket: Ticket
    told: tuple[TicketEvent, ...]
    rests: Sequence[Pause]
    agreed: Agreed


def _reckoned(case: _Case, leg: Leg, earlier: tuple[ClockRun, ...]) -> ClockRun:
    clock, agreed, lap = case.clock, case.agreed, leg.lap
    stages = tuple(
        Stage(each.start, each.end, each.limits, agreed.basis(clock, each.limits), each.why)
        for each in leg.phases
    )
    begun = agreed.begins(clock, leg.phases[0].limits, lap.since)
    known = [*case.rests, *lap.idle]
    if leg.superseded is not None:
        known = list(as_of(known, lap.until))
    pauses = tuple(disjoint(known, min(begun, lap.until), lap.stop))
    elapsed = _elapsed(stages, pauses, begun, lap.until)
    deadline, within = _deadline(stages, pauses, begun, agreed)
    return ClockRun(
        ticket=case.ticket.id,
        terms=clock,
        deadline=deadline,
        elapsed=elapsed,
        left=within - elapsed,
        status=_status(leg, deadline, pauses),
        opened_at=case.ticket.opened_at,
        since=lap.since,
        begun_at=begun,
        stopped_at=lap.stop,
        until=lap.until,
        pauses=pauses,
        stages=stages,
        zone=agreed.zone,
        why=lap.why,
        superseded=leg.superseded,
        counts=leg.counts,
        closing=lap.closing,
        earlier=earlier,
        told=case.told,
    )


def _elapsed(
    stages: Iterable[Stage], pauses: Sequence[Pause], begun: datetime, until: datetime
) -> Fraction:
    """What counted of each stage, less the pauses in it."""
    total = Fraction(0)
    for stage in stages:
        start, end = max(stage.start, begun), min(stage.end or until, until)
        if start < end:
            total += stage.basis.hours.elapsed(start, end)
            for pause in pauses:
                low, high = max(pause.start, start), min(pause.end or end, end)
                if low < high:
                    total -= stage.basis.hours.elapsed(low, high)
    return total


def _deadline(
    stages: Sequence[Stage], pauses: Sequence[Pause], begun: datetime, agreed: Agreed
) -> tuple[datetime | None, Fraction]:
    """Until when the last stage's limit allows, and the seconds that it allows in all.

    A limit that was used up before it came to count is due when it came.
    """
    last = stages[-1]
    hours = last.basis.hours
    at, within = due(last.limits.within, begun, hours, agreed.zone)
    if len(stages) > 1:
        used = _elapsed(stages[:-1], pauses, begun, last.start)
        at = last.start if used >= within else added(hours, last.start, within - used)
    for pause in pauses:
        start = max(pause.start, last.start)
        if at is None or start >= at:
            return at, within
        if pause.end is None:
            return None, within
        if start < pause.end:
            at = added(hours, at, hours.elapsed(start, pause.end))
    return at, within


def _status(leg: Leg, deadline: datetime | None, pauses: Iterable[Pause]) -> ClockStatus:
    lap = leg.lap
    if lap.stop is not None:
        return stopped(lap.stop, deadline, lap.closing)
    if deadline is not None and lap.until >= deadline:
        return ClockStatus.MISSED
    if leg.superseded is not None:
        return ClockStatus.SUPERSEDED
    paused = any(pause.end is None for pause in pauses)
    return ClockStatus.PAUSED if paused else ClockStatus.RUNNING
