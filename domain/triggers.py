"""What the run of results sets off: triggers that fire, rights that arise, dates that follow.

A trigger is judged by the edition in force in the period that completes it. Its pattern looks back
over all results, of earlier editions too; under terms that did not have it, it does not fire.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.dates import after_agreed
from domain.facts import EventFact
from domain.patterns import Completion, Element, completions, elements_of
from domain.patterns.elements import distinct, hanging
from domain.patterns.wording import explained
from domain.results import Dated, Fired, Result, RightArisen, Total
from domain.spans import Span
from domain.terms.consequences import DatedStep, Right, Trigger
from domain.terms.patterns import Pattern
from domain.terms.shape import Terms
from domain.timeline import Timeline
from domain.zones import local_date, zone_named


class Run(NamedTuple):
    """Everything that patterns of triggers look at."""

    results: Sequence[Result]
    credits_: Sequence[Total] = ()
    events: Sequence[EventFact] = ()


def fire(
    timeline: Timeline,
    results: Sequence[Result],
    credits_: Sequence[Total] = (),
    events: Sequence[EventFact] = (),
) -> tuple[list[Fired], list[RightArisen], list[Dated]]:
    """All triggers that fire, with the rights and dates that follow, in the order of instants.

    `results` are judged ones, `credits_` one total for each settlement period.
    """
    run = Run(results, credits_, events)
    fired: list[Fired] = []
    rights: list[RightArisen] = []
    dated: list[Dated] = []
    for terms, trigger, each in _firings(timeline, run):
        fired.append(each)
        rights += _right(terms, trigger, each)
        dated += _steps(terms, trigger, each)
    return fired, rights, sorted(dated, key=lambda each: each.at)


def _firings(timeline: Timeline, run: Run) -> list[tuple[Terms, Trigger, Fired]]:
    """By instant; at one instant in the order of the terms."""
    every = [
        (each.number, trigger) for each in timeline.editions for trigger in each.terms.triggers
    ]
    keys = dict.fromkeys(trigger.key for _, trigger in every)
    found = [
        firing
        for key in keys
        for firing in _of_key(timeline, run, [said for said in every if said[1].key == key])
    ]
    return sorted(found, key=lambda firing: firing[2].fired_at)


def _of_key(
    timeline: Timeline, run: Run, said: Sequence[tuple[int, Trigger]]
) -> Iterator[tuple[Terms, Trigger, Fired]]:
    """Of several patterns any fires it, and two that complete together fire it once."""
    triggers = dict(said)
    terms = {edition.number: edition.terms for edition in timeline.editions}
    patterns = [(number, pattern) for number, each in said for pattern in _patterns(each)]
    before: set[tuple[str, datetime]] = set()
    for pattern, editions in distinct(patterns):
        elements = elements_of(pattern, hanging(pattern.where, run.results), *run[1:])
        found = _completions(timeline, pattern, elements, editions)
        for each in found:
            if (each.group, each.at) not in before:
                number = timeline.at(elements[each.index].start).number
                trigger = triggers[number]
                yield terms[number], trigger, _fired(trigger, pattern, each, elements)
        before.update((each.group, each.at) for each in found)


def _patterns(trigger: Trigger) -> tuple[Pattern, ...]:
    return (trigger.when,) if isinstance(trigger.when, Pattern) else trigger.when


def _completions(
    timeline: Timeline, pattern: Pattern, elements: list[Element], editions: frozenset[int]
) -> list[Completion]:
    def judges(element: Element) -> bool:
        return timeline.at(element.start).number in editions

    terms = timeline.latest
    return completions(pattern, elements, zone_named(terms.zone), terms.first_day, judges)


def _fired(
    trigger: Trigger, pattern: Pattern, completion: Completion, elements: Sequence[Element]
) -> Fired:
    clause = pattern.clause or trigger.clause
    reason = (
        *(() if trigger.title is None else (f"{trigger.title}.",)),
        explained(pattern, completion, elements),
        *(() if clause is None else (f"Clause: {clause}.",)),
    )
    return Fired(
        key=trigger.key,
        fired_at=completion.at,
        periods=completion.labels,
        quantity=completion.quantity,
        clause=clause,
        then=trigger.then.value,
        reason=reason,
    )


# --- what follows


def _right(terms: Terms, trigger: Trigger, fired: Fired) -> Iterator[RightArisen]:
    """A right that can be used at once, by a notice that must be given in time."""
    right = trigger.right
    if right is None:
        return
    arises = fired.fired_at
    effective = _after(terms, arises, right.notice) or arises
    exercise_by = _after(terms, arises, right.exercise_within)
    yield RightArisen(
        key=f"{trigger.key}/{right.kind}",
        kind=right.kind,
        arises=arises,
        effective=effective,
        exercise_by=exercise_by,
        trigger=trigger.key,
        reason=tuple(_right_told(terms, right, arises, effective, exercise_by)),
    )


def _after(terms: Terms, at: datetime, span: Span | None) -> datetime | None:
    return None if span is None else after_agreed(terms, at, span)


def _right_told(
    terms: Terms,
    right: Right,
    arises: datetime,
    effective: datetime,
    exercise_by: datetime | None,
) -> Iterator[str]:
    since = _day(terms, arises)
    yield f"It arises on {since}."
    if right.notice is not None:
        yield f"Notice given then takes effect {right.notice} later, on {_day(terms, effective)}."
    if exercise_by is not None:
        until = _day(terms, exercise_by)
        yield f"It lapses {right.exercise_within} after {since}, on {until}."
    if right.clause is not None:
        yield f"Clause: {right.clause}."


def _day(terms: Terms, at: datetime) -> str:
    return local_date(at, zone_named(terms.zone)).isoformat()


def _steps(terms: Terms, trigger: Trigger, fired: Fired) -> Iterator[Dated]:
    """Each step so long after the trigger, or after the step that it follows, in any order."""
    steps = {step.key: step for step in trigger.steps}
    for step in trigger.steps:
        base = _due(terms, steps, step.follows, fired.fired_at)
        at = after_agreed(terms, base, step.after)
        rule = f"{step.after} after {_day(terms, base)}, for {fired.periods[-1]}"
        yield Dated(f"{trigger.key}/{step.key}", at, rule)


def _due(
    terms: Terms, steps: dict[str, DatedStep], key: str | None, fired_at: datetime
) -> datetime:
    """When a step is due; without a key, the trigger itself."""
    if key is None:
        return fired_at
    step = steps[key]
    return after_agreed(terms, _due(terms, steps, step.follows, fired_at), step.after)
