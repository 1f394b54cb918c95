"""Facts that nothing in the terms asks for: mostly a name that is written in two ways."""

from collections import Counter
from collections.abc import Iterable, Iterator

from domain.charges import ALL, SERVICE
from domain.facts import FactKind
from domain.facts.book import FactBook
from domain.results import Trouble
from domain.terms.remedies import Cap
from domain.terms.shape import Terms
from domain.terms.wording import did_you_mean
from domain.timeline import Timeline, term_starts_at


def unused(timeline: Timeline, book: FactBook) -> Iterator[Trouble]:
    """One trouble for each name that no edition knows, and one for what lies outside the term."""
    terms = [edition.terms for edition in timeline.editions]
    for kind, names, known in _named(book, terms):
        for name, count in sorted(Counter(names).items()):
            if name not in known:
                yield _unknown(kind, name, count, known)
    tickets = {fact.id for fact in book.tickets}
    orphans = Counter(fact.ticket for fact in book.ticket_events if fact.ticket not in tickets)
    for ticket, count in sorted(orphans.items()):
        yield _unknown(FactKind.TICKET_EVENT, ticket, count, ())
    yield from _outside(timeline, book)


def _named(
    book: FactBook, terms: list[Terms]
) -> Iterator[tuple[FactKind, Iterable[str], set[str]]]:
    """By kind the names in the facts, and those in the terms."""
    measures = [kpi.measure for each in terms for kpi in each.kpis]
    series = {each.series for each in measures}
    lines = {SERVICE, ALL}
    for each in terms:
        lines |= set((each.charges and each.charges.lines) or {})
        lines |= {remedy.base.line for remedy in each.remedies}
        lines |= {cap.of.line for caps in _caps(each) for cap in caps}
        lines |= {trigger.withhold.base.line for trigger in each.triggers if trigger.withhold}
        lines |= {rule.line for rule in each.indexation}
    indices = {rule.series for each in terms for rule in each.indexation}
    yield FactKind.SAMPLE, (fact.series for fact in book.samples), _said(series)
    yield (
        FactKind.INTERVAL,
        (fact.series for fact in book.intervals),
        _said(each.intervals for each in measures),
    )
    yield (
        FactKind.OUTAGE,
        (fact.service for fact in book.outages),
        _said(each.outages for each in measures),
    )
    yield (
        FactKind.COUNT,
        (fact.series for fact in book.counts),
        _said(each.counts for each in measures),
    )
    yield (
        FactKind.SURVEY,
        (fact.instrument for fact in book.surveys),
        _said(each.surveys for each in measures),
    )
    yield FactKind.CHARGE, (fact.line for fact in book.charges), lines
    yield FactKind.INDEX, (fact.series for fact in book.indices), indices


def _caps(terms: Terms) -> Iterator[Iterable[Cap]]:
    yield terms.caps
    yield from (remedy.caps for remedy in terms.remedies)


def _said(names: Iterable[str | None]) -> set[str]:
    return {name for name in names if name is not None}


def _unknown(kind: FactKind, name: str, count: int, known: Iterable[str]) -> Trouble:
    facts = "1 fact" if count == 1 else f"{count:,} facts"
    near = did_you_mean(name, known)
    remedy = f"did you mean `{near}`?" if near else "correct the name, or leave the facts out"
    return Trouble(f"{kind}/{name}", f"{facts} of `{name}`, which nothing asks for", remedy)


def _outside(timeline: Timeline, book: FactBook) -> Iterator[Trouble]:
    starts_at = term_starts_at(timeline.editions[0].terms)
    instants = [
        *(fact.opened_at for fact in book.tickets),
        *(fact.at for kind in (book.samples, book.surveys) for fact in kind),
        *(fact.start for kind in (book.intervals, book.outages, book.counts) for fact in kind),
        *(fact.start for fact in book.period_results),
    ]
    count = sum(not starts_at <= at < timeline.ends_at for at in instants)
    if count:
        facts = "1 fact lies" if count == 1 else f"{count:,} facts lie"
        yield Trouble("term", f"{facts} outside the term", "correct the times, or the term")
