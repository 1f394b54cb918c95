"""What a scheme looks at, and what it gives, before any cap and before money is made of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TypeAlias
from zoneinfo import ZoneInfo

from domain.periods import Period
from domain.remedies.wording import figure
from domain.results import Dim, LineType, Result, Trouble
from domain.terms.remedies import Remedy


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement period and the results that it settles, in order."""

    period: Period
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Every settlement period from the first to the last, with the results of one remedy."""

    settled: tuple[Settled, ...]
    zone: ZoneInfo
    first_day: date


@dataclass(frozen=True, slots=True)
class Owed:
    """What a scheme gives: a share of the base, a sum in the currency, or both.

    `edition` is that of the result from which it follows; none if it follows from all those of the
    settlement period.
    """

    settles: Period
    percent: Fraction
    fixed: Fraction
    reason: tuple[str, ...]
    kpi: str | None = None
    dim: Dim = ()
    period: Period | None = None
    edition: int | None = None
    incident: str | None = None
    type: LineType = LineType.CREDIT


Found: TypeAlias = Iterator[Owed | Trouble]


def for_result(
    result: Result,
    settles: Period,
    percent: Fraction,
    fixed: Fraction,
    *reason: str,
    type_: LineType = LineType.CREDIT,
) -> Owed:
    """What follows from one result."""
    return Owed(
        settles,
        percent,
        fixed,
        reason,
        kpi=result.kpi.key,
        dim=result.dim,
        period=result.period,
        edition=result.edition,
        incident=result.incident,
        type=type_,
    )


def each_result(run: Run) -> Iterator[tuple[Period, Result]]:
    """Every result, with the settlement period that settles it."""
    for settled in run.settled:
        for result in settled.results:
            yield settled.period, result


def rate(remedy: Remedy) -> tuple[Fraction, Fraction]:
    """The percentage and the sum for one point, failure or unit."""
    return Fraction(remedy.scheme.percent or 0), Fraction(remedy.scheme.amount or 0)


def said(percent: Fraction, fixed: Fraction) -> str:
    """What is given, in words."""
    parts = [f"{figure(percent)} %"] if percent else []
    parts += [f"{figure(fixed)} in the currency"] if fixed else []
    return " and ".join(parts) or "nothing"


def clause_of(clause: str | None) -> str:
    """Where the signed document says so, in brackets."""
    return f" (clause {clause})" if clause else ""
