"""Delays of what was due: how late the latest was."""

from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.facts import EventFact
from domain.measurement import LENGTHS, digest_of, seconds
from domain.measures.figure import Figure, Frame, no_figure
from domain.measures.words import facts_of, local, were

DAYS = frozenset({"day", "days"})


def delay(frame: Frame) -> Figure:
    """The longest delay of the events that were due in the window; nothing is ever early.

    In days it is told by the local clock: from noon to noon is a day, also across daylight saving.
    Shorter units elapse.
    """
    late = [
        (late_by(event.due, event.at, frame.kpi.unit, frame.zone), event.due, event)
        for event in frame.all_of(EventFact)
        if event.due is not None
    ]
    if not late:
        return no_figure()
    longest, due, event = max(late, key=lambda each: (each[0], each[2].id))
    facts = facts_of(frame.measure, len(late))
    return Figure(
        value=longest,
        num=longest,
        den=Fraction(1),
        sample=len(late),
        inputs_digest=digest_of({event.id: str(length) for length, _, event in late}),
        lead=(
            f"{facts} {were(len(late))} due; {event.id} was due {local(due, frame.zone)} "
            f"and came {local(event.at, frame.zone)}, late by"
        ),
    )


def late_by(due: datetime, at: datetime, unit: str, zone: ZoneInfo) -> Fraction:
    """How much later than due, in the unit; never below zero."""
    if unit in DAYS:
        due, at = (instant.astimezone(zone).replace(tzinfo=None) for instant in (due, at))
    return max(Fraction(0), Fraction(seconds(at - due)) / LENGTHS[unit])
