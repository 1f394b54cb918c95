"""The clocks on many tickets of which no events were told, reckoned together.

Without events nothing pauses, nothing is reopened, and no limit follows another: each clock has one
lap under one limit, and its figures are two questions to a calendar. They are asked for all
tickets at once; clocks for updates alone are left out. Equal in everything to `domain.clock.run`, to which tests hold it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from domain import open_arrays
from domain.clocks.choices import fits
from domain.clocks.closings import SILENT, agreed_closing
from domain.clocks.hours import Agreed, Basis, calendar_of
from domain.clocks.runs import ClockRun, ClockStatus, Stage, stopped
from domain.facts import Ticket
from domain.open_arrays import Whole
from domain.service_calendar import later
from domain.spans import SECONDS, Span
from domain.terms.calendars import Closing, Limits, Start, Stop, TicketClock


def plain_runs(
    clock: TicketClock, tickets: Iterable[Ticket], agreed: Agreed, now: datetime
) -> dict[str, ClockRun | None]:
    """The clock on each ticket, by id: None if it has no limit for it, or is not yet opened."""
    found: dict[str, ClockRun | None] = {}
    groups: dict[int, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        found[ticket.id] = None
        number = next(
            (n for n, each in enumerate(clock.limits) if fits(ticket.columns, each.where)), None
        )
        if number is not None and ticket.opened_at <= now:
            groups[number].append(ticket)
    for number, together in groups.items():
        for run in _runs(clock, clock.limits[number], together, agreed, now):
            found[run.ticket] = run
    return found


def _runs(
    clock: TicketClock, limits: Limits, tickets: Sequence[Ticket], agreed: Agreed, now: datetime
) -> Iterator[ClockRun]:
    basis = agreed.basis(clock, limits)
    ended = [_ended(clock, ticket, now) for ticket in tickets]
    stops = [stop for stop, _ in ended]
    until = [now if stop is None else stop for stop in stops]
    begun = _begun(clock, limits, tickets, agreed)
    starts, ends = open_arrays.microseconds(begun), open_arrays.microseconds(until)
    ran = open_arrays.elapsed(basis.hours, starts, open_arrays.later_of(starts, ends)).tolist()
    deadlines, budgets = _due(limits.within, begun, starts, basis, agreed)
    for ticket, (stop, closing), end, begins, micros, deadline, budget in zip(
        tickets, ended, until, begun, ran, deadlines, budgets, strict=True
    ):
        elapsed = Fraction(micros, 1_000_000)
        yield ClockRun(
            ticket=ticket.id,
            terms=clock,
            deadline=deadline,
            elapsed=elapsed,
            left=budget - elapsed,
            status=_status(stop, deadline, closing, now),
            opened_at=ticket.opened_at,
            since=ticket.opened_at,
            begun_at=begins,
            stopped_at=stop,
            until=end,
            pauses=(),
            stages=(Stage(ticket.opened_at, None, limits, basis),),
            zone=agreed.zone,
            closing=closing,
        )


def _due(
    within: Span, begun: Sequence[datetime], starts: Whole, basis: Basis, agreed: Agreed
) -> tuple[Sequence[datetime | None], Iterable[Fraction]]:
    """The deadlines of clocks that never pause, and the seconds that each may run.

    A length of days goes by the local clock, and is looked up; what of it counts differs.
    """
    hours = basis.hours
    if within.unit in SECONDS:
        seconds = within.amount * SECONDS[within.unit]
        ends = open_arrays.instants(open_arrays.add(hours, starts, seconds * 1_000_000))
        return ends, [Fraction(seconds)] * len(begun)
    due = [later(at, within, agreed.zone, hours) for at in begun]
    lengths = open_arrays.elapsed(hours, starts, open_arrays.microseconds(due)).tolist()
    return due, (Fraction(length, 1_000_000) for length in lengths)


def _ended(
    clock: TicketClock, ticket: Ticket, now: datetime
) -> tuple[datetime | None, Closing | None]:
    """When the clock stopped by what the ticket itself says, and what was agreed if by a closing."""
    answer, closed = _known(ANSWER[clock.stops](ticket), now), _known(ticket.closed_at, now)
    if closed is None or (answer is not None and answer <= closed):
        return _counted(answer, ticket), None
    closing = agreed_closing(clock, None, ticket.columns)
    match closing or SILENT[clock.stops]:
        case Closing.RUNS_ON:
            return _counted(answer, ticket), None
        case _:
            return _counted(closed, ticket), closing


def _known(at: datetime | None, now: datetime) -> datetime | None:
    """An instant as far as it is known."""
    return None if at is None or at > now else at


def _counted(at: datetime | None, ticket: Ticket) -> datetime | None:
    """Nothing happens to a ticket before its opening, but what was told earlier came earlier."""
    return None if at is None else max(at, ticket.opened_at)


ANSWER: Mapping[Stop, Callable[[Ticket], datetime | None]] = {
    Stop.RESPONSE: lambda ticket: ticket.responded_at,
    Stop.RESOLUTION: lambda ticket: ticket.resolved_at,
    Stop.CLOSURE: lambda _: None,
}
"""What a clock waits for, if not for the closing."""


def _begun(
    clock: TicketClock, limits: Limits, tickets: Sequence[Ticket], agreed: Agreed
) -> list[datetime]:
    """From when on each counts: the opening, or the first open hour."""
    opened = [ticket.opened_at for ticket in tickets]
    key = calendar_of(clock, limits)
    if clock.starts == Start.OPENED or key is None:
        return opened
    hours = open_arrays.next_open(agreed.calendars[key], open_arrays.microseconds(opened))
    found = open_arrays.instants(hours)
    return [since if at is None else at for at, since in zip(found, opened, strict=True)]


def _status(
    stop: datetime | None, deadline: datetime | None, closing: Closing | None, now: datetime
) -> ClockStatus:
    if stop is not None:
        return stopped(stop, deadline, closing)
    overdue = deadline is not None and now >= deadline
    return ClockStatus.MISSED if overdue else ClockStatus.RUNNING
