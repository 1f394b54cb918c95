"""Lines of the ledger: what a scheme gives becomes money, rounded once, and is adjusted later."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from domain.charges import ChargeBook
from domain.facts import CreditFact
from domain.money import minor_units, split, whole_units
from domain.numbers import RoundingMode
from domain.periods import Period
from domain.remedies.owed import Owed
from domain.remedies.wording import figure
from domain.results import Line, LineType
from domain.terms.remedies import Base, Remedy

CREDITS = frozenset({LineType.CREDIT, LineType.DELAY})
"""What the word credit means where a cap or a withholding speaks of credits."""

OWING = CREDITS | {LineType.WITHHOLDING}
"""What the provider may owe."""

STATED = "stated"
"""The remedy under which credits stand that are facts and not reckoned here."""

HOW = {
    RoundingMode.HALF_UP: "rounded half up",
    RoundingMode.HALF_EVEN: "rounded half to even",
    RoundingMode.DOWN: "rounded down",
}


@dataclass(slots=True)
class Open:
    """A line, and what the lines that adjust it have left of it so far."""

    line: Line
    base: Base
    remedy: Remedy | None
    minor: int | None
    percent: Fraction | None

    @property
    def left(self) -> Fraction:
        """In money where that is known, else in percent."""
        return Fraction(self.minor if self.minor is not None else self.percent or 0)

    @property
    def owes(self) -> bool:
        """Whether the provider still owes something for it."""
        return self.line.type in OWING and self.left > 0

    def lessen(self, minor: int) -> None:
        """Take some of its money away, and of its percentage in proportion."""
        assert self.minor is not None  # noqa: S101 - callers have seen to it
        if self.percent is not None:
            self.percent = self.percent * (self.minor - minor) / self.minor
        self.minor -= minor


def opened(line: Line, base: Base, remedy: Remedy | None) -> Open:
    """The line with all of it left."""
    return Open(line, base, remedy, line.amount_minor, line.percent)


def lessen(opens: Iterable[Open], cut: int) -> None:
    """Take so much money from the lines, from each in proportion to what is left of it."""
    each = [one for one in opens if one.minor]
    for one, part in zip(each, split(cut, [one.minor or 0 for one in each]), strict=True):
        one.lessen(part)


def lessen_percent(opens: Iterable[Open], cut: Fraction) -> None:
    """Take so many percent from the lines, from each in proportion to what is left of it."""
    each = list(opens)
    whole = sum((one.percent or Fraction(0) for one in each), Fraction(0))
    for one in each:
        one.percent = (one.percent or Fraction(0)) * (whole - cut) / whole


def line_of(owed: Owed, remedy: Remedy, book: ChargeBook) -> Line:
    """The line of what a scheme gives; a reward is what the client owes, and so negative."""
    sign = -1 if remedy.sign == "reward" else 1
    percent, fixed = sign * owed.percent, sign * owed.fixed
    period = owed.period or owed.settles
    place = [owed.kpi, *(value for _, value in owed.dim)] if owed.kpi else []
    negative = percent < 0 or (percent == 0 and fixed < 0)
    return priced(
        Line(
            id="/".join([remedy.key, *place, period.key]),
            remedy=remedy.key,
            type=LineType.REWARD if negative else owed.type,
            kpi=owed.kpi,
            dim=owed.dim,
            start=period.start,
            end=period.end,
            settles=owed.settles,
            percent=percent or None,
            base_minor=None,
            amount_minor=None,
            reason=owed.reason,
            clause=remedy.clause,
        ),
        fixed,
        remedy.base,
        book,
        remedy.rounding,
    )


def priced(line: Line, fixed: Fraction, base: Base, book: ChargeBook, mode: RoundingMode) -> Line:
    """The line with its base and amount, as far as the charge is known, and how they are reckoned."""
    if book.currency is None:
        return replace(line, reason=(*line.reason, UNKNOWN))
    exact = minor_units(Decimal(1), book.currency) * fixed
    reason: tuple[str, ...] = ()
    minor = None
    if line.percent is not None:
        basis = book.basis(base, line.settles)
        charge = book.charge(base.line, basis)
        if charge is None:
            return replace(line, reason=(*line.reason, UNKNOWN))
        charge = max(charge, Fraction(0))  # of what was paid back there is no share
        minor = whole_units(charge)
        exact += line.percent * charge / 100
        reason = (
            *book.told(base.line, basis),
            f"{figure(line.percent)} % of {book.exactly(charge)}, the charge `{base.line}` of "
            f"{basis.key}{_plus(fixed)}, is {book.said(exact)}{_how(exact, mode)}.",
        )
    amount = whole_units(exact, mode)
    return replace(line, base_minor=minor, amount_minor=amount, reason=(*line.reason, *reason))


UNKNOWN = "The charge is not known, so it stays a percentage."


def _plus(fixed: Fraction) -> str:
    return f", and {figure(fixed)} besides" if fixed else ""


def _how(exact: Fraction, mode: RoundingMode) -> str:
    return "" if exact.denominator == 1 else f", {HOW[mode]} to a minor unit"


def stated(fact: CreditFact, book: ChargeBook) -> Line:
    """The line of a credit that is a fact; a negative one is what the client owes."""
    percent = None if fact.percent is None else Fraction(fact.percent)
    fixed = Fraction(fact.amount or 0)
    return priced(
        Line(
            id=f"{STATED}/{fact.id}",
            remedy=STATED,
            type=LineType.REWARD if (percent or 0) < 0 or fixed < 0 else LineType.CREDIT,
            kpi=fact.kpi,
            dim=(),
            start=fact.start,
            end=fact.end,
            settles=book.settlement_of(fact.end),
            percent=percent,
            base_minor=None,
            amount_minor=None,
            reason=(f"The fact {fact.id} states it.",),
        ),
        fixed,
        Base(),
        book,
        RoundingMode.HALF_UP,
    )


def adjusting(
    settlement: Period,
    name: str,
    remedy: str,
    type_: LineType,
    of: Iterable[Open],
    reason: tuple[str, ...],
) -> Line:
    """A line that takes something from others; how much, its maker says."""
    return Line(
        id=name,
        remedy=remedy,
        type=type_,
        kpi=None,
        dim=(),
        start=settlement.start,
        end=settlement.end,
        settles=settlement,
        percent=None,
        base_minor=None,
        amount_minor=None,
        adjusts=tuple(each.line.id for each in of),
        reason=reason,
    )
