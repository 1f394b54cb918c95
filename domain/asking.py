"""Periods without facts of which the terms say that somebody is asked for them: `no_data: asked`.

Pure: which periods these are, and by when the facts are asked for.
"""

from collections.abc import Iterable
from datetime import datetime

from domain.dates import after_agreed
from domain.restating import restated_until
from domain.results import Result, Status
from domain.schedule import DuePeriod
from domain.spans import Span, Unit
from domain.terms.measures import NoData
from domain.terms.shape import Terms
from domain.timeline import Timeline

ASKED_WITHIN = Span(10, Unit.WORKING_DAY)
"""So long facts are asked for where the terms say nothing else."""


def lacking(results: Iterable[Result]) -> list[Result]:
    """Those that have no figure and whose facts are asked for."""
    return [
        each
        for each in results
        if each.status == Status.NO_DATA and each.kpi.no_data == NoData.ASKED
    ]


def asked_until(due: DuePeriod, asked_at: datetime, terms: Terms, timeline: Timeline) -> datetime:
    """By when the facts of a period are wanted that are asked for at an instant.

    Never later than they would restate the period: what came then would be too late.
    """
    within = due.kpi.asked_within or ASKED_WITHIN
    until = after_agreed(terms, asked_at, within)
    return min(filter(None, (until, restated_until(due, timeline, None))))
