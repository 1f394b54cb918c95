"""The assessment of an agreement: every figure that its terms give for the facts that are known.

Pure: terms and facts in, values out. The live activities and `covenant assess` both call it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.charges import ChargeBook
from domain.clocks.every import Clocks
from domain.clocks.runs import ClockRun
from domain.dates import dates
from domain.facts import Fact, Ticket, TicketEvent
from domain.facts.book import FactBook, book
from domain.indexing import Indexed, indexation
from domain.performance import all_performances
from domain.periods import Period
from domain.points import judged
from domain.proposals import Proposal, proposals
from domain.remedies.ledger import ledger, settlement_credits, with_withholding
from domain.results import (
    Dated,
    Default,
    Fired,
    Line,
    Result,
    RightArisen,
    Total,
    Trouble,
)
from domain.schedule import DuePeriod, keys_of, periods_of
from domain.support import with_support
from domain.terms.calendars import Stop
from domain.terms.shape import Kind
from domain.timeline import Edition, Timeline, term_starts_at
from domain.triggers import fire
from domain.unused import unused


@dataclass(frozen=True, slots=True)
class Limits:
    """Which periods are told of, and as of when the facts are known; None leaves it open.

    What came before `since` is computed all the same: chains and windows reach back to it.
    """

    since: datetime | None = None
    until: datetime | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that the terms give, in the order of its instants."""

    agreement: str
    title: str
    digest: str
    zone: str
    currency: str | None
    since: datetime
    until: datetime
    known_at: datetime | None
    editions: tuple[Edition, ...]
    results: tuple[Result, ...]
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    fired: tuple[Fired, ...]
    rights: tuple[RightArisen, ...]
    clocks: tuple[ClockRun, ...]
    windows: tuple[DuePeriod, ...]
    dates: tuple[Dated, ...]
    indexed: tuple[Indexed, ...]
    proposals: tuple[Proposal, ...]
    defaults: tuple[Default, ...]
    troubles: tuple[Trouble, ...]


def assess(
    timeline: Timeline, facts: Iterable[Fact], limits: Limits, *, digest: str, clocks: bool = False
) -> Assessment:
    """Assess an agreement over all facts, as they were known at `limits.known_at`.

    FactBookError when facts contradict each other.
    """
    known = book(facts, limits.known_at)
    terms = timeline.latest
    starts_at = term_starts_at(timeline.editions[0].terms)
    windows = tuple(_windows(timeline, starts_at, _reach(timeline, known, limits)))
    performed = all_performances(timeline, known, starts_at, _ends(windows), limits.known_at)
    results = with_support(judged(performed.results, timeline))
    charges = ChargeBook(timeline, known.charges)
    account = ledger(timeline, results, charges, known.credits, known.events, limits.known_at)
    fired, rights, steps = fire(timeline, results, settlement_credits(account), known.events)
    account = with_withholding(account, fired)

    since = max(limits.since or starts_at, starts_at)
    until = limits.until or max(
        [since, *(due.period.end for due in windows), *(each.settles.end for each in account.lines)]
    )

    def shown(period: Period) -> bool:
        return period.start < until and period.end > since

    def within(at: datetime) -> bool:
        return since <= at and (limits.until is None or at <= limits.until)

    return Assessment(
        terms.agreement,
        terms.title,
        digest,
        terms.zone,
        charges.currency,
        since,
        until,
        limits.known_at,
        timeline.editions,
        tuple(each for each in _in_order(results) if shown(each.period)),
        tuple(each for each in account.lines if shown(each.settles)),
        tuple(each for each in account.totals if shown(each.period)),
        tuple(each for each in fired if within(each.fired_at)),
        tuple(each for each in rights if within(each.arises)),
        _clocks(timeline, known, limits.known_at or limits.until) if clocks else (),
        tuple(each for each in windows if shown(each.period)),
        tuple(
            sorted(
                {*dates(terms), *steps, *account.dates},
                key=lambda each: (each.at, each.key, each.rule),
            )
        ),
        tuple(indexation(terms, known.indices, charges)),
        proposals(timeline, results),
        tuple(
            dict.fromkeys(
                (
                    *_open(limits, until),
                    *performed.defaults,
                    *account.defaults,
                    *_unheeded(timeline, known),
                    *_closed(timeline, known),
                )
            )
        ),
        (*unused(timeline, known), *performed.troubles, *account.troubles),
    )


