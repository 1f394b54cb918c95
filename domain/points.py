"""What a missed period counts as: service points, service level defaults, repeated failures.

In this order, so that each can look at what is settled before it. Chains go on from one edition of
the terms to the next; each result is judged by the edition that it goes by.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from domain.patterns import completions, elements_of
from domain.patterns.elements import distinct, run_of, selects, under
from domain.patterns.wording import cited, explained, told
from domain.remedies.wording import figure, ordinal, points_said
from domain.results import Points, Result, Status
from domain.terms.patterns import Afterwards, Classification, Pattern
from domain.terms.remedies import Repeat
from domain.timeline import Timeline
from domain.zones import zone_named

PASSED_OVER = frozenset({Status.NO_DATA, Status.EXCUSED, Status.BASELINE})
"""What gets no points, and neither lengthens a run of misses nor ends it."""


def judged(results: Sequence[Result], timeline: Timeline) -> tuple[Result, ...]:
    """The results in their order, with points and default, and the sentences that say why."""
    pointed = _with_points(results)
    return _with_multipliers(_with_defaults(pointed, timeline), timeline)


def _told(result: Result, sentence: str) -> tuple[str, ...]:
    return (*result.reason, sentence)


# --- points


def _with_points(results: Sequence[Result]) -> list[Result]:
    """Points by the run of misses where the KPI says so, else those of the band."""
    found = list(results)
    runs: dict[str, int] = {}
    for index in sorted(range(len(found)), key=lambda each: _order(found[each])):
        result = found[index]
        if result.status not in PASSED_OVER:
            name = run_of(result)
            runs[name] = runs.get(name, 0) + 1 if result.missed else 0
            found[index] = _pointed(result, runs[name])
    return found


def _order(result: Result) -> tuple[datetime, datetime]:
    return result.period.end, result.period.start


def _pointed(result: Result, run: int) -> Result:
    steps = result.kpi.points_by_run
    if steps is None:
        return _of_band(result)
    if run == 0:
        return replace(result, points=Points(Fraction(0)))
    base = Fraction(steps[min(run, len(steps)) - 1])
    sentence = f"{points_said(base)}: the {ordinal(run)} miss in a row."
    return replace(result, points=Points(base), reason=_told(result, sentence))


def _of_band(result: Result) -> Result:
    """The points of the result's band, unless they are known already."""
    if result.points is not None or result.band is None:
        return result
    band = result.kpi.bands[result.band]
    if band.points is None:
        return result
    base = Fraction(band.points)
    named = "its band" if band.name is None else f"the band {band.name}"
    sentence = f"{points_said(base)}, as {named} gives{cited(band.clause)}."
    return replace(result, points=Points(base), reason=_told(result, sentence))


# --- conditions


@dataclass(frozen=True, slots=True)
class _Condition:
    """A pattern that results meet or not, and the numbers of the editions that say so."""

    pattern: Pattern
    editions: frozenset[int]

    def met(self, results: Sequence[Result], timeline: Timeline) -> Iterator[tuple[int, str]]:
        """The positions of the results that meet it, and what was found.

        Silent on `afterwards`, a condition is met wherever it holds. Where several results of a
        group end together, all of them that count meet it.
        """
        terms = timeline.latest
        pattern = self.pattern
        if "afterwards" not in pattern.model_fields_set:
            pattern = pattern.model_copy(update={"afterwards": Afterwards.REPEATS})
        elements = elements_of(pattern, results)
        places = [place for place, each in enumerate(results) if selects(pattern.where, each)]
        ending: dict[tuple[str, datetime], list[int]] = {}
        judges = under(self.editions)
        for index, element in enumerate(elements):
            if element.counts and judges(element):
                ending.setdefault((element.group, element.at), []).append(index)
        zone = zone_named(terms.zone)
        for found in completions(pattern, elements, zone, terms.first_day, judges):
            sentence = explained(pattern, found, elements)
            for index in ending.get((found.group, found.at), ()):
                yield places[index], sentence


# --- defaults


def _with_defaults(results: Sequence[Result], timeline: Timeline) -> list[Result]:
    """Below the minimum is a default at once; below what is expected, when the terms say so."""
    found = list(results)
    by_kpi: dict[str, list[int]] = {}
    for index, result in enumerate(found):
        by_kpi.setdefault(result.kpi.key, []).append(index)
    for indexes in by_kpi.values():
        run = [results[index] for index in indexes]
        said = {each.edition: each.kpi.default_when for each in run}
        patterns = [(edition, when) for edition, when in said.items() if when is not None]
        met = {
            place: sentence
            for pattern, editions in distinct(patterns)
            for place, sentence in _Condition(pattern, editions).met(run, timeline)
        }
        for place, index in enumerate(indexes):
            found[index] = _defaulted(run[place], met.get(place))
    return found


def _defaulted(result: Result, met: str | None) -> Result:
    """Only what was missed can be a default, and never what an indicator missed."""
    when = result.kpi.default_when
    if not result.missed or result.kpi.classification == Classification.INDICATOR:
        return result
    if result.status == Status.BELOW_MINIMUM:
        why = "A service level default: the minimum is missed."
    elif when is None:
        why = "A service level default: what is expected is missed."
    elif met is None:
        why = f"Not a service level default, which needs {told(when)}{cited(when.clause)}."
        return replace(result, reason=_told(result, why))
    else:
        why = f"A service level default. {met}"
    return replace(result, default=True, reason=_told(result, why))


# --- repeated failures


def _with_multipliers(results: Sequence[Result], timeline: Timeline) -> tuple[Result, ...]:
    """Points of repeated failures times the largest multiplier that applies; none compound."""
    largest: dict[int, tuple[Fraction, str]] = {}
    said = [(each.number, repeat) for each in timeline.editions for repeat in each.terms.repeats]
    for repeat, editions in distinct(said):
        indexes = [index for index, each in enumerate(results) if _applies(repeat, each)]
        run = [results[index] for index in indexes]
        for place, sentence in _Condition(repeat.when, editions).met(run, timeline):
            times = Fraction(repeat.times)
            known = largest.get(indexes[place])
            if known is None or known[0] < times:
                largest[indexes[place]] = times, f"{sentence}{_clause(repeat)}"
    return tuple(
        _multiplied(result, *largest[index]) if index in largest else result
        for index, result in enumerate(results)
    )


def _applies(repeat: Repeat, result: Result) -> bool:
    if repeat.kpis is not None:
        return result.kpi.key in repeat.kpis
    return result.kpi.classification != Classification.INDICATOR


def _clause(repeat: Repeat) -> str:
    return "" if repeat.clause is None else f" Clause: {repeat.clause}."


def _multiplied(result: Result, times: Fraction, why: str) -> Result:
    points = result.points
    if points is None or points.base == 0:
        return result
    multiplied = Points(points.base, times)
    product = f"{figure(points.base)} x {figure(times)} = {points_said(multiplied.total)}"
    sentence = f"A repeated failure: {product}. {why}"
    return replace(result, points=multiplied, reason=_told(result, sentence))
