"""The ledger: every line that results, stated credits and fired triggers give, and their totals.

Settlement period by settlement period: what the schemes give, what is withheld instead, what is
earned back from earlier periods, what caps cut off, and what is too small to be paid. Nothing that
was settled is changed by a later period.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from domain.charges import ChargeBook
from domain.dates import working_calendar
from domain.facts import CreditFact, EventFact
from domain.numbers import RoundingMode
from domain.periods import Period
from domain.remedies.assumed import assumed_of
from domain.remedies.caps import capped, caps_of
from domain.remedies.earn_back import earned_back
from domain.remedies.entries import Entry, distinct, entries_of, in_currency, remedies_of
from domain.remedies.lines import Open, opened, stated
from domain.remedies.minimum import minimum
from domain.remedies.payable import Lifecycle
from domain.remedies.totals import Payments, credited, total_of
from domain.remedies.withholding import withheld
from domain.results import Dated, Default, Fired, Line, Result, Total, Trouble
from domain.terms.consequences import Trigger, Withholding
from domain.terms.remedies import Base, Remedy
from domain.terms.shape import Terms
from domain.timeline import Timeline

Withholdings: TypeAlias = Mapping[Period, tuple[tuple[Trigger, Withholding], ...]]
"""What triggers withhold, by settlement period, in the edition in force as that begins."""


@dataclass(frozen=True, slots=True)
class Source:
    """All that a ledger is made of, so that it can be made again once triggers have fired."""

    book: ChargeBook
    results: tuple[Result, ...]
    settlements: tuple[Period, ...]
    entries: tuple[Entry, ...]
    known: Lifecycle
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines by settlement period, their totals, and what a reader has to know besides."""

    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    troubles: tuple[Trouble, ...]
    defaults: tuple[Default, ...]
    dates: tuple[Dated, ...]
    credited: tuple[Total, ...] = field(repr=False)
    source: Source = field(repr=False, compare=False)


def ledger(
    timeline: Timeline,
    results: Iterable[Result],
    book: ChargeBook,
    credits_: Iterable[CreditFact] = (),
    events: Iterable[EventFact] = (),
    known_at: datetime | None = None,
) -> Ledger:
    """The ledger of an agreement; the order in which results and facts come changes nothing."""
    ordered = tuple(sorted(results, key=_order))
    facts, troubles = in_currency(credits_, book)
    ends = [each.period.end for each in ordered] + [each.end for each in facts]
    settlements: tuple[Period, ...] = ()
    if ends:
        first, last = book.settlement_of(min(ends)), book.settlement_of(max(ends))
        settlements = tuple(book.settlements(first.start, last.end))
    entries = [Entry(stated(fact, book), Base(), None) for fact in facts]
    for found in entries_of(timeline, ordered, settlements, book):
        if isinstance(found, Trouble):
            troubles.append(found)
        else:
            entries.append(found)
    if not entries and not any(remedies_of(each.terms) for each in timeline.editions):
        settlements = ()
    source = Source(
        book,
        ordered,
        settlements,
        tuple(distinct(entries)),
        Lifecycle(
            tuple(sorted(events, key=lambda each: (each.at, each.id))),
            known_at,
            working_calendar(timeline.latest),
        ),
        (*book.troubles, *troubles),
    )
    return _settle(source, {})


def with_withholding(made: Ledger, fired: Iterable[Fired]) -> Ledger:
    """The ledger again, now that triggers have fired of which some withhold a payment."""
    withholdings = _withholdings(made.source, fired)
    return _settle(made.source, withholdings) if withholdings else made


def settlement_credits(made: Ledger) -> tuple[Total, ...]:
    """What was credited in each settlement period, for patterns over credits."""
    return made.credited


def _order(result: Result) -> tuple[object, ...]:
    return result.period.end, result.kpi.key, result.dim, result.period.start


# --- settling


