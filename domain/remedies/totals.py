"""What a settlement period comes to: before caps, after them, and what of it is payable."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from domain.charges import ALL, SERVICE, ChargeBook
from domain.periods import Period
from domain.remedies.lines import CREDITS, OWING, Open
from domain.remedies.payable import Lifecycle, last_settlement, not_payable, reasons
from domain.results import Line, LineType, Total

GROSS = OWING | {LineType.REWARD}
"""The types of lines that follow from results; the others adjust them."""


@dataclass(frozen=True, slots=True)
class Payments:
    """What of earlier settlement periods matters when the next is paid, by the ids of lines.

    `unpaid` are lines of which nothing is payable; `deferred` those that are payable only with the
    invoice of a later settlement period; `due` what is payable with an invoice besides its own.
    """

    unpaid: set[str] = field(default_factory=set)
    deferred: dict[Period, set[str]] = field(default_factory=dict)
    due: dict[Period, int] = field(default_factory=dict)

    def later(
        self, settlement: Period, opens: Sequence[Open], lines: Sequence[Line]
    ) -> dict[Period, int]:
        """What of a settlement period is payable only with a later invoice, and with which."""
        found = {
            last: _comes_to(ids, opens, lines)
            for last, ids in self.deferred.items()
            if last.start > settlement.start
        }
        return {last: minor for last, minor in found.items() if minor}


def total_of(
    settlement: Period,
    lines: Sequence[Line],
    opens: Sequence[Open],
    book: ChargeBook,
    known: Lifecycle,
    payments: Payments,
) -> Total:
    """The total of a settlement period; what it means for later ones is added to `payments`.

    What was never payable is not taken back when it is earned back, and what is earned back of
    deferred credits is taken from these.
    """
    why = list(_sorted_out(settlement, opens, book, known, payments))
    gross = _sum((each for each in lines if each.type in GROSS), book)
    net = _sum(lines, book)
    later = {} if net is None else payments.later(settlement, opens, lines)
    earlier = payments.due.get(settlement, 0)
    for last, minor in later.items():
        payments.due[last] = payments.due.get(last, 0) + minor
    payable = None if net is None else net - _comes_to(payments.unpaid, opens, lines)
    deferred = sum(later.values())
    invoice = None if payable is None else payable - deferred + earlier
    said = (
        *_told(gross, net, book),
        *reasons(why),
        *(
            f"{book.said(minor)} is payable with the last invoice, that of {last.key}, as agreed."
            for last, minor in later.items()
        ),
        *(
            [f"{book.said(earlier)} of earlier periods is payable with this invoice, as agreed."]
            if earlier
            else ()
        ),
    )
    percent = _percent(settlement, lines, net, book)
    return Total(settlement, gross, net, percent, payable, said, deferred, invoice)


def _sorted_out(
    settlement: Period,
    opens: Sequence[Open],
    book: ChargeBook,
    known: Lifecycle,
    payments: Payments,
) -> Iterator[str]:
    """Put each line where it belongs, and say why nothing is payable of some."""
    for each in opens:
        why = not_payable(each, settlement, book, known) if each.owes else None
        last = last_settlement(each, settlement, book, known)
        if why is not None:
            payments.unpaid.add(each.line.id)
            yield why
        elif last.start > settlement.start:
            payments.deferred.setdefault(last, set()).add(each.line.id)


def _comes_to(ids: set[str], opens: Iterable[Open], lines: Iterable[Line]) -> int:
    """What is left of the lines of these ids, less what this period earns back of such lines."""
    left = sum(each.minor or 0 for each in opens if each.line.id in ids)
    back = (each for each in lines if each.type is LineType.EARN_BACK)
    return left + sum(each.amount_minor or 0 for each in back if ids.issuperset(each.adjusts))


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
