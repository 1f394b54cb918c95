"""Availability: agreed time less downtime, over agreed time; and how long each outage counts.

Outages that overlap or touch are one, unless they say how many users they hit. Time of excused
maintenance, and time that relief takes out, is no downtime; whether it is agreed time the terms
say. What is shorter than `minimum_outage` is judged whole, before it is cut at the period's bounds.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import islice, pairwise

from domain.clock import length_text
from domain.facts import Outage
from domain.measurement import LENGTHS, digest_of, plain
from domain.measures.cuts import Cut, joined, lasting, within, without
from domain.measures.figure import Assumed, Figure, Frame, no_figure, ratio, spare_time
from domain.measures.words import facts_of, many
from domain.spans import Span, after

TOLD = 10
"""So many outages are told one by one."""


@dataclass(frozen=True, slots=True)
class Down:
    """One outage that counts, by the id of its first fact, for how long, and for how many users.

    `pieces` are the stretches of it that were open to be lost.
    """

    id: str
    length: Fraction
    users: Fraction
    pieces: tuple[Cut, ...]


def availability(frame: Frame) -> Figure:
    """Agreed time less downtime, over agreed time; with `users`, both are times of users.

    Of outages that overlap nobody can say whether they hit the same users: they add up, but at no
    time are more users down than there are. Where outages count in whole units that is so only of
    the whole period.
    """
    window: tuple[Cut, ...] = ((frame.start, frame.end),)
    agreed = lasting(window, frame.hours)
    excused = lasting(within(_excused(frame), frame.start, frame.end), frame.hours)
    if not frame.measure.maintenance_in_denominator:
        agreed -= excused
    if agreed == 0:
        return no_figure("No time was agreed in this period.", inputs_digest=_digest(frame))
    outages = _outages(frame)
    users = Fraction(frame.measure.users or 1)
    whole = users * agreed
    lost = sum((outage.users * outage.length for outage in outages), Fraction(0))
    down = min(whole, lost - _beyond(frame, outages, users))
    return Figure(
        value=ratio(whole - down, whole, frame.kpi.unit),
        num=whole - down,
        den=whole,
        sample=len(outages),
        budget=spare_time(frame.kpi, agreed, down / users),
        inputs_digest=_digest(frame),
        lead=_lead(frame, agreed, down, outages),
        reason=(*_each(outages), *_above_all(lost, down), *excused_sentence(frame, excused)),
        assumed=excused_assumed(frame, excused),
    )


def outage_lengths(frame: Frame) -> Mapping[str, Decimal]:
    """The seconds that each outage counts, as readings."""
    return {
        outage.id: Decimal(int(outage.length * 1_000_000)).scaleb(-6) for outage in _outages(frame)
    }


def _outages(frame: Frame) -> list[Down]:
    """The outages that count in the window, in their order."""
    measure = frame.measure
    excused = _excused(frame)
    found = []
    for name, users, (start, end) in _told(frame):
        if measure.minimum_outage is not None:
            least = after(start, measure.minimum_outage, frame.zone)
            if end < least:
                continue
        pieces = tuple(
            piece
            for begins, ends in within([(start, end)], frame.start, frame.end)
            for piece in without(begins, ends, excused)
        )
        length = lasting(pieces, frame.hours)
        if measure.counted_in is not None:
            unit = unit_seconds(measure.counted_in)
            length = Fraction(length // unit * unit)
        if length:
            found.append(Down(name, length, users, pieces))
    return found


def _beyond(frame: Frame, outages: list[Down], users: Fraction) -> Fraction:
    """The time of more users than there are, in outages that overlap."""
    if frame.measure.users is None or frame.measure.counted_in is not None:
        return Fraction(0)
    hit: dict[datetime, Fraction] = defaultdict(Fraction)
    for outage in outages:
        for start, end in outage.pieces:
            hit[start] += outage.users
            hit[end] -= outage.users
    beyond, down = Fraction(0), Fraction(0)
    for start, end in pairwise(sorted(hit)):
        down += hit[start]
        if down > users:
            beyond += (down - users) * lasting([(start, end)], frame.hours)
    return beyond


def _told(frame: Frame) -> Iterator[tuple[str, Fraction, Cut]]:
    """Each outage with its users; without users as the time that all of them cover together."""
    told = sorted(
        (fact.start, fact.end, fact.id, fact.users)
        for fact in frame.all_of(Outage)
        if fact.cause not in frame.measure.maintenance
    )
    if frame.measure.users is not None:
        everyone = Decimal(frame.measure.users)
        for start, end, name, users in told:
            yield name, Fraction(everyone if users is None else users), (start, end)
        return
    firsts = {start: name for start, _, name, _ in reversed(told)}
    for start, end in joined((start, end) for start, end, _, _ in told):
        yield firsts[start], Fraction(1), (start, end)


def _excused(frame: Frame) -> tuple[Cut, ...]:
    maintenance = (
        (fact.start, fact.end)
        for fact in frame.all_of(Outage)
        if fact.cause in frame.measure.maintenance
    )
    return joined([*maintenance, *frame.cut])


def unit_seconds(span: Span) -> int:
    """The seconds of a length; a day has 24 hours and a week seven such days."""
    lengths = LENGTHS | {"week": 7 * LENGTHS["day"]}
    return span.amount * lengths[span.unit]


# --- words


def _lead(frame: Frame, agreed: Fraction, down: Fraction, outages: list[Down]) -> str:
    counted = facts_of(frame.measure, len(outages))
    if frame.measure.users is None:
        return f"Of {length_text(agreed)} agreed, {length_text(down)} were down in {counted}:"
    users = many(frame.measure.users, "user")
    lost = f"{length_text(down)} of their time"
    return f"Of {length_text(agreed)} agreed for each of {users}, {lost} were lost in {counted}:"


def _each(outages: list[Down]) -> Iterator[str]:
    """How long each outage counts, where that does not go without saying."""
    if len(outages) > 1:
        said = [_one(outage) for outage in islice(outages, TOLD)]
        more = len(outages) - len(said)
        yield f"They count {', '.join(said)}{f' and {more:,} more' if more else ''}."


def _above_all(lost: Fraction, down: Fraction) -> Iterator[str]:
    """Outages of the same users overlapped, or told of more users than there are."""
    if lost > down:
        yield f"That would be {length_text(lost)}; at no time are more users down than there are."


def _one(outage: Down) -> str:
    users = f" x {outage.users}" if outage.users != 1 else ""
    return f"{outage.id}: {length_text(outage.length)}{users}"


def excused_sentence(frame: Frame, excused: Fraction) -> Iterator[str]:
    """What became of time that is excused."""
    if excused:
        counts = "is part" if frame.measure.maintenance_in_denominator else "is no part"
        said = f"{length_text(excused)} of excused time is no downtime"
        yield f"{said}, and {counts} of the agreed time."


def excused_assumed(frame: Frame, excused: Fraction) -> tuple[Assumed, ...]:
    """What the terms leave open of time that is excused."""
    if "maintenance_in_denominator" in frame.measure.model_fields_set or not excused:
        return ()
    said = "excused time is part of the agreed time by which is divided"
    return (Assumed("measure.maintenance_in_denominator", said),)


def _digest(frame: Frame) -> str:
    return digest_of({fact.id: _said(fact) for fact in frame.all_of(Outage)})


def _said(fact: Outage) -> str:
    span = f"{fact.start.isoformat()}\t{fact.end.isoformat()}"
    return f"{span}\t{fact.cause}\t{plain(fact.users)}"
