"""Figures of ticket clocks: how many of them were met, and how long they ran."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from domain.clock import ClockRun, ClockStatus, length_text
from domain.measurement import digest_of, excludes_missing
from domain.measures.figure import Figure, Frame, no_figure, ratio
from domain.measures.words import many, were

TOLD = 10
"""So many missed tickets are told one by one."""


def attainment(frame: Frame) -> Figure:
    """The share of clocks that were met, among those of which it is settled.

    A clock that still runs within its limit is left out. One that is overdue and not stopped is
    missed, unless the terms leave out what has no value.
    """
    judged = [run for run in _runs(frame) if _is_settled(frame, run)]
    pending = sum(1 for _ in _runs(frame)) - len(judged)
    if not judged:
        said = [_pending_sentence(pending)] if pending else []
        return no_figure(*said, missing=pending, inputs_digest=_digest(frame))
    met = sum(run.status == ClockStatus.MET for run in judged)
    return Figure(
        value=ratio(Fraction(met), Fraction(len(judged)), frame.kpi.unit),
        num=Fraction(met),
        den=Fraction(len(judged)),
        sample=len(judged),
        missing=pending,
        inputs_digest=_digest(frame),
        lead=(f"{met:,} of {many(len(judged), 'ticket')} kept the clock {frame.measure.clock}:"),
        reason=(*_missed(judged), *([_pending_sentence(pending)] if pending else [])),
    )


def clock_readings(frame: Frame) -> dict[str, Decimal | None]:
    """The seconds after which each clock stopped; None of one that has not."""
    return {
        run.ticket: None
        if run.stopped_at is None
        else Decimal(int(run.elapsed * 1_000_000)).scaleb(-6)
        for run in _runs(frame)
    }


def _runs(frame: Frame) -> Iterator[ClockRun]:
    """The clocks of the window's tickets; a ticket for which there is no limit has none."""
    for fact in frame.facts:
        run = frame.runs.get(fact.id)
        if run is not None:
            yield run


def _is_settled(frame: Frame, run: ClockRun) -> bool:
    if run.stopped_at is None and excludes_missing(frame.measure):
        return False
    return run.status in {ClockStatus.MET, ClockStatus.MISSED}


def _missed(judged: list[ClockRun]) -> Iterator[str]:
    """Which tickets missed their limit and by how much, by limit the commonest first."""
    missed = sorted(
        (run for run in judged if run.status == ClockStatus.MISSED), key=lambda run: run.ticket
    )
    if not missed:
        return
    told = ", ".join(f"{run.ticket} by {length_text(-run.left)}" for run in missed[:TOLD])
    more = len(missed) - TOLD
    yield f"Missed by: {told}{f' and {more:,} more' if more > 0 else ''}."


def _pending_sentence(count: int) -> str:
    return f"{many(count, 'ticket')} not yet settled {were(count)} left out."


def _digest(frame: Frame) -> str:
    return digest_of(
        {run.ticket: f"{run.status}\t{run.elapsed}\t{run.left}" for run in _runs(frame)}
    )
