"""Which facts come too late to have any effect: no period that they touch can be restated.

Pure: terms and instants in, stretches of time out. A fact is late when it touches at least one
period of a KPI, and none that could still be restated when it was received. What is averaged with
such a period, what carries its figure on and the composites above it are among what it touches.

Charges, credits, indices and events are never late: the ledger, claims and triggers look at them
from their receipt on, whatever period they lie in.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple, TypeAlias

from domain.facts import FactKind
from domain.measurement import carries_on
from domain.restating import Touched, parts_first, restated_until, taken, terms_of
from domain.schedule import DuePeriod, periods_of
from domain.spans import fewest_days
from domain.terms.measures import NoData
from domain.terms.shape import Kpi, Terms
from domain.timeline import Timeline


class Reach(NamedTuple):
    """A stretch `[start, end)` in which facts of a kind and name touch periods of a KPI.

    `until` is when the last of these periods ceased to be restated; None while one still can be.
    The name is as in `Touched`; that of tickets is the instant by which they belong to a period.
    """

    kind: FactKind
    name: str
    start: datetime
    end: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Lifetime:
    """From when to when the periods of an agreement run, and when its record closed, if it has."""

    live_from: datetime
    ends_at: datetime
    closed_at: datetime | None = None


def surely_in_time(timeline: Timeline, life: Lifetime, received_at: datetime) -> datetime | None:
    """Nothing that stands at this instant or later can be late; None when nothing is at all.

    It saves most intakes from a look at their periods: a period ends after what stands in it, and
    can be restated for as long as `restate_within` says after that.
    """
    if life.closed_at is not None and life.closed_at < received_at:
        return received_at
    within = [
        kpi.restate_within
        for edition in timeline.editions
        for kpi in edition.terms.kpis
        if kpi.restate_within is not None
    ]
    if not within:
        return None
    return received_at - timedelta(days=min(map(fewest_days, within)))


def may_be_late(touched: Iterable[Touched], reaches: Iterable[Reach], since: datetime) -> bool:
    """Whether something stands before `since` where a period can no longer be restated."""
    settled = [each for each in reaches if each.until is not None]
    return any(
        each.start < since
        and any(
            reach.kind == each.kind and reach.start < each.end and each.start < reach.end
            for reach in settled
        )
        for each in touched
    )


def reaches(timeline: Timeline, life: Lifetime, received_at: datetime) -> list[Reach]:
    """Where facts that are received now touch periods, and whether any of these can be restated."""
    work = _Work(timeline, life, received_at)
    # Composites first: what their parts touch, they rest on.
    for key in reversed(parts_first(timeline)):
        work.add(key)
    return [
        Reach(kind, name, *stretch)
        for (kind, name), several in sorted(work.found.items())
        for stretch in _joined(several)
    ]


Stretch: TypeAlias = tuple[datetime, datetime, datetime | None]


def _joined(several: Iterable[Stretch]) -> Iterator[Stretch]:
    """Stretches that meet and ceased to be restated together, as one."""
    of_end: dict[datetime | None, list[Stretch]] = {}
    for each in sorted(several, key=lambda each: each[:2]):
        joined = of_end.setdefault(each[2], [])
        if joined and each[0] <= joined[-1][1]:
            first, end, until = joined.pop()
            joined.append((first, max(end, each[1]), until))
        else:
            joined.append(each)
    for joined in of_end.values():
        yield from joined


def _last(one: datetime | None, other: datetime | None) -> datetime | None:
    """Until when one of two periods could be restated."""
    return None if one is None or other is None else max(one, other)


@dataclass(slots=True)
class _Work:
    timeline: Timeline
    life: Lifetime
    received_at: datetime
    found: dict[tuple[FactKind, str], list[Stretch]] = field(default_factory=dict)
    _composites: list[tuple[DuePeriod, datetime | None]] = field(default_factory=list)

    def add(self, key: str) -> None:
        """Find the stretches of one KPI, period by period."""
        dues = list(self._begun(key))
        own = [self._until(due) for due in dues]
        for due, until in zip(dues, self._followed(dues, own), strict=True):
            for place in _places(due.kpi, terms_of(self.timeline, due.edition)):
                stretch = due.period.start, due.period.end, until
                self.found.setdefault(place, []).append(stretch)
            if due.kpi.measure.parts:
                self._composites.append((due, until))

    def _begun(self, key: str) -> Iterator[DuePeriod]:
        """The periods of the KPI that have begun."""
        coming = periods_of(self.timeline, key, self.life.live_from, self.life.ends_at)
        return takewhile(lambda due: due.period.start <= self.received_at, coming)

    def _until(self, due: DuePeriod) -> datetime | None:
        """When this period, and all composites in which it lies, ceased to be restated."""
        until = restated_until(due, self.timeline, self.life.closed_at)
        found = until if until is not None and until < self.received_at else None
        for above, its in self._composites:
            inside = above.period.start <= due.period.start and due.period.end <= above.period.end
            if inside and due.kpi.key in (above.kpi.measure.parts or ()):
                found = _last(found, its)
        return found

    def _followed(self, dues: list[DuePeriod], own: list[datetime | None]) -> list[datetime | None]:
        """The same of each period with all that are averaged with it, or to which it is carried."""
        found = list(own)
        for number in reversed(range(len(dues) - 1)):
            if _is_carried(dues[number + 1].kpi):
                found[number] = _last(own[number], found[number + 1])
            for later in range(number + 1, len(dues)):
                averaging = dues[later].kpi.averaging
                if averaging is None or later - number >= averaging.periods:
                    break
                found[number] = _last(found[number], own[later])
        return found


def _is_carried(kpi: Kpi) -> bool:
    """Whether what is known of a period may matter to the next one."""
    return kpi.no_data == NoData.CARRIED or carries_on(kpi.measure)


def _places(kpi: Kpi, terms: Terms) -> set[tuple[FactKind, str]]:
    """The kinds and names of the facts on which a KPI's figure depends, those of its parts too."""
    kpis = {each.key: each for each in terms.kpis}
    keys = [kpi.key]
    found = {(FactKind.RELIEF, "")}
    for key in keys:
        found |= {(FactKind.RELIEF, key), (FactKind.PERIOD_RESULT, key)}
        found |= {place for place in taken(kpis[key]).items() if place[0] != FactKind.EVENT}
        keys += [part for part in kpis[key].measure.parts or () if part not in keys]
    return found
