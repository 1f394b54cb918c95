"""Figures of intervals: how many are good, the mean of their rates, or all of them pooled.

An interval's rate is its good part of its total. A fact with `repeat` stands for that many equal
intervals. Where the terms state the length of an interval, the window says how many there should
be; those without a fact are absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from domain.facts import Interval
from domain.measurement import digest_of, excludes_missing, plain
from domain.measures.cuts import holds, lasting, without
from domain.measures.downtime import unit_seconds
from domain.measures.figure import Assumed, Figure, Frame, no_figure, ratio, spare_time
from domain.measures.words import facts_of, many, number, were
from domain.results import Budget
from domain.spans import SECONDS, after
from domain.terms.measures import IntervalValue, Measure
from domain.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Slice:
    """So many equal intervals, and their rate from 0 to 1; None: they are left out."""

    rate: Fraction | None
    repeat: int


VALUES = {
    None: None,
    IntervalValue.EXCLUDED: None,
    IntervalValue.GOOD: Fraction(1),
    IntervalValue.BAD: Fraction(0),
}
"""The rate of an interval of which nothing is known."""


def good_slices(frame: Frame) -> Figure:
    """The share of intervals whose rate is good: time slices."""
    measure = frame.measure
    good = measure.good
    if not isinstance(good, Threshold):
        msg = "a proportion of intervals needs `good`, for example `at least 99 %`"
        raise TypeError(msg)
    slices = list(_slices(frame))
    counted = sum(each.repeat for each in slices if each.rate is not None)
    if not counted:
        return _nothing(frame)
    fine = sum(
        each.repeat
        for each in slices
        if each.rate is not None and good.holds(ratio(each.rate, Fraction(1), good.unit))
    )
    return Figure(
        value=ratio(Fraction(fine), Fraction(counted), frame.kpi.unit),
        num=Fraction(fine),
        den=Fraction(counted),
        sample=counted,
        missing=_without_value(frame),
        budget=_budget(frame, counted - fine),
        inputs_digest=_digest(frame),
        lead=f"{fine:,} of {facts_of(measure, counted)} {were(counted)} good ({good}):",
        reason=tuple(_treated(frame)),
        assumed=tuple(_assumed(frame)),
    )


def mean_of_rates(frame: Frame) -> Figure:
    """The mean of the intervals' own rates, each interval with the same weight."""
    slices = [each for each in _slices(frame) if each.rate is not None]
    counted = sum(each.repeat for each in slices)
    if not counted:
        return _nothing(frame)
    rates = sum((each.repeat * (each.rate or Fraction(0)) for each in slices), Fraction(0))
    scaled = ratio(rates, Fraction(1), frame.kpi.unit)
    return Figure(
        value=scaled / counted,
        num=rates,
        den=Fraction(counted),
        sample=counted,
        missing=_without_value(frame),
        inputs_digest=_digest(frame),
        lead=(
            f"The rates of {facts_of(frame.measure, counted)} add up to "
            f"{number(scaled)} {frame.kpi.unit}; their mean was"
        ),
        reason=tuple(_treated(frame)),
        assumed=tuple(_assumed(frame)),
    )


def pooled(frame: Frame) -> Figure:
    """All that was good of the intervals together, over all of their totals."""
    good, total = Fraction(0), Fraction(0)
    for fact in frame.all_of(Interval):
        part = _good(fact)
        if part is None and excludes_missing(frame.measure):
            continue
        good += fact.repeat * (part or Fraction(0))
        total += fact.repeat * Fraction(fact.total)
    if not total:
        return _nothing(frame)
    lead = f"{number(good)} of {number(total)} in {facts_of(frame.measure, len(frame.facts))}"
    return Figure(
        value=ratio(good, total, frame.kpi.unit),
        num=good,
        den=total,
        sample=int(total),
        missing=_without_value(frame),
        inputs_digest=_digest(frame),
        lead=f"{lead} were good:",
        reason=tuple(_unvalued_sentence(frame)),
    )


