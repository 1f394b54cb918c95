"""Exact numbers: strict reading, contract rounding, and truncated display. No float anywhere."""

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from fractions import Fraction

DECIMAL = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,12})?", re.ASCII)


class RoundingMode(StrEnum):
    """How a tie, or a tail, is resolved."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"


MODES = {
    RoundingMode.HALF_UP: ROUND_HALF_UP,
    RoundingMode.HALF_EVEN: ROUND_HALF_EVEN,
    RoundingMode.DOWN: ROUND_DOWN,
}


def parse_decimal(text: str) -> Decimal:
    """Read plain ASCII digits with an optional point; ValueError for `1_000`, `1e3`, `NaN`, `1,5`."""
    if DECIMAL.fullmatch(text) is None:
        msg = f"'{text}' is not a plain number; write digits with a point, for example 99.95"
        raise ValueError(msg)
    return Decimal(text)


def rounded(value: Fraction, places: int, mode: RoundingMode) -> Decimal:
    """The value at so many decimal places, exactly as the mode says."""
    scaled = value * 10**places
    with localcontext() as context:
        context.prec = 60
        # Two guard digits and a sticky one keep a tie a tie and a near-tie apart from it.
        floor = (abs(scaled) * 100).__floor__()
        sticky = Decimal(1 if Fraction(floor, 100) != abs(scaled) else 0).scaleb(-3)
        magnitude = (Decimal(floor).scaleb(-2) + sticky).quantize(Decimal(1), MODES[mode])
        return (-magnitude if scaled < 0 else magnitude).scaleb(-places)


def shown(value: Fraction, places: int = 2) -> str:
    """For display: cut, not rounded, so that 99.9499 never shows as 99.95."""
    return str(rounded(value, places, RoundingMode.DOWN))
