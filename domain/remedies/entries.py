"""What the schemes of all editions give, and what is stated: lines that nothing has adjusted yet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from domain.charges import ChargeBook
from domain.facts import CreditFact
from domain.numbers import RoundingMode
from domain.periods import Period
from domain.remedies.bands import pays
from domain.remedies.lines import line_of
from domain.remedies.owed import Owed, Run, Settled
from domain.remedies.schemes import owed
from domain.results import MISSED, Line, Result, Status, Trouble
from domain.terms.patterns import Classification
from domain.terms.remedies import Base, Remedy, Scheme, SchemeKind
from domain.terms.shape import Terms
from domain.timeline import Timeline

IMPLICIT = "credits"
"""The remedy that stands for the bands of an agreement that lists no remedies."""

OUTCOMES = MISSED | {Status.MET}


REACHING = {SchemeKind.POINTS, SchemeKind.LADDER, SchemeKind.PER_FAILURE, SchemeKind.RECURRENCE}
"""The schemes that look at the results of earlier editions too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line before anything adjusts it, the base of its percentage, and its remedy."""

    line: Line
    base: Base
    remedy: Remedy | None


def remedies_of(terms: Terms) -> tuple[Remedy, ...]:
    """The remedies that the terms list; where they list none, their bands are one.

    A remedy that is silent on rounding rounds as the charges do.
    """
    mode = terms.charges.rounding if terms.charges else RoundingMode.HALF_UP
    if terms.remedies:
        return tuple(
            each
            if "rounding" in each.model_fields_set
            else each.model_copy(update={"rounding": mode})
            for each in terms.remedies
        )
    if any(pays(band) for kpi in terms.kpis for band in kpi.bands):
        return (Remedy(key=IMPLICIT, scheme=Scheme(kind=SchemeKind.TIERS), rounding=mode),)
    return ()


def entries_of(
    timeline: Timeline,
    results: Sequence[Result],
    settlements: Sequence[Period],
    book: ChargeBook,
) -> Iterator[Entry | Trouble]:
    """Of each remedy of each edition: the lines of the results that the edition governs.

    What follows from all results of a settlement period goes by the edition in force as it begins.
    Rows and sums reach back over editions.
    """
    governing = {each: timeline.at(each.start).number for each in settlements}
    settling: dict[Period, list[Result]] = {each: [] for each in settlements}
    for result in results:
        if result.status in OUTCOMES:
            settling[book.settlement_of(result.period.end)].append(result)
    for edition in timeline.editions:
        for remedy in remedies_of(edition.terms):
            run = Run(
                tuple(
                    Settled(
                        period,
                        tuple(each for each in group if _concerns(remedy, each, edition.number)),
                    )
                    for period, group in settling.items()
                ),
                book.zone,
                timeline.latest.first_day,
            )
            found: list[Owed] = []
            for each in owed(remedy, run):
                if isinstance(each, Trouble):
                    yield each
                elif edition.number == (each.edition or governing[each.settles]):
                    found.append(each)
            yield from _lines(remedy, found, book)


def _concerns(remedy: Remedy, result: Result, edition: int) -> bool:
    """Whether the remedy looks at the result; nothing is owed for indicators."""
    if result.kpi.classification is Classification.INDICATOR:
        return False
    if result.edition != edition and remedy.scheme.kind not in REACHING:
        return False
    return remedy.kpis is None or result.kpi.key in remedy.kpis


def _lines(remedy: Remedy, found: Iterable[Owed], book: ChargeBook) -> Iterator[Entry]:
    """One line for each; of one incident only the largest of a settlement period, if so agreed."""
    made = [(each, line_of(each, remedy, book)) for each in found]
    incidents: dict[tuple[Period, str], list[Line]] = {}
    if remedy.same_incident == "highest":
        for each, line in made:
            if each.incident is not None:
                incidents.setdefault((each.settles, each.incident), []).append(line)
    for each, line in made:
        same = incidents.get((each.settles, each.incident or ""), [])
        if not same or max(same, key=_size) is line:
            yield Entry(_alone(line, same, each.incident), remedy.base, remedy)


def _size(line: Line) -> tuple[object, ...]:
    return line.amount_minor or 0, line.percent or 0


def _alone(line: Line, same: Sequence[Line], incident: str | None) -> Line:
    others = [each.id for each in same if each is not line]
    if not others:
        return line
    said = f"Of the incident {incident} only this counts, not {', '.join(others)}."
    return replace(line, reason=(*line.reason, said))


def distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Lines of one name are numbered: an edition that splits a period makes two of it."""
    seen: dict[str, int] = {}
    for each in entries:
        seen[each.line.id] = number = seen.get(each.line.id, 0) + 1
        name = each.line.id if number == 1 else f"{each.line.id}~{number}"
        yield replace(each, line=replace(each.line, id=name))


def in_currency(
    facts: Iterable[CreditFact], book: ChargeBook
) -> tuple[list[CreditFact], list[Trouble]]:
    """The stated credits in the currency of the charges, and what is wrong with the others."""
    ordered = sorted(facts, key=lambda fact: (fact.end, fact.id))
    sound = [each for each in ordered if each.currency in {None, "", book.currency}]
    troubles = [
        Trouble(
            f"credit {each.id}",
            f"it is in {each.currency}, but the charges are in {book.currency}: left out",
            f"give it in {book.currency}, or in percent",
        )
        for each in ordered
        if each not in sound
    ]
    return sound, troubles