# --- which periods


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far periods go: those that begin before one instant and end by another."""

    begins_before: datetime
    ends_by: datetime


def _reach(timeline: Timeline, known: FactBook, limits: Limits) -> _Reach:
    """With a limit, what has ended by then; else as far as there are facts."""
    end = timeline.ends_at
    stated = [at for at in (limits.until, limits.known_at) if at is not None]
    if stated:
        return _Reach(end, min(*stated, end))
    return _Reach(min(_last_fact(timeline, known), end), end)


def _last_fact(timeline: Timeline, known: FactBook) -> datetime:
    """The last instant that what is measured tells of; charges and events tell it in their absence."""
    instants = [
        *(fact.opened_at for fact in known.tickets),
        *(fact.at for kind in (known.ticket_events, known.samples, known.surveys) for fact in kind),
    ]
    ends = [
        *(fact.end for kind in (known.intervals, known.outages, known.counts) for fact in kind),
        *(fact.end for fact in known.period_results),
    ]
    kpis = [kpi for edition in timeline.editions for kpi in edition.terms.kpis]
    if any(kpi.measure.kind is Kind.DELAY for kpi in kpis):
        instants += [fact.due or fact.at for fact in known.events]
    if not instants and not ends:
        instants = [fact.at for fact in known.events]
        ends = [fact.end for fact in known.charges]
    # An instant belongs to the period that it begins; the end of a stretch does not.
    return max(
        [*ends, *(at + timedelta(microseconds=1) for at in instants)],
        default=term_starts_at(timeline.latest),
    )


def _windows(timeline: Timeline, start: datetime, reach: _Reach) -> Iterator[DuePeriod]:
    """The whole periods of every KPI, with the instants at which facts for them are cut off."""
    for key in keys_of(timeline):
        for due in periods_of(timeline, key, start, timeline.ends_at):
            if due.period.start >= reach.begins_before or due.period.end > reach.ends_by:
                break
            yield due


def _ends(windows: Iterable[DuePeriod]) -> dict[str, datetime]:
    """Until when each KPI is measured; each at the end of one of its periods."""
    return {due.kpi.key: due.period.end for due in windows}


def _in_order(results: Iterable[Result]) -> list[Result]:
    """By KPI as the terms name them, then by dimension and period."""
    places: dict[str, int] = {}
    for result in results:
        places.setdefault(result.kpi.key, len(places))
    return sorted(results, key=lambda each: (places[each.kpi.key], each.dim, each.period.start))


def _open(limits: Limits, until: datetime) -> Iterator[Default]:
    if limits.until is None and limits.known_at is None:
        yield Default("to", f"assessed as far as facts reach: {until.isoformat()}")
    if limits.known_at is None:
        yield Default("known_at", "every fact is known")


# --- ticket clocks


def _clocks(timeline: Timeline, known: FactBook, known_at: datetime | None) -> tuple[ClockRun, ...]:
    """Every clock of every ticket, by the terms in force at its opening, as it stood at the end."""
    now = known_at or max(
        [
            *(fact.at for fact in known.ticket_events),
            *(at for fact in known.tickets for at in _instants(fact)),
        ],
        default=timeline.ends_at,
    )
    events: dict[str, list[TicketEvent]] = {}
    for event in known.ticket_events:
        events.setdefault(event.ticket, []).append(event)
    by_edition: dict[int, list[Ticket]] = {}
    for ticket in known.tickets:
        by_edition.setdefault(timeline.at(ticket.opened_at).number, []).append(ticket)
    runs: dict[str, list[ClockRun]] = {}
    for edition in timeline.editions:
        runs |= Clocks(edition.terms).on_each(by_edition.get(edition.number, ()), events, now)
    return tuple(run for ticket in known.tickets for run in runs[ticket.id])


def _unheeded(timeline: Timeline, known: FactBook) -> Iterator[Default]:
    """The changes of tickets that would matter to a clock, if anything were agreed for them."""
    told = {event.event for event in known.ticket_events}
    for edition in timeline.editions:
        for clock in edition.terms.clocks:
            columns = {column for limits in clock.limits for column in limits.where}
            for column in sorted(columns & told) if clock.on_change is None else ():
                assumed = f"a change of `{column}` changes no limit: the ticket's own columns count"
                yield Default(f"clocks.{clock.key}.on_change", assumed)


def _closed(timeline: Timeline, known: FactBook) -> Iterator[Default]:
    """That a closing is no answer, where tickets were closed unanswered and nothing is agreed."""
    answered = {event.ticket for event in known.ticket_events if event.event == "responded"}
    if not any(
        ticket.closed_at is not None and ticket.responded_at is None and ticket.id not in answered
        for ticket in known.tickets
    ):
        return
    for edition in timeline.editions:
        for clock in edition.terms.clocks:
            if clock.stops == Stop.RESPONSE and clock.on_close is None:
                assumed = "a ticket that is closed without a response still waits for one"
                yield Default(f"clocks.{clock.key}.on_close", assumed)


def _instants(ticket: Ticket) -> Iterator[datetime]:
    for at in (ticket.opened_at, ticket.responded_at, ticket.resolved_at, ticket.closed_at):
        if at is not None:
            yield at