class _Account:
    """A ledger as it grows: one settlement period after the other."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.book = source.book
        self.opens: list[Open] = []
        self.lines: list[Line] = []
        self.totals: list[Total] = []
        self.credited: list[Total] = []
        self.troubles = list(source.troubles)
        self.earning: dict[Period, list[Line]] = {}
        self.payments = Payments()

    def settle(
        self,
        settlement: Period,
        entries: Sequence[Entry],
        withholdings: Sequence[tuple[Trigger, Withholding]],
    ) -> None:
        """Add a settlement period; the ones before it stay as they are."""
        terms = self.book.timeline.at(settlement.start).terms
        remedies = _remedies(terms, entries)
        now = [opened(each.line, each.base, each.remedy) for each in entries]
        lines = [each.line for each in entries]
        for trigger, withhold in withholdings:
            mode = terms.charges.rounding if terms.charges else RoundingMode.HALF_UP
            for each in withheld(trigger, withhold, settlement, tuple(now), self.book, mode):
                lines.append(each.line if isinstance(each, Open) else each)
                now += [each] if isinstance(each, Open) else []
        before = self.earning.pop(settlement, [])
        self.opens += [*now, *(opened(each, Base(), None) for each in before)]
        lines += self._capped(settlement, terms, remedies)
        for remedy in remedies:
            lines += minimum(remedy, settlement, now, self.book)
        self._earn(now)
        at_once = self.earning.pop(settlement, [])
        self.opens += [opened(each, Base(), None) for each in at_once]
        lines += [*before, *at_once]
        self.lines += lines
        known = self.source.known
        self.totals.append(total_of(settlement, lines, now, self.book, known, self.payments))
        self.credited.append(credited(settlement, now, self.book))

    def _capped(
        self, settlement: Period, terms: Terms, remedies: Iterable[Remedy]
    ) -> Iterator[Line]:
        services = {each.key: each.service for each in terms.kpis}
        first_day = self.book.timeline.latest.first_day
        for cap in caps_of(terms, remedies, self.book):
            for found in capped(cap, settlement, self.opens, self.book, first_day, services):
                if isinstance(found, Trouble):
                    self.troubles.append(found)
                else:
                    yield found

    def dates(self) -> Iterator[Dated]:
        """When deferred credits are payable: at the end of the last settlement period."""
        for last, minor in sorted(self.payments.due.items(), key=lambda each: each[0].start):
            rule = f"{self.book.said(minor)} of credits is payable with the invoice of {last.key}"
            yield Dated("deferred_credits", last.end, rule)

    def _earn(self, now: Iterable[Open]) -> None:
        """Put what is earned back of these credits where it will be settled."""
        results, days = self.source.results, self.source.known.working_days
        for each in now:
            if each.remedy is not None:
                for line in earned_back(each, each.remedy, results, self.book, days):
                    self.earning.setdefault(line.settles, []).append(line)


def _settle(source: Source, withholdings: Withholdings) -> Ledger:
    entries: dict[Period, list[Entry]] = {each: [] for each in source.settlements}
    for entry in source.entries:
        entries[entry.line.settles].append(entry)
    account = _Account(source)
    for settlement, inside in entries.items():
        account.settle(settlement, inside, withholdings.get(settlement, ()))
    return Ledger(
        tuple(account.lines),
        tuple(account.totals),
        tuple(dict.fromkeys(account.troubles)),
        tuple(assumed_of(source.book.timeline.latest)),
        tuple(account.dates()),
        tuple(account.credited),
        source,
    )


def _remedies(terms: Terms, entries: Iterable[Entry]) -> list[Remedy]:
    """The remedies in force, and those of an earlier edition that still give lines."""
    found = {each.key: each for each in remedies_of(terms)}
    for each in entries:
        if each.remedy is not None:
            found.setdefault(each.remedy.key, each.remedy)
    return list(found.values())


def _withholdings(source: Source, fired: Iterable[Fired]) -> Withholdings:
    """The withholdings of each settlement period, each trigger once, in the order of firing."""
    found: dict[Period, dict[str, tuple[Trigger, Withholding]]] = {}
    for each in sorted(fired, key=lambda each: (each.fired_at, each.key)):
        settlement = source.book.settlement_of(each.fired_at)
        for trigger in source.book.timeline.at(settlement.start).terms.triggers:
            if trigger.key == each.key and trigger.withhold is not None:
                found.setdefault(settlement, {})[each.key] = trigger, trigger.withhold
    return {period: tuple(triggers.values()) for period, triggers in found.items()}
