"""Measures: from the facts of a window to one figure. One function for each kind, by a table."""

from collections.abc import Callable

from domain.measures.clocks import attainment
from domain.measures.composites import composite
from domain.measures.counts import contact_service_level, pooled_ratio, rate
from domain.measures.delays import delay
from domain.measures.downtime import availability
from domain.measures.figure import Figure, Frame, no_figure
from domain.measures.readings import count, figure_of_readings, proportion
from domain.measures.slices import mean_of_rates
from domain.measures.states import availability_of_states
from domain.measures.surveys import survey_score
from domain.terms.shape import Kind

__all__ = ["MEASURES", "Figure", "Frame", "measured"]


def _reported(_: Frame) -> Figure:
    return no_figure("No result was reported.")


def _availability(frame: Frame) -> Figure:
    of_states = frame.measure.series is not None
    return availability_of_states(frame) if of_states else availability(frame)


MEASURES: dict[Kind, Callable[[Frame], Figure]] = {
    Kind.PROPORTION: proportion,
    Kind.MEAN: figure_of_readings,
    Kind.SUM: figure_of_readings,
    Kind.COUNT: count,
    Kind.MAXIMUM: figure_of_readings,
    Kind.MINIMUM: figure_of_readings,
    Kind.PERCENTILE: figure_of_readings,
    Kind.RATIO: pooled_ratio,
    Kind.RATE: rate,
    Kind.MEAN_OF_RATES: mean_of_rates,
    Kind.AVAILABILITY: _availability,
    Kind.ATTAINMENT: attainment,
    Kind.CONTACT: contact_service_level,
    Kind.SURVEY: survey_score,
    Kind.COMPOSITE: composite,
    Kind.DELAY: delay,
    Kind.REPORTED: _reported,
}


def measured(frame: Frame) -> Figure:
    """The figure that a KPI's measure gives for a window."""
    return MEASURES[frame.measure.kind](frame)