def expected_slices(frame: Frame) -> int | None:
    """How many whole intervals the window holds, less what relief takes out of it.

    None where their length is not stated. Intervals of a day are those of the local calendar.
    """
    span = frame.measure.interval
    if span is None:
        return None
    if span.unit in SECONDS:
        length = lasting(without(frame.start, frame.end, frame.cut))
        return int(length // unit_seconds(span))
    at, count = frame.start, 0
    while (following := after(at, span, frame.zone)) <= frame.end:
        count += not holds(frame.cut, at)
        at = following
    return count


def _slices(frame: Frame) -> Iterator[Slice]:
    """Every interval of the window, those without a fact last."""
    for fact in frame.all_of(Interval):
        yield Slice(_rate(frame.measure, fact), fact.repeat)
    if absent := _absent(frame):
        yield Slice(VALUES[frame.measure.absent], absent)


def _rate(measure: Measure, fact: Interval) -> Fraction | None:
    good = _good(fact)
    if not fact.total:
        return VALUES[measure.empty]
    if good is None:
        return None if excludes_missing(measure) else Fraction(0)
    return good / Fraction(fact.total)


def _good(fact: Interval) -> Fraction | None:
    """The good part: as told, or what of the total was not bad."""
    if fact.good is not None:
        return Fraction(fact.good)
    return None if fact.bad is None else Fraction(fact.total) - Fraction(fact.bad)


def _absent(frame: Frame) -> int:
    expected = expected_slices(frame)
    if expected is None:
        return 0
    return max(0, expected - sum(fact.repeat for fact in frame.all_of(Interval)))


def _empty(frame: Frame) -> int:
    return sum(fact.repeat for fact in frame.all_of(Interval) if not fact.total)


def _without_value(frame: Frame) -> int:
    """Intervals in which something happened, and nobody says how much of it was good."""
    return sum(fact.repeat for fact in frame.all_of(Interval) if fact.total and _good(fact) is None)


def _budget(frame: Frame, bad: int) -> Budget | None:
    """Failing time in whole intervals, out of all that the window should have."""
    expected = expected_slices(frame)
    if expected is None or frame.measure.interval is None:
        return None
    length = unit_seconds(frame.measure.interval)
    return spare_time(frame.kpi, Fraction(expected * length), Fraction(bad * length))


# --- words


TREATED = {
    None: "left out",
    IntervalValue.EXCLUDED: "left out, as agreed",
    IntervalValue.GOOD: "counted as good, as agreed",
    IntervalValue.BAD: "counted as bad, as agreed",
}


def _treated(frame: Frame) -> Iterator[str]:
    measure = frame.measure
    for count, what, value in (
        (_empty(frame), "in which nothing happened", measure.empty),
        (_absent(frame), "without a fact", measure.absent),
    ):
        if count:
            yield f"{many(count, 'interval')} {what} {were(count)} {TREATED[value]}."
    yield from _unvalued_sentence(frame)


def _unvalued_sentence(frame: Frame) -> Iterator[str]:
    if count := _without_value(frame):
        treated = TREATED[
            IntervalValue.EXCLUDED if excludes_missing(frame.measure) else IntervalValue.BAD
        ]
        yield f"{many(count, 'interval')} without a good or bad part {were(count)} {treated}."


def _assumed(frame: Frame) -> Iterator[Assumed]:
    measure = frame.measure
    if measure.empty is None and _empty(frame):
        yield Assumed("measure.empty", "intervals in which nothing happened are left out")
    if measure.absent is None and _absent(frame):
        yield Assumed("measure.absent", "intervals without a fact are left out")


def _nothing(frame: Frame) -> Figure:
    if not frame.facts:
        return no_figure()
    said = f"{facts_of(frame.measure, len(frame.facts))} {were(len(frame.facts))} found, none of"
    return no_figure(
        f"{said} which counts.", missing=_without_value(frame), inputs_digest=_digest(frame)
    )


def _digest(frame: Frame) -> str:
    return digest_of({fact.id: _said(fact) for fact in frame.all_of(Interval)})


def _said(fact: Interval) -> str:
    figures = (plain(fact.good), plain(fact.bad), plain(fact.total), str(fact.repeat))
    return "\t".join((fact.start.isoformat(), fact.end.isoformat(), *figures))
