"""Figures of single readings: how many are good, their mean, sum, largest, nearest rank."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import ceil

from domain.facts import CountFact, EventFact, Sample, Survey, Ticket
from domain.measurement import (
    Aggregate,
    amount,
    base_units,
    digest_of,
    excludes_missing,
    good_limit,
    inputs_digest,
    is_good,
    reading,
    seconds,
    total,
)
from domain.measures.clocks import attainment, clock_readings
from domain.measures.downtime import outage_lengths
from domain.measures.figure import Assumed, Figure, Frame, no_figure
from domain.measures.slices import good_slices
from domain.measures.words import all_facts_of, facts_of, number, were
from domain.terms.shape import Kind, Kpi, Measure

Readings = Mapping[str, Decimal | None]
"""The value of each fact by its id; None where it has none."""


def readings(frame: Frame) -> Readings:
    """The readings of a window's facts. Those of outages and of tickets are seconds."""
    measure = frame.measure
    if measure.outages is not None:
        return outage_lengths(frame)
    if measure.clock is not None:
        return clock_readings(frame)
    found: dict[str, Decimal | None] = {}
    for fact in frame.facts:
        match fact:
            case Sample() | Ticket():
                found[fact.id] = reading(measure, fact)
            case Survey(score=score):
                found[fact.id] = score
            case CountFact(value=value):
                found[fact.id] = value
            case EventFact(due=due, at=at) if measure.good == "by due" and due is not None:
                found[fact.id] = seconds(due - at)
            case EventFact(value=said):
                found[fact.id] = said
            case _:
                msg = f"a {measure.kind} cannot be taken of {type(fact).__name__}"
                raise TypeError(msg)
    return found


# --- proportions and means, also of what the database counted


def proportion(frame: Frame) -> Figure:
    """The share of readings that are good, in percent."""
    measure = frame.measure
    if measure.intervals is not None:
        return good_slices(frame)
    if measure.clock is not None and measure.good is None:
        return attainment(frame)
    return figure_of(frame.kpi, amount(measure, readings(frame)))


def mean(frame: Frame) -> Figure:
    """The mean of the readings that there are."""
    return figure_of(frame.kpi, amount(frame.measure, readings(frame)))


def figure_of(kpi: Kpi, found: Aggregate) -> Figure:
    """The figure of a proportion or a mean."""
    if found.den == 0:
        return no_figure(missing=found.missing, inputs_digest=found.inputs_digest)
    num, den, measure = Fraction(found.num), Fraction(found.den), kpi.measure
    facts = facts_of(measure, found.den)
    if measure.kind == Kind.MEAN:
        value, lead = num / den / base_units(measure, kpi.unit), f"The mean of {facts} was"
    else:
        counted = counted_as(measure, were(found.den))
        value, lead = num / den * 100, f"{int(found.num):,} of {facts} {counted}:"
    return Figure(
        value=value,
        num=num,
        den=den,
        sample=found.den,
        missing=found.missing,
        inputs_digest=found.inputs_digest,
        lead=lead,
        reason=missing_sentence(measure, found.missing),
        assumed=_assumed(measure, found.missing),
    )


def counted_as(measure: Measure, verb: str) -> str:
    """What is counted, in the words of the terms; the target says whether that is good."""
    if measure.flag is not None:
        return f"{verb} flagged {measure.flag}"
    if measure.good == "by due":
        return f"{verb} in time"
    if measure.tickets is not None:
        return f"had a {measure.tickets} time of {measure.good}"
    return f"{verb} {measure.good}"


def missing_sentence(measure: Measure, missing: int) -> tuple[str, ...]:
    """What became of facts without a value."""
    if not missing:
        return ()
    if excludes_missing(measure) or measure.kind != Kind.PROPORTION:
        return (f"{missing:,} more without a value {were(missing)} left out, as agreed.",)
    counts = "counts" if missing == 1 else "count"
    return (f"{missing:,} of them had no value and {counts} against, as agreed.",)


