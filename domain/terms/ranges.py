"""Ranges of figures, exact at their edges: what a threshold promises, what a band covers.

An edge is a cut in the number line: just before a value, or just after it. So `at least 95` and
`below 95` meet in one cut, without gap and without overlap, and no case needs a tolerance.
"""

from decimal import Decimal
from typing import NamedTuple

from domain.terms.measures import Kind
from domain.terms.shape import Band
from domain.threshold import Edge, Threshold


class Cut(NamedTuple):
    """A place between numbers: just before `value`, or just after it."""

    value: Decimal
    after: bool

    def __str__(self) -> str:
        """Write the value, which is what a reader looks for."""
        return str(self.value)


LOWEST = Cut(Decimal("-Infinity"), after=False)
HIGHEST = Cut(Decimal("Infinity"), after=True)


class Range(NamedTuple):
    """The figures between two cuts."""

    low: Cut
    high: Cut

    @property
    def is_empty(self) -> bool:
        """Whether no figure lies between the cuts."""
        return self.low >= self.high

    def common(self, other: "Range") -> "Range":
        """The figures in both."""
        return Range(max(self.low, other.low), min(self.high, other.high))

    def covers(self, other: "Range") -> bool:
        """Whether every figure of the other is in this one."""
        return self.common(other) == other


EVERYTHING = Range(LOWEST, HIGHEST)
PERCENTAGES = Range(Cut(Decimal(0), after=False), Cut(Decimal(100), after=True))
DURATIONS = Range(Cut(Decimal(0), after=False), HIGHEST)


BOUNDED = frozenset(
    {
        Kind.PROPORTION,
        Kind.ATTAINMENT,
        Kind.CONTACT,
        Kind.SURVEY,
        Kind.AVAILABILITY,
        Kind.MEAN_OF_RATES,
    }
)
"""Kinds whose percentage is a part of a whole. A ratio may be above it, as what was delivered may be
above what was planned; of a reported figure nobody but the reporter knows."""


def promised(threshold: Threshold) -> Range:
    """The figures that meet a threshold."""
    cut = Cut(threshold.value, after=threshold.edge in {Edge.ABOVE, Edge.AT_MOST})
    return Range(cut, HIGHEST) if threshold.edge.higher_is_better else Range(LOWEST, cut)


def covered(band: Band) -> Range:
    """The figures of a band; without an edge it is open on that side."""
    low, high = LOWEST, HIGHEST
    if band.at_least is not None:
        low = Cut(band.at_least, after=False)
    if band.above is not None:
        low = Cut(band.above, after=True)
    if band.at_most is not None:
        high = Cut(band.at_most, after=True)
    if band.below is not None:
        high = Cut(band.below, after=False)
    return Range(low, high)
