"""Figures in the sentences that explain a line, so that a reader can redo it by hand."""

from fractions import Fraction

from domain.numbers import RoundingMode, rounded
from domain.results import Result

PLACES = 6
"""Decimal places of figures that never end; they are cut there."""


def figure(value: Fraction) -> str:
    """The figure without zeros that say nothing; one that never ends is cut and marked so."""
    cut = rounded(value, PLACES, RoundingMode.DOWN)
    text = f"{cut:f}"
    return text.rstrip("0").rstrip(".") + ("" if Fraction(cut) == value else "…")


def name_of(result: Result) -> str:
    """The KPI, its dimensions and the period: `restore/leeds/2027-03`."""
    return "/".join([result.kpi.key, *(value for _, value in result.dim), result.period.key])


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def points_said(count: Fraction) -> str:
    """`1 point`, `2.5 points`."""
    return f"{figure(count)} point{'' if count == 1 else 's'}"
