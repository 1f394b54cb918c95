"""Figures of ticket clocks: how many of them were met, and how long they ran."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from domain.clocks.runs import SETTLED, ClockRun, ClockStatus, length_text
from domain.measurement import digest_of, excludes_missing
from domain.measures.figure import Figure, Frame, no_figure, ratio
from domain.measures.words import many, were

TOLD = 10
"""So many missed tickets are told one by one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a clock, or of one cycle of a clock for updates."""

    of: str
    met: bool
    left: Fraction


def attainment(frame: Frame) -> Figure:
    """The share of clocks that were met, among those of which it is settled.

    A clock that still runs within its limit is left out. One that is overdue and not stopped is
    missed, unless the terms leave out what has no value. Of a clock for updates each cycle counts;
    any other counts once, and one that began anew is missed if any of its runs was.
    """
    judged: list[Outcome] = []
    pending = 0
    for run in _runs(frame):
        outcomes = list(_outcomes(frame, run))
        judged += outcomes
        pending += run.status not in SETTLED if run.cycles else not outcomes
    if not judged:
        said = [_pending_sentence(pending)] if pending else []
        return no_figure(*said, missing=pending, inputs_digest=_digest(frame))
    met = sum(each.met for each in judged)
    updates = next(_runs(frame)).cycles
    counted = many(len(judged), "cycle" if updates else "ticket")
    return Figure(
        value=ratio(Fraction(met), Fraction(len(judged)), frame.kpi.unit),
        num=Fraction(met),
        den=Fraction(len(judged)),
        sample=len(judged),
        missing=pending,
        inputs_digest=_digest(frame),
        lead=(f"{met:,} of {counted} kept the clock {frame.measure.clock}:"),
        reason=(*_missed(judged), *([_pending_sentence(pending)] if pending else [])),
    )


def clock_readings(frame: Frame) -> dict[str, Decimal | None]:
    """The seconds after which each clock stopped; None of one that has not."""
    return {
        _name(each): None
        if each.stopped_at is None
        else Decimal(int(each.elapsed * 1_000_000)).scaleb(-6)
        for run in _runs(frame)
        for each in (run.cycles or (run,))
    }


def _runs(frame: Frame) -> Iterator[ClockRun]:
    """The clocks of the window's tickets; one for which there is no limit (any longer) has none."""
    for fact in frame.facts:
        run = frame.runs.get(fact.id)
        if run is not None and (run.superseded is None or run.judged):
            yield run


def _outcomes(frame: Frame, run: ClockRun) -> Iterator[Outcome]:
    unstopped = excludes_missing(frame.measure)
    judged = [
        each
        for each in run.judged
        if not (unstopped and each.stopped_at is None and each.superseded is None)
    ]
    if run.cycles:
        for each in judged:
            yield Outcome(_name(each), each.status == ClockStatus.MET, each.left)
        return
    missed = [each.left for each in judged if each.status == ClockStatus.MISSED]
    if missed:
        yield Outcome(run.ticket, met=False, left=min(missed))
    elif run in judged:
        yield Outcome(run.ticket, met=True, left=run.left)


def _name(run: ClockRun) -> str:
    """The ticket; of a later cycle of a clock for updates, with its number: `T1#2`."""
    number = len(run.cycles)
    return f"{run.ticket}#{number}" if number > 1 else run.ticket


def _missed(judged: list[Outcome]) -> Iterator[str]:
    """Which tickets missed their limit and by how much."""
    missed = sorted((each for each in judged if not each.met), key=lambda each: each.of)
    if not missed:
        return
    told = ", ".join(f"{each.of} {_by(each)}" for each in missed[:TOLD])
    more = len(missed) - TOLD
    yield f"Missed by: {told}{f' and {more:,} more' if more > 0 else ''}."


def _pending_sentence(count: int) -> str:
    return f"{many(count, 'ticket')} not yet settled {were(count)} left out."


def _digest(frame: Frame) -> str:
    return digest_of(
        {
            _name(each): f"{each.status}\t{each.elapsed}\t{each.left}"
            for run in _runs(frame)
            for each in (run.cycles or (run,))
        }
    )


def _by(missed: Outcome) -> str:
    """By how much; what ended in a pause or in closed hours after its deadline used no more."""
    return f"by {length_text(-missed.left)}" if missed.left else "after its deadline"
