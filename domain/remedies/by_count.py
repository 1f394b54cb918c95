"""Schemes that add up points or failures over several results."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import floor

from domain.remedies.owed import Found, Owed, Run, clause_of, for_result, rate, said
from domain.remedies.wording import figure, name_of, ordinal, points_said
from domain.results import Result, Status
from domain.stretch import Stretch
from domain.terms.remedies import Remedy, Step

# --- points


def points(remedy: Remedy, run: Run) -> Found:
    """One line for each settlement period: its points times the rate."""
    percent, fixed = rate(remedy)
    for settled in run.settled:
        pointed = _pointed(remedy, settled.results)
        total = _total(pointed)
        yield Owed(
            settled.period,
            total * percent,
            total * fixed,
            (
                *_tally(pointed),
                f"{figure(total)} points at {said(percent, fixed)} each give "
                f"{said(total * percent, total * fixed)}.",
            ),
        )


def _pointed(remedy: Remedy, results: Iterable[Result]) -> list[Result]:
    """The results that have points; of those with one incident only the one with most, if so agreed."""
    found = [each for each in results if each.points is not None and each.points.total]
    if remedy.same_incident == "all":
        return found
    most: dict[str, Result] = {}
    for each in found:
        if each.incident is not None:
            most[each.incident] = max(most.get(each.incident, each), each, key=_points)
    return [each for each in found if each.incident is None or most[each.incident] is each]


def _points(result: Result) -> Fraction:
    return result.points.total if result.points is not None else Fraction(0)


def _total(results: Iterable[Result]) -> Fraction:
    return sum((_points(each) for each in results), Fraction(0))


def _tally(results: Iterable[Result]) -> Iterator[str]:
    for each in results:
        assert each.points is not None  # noqa: S101 - only those with points are told of
        base, times = each.points.base, each.points.multiplier
        how = "" if times == 1 else f" ({figure(base)} x {figure(times)})"
        yield f"{name_of(each)}: {points_said(each.points.total)}{how}."


# --- ladder


def ladder(remedy: Remedy, run: Run) -> Found:
    """The step of the points that stand at the end of each settlement period.

    They are those of the period, those of the window, or all since so many periods in a row were
    without any; while they stand, every settlement period is credited. Where steps overlap the one
    that begins higher counts. A settlement period without results leaves the points as they are.
    """
    scheme = remedy.scheme
    pointed = [_pointed(remedy, each.results) for each in run.settled]
    clean = 0
    since = 0
    for index, settled in enumerate(run.settled):
        if pointed[index]:
            clean = 0
        elif settled.results:
            clean += 1
        if scheme.reset_after is not None:
            since = index + 1 if clean >= scheme.reset_after else since
        elif scheme.window is None:
            since = index
        else:
            since = _first_in(scheme.window, run, index)
        counted = [each for part in pointed[since : index + 1] for each in part]
        total = _total(counted)
        step = _step(scheme.steps or (), total)
        if step is not None:
            percent, fixed = Fraction(step.credit or 0), Fraction(step.amount or 0)
            yield Owed(
                settled.period,
                percent,
                fixed,
                (
                    *_tally(counted),
                    f"{figure(total)} points stand at the end of {settled.period.key}: the step "
                    f"{_edges(step)} gives {said(percent, fixed)}{clause_of(step.clause)}.",
                ),
            )


def _first_in(window: Stretch, run: Run, index: int) -> int:
    """The first settlement period of the window that ends with the one at the index."""
    if window.periods is not None:
        return max(0, index + 1 - window.periods)
    begins = window.begins(run.settled[index].period.end, run.zone, run.first_day)
    return next(
        (i for i, each in enumerate(run.settled[:index]) if each.period.start >= begins), index
    )


def _step(steps: Iterable[Step], total: Fraction) -> Step | None:
    holding = [
        step
        for step in steps
        if total >= step.at_least and (step.below is None or total < step.below)
    ]
    return max(holding, key=lambda step: step.at_least, default=None)


def _edges(step: Step) -> str:
    upper = "" if step.below is None else f" and below {step.below:f}"
    return f"'at least {step.at_least:f}{upper}'"


# --- per failure


def per_failure(remedy: Remedy, run: Run) -> Found:
    """So much for every nth failure of the remedy's KPIs in the window.

    A failure that has completed an nth is not counted for another: in a window with 10 failures
    one tenth was completed, however they came and went. Without a window they count from the start.
    """
    scheme = remedy.scheme
    percent, fixed = rate(remedy)
    recent: list[tuple[Result, int, int]] = []
    for index, settled in enumerate(run.settled):
        for result in settled.results:
            failures = _failures(remedy, result)
            if not failures:
                continue
            recent = [
                each for each in recent if _within(scheme.window, run, index, result, each[0])
            ]
            count = failures + sum(counted for _, counted, _ in recent)
            times = max(0, count // scheme.every - sum(given for _, _, given in recent))
            recent.append((result, failures, times))
            yield for_result(
                result,
                settled.period,
                percent * times,
                fixed * times,
                f"{name_of(result)}: {_count(failures, 'failure')}, {count} in all "
                f"{_over(scheme.window)}.",
                f"{_count(times, 'credit')} for every {ordinal(scheme.every)} failure, each of "
                f"{said(percent, fixed)}.",
            )


def _failures(remedy: Remedy, result: Result) -> int:
    """How many failures the result tells of."""
    match remedy.scheme.failures:
        case "missed":
            return int(result.missed)
        case "below_minimum":
            return int(result.status is Status.BELOW_MINIMUM)
        case "default":
            return int(result.default)
        case "value":
            return int(result.missed) if result.value is None else max(0, floor(result.value))


def _within(window: Stretch | None, run: Run, index: int, result: Result, earlier: Result) -> bool:
    """Whether the earlier result is in the window that ends with the result."""
    if window is None:
        return True
    if window.periods is not None:
        return earlier.period.start >= run.settled[_first_in(window, run, index)].period.start
    return earlier.period.start >= window.begins(result.period.end, run.zone, run.first_day)


def _over(window: Stretch | None) -> str:
    if window is None:
        return "since the term began"
    return f"in the {window}" if window.fixed else f"in {window}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
