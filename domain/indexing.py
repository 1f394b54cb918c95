"""Charges that follow an index: new = old x index / reference, as published before a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from domain.charges import ChargeBook, scheduled
from domain.facts import IndexFact
from domain.money import minor_units, whole_units
from domain.numbers import RoundingMode, rounded
from domain.remedies.wording import figure
from domain.terms.consequences import Indexation
from domain.terms.shape import Terms
from domain.zones import midnight, zone_named


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an index makes of a charge, in minor units of its own rhythm.

    Without a figure there is no percentage, and without an amount in the terms no new one.
    """

    key: str
    percent: Fraction | None
    old_minor: int | None
    new_minor: int | None
    reason: tuple[str, ...]


def indexation(terms: Terms, facts: Iterable[IndexFact], book: ChargeBook) -> list[Indexed]:
    """Every indexation of the terms, in their order."""
    known = sorted(facts, key=lambda fact: (fact.published, fact.id))
    return [_indexed(each, terms, known, book) for each in terms.indexation]


def _indexed(rule: Indexation, terms: Terms, facts: list[IndexFact], book: ChargeBook) -> Indexed:
    """Of each `period` the figure last published before the day counts; none restated later."""
    before = midnight(rule.on, zone_named(terms.zone))
    figures: dict[str, Decimal] = {}
    for fact in facts:
        if fact.series == rule.series and fact.published < before:
            figures[fact.period] = (
                fact.value
            )  # the last published stands, in the place of the first
    old, new = _old(rule, terms, book), None
    compares = rule.compares or next(reversed(figures), rule.reference)
    missing = [each for each in (rule.reference, compares) if each not in figures]
    if missing or compares == rule.reference:
        which = f"of {missing[0]}" if missing else f"after that of {rule.reference}"
        said = f"No figure of {rule.series} {which} was published before {rule.on}."
        return Indexed(rule.key, None, old, None, (said,))
    percent, reason = _percent(rule, figures[rule.reference], figures[compares], compares)
    if old is not None:
        exact = old * (100 + percent) / 100
        mode = terms.charges.rounding if terms.charges else RoundingMode.HALF_UP
        new = whole_units(exact, mode)
        reason.append(
            f"{book.said(old)} x (1 + {figure(percent)} %) is {book.said(new)} from {rule.on} on."
        )
    return Indexed(rule.key, percent, old, new, tuple(reason))


def _percent(
    rule: Indexation, reference: Decimal, compared: Decimal, period: str
) -> tuple[Fraction, list[str]]:
    """The change in percent, rounded once; then what is above the excess, and no more than the most."""
    exact = (Fraction(compared) / Fraction(reference) - 1) * 100
    percent = Fraction(rounded(exact, rule.places, RoundingMode.HALF_UP))
    reason = [
        f"{rule.series} {period} / {rule.reference} = {compared} / {reference}: a change of "
        f"{figure(exact)} %, rounded half up {figure(percent)} %."
    ]
    if rule.excess_over is not None:
        percent = max(percent - Fraction(rule.excess_over), Fraction(0))
        reason.append(f"Only what is above {rule.excess_over} % counts: {figure(percent)} %.")
    if rule.most is not None and percent > rule.most:
        percent = Fraction(rule.most)
        reason.append(f"It is at most {figure(percent)} %.")
    return percent, reason


def _old(rule: Indexation, terms: Terms, book: ChargeBook) -> int | None:
    line = scheduled(terms).get(rule.line)
    if line is None or book.currency is None:
        return None
    return whole_units(minor_units(line.amount, book.currency))
