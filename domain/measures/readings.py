"""Figures of single readings: how many are good, their mean, sum, largest, nearest rank."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

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
    rank,
    reading,
    seconds,
    share_of_rank,
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


# --- figures of readings, also of those that the database counted


def proportion(frame: Frame) -> Figure:
    """The share of readings that are good, in percent."""
    measure = frame.measure
    if measure.intervals is not None:
        return good_slices(frame)
    if measure.clock is not None and measure.good is None:
        return attainment(frame)
    return figure_of_readings(frame)


def figure_of_readings(frame: Frame) -> Figure:
    """The figure of the readings that a window has."""
    return figure_of(frame.kpi, amount(frame.measure, readings(frame)))


def figure_of(kpi: Kpi, found: Aggregate) -> Figure:
    """The figure of what readings amount to.

    Where there are no outages, their sum and the longest of them are zero.
    """
    measure = kpi.measure
    none_is_zero = measure.outages is not None and measure.kind in {Kind.SUM, Kind.MAXIMUM}
    if found.den == 0 and not none_is_zero:
        return no_figure(missing=found.missing, inputs_digest=found.inputs_digest)
    num, den = Fraction(found.num), Fraction(found.den)
    facts = facts_of(measure, found.den)
    match measure.kind:
        case Kind.PROPORTION:
            value, counted = num / den * 100, counted_as(measure, were(found.den))
            lead = f"{int(found.num):,} of {facts} {counted}:"
        case Kind.MEAN:
            value, lead = num / den / base_units(measure, kpi.unit), f"The mean of {facts} was"
        case _:
            value, den = num / base_units(measure, kpi.unit), Fraction(1)
            lead = f"{_place(measure, found.den)} {facts}{_share(measure)} was"
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


def _place(measure: Measure, readings: int) -> str:
    """Which of the readings, or what of them, the figure is."""
    match measure.kind:
        case Kind.SUM:
            return "The sum of"
        case Kind.MAXIMUM:
            return "The largest of"
        case Kind.MINIMUM:
            return "The smallest of"
        case _:
            return f"In order of size, number {rank(share_of_rank(measure), readings):,} of"


def _share(measure: Measure) -> str:
    if measure.percentile is None:
        return ""
    return f" ({number(Fraction(measure.percentile))} %)"


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
    if not missing or measure.kind != Kind.PROPORTION or "missing" in measure.model_fields_set:
        return ()
    return (Assumed("measure.missing", "a fact without a value counts against"),)


# --- how many


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


def _values(found: Readings) -> list[Decimal]:
    return [value for value in found.values() if value is not None]
