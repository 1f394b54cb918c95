"""Tickets, their events, and clocks on them, as tests write them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from domain.clock import run
from domain.clocks.runs import ClockRun
from domain.facts import Ticket, TicketEvent
from domain.opening_hours import compiled
from domain.service_calendar import ServiceCalendar
from domain.spans import parse_span
from domain.terms.calendars import Calendar, Limits, Stop, TicketClock
from domain.zones import zone_named

LONDON = zone_named("Europe/London")
BERLIN = zone_named("Europe/Berlin")

HOURS: Mapping[str, ServiceCalendar] = {
    key: compiled(Calendar.model_validate(terms), LONDON)
    for key, terms in {
        "office": {"hours": {"mon-fri": "08:00-17:00"}},
        "berlin-17": {"hours": {"mon-fri": "09:00-17:00"}, "zone": "Europe/Berlin"},
        "berlin-18": {"hours": {"mon-fri": "09:00-18:00"}, "zone": "Europe/Berlin"},
        "berlin-8": {"hours": {"mon-fri": "08:00-18:00"}, "zone": "Europe/Berlin"},
        "never": {"hours": {}},
        "closed-tuesday": {"hours": {"mon-fri": "08:00-17:00"}, "holidays": ("2026-11-03",)},
    }.items()
}
LATE = "2026-12-24T00:00"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(
    within: str = "4 h",
    calendar: str | None = None,
    stops: Stop = Stop.RESOLUTION,
    pauses: tuple[str, ...] = ("pending",),
    reopening_continues: bool = True,  # noqa: FBT001, FBT002
    clause: str | None = None,
) -> TicketClock:
    return TicketClock(
        key="fix",
        stops=stops,
        limits=(Limits(within=parse_span(within), clause=clause),),
        calendar=calendar,
        pauses=pauses,
        reopening_continues=reopening_continues,
    )


def ticket(opened: str = "2026-11-02T10:00", **at: str) -> Ticket:
    """The ticket `t1`: `resolved="2026-11-02T11:00"`."""
    times = {name: utc(text) for name, text in at.items()}
    return Ticket(
        "t1",
        utc(opened),
        responded_at=times.get("responded"),
        resolved_at=times.get("resolved"),
        closed_at=times.get("closed"),
    )


def event(at: str, said: str, actor: str = "agent", of: str = "t1", key: str = "") -> TicketEvent:
    """What was said: `state pending`, `reopened`."""
    name, _, value = said.partition(" ")
    return TicketEvent(
        id=key or f"{at}-{said}",
        ticket=of,
        at=utc(at),
        event=name,
        value=value or None,
        actor=actor,
        reason=None,
        columns={},
    )


def told(result: ClockRun, *names: str) -> tuple[object, ...]:
    return tuple(getattr(result, name) for name in names)


def ran(
    terms: TicketClock, of: Ticket, events: Sequence[TicketEvent] = (), now: str = LATE
) -> ClockRun:
    result = run(terms, of, events, HOURS, LONDON, utc(now))
    assert result is not None
    return result
