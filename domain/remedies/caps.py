"""Caps: what is above them becomes a negative line, so that the lines always add up to the net."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import TypeVar

from domain.charges import ALL, SERVICE, ChargeBook
from domain.money import minor_units, whole_units
from domain.numbers import RoundingMode
from domain.periods import Period
from domain.remedies.lines import (
    CREDITS,
    OWING,
    STATED,
    Open,
    adjusting,
    lessen,
    lessen_percent,
)
from domain.remedies.wording import figure
from domain.results import Line, LineType, Trouble
from domain.terms.remedies import Base, Cap, Over, Remedy, SchemeKind
from domain.terms.shape import Terms


@dataclass(frozen=True, slots=True)
class Held:
    """A cap with its name, whose it is, and which remedies' lines of which types it holds."""

    key: str
    owner: str
    cap: Cap
    remedies: frozenset[str] | None = None
    types: frozenset[LineType] = OWING
    rounding: RoundingMode = RoundingMode.HALF_UP


def caps_of(terms: Terms, remedies: Iterable[Remedy], book: ChargeBook) -> Iterator[Held]:
    """Every cap, in the order in which they apply: each remedy's, the credit cap, the agreement's.

    The at-risk amount is a cap of its remedy. The credit cap holds credits, not what is withheld.
    """
    charges = terms.charges
    for remedy in remedies:
        own = frozenset({remedy.key})
        if remedy.scheme.kind is SchemeKind.AT_RISK and remedy.scheme.at_risk is not None:
            cap = Cap(over=Over.REMEDY, most=remedy.scheme.at_risk, of=remedy.base)
            yield Held(f"{remedy.key}-at-risk", remedy.key, cap, own, OWING, remedy.rounding)
        for number, cap in enumerate(remedy.caps, start=1):
            key = cap.key or _numbered(f"{remedy.key}-cap", number)
            yield Held(key, remedy.key, cap, own, OWING, remedy.rounding)
    rounding = charges.rounding if charges else RoundingMode.HALF_UP
    if charges is not None and charges.credit_cap is not None:
        line = SERVICE if book.knows(SERVICE) else ALL
        cap = Cap(most=charges.credit_cap, of=Base(line=line), clause=charges.clause)
        yield Held("credit-cap", "credit-cap", cap, None, CREDITS, rounding)
    for number, cap in enumerate(terms.caps, start=1):
        key = cap.key or _numbered("cap", number)
        only = None if cap.remedies is None else frozenset(cap.remedies)
        yield Held(key, key, cap, only, OWING, rounding)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def capped(
    held: Held,
    settlement: Period,
    opens: Iterable[Open],
    book: ChargeBook,
    first_day: date,
    services: Mapping[str, str | None],
) -> Iterator[Line | Trouble]:
    """The lines that a cap cuts off in the settlement period, and what keeps it from cutting.

    `opens` are all lines up to this period. Earlier periods count as they were left, and stay so:
    only what this period still owes is cut, and never more than that.
    """
    begins = window_begins(held.cap, settlement, book, first_day)
    groups: dict[str, list[Open]] = {}
    for each in opens:
        group = _group(held, each, services)
        settles = each.line.settles
        if group is not None and (settles == settlement or settles.start >= begins):
            groups.setdefault(group, []).append(each)
    for group, members in sorted(groups.items()):
        now = [
            each
            for each in members
            if each.owes and _is_cut(held, each.line) and each.line.settles == settlement
        ]
        if now:
            counted = [each for each in members if _counts(held, each)]
            cut = _cut(held, settlement, counted, now, book, begins)
            yield from () if cut is None else (_named(cut, held, group, settlement),)


def _named(cut: Line | Trouble, held: Held, group: str, settlement: Period) -> Line | Trouble:
    if isinstance(cut, Trouble):
        return cut
    kpi = group if held.cap.over is Over.KPI else None
    place = [held.key, *([group] if group not in {"", held.owner} else []), settlement.key]
    return replace(cut, id="/".join(place), kpi=kpi, clause=held.cap.clause)


def window_begins(cap: Cap, settlement: Period, book: ChargeBook, first_day: date) -> datetime:
    """From when on settlement periods count together; this one always does."""
    if cap.window is None:
        return settlement.start
    if cap.window.periods is not None:
        return book.settlements(book.begins_at, settlement.end)[-cap.window.periods :][0].start
    return cap.window.begins(settlement.end, book.zone, first_day)


def _group(held: Held, each: Open, services: Mapping[str, str | None]) -> str | None:
    """With which other lines this one is held together; None if it is not held."""
    line = each.line
    if held.remedies is not None and line.remedy not in held.remedies:
        return None
    match held.cap.over:
        case Over.KPI:
            return line.kpi
        case Over.SERVICE:
            return None if line.kpi is None else services.get(line.kpi)
        case Over.REMEDY:
            return line.remedy
        case Over.AGREEMENT:
            return ""


