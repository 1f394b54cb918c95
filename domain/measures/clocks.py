"""Figures of ticket clocks: how many of them were met, and how long they ran."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from domain.clocks.runs import SETTLED, ClockRun, ClockStatus, length_text
from domain.measurement import digest_of, excludes_missing
from domain.measures.figure import Figure, Frame, no_figure, ratio
from domain.measures.words import many, were
from domain.terms.calendars import Closing

TOLD = 10
"""So many missed tickets are told one by one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a clock, or of one cycle of a clock for updates."""

    of: str
    met: bool
    by: str = ""


def attainment(frame: Frame) -> Figure:
    """The share of clocks that were met, among those of which it is settled.

    A clock that still runs within its limit is left out, and so is one of a ticket that was closed
    before, if that was agreed. One that is overdue and not stopped is missed, unless the terms
    leave out what has no value. Of a clock for updates each cycle counts; any other counts once,
    and one that began anew is missed if any of its runs was.
    """
    judged: list[Outcome] = []
    pending = 0
    closed = sum(run.is_left_out for run in _all_runs(frame))
    for run in _runs(frame):
        outcomes = list(_outcomes(frame, run))
        judged += outcomes
        if run.status == ClockStatus.LEFT_OUT:
            closed += not outcomes
        else:
            pending += run.status not in SETTLED if run.cycles else not outcomes
    said = [
        *([_pending_sentence(pending)] if pending else []),
        *([_closed_sentence(closed)] if closed else []),
    ]
    if not judged:
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
        reason=(*_missed(judged), *said),
    )


def clock_readings(frame: Frame) -> dict[str, Decimal | None]:
    """The seconds after which each clock stopped; None of one that has not, or in vain."""
    return {
        _name(each): Decimal(int(each.elapsed * 1_000_000)).scaleb(-6) if each.was_done else None
        for run in _runs(frame)
        for each in (run.cycles or (run,))
        if each.status != ClockStatus.LEFT_OUT
    }


def _runs(frame: Frame) -> Iterator[ClockRun]:
    """The clocks of the window's tickets; one for which there is no limit (any longer) has none."""
    for run in _all_runs(frame):
        if not run.is_left_out and (run.superseded is None or run.judged):
            yield run


def _all_runs(frame: Frame) -> Iterator[ClockRun]:
    found = (frame.runs.get(fact.id) for fact in frame.facts)
    return (run for run in found if run is not None)


def _outcomes(frame: Frame, run: ClockRun) -> Iterator[Outcome]:
    unstopped = excludes_missing(frame.measure)
    judged = [
        each
        for each in run.judged
        if not (unstopped and each.stopped_at is None and each.superseded is None)
    ]
    if run.cycles:
        for each in judged:
            yield Outcome(_name(each), each.status == ClockStatus.MET, _by(each))
        return
    missed = [each for each in judged if each.status == ClockStatus.MISSED]
    if missed:
        worst = min(missed, key=lambda each: each.left)
        yield Outcome(run.ticket, met=False, by=_by(worst))
    elif run in judged or (run.status == ClockStatus.LEFT_OUT and judged):
        yield Outcome(run.ticket, met=True)


def _name(run: ClockRun) -> str:
    """The ticket; of a later cycle of a clock for updates, with its number: `T1#2`."""
    number = len(run.cycles)
    return f"{run.ticket}#{number}" if number > 1 else run.ticket


def _missed(judged: list[Outcome]) -> Iterator[str]:
    """Which tickets missed their limit and by how much."""
    missed = sorted((each for each in judged if not each.met), key=lambda each: each.of)
    if not missed:
        return
    told = ", ".join(f"{each.of} {each.by}" for each in missed[:TOLD])
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


def _closed_sentence(count: int) -> str:
    return (
        f"{many(count, 'ticket')} closed while the clock waited {were(count)} left out, as agreed."
    )


def _by(run: ClockRun) -> str:
    """By how much; what ended in a pause or in closed hours after its deadline used no more."""
    if run.left < 0:
        return f"by {length_text(-run.left)}"
    return "by its closing" if run.closing == Closing.MISSED else "after its deadline"
