"""What another edition of the terms would have changed: two assessments of the same facts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.assessment import Assessment
from domain.results import Fired, Line, Result, RightArisen, Total

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """Something before and after; None where it was not, or would not have been."""

    key: str
    before: T | None
    after: T | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Only what differs, in the order of the first assessment and then of the second."""

    before: Assessment
    after: Assessment
    periods: tuple[Changed[Result], ...]
    lines: tuple[Changed[Line], ...]
    totals: tuple[Changed[Total], ...]
    fired: tuple[Changed[Fired], ...]
    rights: tuple[Changed[RightArisen], ...]


def compared(before: Assessment, after: Assessment) -> Comparison:
    """Compare two assessments of the same agreement over the same facts."""
    return Comparison(
        before,
        after,
        _changes(before.results, after.results, _name, _outcome),
        _changes(before.lines, after.lines, lambda line: line.id, _owed),
        _changes(before.totals, after.totals, lambda total: total.period.key, _settled),
        _changes(before.fired, after.fired, _firing, lambda fired: (fired.then, fired.periods)),
        _changes(before.rights, after.rights, _arising, lambda right: right),
    )


def breaches(assessment: Assessment) -> int:
    """How many periods missed what was expected."""
    return sum(result.missed for result in assessment.results)


def _changes(
    before: Iterable[T],
    after: Iterable[T],
    key: Callable[[T], str],
    content: Callable[[T], object],
) -> tuple[Changed[T], ...]:
    one, other = {key(each): each for each in before}, {key(each): each for each in after}
    pairs = ((name, one.get(name), other.get(name)) for name in {**one, **other})
    return tuple(
        Changed(name, old, new)
        for name, old, new in pairs
        if old is None or new is None or content(old) != content(new)
    )


def _name(result: Result) -> str:
    dim = "".join(f"/{value}" for _, value in result.dim)
    return f"{result.kpi.key}{dim}/{result.period.key}"


def _outcome(result: Result) -> object:
    points = None if result.points is None else result.points.total
    return result.status, result.value, result.default, result.band, points


def _owed(line: Line) -> object:
    return line.type, line.percent, line.base_minor, line.amount_minor


def _settled(total: Total) -> object:
    return total.gross_minor, total.net_minor, total.percent, total.payable_minor


def _firing(fired: Fired) -> str:
    return f"{fired.key} at {fired.fired_at.isoformat()}"


def _arising(right: RightArisen) -> str:
    return f"{right.key} at {right.arises.isoformat()}"
