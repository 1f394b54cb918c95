"""Which limit of a clock fits a ticket, and from when on.

The columns of a ticket are those of its opening. An event that is named like a column changes it:
`priority` with the value `high`. Where a ticket is handed over with its last columns, the event
says in a column `from` what it was before. Without a policy for changes only the ticket's own
columns count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from domain.facts import Ticket, TicketEvent
from domain.terms.calendars import Limits, TicketClock
from domain.terms.measures import Where


@dataclass(frozen=True, slots=True)
class Choice:
    """The limit that fits from an instant on, None when there is none; and what brought it about."""

    at: datetime
    limits: Limits | None
    why: str = ""


def choices(clock: TicketClock, ticket: Ticket, told: Iterable[TicketEvent]) -> list[Choice]:
    """The limits that fit a ticket one after the other, the first from its opening on."""
    columns = dict(ticket.columns)
    if clock.on_change is None:
        return [Choice(ticket.opened_at, _fitting(clock, columns))]
    watched = {column for limits in clock.limits for column in limits.where}
    changes = sorted(
        (event for event in told if event.event in watched),
        key=lambda event: (event.at, event.event, event.id),
    )
    for event in reversed(changes):
        if "from" in event.columns:
            columns[event.event] = event.columns["from"]
    for event in changes:
        if event.at <= ticket.opened_at:
            columns[event.event] = event.value or ""
    found = [Choice(ticket.opened_at, _fitting(clock, columns))]
    for at, together in groupby(changes, key=lambda event: event.at):
        if at <= ticket.opened_at:
            continue
        said = []
        for event in together:
            columns[event.event] = event.value or ""
            said.append(f"`{event.event}` became `{event.value or ''}` through {event.actor}")
        limits = _fitting(clock, columns)
        if limits is not found[-1].limits:
            found.append(Choice(at, limits, " and ".join(said)))
    return found


def _fitting(clock: TicketClock, columns: Mapping[str, str]) -> Limits | None:
    return next((each for each in clock.limits if fits(columns, each.where)), None)


def fits(columns: Mapping[str, str], where: Where) -> bool:
    """Whether the columns have the values that are asked for."""
    return all(
        columns.get(column) in ((values,) if isinstance(values, str) else values)
        for column, values in where.items()
    )
