"""What a settlement period comes to: before caps, after them, and what of it is payable."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from domain.charges import ALL, SERVICE, ChargeBook
from domain.periods import Period
from domain.remedies.lines import CREDITS, OWING, Open
from domain.remedies.payable import Lifecycle, not_payable, reasons
from domain.results import Line, LineType, Total

GROSS = OWING | {LineType.REWARD}
"""The types of lines that follow from results; the others adjust them."""


def total_of(
    settlement: Period,
    lines: Sequence[Line],
    opens: Sequence[Open],
    book: ChargeBook,
    known: Lifecycle,
    unpaid: set[str],
) -> Total:
    """The total of a settlement period; `unpaid` gathers the lines of which nothing is payable.

    What was never payable is not taken back when it is earned back.
    """
    why: list[str] = []
    for each in opens:
        if each.owes:
            reason = not_payable(each, settlement, book, known)
            if reason is not None:
                why.append(reason)
                unpaid.add(each.line.id)
    gross = _sum((each for each in lines if each.type in GROSS), book)
    net = _sum(lines, book)
    payable = net
    if net is not None:
        payable = net - sum(each.minor or 0 for each in opens if each.line.id in unpaid)
        payable -= sum(
            each.amount_minor or 0
            for each in lines
            if each.type is LineType.EARN_BACK and unpaid.issuperset(each.adjusts)
        )
    said = (*_told(gross, net, book), *reasons(why))
    return Total(settlement, gross, net, _percent(settlement, lines, net, book), payable, said)


def credited(settlement: Period, opens: Iterable[Open], book: ChargeBook) -> Total:
    """The credits of a settlement period after caps and minimum, for patterns over credits.

    Rewards, withholdings and what is earned back later are no part of them.
    """
    owed = [each for each in opens if each.line.type in CREDITS]
    minors = [each.minor for each in owed if each.minor is not None]
    minor = sum(minors) if len(minors) == len(owed) and book.currency is not None else None
    percents = [each.percent for each in owed if each.percent is not None]
    charge = settlement_charge(settlement, book)
    percent = sum(percents, Fraction(0)) if len(percents) == len(owed) else None
    if minor is not None and charge:
        percent = Fraction(100 * minor) / charge
    return Total(settlement, minor, minor, percent, minor)


def settlement_charge(settlement: Period, book: ChargeBook) -> Fraction | None:
    """The charge of which a settlement period's sums are told in percent."""
    return book.charge(SERVICE if book.knows(SERVICE) else ALL, settlement)


def _sum(lines: Iterable[Line], book: ChargeBook) -> int | None:
    amounts = [each.amount_minor for each in lines]
    known = [each for each in amounts if each is not None]
    return sum(known) if len(known) == len(amounts) and book.currency is not None else None


def _percent(
    settlement: Period, lines: Sequence[Line], net: int | None, book: ChargeBook
) -> Fraction | None:
    """The net as a share of the charge; the sum of the percentages where no charge is known."""
    charge = settlement_charge(settlement, book)
    if net is not None and charge:
        return Fraction(100 * net) / charge
    percents = [each.percent for each in lines if each.percent is not None]
    return sum(percents, Fraction(0)) if len(percents) == len(lines) else None


def _told(gross: int | None, net: int | None, book: ChargeBook) -> tuple[str, ...]:
    if gross is None or net is None or gross == net:
        return ()
    return (f"{book.said(gross)} before caps, minimum and earn-back is {book.said(net)} net.",)
