"""The incident to which a measured miss is due, where one incident is to cost only one credit.

A fact is of the incident that its column `incident` names. Where that is silent an outage and a
ticket are incidents of their own, by their id, and an event is of what it refers to. A period was
missed because of an incident if without the facts of that incident it would not have been missed,
and if that is true of no other incident. Of a composite and of a reported figure nothing can be
left out: a report names its incident itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.evaluation import Past, judge
from domain.facts import EventFact, Fact, Interval, Outage, Ticket
from domain.measures import measured
from domain.measures.figure import Frame
from domain.results import MISSED
from domain.terms.shape import Kpi, Terms

MOST = 200
"""A period with facts of more incidents than these is due to no single one of them."""


@dataclass(frozen=True, slots=True)
class Due:
    """The incident, and why the miss is due to it."""

    incident: str
    reason: str = ""


def one_credit_each(terms: Terms, kpi: Kpi) -> bool:
    """Whether some remedy of the KPI credits an incident once, so that it has to be known."""
    return any(
        each.same_incident == "highest" and (each.kpis is None or kpi.key in each.kpis)
        for each in terms.remedies
    )


def due_to(frame: Frame, past: Sequence[Past]) -> Due | None:
    """The one incident without which the period would not have been missed; None if there is none."""
    facts = (*frame.facts, *frame.volumes)
    names = dict.fromkeys(name for fact in facts if (name := incident_of(fact)) is not None)
    if len(names) > MOST:
        return None
    needed = [name for name in names if not _is_missed(_without(frame, name), past)]
    if len(needed) != 1:
        return None
    [name] = needed
    said = (
        f"Without the incident {name} it would not have been missed: the miss is due to that one."
    )
    return Due(name, said)


def incident_of(fact: Fact) -> str | None:
    """The incident that a fact is of, as far as it says."""
    if named := fact.columns.get("incident"):
        return named
    match fact:
        case Outage() | Ticket():
            return fact.id
        case EventFact():
            return fact.ref or None
        case _:
            return None


def _without(frame: Frame, incident: str) -> Frame:
    """The frame as if the incident had not been: its intervals good, its other facts left out."""
    return replace(
        frame,
        facts=[kept for fact in frame.facts if (kept := _spared(fact, incident)) is not None],
        volumes=[fact for fact in frame.volumes if incident_of(fact) != incident],
    )


def _spared(fact: Fact, incident: str) -> Fact | None:
    if incident_of(fact) != incident:
        return fact
    return replace(fact, good=fact.total, bad=None) if isinstance(fact, Interval) else None


def _is_missed(frame: Frame, past: Sequence[Past]) -> bool:
    """Without any facts left nothing is missed, whatever is agreed for periods without data."""
    figure = measured(frame)
    return figure.value is not None and judge(frame.kpi, figure, past).status in MISSED