def _assumed(measure: Measure, missing: int) -> tuple[Assumed, ...]:
    if not missing or measure.kind == Kind.MEAN or "missing" in measure.model_fields_set:
        return ()
    return (Assumed("measure.missing", "a fact without a value counts against"),)


# --- other figures of the values that there are


def sum_of(frame: Frame) -> Figure:
    """The sum of the values. Of outages, none are a sum of zero."""
    found = readings(frame)
    values = _values(found)
    if not values and frame.measure.outages is None:
        return _none(found)
    summed = Fraction(total(values))
    return _of_values(
        frame, found, summed, f"The sum of {facts_of(frame.measure, len(values))} was"
    )


def count(frame: Frame) -> Figure:
    """How many facts there are; with `good` or a flag, how many of them it holds for."""
    measure = frame.measure
    if measure.good is None and measure.flag is None and measure.outages is None:
        names = [fact.id for fact in frame.facts]
        counted, lead = len(names), f"The number of {all_facts_of(measure)} was"
        return _counted(counted, counted, digest_of(dict.fromkeys(names, "")), lead)
    found = readings(frame)
    values = _values(found)
    digest = inputs_digest(found)
    if measure.good is None and measure.flag is None:
        lead = f"The number of {all_facts_of(measure)} was"
        return _counted(len(values), len(values), digest, lead)
    holding = sum(map(is_good(*good_limit(measure)), values))
    lead = f"The number of {all_facts_of(measure)} that {counted_as(measure, 'were')} was"
    return _counted(holding, len(found), digest, lead)


def _counted(counted: int, sample: int, digest: str, lead: str) -> Figure:
    value = Fraction(counted)
    return Figure(value, value, Fraction(1), sample, inputs_digest=digest, lead=lead)


def maximum(frame: Frame) -> Figure:
    """The largest value. Of outages, where there are none the longest has no length."""
    found = readings(frame)
    values = _values(found) or ([Decimal(0)] if frame.measure.outages is not None else [])
    if not values:
        return _none(found)
    lead = f"The largest of {facts_of(frame.measure, len(_values(found)))} was"
    return _of_values(frame, found, Fraction(max(values)), lead)


def minimum(frame: Frame) -> Figure:
    """The smallest value."""
    found = readings(frame)
    if not (values := _values(found)):
        return _none(found)
    lead = f"The smallest of {facts_of(frame.measure, len(values))} was"
    return _of_values(frame, found, Fraction(min(values)), lead)


def percentile(frame: Frame) -> Figure:
    """By nearest rank: the smallest value that at least so many percent of the values reach.

    It is always one of the values; nothing is interpolated.
    """
    percent = frame.measure.percentile
    if percent is None:
        msg = "a percentile needs `percentile`, for example `95 %`"
        raise ValueError(msg)
    found = readings(frame)
    if not (values := sorted(_values(found))):
        return _none(found)
    rank = max(1, ceil(Fraction(percent) * len(values) / 100))
    facts = facts_of(frame.measure, len(values))
    lead = f"In order of size, number {rank:,} of {facts} ({number(Fraction(percent))} %) was"
    return _of_values(frame, found, Fraction(values[rank - 1]), lead)


def _values(found: Readings) -> list[Decimal]:
    return [value for value in found.values() if value is not None]


def _none(found: Readings) -> Figure:
    return no_figure(missing=len(found), inputs_digest=inputs_digest(found))


def _of_values(frame: Frame, found: Readings, value: Fraction, lead: str) -> Figure:
    """A figure in the unit of the values."""
    counted = len(_values(found))
    missing = len(found) - counted
    return Figure(
        value=value / base_units(frame.measure, frame.kpi.unit),
        num=value,
        den=Fraction(1),
        sample=counted,
        missing=missing,
        inputs_digest=inputs_digest(found),
        lead=lead,
        reason=missing_sentence(frame.measure, missing),
    )
