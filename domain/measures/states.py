"""Availability from samples of a state: the last state is carried on until the next sample.

A sample whose value is `good` says that the service is up from its instant on, any other that it is
down. What was before the first sample the terms say (`before`); silent, it is no agreed time. As
with outages, time that relief takes out is no downtime. What is not known yet, in a period that
still runs, is none either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import islice

from domain.clocks.runs import length_text
from domain.facts import Sample
from domain.measurement import digest_of, excludes_missing, plain
from domain.measures.cuts import Cut, lasting, within, without
from domain.measures.downtime import TOLD, excused_assumed, excused_sentence
from domain.measures.figure import Assumed, Figure, Frame, no_figure, ratio, spare_time
from domain.measures.words import facts_of, local
from domain.terms.measures import IntervalValue, Measure
from domain.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in one state, by the id of the sample that began it; before any sample there is none."""

    id: str | None
    start: datetime
    end: datetime
    state: IntervalValue

    @property
    def cut(self) -> Cut:
        """Its time."""
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Down:
    """How long a stretch counts as downtime."""

    of: Stretch
    length: Fraction


def availability_of_states(frame: Frame) -> Figure:
    """Agreed time less the time in a bad state, over agreed time."""
    stretches = list(_stretches(frame))
    known = [each.cut for each in stretches if each.state != IntervalValue.EXCLUDED]
    agreed = lasting(known, frame.hours)
    excused = lasting((each for cut in known for each in within(frame.cut, *cut)), frame.hours)
    if not frame.measure.maintenance_in_denominator:
        agreed -= excused
    if agreed == 0:
        said = "No time was agreed in this period of which the state is known."
        return no_figure(said, inputs_digest=_digest(frame))
    downs = list(_downs(frame, stretches))
    down = sum((each.length for each in downs), Fraction(0))
    samples = sum(fact.at >= frame.start for fact in frame.all_of(Sample))
    lead = f"Of {length_text(agreed)} agreed, {length_text(down)} were down"
    return Figure(
        value=ratio(agreed - down, agreed, frame.kpi.unit),
        num=agreed - down,
        den=agreed,
        sample=samples,
        budget=spare_time(frame.kpi, agreed, down),
        inputs_digest=_digest(frame),
        lead=f"{lead} by {facts_of(frame.measure, samples)}:",
        reason=(
            *_each(downs, frame),
            *_carried(stretches, frame),
            *_unknown(stretches, frame),
            *excused_sentence(frame, excused),
        ),
        assumed=(*_assumed(stretches, frame), *excused_assumed(frame, excused)),
    )


def _stretches(frame: Frame) -> Iterator[Stretch]:
    """The window, cut where a sample stands; those that say the same are not joined."""
    reached, name = frame.start, None
    state = frame.measure.before or IntervalValue.EXCLUDED
    for fact in frame.all_of(Sample):
        if (told := _state(frame.measure, fact)) is None:
            continue
        if reached < fact.at:
            yield Stretch(name, reached, fact.at, state)
            reached = fact.at
        if told != state or name is None:
            name = fact.id
        state = told
    until = frame.end if frame.known_at is None else min(frame.end, frame.known_at)
    if reached < until:
        yield Stretch(name, reached, until, state)
        reached = until
    if reached < frame.end:
        # Nobody knows yet; until then it is not down.
        yield Stretch(name, reached, frame.end, _not_down(state))


def _not_down(state: IntervalValue) -> IntervalValue:
    return IntervalValue.GOOD if state == IntervalValue.BAD else state


def _state(measure: Measure, fact: Sample) -> IntervalValue | None:
    """What a sample says; None: nothing, so that what was before goes on."""
    if fact.value is None:
        return None if excludes_missing(measure) else IntervalValue.BAD
    if not isinstance(measure.good, Threshold):
        msg = "availability of samples needs `good`, for example `at least 1`"
        raise TypeError(msg)
    good = measure.good.holds(Fraction(fact.value))
    return IntervalValue.GOOD if good else IntervalValue.BAD


def _downs(frame: Frame, stretches: Sequence[Stretch]) -> Iterator[Down]:
    """The stretches that count as downtime; those that one sample began are one."""
    open_: Stretch | None = None
    length = Fraction(0)
    for each in stretches:
        if open_ is not None and (each.state != IntervalValue.BAD or each.id != open_.id):
            yield Down(open_, length)
            open_, length = None, Fraction(0)
        if each.state == IntervalValue.BAD:
            open_ = open_ or each
            length += lasting(without(*each.cut, frame.cut), frame.hours)
    if open_ is not None:
        yield Down(open_, length)


# --- words


def _each(downs: Sequence[Down], frame: Frame) -> Iterator[str]:
    """Since when it was down, and for how long."""
    counted = [each for each in downs if each.length]
    if counted:
        said = [_one(each, frame) for each in islice(counted, TOLD)]
        more = len(counted) - len(said)
        yield f"Down {', '.join(said)}{f' and {more:,} times more' if more else ''}."


def _one(down: Down, frame: Frame) -> str:
    by = "" if down.of.id is None else f" ({down.of.id})"
    return f"from {local(down.of.start, frame.zone)}{by} for {length_text(down.length)}"


def _carried(stretches: Sequence[Stretch], frame: Frame) -> Iterator[str]:
    """The state that the period began with."""
    before = [fact for fact in frame.all_of(Sample) if fact.at < frame.start]
    first = stretches[0]
    if before and first.id is not None:
        up = "up" if first.state == IntervalValue.GOOD else "down"
        at = local(before[-1].at, frame.zone)
        yield f"The period began {up}, as {before[-1].id} had said at {at}."


def _unknown(stretches: Sequence[Stretch], frame: Frame) -> Iterator[str]:
    """What was made of the time before the first sample."""
    first = stretches[0]
    if first.id is None:
        length = length_text(lasting([first.cut], frame.hours))
        counts = {
            IntervalValue.GOOD: "counts as up",
            IntervalValue.BAD: "counts as down",
            IntervalValue.EXCLUDED: "is no agreed time",
        }[first.state]
        yield f"Of {length} before the first sample nothing is known; it {counts}."


def _assumed(stretches: Sequence[Stretch], frame: Frame) -> Iterator[Assumed]:
    if stretches[0].id is None and frame.measure.before is None:
        yield Assumed("measure.before", "time before the first sample is no agreed time")


def _digest(frame: Frame) -> str:
    return digest_of(
        {fact.id: f"{fact.at.isoformat()}\t{plain(fact.value)}" for fact in frame.all_of(Sample)}
    )
