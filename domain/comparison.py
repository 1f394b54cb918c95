"""What another edition of the terms would have changed: two assessments of the same facts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.assessment import Assessment
from domain.at_risk import is_open
from domain.clocks.runs import ClockRun
from domain.naming import names_of
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
    clocks: tuple[Changed[ClockRun], ...]


def compared(before: Assessment, after: Assessment) -> Comparison:
    """Compare two assessments of the same agreement over the same facts."""
    return Comparison(
        before,
        after,
        _changes(_named(before.results), _named(after.results), _outcome),
        _changes(
            {line.id: line for line in before.lines}, {line.id: line for line in after.lines}, _owed
        ),
        _changes(
            {total.period.key: total for total in before.totals},
            {total.period.key: total for total in after.totals},
            _settled,
        ),
        _changes(
            {_firing(each): each for each in before.fired},
            {_firing(each): each for each in after.fired},
            lambda fired: (fired.then, fired.periods),
        ),
        _changes(
            {_arising(each): each for each in before.rights},
            {_arising(each): each for each in after.rights},
            lambda right: right,
        ),
        _changes(
            {_ticking(each): each for each in before.clocks},
            {_ticking(each): each for each in after.clocks},
            _standing,
        ),
    )


def breaches(assessment: Assessment) -> int:
    """How many periods missed what was expected."""
    return sum(result.missed for result in assessment.results)


def _changes(
    before: Mapping[str, T], after: Mapping[str, T], content: Callable[[T], object]
) -> tuple[Changed[T], ...]:
    pairs = ((name, before.get(name), after.get(name)) for name in {**before, **after})
    return tuple(
        Changed(name, old, new)
        for name, old, new in pairs
        if old is None or new is None or content(old) != content(new)
    )


def _named(results: Sequence[Result]) -> dict[str, Result]:
    return dict(zip(names_of(results), results, strict=True))


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


def _ticking(run: ClockRun) -> str:
    return f"ticket/{run.ticket}, {run.clock}"


def _standing(run: ClockRun) -> object:
    """One that is open by when it is due, or in a pause by what is left; else how it ended."""
    if not is_open(run):
        return run.status
    return run.status, run.left if run.deadline is None else run.deadline
