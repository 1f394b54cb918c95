"""The smallest sum that is owed at all: a settlement period's sum below it is not."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from domain.charges import ChargeBook
from domain.money import minor_units
from domain.periods import Period
from domain.remedies.lines import Open, adjusting, lessen, lessen_percent
from domain.remedies.wording import figure
from domain.results import Line, LineType
from domain.terms.remedies import Remedy


def minimum(
    remedy: Remedy, settlement: Period, opens: Iterable[Open], book: ChargeBook
) -> Iterator[Line]:
    """The line that takes a sum away which the remedy does not pay.

    The sum is what caps have left of the remedy's lines in this period. A limit in percent is one
    of percentages; any other is one in the currency, and says nothing while the sum is unknown.
    """
    limit = remedy.pays_only
    now = [each for each in opens if each.owes and each.line.remedy == remedy.key]
    if limit is None or not now:
        return
    minors = [each.minor for each in now if each.minor is not None]
    percents = [each.percent for each in now if each.percent is not None]
    minor = sum(minors) if len(minors) == len(now) else None
    percent = sum(percents, Fraction(0)) if len(percents) == len(now) else None
    if limit.unit == "%":
        if percent is None or limit.holds(percent):
            return
        said = f"{figure(percent)} %"
    else:
        if minor is None or book.currency is None:
            return
        if limit.holds(minor, int(minor_units(Decimal(1), book.currency))):
            return
        said = book.said(minor)
    if minor is not None:
        lessen(now, minor)
    else:
        lessen_percent(now, percent or Fraction(0))
    line = adjusting(
        settlement,
        f"{remedy.key}/minimum/{settlement.key}",
        remedy.key,
        LineType.MINIMUM,
        now,
        (f"{settlement.key} comes to {said}; only a sum {limit} is owed, so nothing is.",),
    )
    yield replace(
        line,
        amount_minor=None if minor is None else -minor,
        percent=None if percent is None else -percent,
        clause=remedy.clause,
    )