def _is_cut(held: Held, line: Line) -> bool:
    """What a fact says was credited counts under a cap, and stays as it was credited."""
    return line.type in held.types and line.remedy != STATED


def _counts(held: Held, each: Open) -> bool:
    """Whether it is in the sum: credits, and for a net cap also what the client owes or gets back."""
    if each.left < 0:
        return held.cap.counts == "net"
    return each.line.type in held.types


def _cut(
    held: Held,
    settlement: Period,
    counted: list[Open],
    now: list[Open],
    book: ChargeBook,
    begins: datetime,
) -> Line | Trouble | None:
    """What the cap cuts off; its name and group are still to be told."""
    cap = held.cap
    basis = _basis(cap, settlement, book, begins)
    charge = None if cap.most is None else book.charge(cap.of.line, basis)
    if all(each.minor is not None for each in counted) and (cap.most is None or charge is not None):
        return _cut_money(held, settlement, counted, now, _limits(held, charge, basis, book), book)
    if cap.most is not None and cap.window is None and _alike(cap.of, counted):
        return _cut_percent(held, settlement, counted, now, Fraction(cap.most))
    return Trouble(
        held.key,
        "the charge is not known, so this cap could not be applied",
        f"give the charges of `{cap.of.line}`",
    )


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in minor units, the charge of which it is a share, and how it comes about."""

    minor: int
    charge: Fraction | None
    said: str


def _limits(
    held: Held, charge: Fraction | None, basis: Period, book: ChargeBook
) -> Iterator[Limit]:
    cap = held.cap
    if cap.most is not None and charge is not None:
        share = whole_units(charge * Fraction(cap.most) / 100, held.rounding)
        yield Limit(
            share,
            charge,
            f"The cap is {figure(Fraction(cap.most))} % of {book.exactly(charge)}, the charge "
            f"`{cap.of.line}` of {basis.key}: {book.said(share)}.",
        )
    if cap.amount is not None and book.currency is not None:
        fixed = whole_units(minor_units(cap.amount, book.currency), held.rounding)
        yield Limit(fixed, charge, f"The cap is {book.said(fixed)}.")


def _cut_money(
    held: Held,
    settlement: Period,
    counted: list[Open],
    now: list[Open],
    limits: Iterable[Limit],
    book: ChargeBook,
) -> Line | None:
    lowest = min(limits, default=None, key=lambda each: each.minor)
    total = sum(each.minor or 0 for each in counted)
    owed = sum(each.minor or 0 for each in now)
    cut = 0 if lowest is None else min(total - lowest.minor, owed)
    if lowest is None or cut <= 0:
        return None
    reason = (
        f"{_sum(counted, lambda each: book.said(each.minor or 0))} together come to "
        f"{book.said(total)}{_since(held.cap)}.",
        lowest.said,
        f"{book.said(cut)} is cut off, from each line in proportion.",
    )
    lessen(now, cut)
    charge = lowest.charge
    return replace(
        adjusting(settlement, held.key, held.owner, LineType.CAP, now, reason),
        amount_minor=-cut,
        percent=-100 * cut / charge if charge else None,
        base_minor=None if charge is None else whole_units(charge),
    )


def _cut_percent(
    held: Held, settlement: Period, counted: list[Open], now: list[Open], most: Fraction
) -> Line | None:
    percents = [each.percent or Fraction(0) for each in counted]
    total = sum(percents, Fraction(0))
    excess = min(total - most, sum((each.left for each in now), Fraction(0)))
    if excess <= 0:
        return None
    reason = (
        f"{_sum(percents, lambda each: f'{figure(each)} %')} together come to {figure(total)} %.",
        f"The cap is {figure(most)} %.",
        f"{figure(excess)} % is cut off, from each line in proportion.",
    )
    lessen_percent(now, excess)
    return replace(
        adjusting(settlement, held.key, held.owner, LineType.CAP, now, reason), percent=-excess
    )


def _basis(cap: Cap, settlement: Period, book: ChargeBook, begins: datetime) -> Period:
    """The period of whose charge the cap is a share: the window's, unless its base names another."""
    if cap.of.period != "same" or cap.window is None:
        return book.basis(cap.of, settlement)
    end = settlement.end if cap.current_in_base else settlement.start
    return Period(f"the {cap.window} to {settlement.key}", begins, max(begins, end))


def _alike(base: Base, counted: Iterable[Open]) -> bool:
    """Whether all are percentages of the charge of which the cap is one."""
    return all(
        each.minor is None
        and each.percent is not None
        and (each.base.line, each.base.period) == (base.line, base.period)
        for each in counted
    )


def _since(cap: Cap) -> str:
    return "" if cap.window is None else f" in the {cap.window}"


T = TypeVar("T")

MANY = 12


def _sum(parts: Sequence[T], said: Callable[[T], str]) -> str:
    """The sum as a reader would write it; of very many lines only how many."""
    if len(parts) > MANY:
        return f"{len(parts)} lines"
    return " + ".join(said(each) for each in parts)
