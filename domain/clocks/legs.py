"""Laps under their limits: what a clock ran under which promise, by the agreed policy for changes.

A leg that was superseded is kept as it stood, and never changed again. Under `restart` the next leg
begins anew, and what was missed stays missed. Under `carry` and `retroactive` the next leg reckons
the same lap again under another limit, so that only the last one counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.clocks.choices import Choice
from domain.clocks.laps import Lap
from domain.terms.calendars import Limits, Policy


@dataclass(frozen=True, slots=True)
class Phase:
    """From when to when a limit counted; the last one has no end."""

    start: datetime
    end: datetime | None
    limits: Limits
    why: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """A lap, or the part of it that ran under one reckoning.

    `superseded` says what ended it before its time; `counts` whether a miss in it stands.
    """

    lap: Lap
    phases: tuple[Phase, ...]
    counts: bool = True
    superseded: str | None = None


def legs(lap: Lap, chosen: Sequence[Choice], policy: Policy | None, now: datetime) -> list[Leg]:
    """The legs of a lap, in order; none when no limit ever fits."""
    own = _within(lap, chosen, now)
    if len(own) == 1:
        return [_whole(lap, choice, limits) for choice in own if (limits := choice.limits)]
    match policy:
        case None | Policy.RESTART:
            return list(_restarted(lap, own))
        case Policy.CARRY:
            return list(_carried(lap, own))
        case Policy.RETROACTIVE:
            return list(_reckoned_anew(lap, own))


def _whole(lap: Lap, choice: Choice, limits: Limits) -> Leg:
    """The lap under the one limit that fits throughout."""
    phases = (Phase(lap.since, None, limits, choice.why),)
    return Leg(lap, phases, superseded=lap.replaced)


def _within(lap: Lap, chosen: Sequence[Choice], now: datetime) -> list[Choice]:
    """The limit at the lap's beginning, and those that followed before its end."""
    begun = [each for each in chosen if each.at <= lap.since]
    runs_still = lap.stop is None and lap.replaced is None
    return begun[-1:] + [
        each
        for each in chosen[len(begun) :]
        if each.at < lap.until or (runs_still and each.at == now)
    ]


def _restarted(lap: Lap, own: Sequence[Choice]) -> Iterator[Leg]:
    for choice, following in zip(own, (*own[1:], None), strict=True):
        if choice.limits is None:
            continue
        since = max(choice.at, lap.since)
        part = replace(lap, since=since, why=lap.why if choice is own[0] else "the change")
        phases = (Phase(since, None, choice.limits, choice.why),)
        if following is None:
            yield Leg(part, phases, superseded=lap.replaced)
        else:
            part = replace(part, stop=None, until=following.at, closing=None)
            yield Leg(part, phases, superseded=following.why)


def _carried(lap: Lap, own: Sequence[Choice]) -> Iterator[Leg]:
    phases: list[Phase] = []
    for choice, following in zip(own, (*own[1:], None), strict=True):
        if phases and phases[-1].end is None:
            phases[-1] = replace(phases[-1], end=choice.at)
        if choice.limits is None:
            continue
        since = max(choice.at, lap.since)
        phases.append(Phase(since, None, choice.limits, choice.why))
        part = replace(lap, since=phases[0].start)
        yield _until(part, tuple(phases), following)


def _reckoned_anew(lap: Lap, own: Sequence[Choice]) -> Iterator[Leg]:
    for choice, following in zip(own, (*own[1:], None), strict=True):
        if choice.limits is not None:
            yield _until(lap, (Phase(lap.since, None, choice.limits, choice.why),), following)


def _until(lap: Lap, phases: tuple[Phase, ...], following: Choice | None) -> Leg:
    """A leg, cut off where another limit follows."""
    if following is None:
        return Leg(lap, phases, superseded=lap.replaced)
    part = replace(lap, stop=None, until=following.at, closing=None)
    return Leg(part, phases, counts=False, superseded=following.why)
