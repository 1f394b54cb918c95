"""All facts of an agreement as they are known at an instant, corrected ones left out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from domain.facts import (
    ChargeFact,
    CountFact,
    CreditFact,
    EventFact,
    Fact,
    FactKind,
    IndexFact,
    Interval,
    Outage,
    PeriodResult,
    ReliefFact,
    Sample,
    Survey,
    Ticket,
    TicketEvent,
)
from domain.facts.versions import Claim, Step, Versions, told


@dataclass(frozen=True, slots=True)
class FactBook:
    """The facts by kind, in the order of their instants and then of their ids.

    A ticket stands at its opening, what lasted at its start, an index at its publication.
    """

    tickets: tuple[Ticket, ...] = ()
    ticket_events: tuple[TicketEvent, ...] = ()
    samples: tuple[Sample, ...] = ()
    intervals: tuple[Interval, ...] = ()
    outages: tuple[Outage, ...] = ()
    surveys: tuple[Survey, ...] = ()
    counts: tuple[CountFact, ...] = ()
    charges: tuple[ChargeFact, ...] = ()
    period_results: tuple[PeriodResult, ...] = ()
    credits: tuple[CreditFact, ...] = ()
    events: tuple[EventFact, ...] = ()
    indices: tuple[IndexFact, ...] = ()
    reliefs: tuple[ReliefFact, ...] = ()


class FactBookError(ValueError):
    """Facts that contradict each other; `problems` says which, one each."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class _Shelf(NamedTuple):
    """Where facts of a type stand in the book, by which instant, and from when they are known."""

    kind: FactKind
    name: str
    at: str
    known_from: Callable[[Any], datetime]


def _decided(relief: ReliefFact) -> datetime:
    return relief.decided_at or relief.end


SHELVES: dict[type[Fact], _Shelf] = {
    Ticket: _Shelf(FactKind.TICKET, "tickets", "opened_at", attrgetter("opened_at")),
    TicketEvent: _Shelf(FactKind.TICKET_EVENT, "ticket_events", "at", attrgetter("at")),
    Sample: _Shelf(FactKind.SAMPLE, "samples", "at", attrgetter("at")),
    Interval: _Shelf(FactKind.INTERVAL, "intervals", "start", attrgetter("end")),
    Outage: _Shelf(FactKind.OUTAGE, "outages", "start", attrgetter("end")),
    Survey: _Shelf(FactKind.SURVEY, "surveys", "at", attrgetter("at")),
    CountFact: _Shelf(FactKind.COUNT, "counts", "start", attrgetter("end")),
    ChargeFact: _Shelf(FactKind.CHARGE, "charges", "start", attrgetter("end")),
    PeriodResult: _Shelf(FactKind.PERIOD_RESULT, "period_results", "start", attrgetter("end")),
    CreditFact: _Shelf(FactKind.CREDIT, "credits", "start", attrgetter("end")),
    EventFact: _Shelf(FactKind.EVENT, "events", "at", attrgetter("at")),
    IndexFact: _Shelf(FactKind.INDEX, "indices", "published", attrgetter("published")),
    ReliefFact: _Shelf(FactKind.RELIEF, "reliefs", "start", _decided),
}


def book(facts: Iterable[Fact], known_at: datetime | None = None) -> FactBook:
    """The facts received before `known_at`, strictly; FactBookError when some contradict others.

    None is everything. A fact that does not say when it was received is known from its own
    instant: what lasted from its end, an index from its publication, a relief from its decision
    (undecided, from its end), all else from when it happened. A ticket is known from its opening
    and each of its later instants as it comes. A correction counts from its receipt, but not
    before what it corrects. A claim to relief keeps the receipt of its first version: what is
    decided later does not make it late. A fact is known by its first id, whatever the ids of its
    corrections; what befell a ticket may name any of them.
    """
    by_type: dict[type[Fact], list[Any]] = {each: [] for each in SHELVES}
    for fact in facts:
        by_type[type(fact)].append(fact)
    problems: list[str] = []
    found: dict[str, tuple[Any, ...]] = {}
    tickets: dict[str, str] = {}
    for each, several in by_type.items():
        shelf = SHELVES[each]
        names = tickets if each is Ticket else {}
        known = _known(several, shelf, known_at, problems, names)
        found[shelf.name] = tuple(sorted(known, key=attrgetter(shelf.at, "id")))
    if problems:
        raise FactBookError(sorted(problems))
    if known_at is not None:
        found["tickets"] = tuple(_ticket_at(each, known_at) for each in found["tickets"])
    if tickets:
        found["ticket_events"] = tuple(
            replace(each, ticket=tickets.get(each.ticket, each.ticket))
            for each in found["ticket_events"]
        )
    return FactBook(**found)


