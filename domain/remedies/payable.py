"""What is payable of a credit, and when: claimed in time, not lapsed, at once or with the last invoice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.charges import ChargeBook
from domain.facts import EventFact
from domain.periods import Period
from domain.remedies.lines import Open
from domain.service_calendar import ServiceCalendar, later
from domain.terms.remedies import Claim, Remedy

TERMINATION = "termination"
"""The type of the event that ends an agreement before its term."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What is known of claims and of termination, and as of when."""

    events: tuple[EventFact, ...]
    known_at: datetime | None
    working_days: ServiceCalendar | None

    @property
    def terminated_at(self) -> datetime | None:
        """The first event of a termination."""
        return min((each.at for each in self.events if each.type == TERMINATION), default=None)


def not_payable(credit: Open, settlement: Period, book: ChargeBook, known: Lifecycle) -> str | None:
    """Why nothing is payable of a credit that is owed; None when it is payable."""
    remedy = credit.remedy
    if remedy is None:
        return None
    if remedy.claim is not None:
        why = _unclaimed(credit, remedy.claim, settlement, book, known)
        if why is not None:
            return why
    return _lapsed(remedy, settlement, book, known) if remedy.lapses_on_termination else None


def _unclaimed(
    credit: Open, claim: Claim, settlement: Period, book: ChargeBook, known: Lifecycle
) -> str | None:
    """A claim says by its `ref` what it claims: a settlement period, remedy, KPI or line; or all.

    It may be made as soon as the settlement period has begun.
    """
    until = later(settlement.end, claim.within, book.zone, known.working_days)
    line = credit.line
    named = {settlement.key, line.remedy, f"{line.remedy}/{settlement.key}", line.id, line.kpi}
    made = (
        each
        for each in known.events
        if each.type == claim.event
        and settlement.start <= each.at < until
        and (not each.ref or each.ref in named)
    )
    if any(True for _ in made):
        return None
    when = f"{until.astimezone(book.zone):%Y-%m-%d %H:%M}"
    if known.known_at is not None and known.known_at < until:
        return f"`{line.remedy}` is not yet claimed; it can be before {when}"
    return f"`{line.remedy}` was not claimed before {when}"


def _lapsed(remedy: Remedy, settlement: Period, book: ChargeBook, known: Lifecycle) -> str | None:
    """It lapses if the agreement is terminated before the invoice that would have had it."""
    ended = known.terminated_at
    paid_at = settlement.end if remedy.paid == "next_invoice" else book.ends_at
    if ended is None or ended > paid_at:
        return None
    day = f"{ended.astimezone(book.zone):%Y-%m-%d}"
    return f"`{remedy.key}` lapsed: the agreement was terminated on {day}"


def last_settlement(credit: Open, settlement: Period, book: ChargeBook, known: Lifecycle) -> Period:
    """The settlement period with whose invoice a credit is paid: its own, or the last of the term.

    The last is that in which the term ends, or an earlier termination. What is settled after it is
    paid with its own.
    """
    if credit.remedy is None or credit.remedy.paid == "next_invoice":
        return settlement
    last = book.settlement_of(min(book.ends_at, known.terminated_at or book.ends_at))
    return max(settlement, last, key=lambda each: each.start)


def reasons(found: Iterable[str]) -> tuple[str, ...]:
    """Each reason once, as a sentence."""
    return tuple(f"{each}: nothing of it is payable." for each in dict.fromkeys(found))
