"""Thresholds as agreements write them: `at least 95 %`, `below 24 h`. Compared exactly."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from domain.numbers import parse_decimal


class Edge(StrEnum):
    """Which side of the value counts, and whether the value itself does."""

    AT_LEAST = "at least"
    ABOVE = "above"
    AT_MOST = "at most"
    BELOW = "below"

    @property
    def higher_is_better(self) -> bool:
        """Whether more is better under this edge."""
        return self in {Edge.AT_LEAST, Edge.ABOVE}


FORM = re.compile(r"(at least|above|at most|below) (\S+?)(?: ?([%A-Za-z]+))?")


@lru_cache(4096)
def _exact(value: Decimal) -> Fraction:
    """The same few limits are compared with every figure."""
    return Fraction(value)


@dataclass(frozen=True, slots=True)
class Threshold:
    """An edge, a value and the unit that the agreement names (`%`, `h`, `min`, …)."""

    edge: Edge
    value: Decimal
    unit: str

    def __str__(self) -> str:
        """Write the threshold as the agreement does."""
        return f"{self.edge} {self.value:f} {self.unit}".rstrip()

    def holds(self, value: Fraction | int, scale: int = 1) -> bool:
        """Whether `value` is on the good side; `scale` is base units per unit (3600 for h in s)."""
        limit = _exact(self.value) * scale
        match self.edge:
            case Edge.AT_LEAST:
                return value >= limit
            case Edge.ABOVE:
                return value > limit
            case Edge.AT_MOST:
                return value <= limit
            case Edge.BELOW:
                return value < limit


def parse_threshold(text: str) -> Threshold:
    """Read `at least 95 %`; ValueError names the accepted form."""
    match = FORM.fullmatch(text.strip())
    if match is None:
        msg = (
            f"'{text}' is not a threshold; write `at least`, `above`, `at most` or `below`, "
            "a number and its unit, for example `at least 95 %` or `below 24 h`"
        )
        raise ValueError(msg)
    return Threshold(Edge(match[1]), parse_decimal(match[2]), match[3] or "")
