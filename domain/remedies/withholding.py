"""A critical failure: its settlement period's credits do not accrue, and a payment is withheld."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from domain.charges import ChargeBook
from domain.numbers import RoundingMode
from domain.periods import Period
from domain.remedies.lines import CREDITS, Open, adjusting, opened, priced
from domain.results import Line, LineType
from domain.terms.consequences import Trigger, Withholding


def withheld(
    trigger: Trigger,
    withhold: Withholding,
    settlement: Period,
    opens: Iterable[Open],
    book: ChargeBook,
    mode: RoundingMode,
) -> Iterator[Open | Line]:
    """The lines that take each replaced credit away, and the open line of what is withheld."""
    for each in opens:
        replaced = withhold.replaces is None or each.line.remedy in withhold.replaces
        if replaced and each.owes and each.line.type in CREDITS:
            reason = (f"`{trigger.key}` has fired: this credit does not accrue.",)
            name = f"{trigger.key}/{each.line.id}"
            line = adjusting(settlement, name, trigger.key, LineType.WITHHOLDING, [each], reason)
            yield replace(
                line,
                kpi=each.line.kpi,
                dim=each.line.dim,
                amount_minor=None if each.minor is None else -each.minor,
                percent=None if each.percent is None else -each.percent,
                base_minor=each.line.base_minor,
                clause=withhold.clause or trigger.clause,
            )
            each.minor = None if each.minor is None else 0
            each.percent = None if each.percent is None else Fraction(0)
    reason = (f"`{trigger.key}` has fired: a payment is withheld in place of credits.",)
    line = adjusting(
        settlement,
        f"{trigger.key}/{settlement.key}",
        trigger.key,
        LineType.WITHHOLDING,
        (),
        reason,
    )
    line = replace(
        line, percent=Fraction(withhold.percent), clause=withhold.clause or trigger.clause
    )
    yield opened(priced(line, Fraction(0), withhold.base, book, mode), withhold.base, None)
