"""What the terms propose for later: targets after a baseline, better targets, promotions.

A proposal changes nothing. People adopt it, as an edition, or they do not. It never reaches back:
it is for the first period that begins when its notice, counted from the period that gave rise to
it, is over.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from domain.dates import after_agreed
from domain.numbers import RoundingMode, rounded
from domain.patterns import completions, elements_of
from domain.patterns.elements import distinct, selects, under
from domain.patterns.wording import cited, explained
from domain.periods import first_day, next_first_day
from domain.remedies.wording import figure
from domain.results import Result
from domain.spans import Span
from domain.terms.consequences import Improvement
from domain.terms.patterns import Pattern
from domain.terms.shape import Kpi, Terms
from domain.threshold import Threshold
from domain.timeline import Timeline
from domain.zones import local_date, midnight, zone_named

PLACES = 12
"""Decimal places of a proposal that never ends and for which the terms say none; cut there."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """From what to what, at the earliest, and why: numbers as text, in the KPI's unit.

    `rule` is `baseline`, `improvement` or `promotion`; of a promotion the classifications are told.
    `from_` is None where nothing was promised yet.
    """

    kpi: str
    rule: str
    from_: str | None
    to: str
    effective: datetime
    reason: tuple[str, ...]


def proposals(timeline: Timeline, results: Sequence[Result]) -> tuple[Proposal, ...]:
    """Everything that is proposed for these results, by effective instant and KPI."""
    by_kpi: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda each: (each.period.end, each.period.start, each.dim)):
        by_kpi.setdefault(result.kpi.key, []).append(result)
    found = [proposal for run in by_kpi.values() for proposal in _of_kpi(timeline, run)]
    return tuple(sorted(found, key=lambda each: (each.effective, each.kpi, each.rule)))


def _of_kpi(timeline: Timeline, run: Sequence[Result]) -> Iterator[Proposal]:
    terms = {edition.number: edition.terms for edition in timeline.editions}
    kpis = {result.edition: result.kpi for result in run}
    improving = [(number, kpi.improvement.when) for number, kpi in kpis.items() if kpi.improvement]
    promoting = [
        (number, kpi.promotion.when)
        for number, kpi in kpis.items()
        if kpi.promotion is not None and kpi.promotion.when is not None
    ]
    yield from _baselined(terms, run)
    for gives in _completed(timeline, run, improving):
        yield from _improved(terms[gives.last.edition], gives)
    for gives in _completed(timeline, run, promoting):
        yield from _promoted(terms[gives.last.edition], gives)


class _Ground(NamedTuple):
    """The result that completes a pattern, the figures of all that did, and what was found."""

    last: Result
    figures: list[Fraction]
    why: str


def _completed(
    timeline: Timeline, run: Sequence[Result], said: Sequence[tuple[int, Pattern]]
) -> Iterator[_Ground]:
    zone, day = zone_named(timeline.latest.zone), timeline.latest.first_day
    for pattern, editions in distinct(said):
        elements = elements_of(pattern, run)
        results = [each for each in run if selects(pattern.where, each)]
        for each in completions(pattern, elements, zone, day, under(editions)):
            figures = _figures(results[member] for member in each.members)
            yield _Ground(results[each.index], figures, explained(pattern, each, elements))


def _figures(results: Iterable[Result]) -> list[Fraction]:
    return [each.value for each in results if each.value is not None]


def _effective(terms: Terms, last: Result, notice: Span | None) -> datetime:
    """The beginning of the first period that begins no earlier than the end of the notice."""
    ended_at, every = last.period.end, last.kpi.every
    at = ended_at if notice is None else after_agreed(terms, ended_at, notice)
    zone = zone_named(terms.zone)
    first = first_day(every, local_date(at, zone))
    if midnight(first, zone) < at:
        first = next_first_day(every, first)
    return midnight(first, zone)


def _written(value: Fraction, places: int | None = None) -> str:
    """Rounded half up where places are agreed, else exact; what never ends is cut."""
    if places is not None:
        return f"{rounded(value, places, RoundingMode.HALF_UP):f}"
    text = f"{rounded(value, PLACES, RoundingMode.DOWN):f}"
    return text.rstrip("0").rstrip(".")


def _level(kpi: Kpi) -> str | None:
    return None if kpi.target is None else f"{kpi.target.expected.value:f}"


def _mean(figures: Sequence[Fraction]) -> Fraction:
    return sum(figures, Fraction(0)) / len(figures)


# --- baselines


def _baselined(terms: Mapping[int, Terms], run: Sequence[Result]) -> Iterator[Proposal]:
    """Once all periods of the baseline are over: the mean, lowest or highest of their figures.

    A period without a figure adds nothing; of a split KPI every dimension does.
    """
    baseline = run[0].kpi.baseline
    windows = list(dict.fromkeys((each.period.start, each.period.end) for each in run))
    if baseline is None or len(windows) < baseline.periods:
        return
    measured = set(windows[: baseline.periods])
    during = [each for each in run if (each.period.start, each.period.end) in measured]
    figures, last = _figures(during), during[-1]
    if figures:
        agreed = f"Agreed for the target is the {baseline.propose}{cited(baseline.clause)}."
        yield Proposal(
            last.kpi.key,
            "baseline",
            _level(last.kpi),
            _written(BASELINES[baseline.propose](figures)),
            _effective(terms[last.edition], last, baseline.effective_after),
            (f"The baseline is over after {_periods(measured)}: {_listed(figures)}.", agreed),
        )


BASELINES: Mapping[str, Callable[[Sequence[Fraction]], Fraction]] = {
    "mean": _mean,
    "lowest": min,
    "highest": max,
}


def _periods(windows: Collection[object]) -> str:
    return "1 period" if len(windows) == 1 else f"{len(windows)} periods"


def _listed(figures: Sequence[Fraction]) -> str:
    return ", ".join(map(figure, figures))


# --- targets that move


def _improved(terms: Terms, ground: _Ground) -> Iterator[Proposal]:
    """A better target; nothing where what comes out is no better than what is promised."""
    kpi = ground.last.kpi
    improvement, target = kpi.improvement, kpi.target
    if improvement is None or target is None or not ground.figures:
        return
    expected = target.expected
    level, mean = Fraction(expected.value), _mean(ground.figures)
    better, how = _better(improvement, expected, level, mean)
    to = _written(better, improvement.places)
    if Fraction(to) > level if expected.edge.higher_is_better else Fraction(to) < level:
        yield Proposal(
            kpi.key,
            "improvement",
            f"{expected.value:f}",
            to,
            _effective(terms, ground.last, improvement.effective_after),
            (ground.why, f"{how}{cited(improvement.clause)}."),
        )


def _better(
    improvement: Improvement, expected: Threshold, level: Fraction, mean: Fraction
) -> tuple[Fraction, str]:
    """The proposed level, and how it is reckoned; less is missing to 0 where lower is better."""
    match improvement.to:
        case "mean":
            return mean, f"The mean of the figures is {figure(mean)}"
        case "midpoint":
            middle = (level + mean) / 2
            sum_ = f"({figure(level)} + {figure(mean)}) / 2 = {figure(middle)}"
            return middle, f"Midway between the level and the mean of the figures: {sum_}"
        case "step":
            step = Fraction(improvement.step or 0)
            best = Fraction(100 if expected.edge.higher_is_better else 0)
            stepped = level + step * (best - level) / 100
            missing = f"({figure(best)} - {figure(level)})"
            sum_ = f"{figure(level)} + {figure(step)} % x {missing} = {figure(stepped)}"
            return stepped, f"So much of what is missing to {figure(best)}: {sum_}"


def _promoted(terms: Terms, ground: _Ground) -> Iterator[Proposal]:
    """Another classification than it has."""
    kpi = ground.last.kpi
    if kpi.promotion is not None and kpi.promotion.to != kpi.classification:
        effective = _effective(terms, ground.last, kpi.promotion.notice)
        reason = (
            ground.why,
            f"With {kpi.promotion.notice} of notice{cited(kpi.promotion.clause)}.",
        )
        from_, to = kpi.classification.value, kpi.promotion.to.value
        yield Proposal(kpi.key, "promotion", from_, to, effective, reason)
