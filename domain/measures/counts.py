"""Figures of counted things: ratios and rates of volumes, and service levels of contact centres."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from domain.facts import CountFact
from domain.measurement import digest_of, plain
from domain.measures.figure import Figure, Frame, no_figure, ratio
from domain.measures.slices import pooled
from domain.measures.words import listed, number
from domain.terms.measures import Formula, Names

ANSWERED, ANSWERED_WITHIN = "answered", "answered_within"
ABANDONED, ABANDONED_WITHIN, ABANDONED_SHORT = "abandoned", "abandoned_within", "abandoned_short"

FORMULAS: dict[Formula, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    Formula.BOTH_WITHIN: ((ANSWERED_WITHIN, ABANDONED_WITHIN), (ANSWERED, ABANDONED), ()),
    Formula.ANSWERED_ONLY: ((ANSWERED_WITHIN,), (ANSWERED,), ()),
    Formula.ALL_OFFERED: ((ANSWERED_WITHIN,), (ANSWERED, ABANDONED), ()),
    Formula.LATE_ABANDONED: ((ANSWERED_WITHIN,), (ANSWERED, ABANDONED), (ABANDONED_WITHIN,)),
    Formula.SHORT_ABANDONED_EXCLUDED: (
        (ANSWERED_WITHIN,),
        (ANSWERED, ABANDONED),
        (ABANDONED_SHORT,),
    ),
}
"""Of each formula the names above, those below, and those taken off below.

The five ways are those of callcentrehelper.com, "service level threshold calculations".
"""


MORE_THAN_ALL = "more calls were in time than there were"


def names(said: Names | None) -> tuple[str, ...]:
    """The names of counts as a tuple."""
    if said is None:
        return ()
    return (said,) if isinstance(said, str) else said


def pooled_ratio(frame: Frame) -> Figure:
    """What is counted above, over what is counted below, all of the window together."""
    if frame.measure.intervals is not None:
        return pooled(frame)
    measure = frame.measure
    return _divided(frame, names(measure.of), names(measure.over))


def rate(frame: Frame) -> Figure:
    """So many for each `times` of a volume: complaints, tickets or the like per 1000 calls."""
    measure = frame.measure
    times = Fraction(measure.times or (100 if frame.kpi.unit == "%" else 1))
    over = names(measure.over)
    if measure.of is not None:
        counted, what = _sum(frame.all_of(CountFact), names(measure.of)), listed(names(measure.of))
        volume = _sum(frame.all_of(CountFact), over)
    else:
        counted, what = Fraction(len(frame.facts)), "tickets"
        volume = _sum(frame.volumes, over)
    if not volume:
        return _no_volume(frame, over)
    return Figure(
        value=counted / volume * times,
        num=counted * times,
        den=volume,
        sample=int(volume),
        inputs_digest=_digest(frame),
        lead=(f"{number(counted)} {what} x {number(times)} / {number(volume)} {listed(over)}:"),
    )


def contact_service_level(frame: Frame) -> Figure:
    """One of the five formulas by which contact centres reckon their service level."""
    if frame.measure.formula is None:
        msg = "a contact centre's service level needs `formula`"
        raise ValueError(msg)
    figure = _divided(frame, *FORMULAS[frame.measure.formula])
    if figure.num <= figure.den:
        return figure
    said = f"{figure.lead} {MORE_THAN_ALL}, so the counts contradict each other and give no figure."
    return replace(no_figure(said, inputs_digest=figure.inputs_digest), refused=MORE_THAN_ALL)


def _divided(
    frame: Frame, above: tuple[str, ...], below: tuple[str, ...], off: tuple[str, ...] = ()
) -> Figure:
    facts = frame.all_of(CountFact)
    num, den = _sum(facts, above), _sum(facts, below) - _sum(facts, off)
    if den <= 0:
        return _no_volume(frame, below)
    top = _told(facts, above)
    bottom = _told(facts, below) + "".join(f" - {_told(facts, (name,))}" for name in off)
    return Figure(
        value=ratio(num, den, frame.kpi.unit),
        num=num,
        den=den,
        sample=int(den),
        inputs_digest=_digest(frame),
        lead=f"({top}) / ({bottom}) = {number(num)} / {number(den)}:",
    )


def _sum(facts: Iterable[CountFact], wanted: tuple[str, ...]) -> Fraction:
    return sum((Fraction(fact.value) for fact in facts if fact.name in wanted), Fraction(0))


def _told(facts: Iterable[CountFact], wanted: tuple[str, ...]) -> str:
    """`860 answered_within + 20 abandoned_within`."""
    return " + ".join(f"{number(_sum(facts, (name,)))} {name}" for name in wanted)


def _no_volume(frame: Frame, below: tuple[str, ...]) -> Figure:
    if not frame.facts and not frame.volumes:
        return no_figure()
    return no_figure(f"There was no volume of {listed(below)}.", inputs_digest=_digest(frame))


def _digest(frame: Frame) -> str:
    """Counts and volumes, and the ids of whatever else was counted. No id holds a tab."""
    said = {f"\t{fact.id}": _said(fact) for fact in frame.volumes}
    for fact in frame.facts:
        said[fact.id] = _said(fact) if isinstance(fact, CountFact) else ""
    return digest_of(said)


def _said(fact: CountFact) -> str:
    return f"{fact.name}\t{plain(fact.value)}"