def _known(
    facts: list[Any],
    shelf: _Shelf,
    known_at: datetime | None,
    problems: list[str],
    names: dict[str, str],
) -> list[Any]:
    """The facts that are known and not replaced; contradictions are added to `problems`.

    The ids of corrections are added to `names`, with the first ids of their facts.
    """
    if all(fact.corrects is None for fact in facts) and len({fact.id for fact in facts}) == len(
        facts
    ):
        return [fact for fact in facts if _is_known(_since(fact, shelf), known_at)]
    versions: Versions[None] = Versions()
    for fact in facts:
        versions.add(Claim(fact.id, fact.corrects, fact.received_at, fact, None))
    for misfit in versions.misfits():
        wrong = told(shelf.kind, misfit, "there")
        problems.append(f"{shelf.kind}: {wrong.message} ({wrong.rule}) → {wrong.remedy}")
    steps = versions.steps()
    names.update((name, step.first) for name, step in steps.items() if step.depth)
    single: list[Any] = [
        claim.content for name, claim in versions.firsts.items() if name not in steps
    ]
    alone = [fact for fact in single if _is_known(_since(fact, shelf), known_at)]
    return alone + _last([claim.content for claim in versions.joined()], steps, shelf, known_at)


def _last(
    facts: list[Any], steps: dict[str, Step], shelf: _Shelf, known_at: datetime | None
) -> list[Any]:
    """Of each chain of versions the one received last, as far as they are known."""
    first_known: dict[str, datetime] = {}
    chains: dict[str, list[tuple[datetime, int, datetime, str, Any]]] = {}
    for fact in sorted(facts, key=lambda fact: steps[fact.id].depth):
        first, depth = steps[fact.id]
        own = _since(fact, shelf)
        since = max(own, first_known.get(fact.corrects, own))
        first_known[fact.id] = min(since, first_known.get(fact.id, since))
        if _is_known(since, known_at):
            chains.setdefault(first, []).append((since, depth, own, fact.id, fact))
    return [
        _continued(
            name,
            min(chain, key=lambda version: (version[1], version[0]))[4],
            max(chain, key=lambda version: version[:4])[4],
        )
        for name, chain in chains.items()
    ]


def _continued(name: str, first: Any, last: Any) -> Any:  # noqa: ANN401 - of one type
    """The last version, by the first id; a claim to relief was handed in with its first version."""
    if isinstance(last, ReliefFact):
        last = replace(last, received_at=first.received_at)
    return last if last.id == name else replace(last, id=name)


def _since(fact: Any, shelf: _Shelf) -> datetime:  # noqa: ANN401 - of any type
    received: datetime | None = fact.received_at
    return shelf.known_from(fact) if received is None else received


def _is_known(since: datetime, known_at: datetime | None) -> bool:
    return known_at is None or since < known_at


def _ticket_at(ticket: Ticket, known_at: datetime) -> Ticket:
    """A ticket that does not say when it was received, without what came later."""
    if ticket.received_at is not None:
        return ticket

    def known(at: datetime | None) -> datetime | None:
        return None if at is None or at >= known_at else at

    return replace(
        ticket,
        responded_at=known(ticket.responded_at),
        resolved_at=known(ticket.resolved_at),
        closed_at=known(ticket.closed_at),
    )
