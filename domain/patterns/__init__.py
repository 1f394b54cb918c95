"""The one engine for patterns: when a run of results is complete, and by which of them.

It serves triggers, repeated failures, two-threshold defaults, earn-back and improvement alike.

A pattern is judged once at each instant at which elements of a group end, after all of them. It
completes there if it holds and one of the elements that end there could bring it about: one that
counts; for a share, any that is not passed over; for a sum or a mean, any with a quantity. A period
is inside a window that begins no later than it, and that ends no earlier than it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from heapq import heappop, heappush
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from domain.patterns.elements import Element, elements_of
from domain.stretch import Stretch
from domain.terms.patterns import Afterwards, Pattern
from domain.threshold import Threshold

__all__ = ["Completion", "Element", "completions", "elements_of"]


@dataclass(frozen=True, slots=True)
class Completion:
    """A pattern that was complete at `at`.

    `quantity` is what was compared: how many, how many in a row, the percentage, the sum or the
    mean. `members` are the positions of the elements that completed it, `labels` their names;
    `index` is the last element that ended at `at` and could bring it about. `size` is how many
    elements were weighed: for a share all results of the window, else the members.
    """

    at: datetime
    group: str
    labels: tuple[str, ...]
    quantity: Fraction
    index: int
    members: tuple[int, ...]
    size: int


def _always(_: Element) -> bool:
    return True


def completions(
    pattern: Pattern,
    elements: Sequence[Element],
    zone: ZoneInfo,
    first_day: date,
    judges: Callable[[Element], bool] = _always,
) -> list[Completion]:
    """Every completion, by instant and labels, whatever the order of the elements.

    Elements for which `judges` is false fill the windows and complete nothing: then other terms
    were in force. With `consumes`, a count completes by the earliest elements that suffice, so that
    every tenth failure is one completion even if several end together.
    """
    window = _Beginnings(pattern.window, zone, first_day)
    found = [
        completion
        for group in _groups(elements)
        for completion in _completed(pattern, elements, group, window, judges)
    ]
    return sorted(found, key=lambda each: (each.at, each.labels))


def _groups(elements: Sequence[Element]) -> Iterator[list[int]]:
    """The positions of the elements of each group, by end, start and label."""

    def order(index: int) -> tuple[datetime, datetime, str]:
        return elements[index].at, elements[index].start, elements[index].label

    groups: dict[str, list[int]] = {}
    for index in sorted(range(len(elements)), key=order):
        groups.setdefault(elements[index].group, []).append(index)
    yield from groups.values()


def _completed(
    pattern: Pattern,
    elements: Sequence[Element],
    group: list[int],
    window: "_Beginnings",
    judges: Callable[[Element], bool],
) -> Iterator[Completion]:
    record = min(elements[each].start for each in group)
    counter = (
        _Chain(pattern, elements, pattern.consecutive)
        if pattern.consecutive is not None
        else _Window(pattern, elements, record)
    )
    whole = pattern.window if pattern.mean is not None and pattern.full else None
    armed = True
    for at, ending in groupby(group, key=lambda index: elements[index].at):
        batch = list(ending)
        point = elements[batch[0]].start == at
        counter.reach(window.begins(at, point=point))
        if point and not counter.complete():
            armed = True  # between two events windows empty unseen
        counter.add(batch)
        able = [each for each in batch if counter.takes(elements[each]) and judges(elements[each])]
        over = whole is None or whole.is_over(at, window.zone, window.first_day)
        while complete := over and counter.complete():
            if not (able and armed):
                break
            members = counter.members()
            labels = tuple(elements[each].label for each in members)
            group_key, size = elements[able[-1]].group, counter.size(members)
            quantity = counter.quantity(members)
            yield Completion(at, group_key, labels, quantity, able[-1], members, size)
            match pattern.afterwards:
                case Afterwards.CONSUMES:
                    counter.consume(members, at)
                case Afterwards.REARMS:
                    armed = False
                case Afterwards.REPEATS:
                    break
                case Afterwards.ONCE:
                    return
        if not complete:
            armed = True


class _Beginnings:
    """Where a window begins that ends at an instant; worked out once for each."""

    def __init__(self, window: Stretch | None, zone: ZoneInfo, first_day: date) -> None:
        self.window = window if window is None or window.periods is None else None
        self.zone, self.first_day = zone, first_day
        self.known: dict[tuple[datetime, bool], datetime] = {}

    def begins(self, at: datetime, *, point: bool) -> datetime | None:
        """None where it goes back without end, or only so many periods.

        An event at midnight belongs to the year that begins, a period that ends then to the one
        that is over.
        """
        if self.window is None:
            return None
        if (at, point) not in self.known:
            inside = timedelta(seconds=1 if point and self.window.fixed is not None else 0)
            begins = self.window.begins(at + inside, self.zone, self.first_day)
            self.known[at, point] = begins
        return self.known[at, point]


def _outside(element: Element, begins: datetime | None) -> bool:
    """Whether it began before the window: a quarter is in no month."""
    return begins is not None and element.start < begins


class _Window:
    """What lies in the window, for a count, a share, a sum or a mean; kept up as it moves on.

    Of so many periods, each window of time is one, however many results it has; what is passed
    over is none of them.
    """

    def __init__(self, pattern: Pattern, elements: Sequence[Element], record: datetime) -> None:
        self.pattern, self.elements, self.record = pattern, elements, record
        self.periods = None if pattern.window is None else pattern.window.periods
        self.inside: dict[int, None] = {}
        self.leaving: list[tuple[datetime, int]] = []
        self.bounds: deque[tuple[datetime, datetime]] = deque()
        self.within: deque[list[int]] = deque()
        self.counting, self.sum = 0, Fraction(0)
        self.adds = pattern.sum is not None or pattern.mean is not None
        self.begins: datetime | None = None

    def takes(self, element: Element) -> bool:
        """Whether the element can bring the pattern about."""
        if element.holds or _outside(element, self.begins):
            return False
        if self.pattern.count is not None:
            return element.counts
        return self.pattern.share is not None or element.quantity is not None

    def reach(self, begins: datetime | None) -> None:
        """Move the beginning of the window on; what began before it leaves."""
        self.begins = begins
        while begins is not None and self.leaving and self.leaving[0][0] < begins:
            self._leave(heappop(self.leaving)[1])

    def add(self, batch: list[int]) -> None:
        """Take in what ends at one instant."""
        for index in batch:
            element = self.elements[index]
            if self.periods is not None and not element.holds:
                self._open(element, self.periods)
            if self.takes(element):
                self._enter(index, element)

    def _open(self, element: Element, most: int) -> None:
        """One more period, unless it is still the same; the earliest of too many leaves."""
        bounds = element.start, element.at
        if not self.bounds or self.bounds[-1] != bounds:
            self.bounds.append(bounds)
            self.within.append([])
        if len(self.bounds) > most:
            self.bounds.popleft()
            for index in self.within.popleft():
                self._leave(index)

    def _enter(self, index: int, element: Element) -> None:
        self.inside[index] = None
        self._add(element, 1)
        if self.periods is not None:
            self.within[-1].append(index)
        else:
            heappush(self.leaving, (element.start, index))

    def _leave(self, index: int) -> None:
        if index in self.inside:  # unless it was consumed
            del self.inside[index]
            self._add(self.elements[index], -1)

    def _add(self, element: Element, sign: int) -> None:
        self.counting += sign * element.counts
        if self.adds and element.quantity:
            self.sum += sign * element.quantity

    def complete(self) -> bool:
        """Whether the pattern holds for what lies in the window."""
        if self.pattern.count is not None:
            return self.counting >= self.pattern.count
        if not self.inside:
            return False
        match self.pattern.share, self.pattern.sum, self.pattern.mean:
            case Threshold() as share, _, _:
                return share.holds(Fraction(100 * self.counting, len(self.inside)))
            case _, Threshold() as limit, _:
                return limit.holds(self.sum)
            case _, _, Threshold() as limit:
                return self._full() and limit.holds(self._mean())
            case _:
                target = self._expected()
                return self._full() and target is not None and target.holds(self._mean())

    def _mean(self) -> Fraction:
        return self.sum / len(self.inside)

    def _expected(self) -> Threshold | None:
        """The target of the latest result, which is the KPI's under the terms then in force."""
        result = self.elements[next(reversed(self.inside))].result
        return None if result is None or result.kpi.target is None else result.kpi.target.expected

    def _full(self) -> bool:
        """Whether all of the window is on record; one that goes back without end always is."""
        if not self.pattern.full:
            return True
        if self.periods is not None:
            return len(self.bounds) == self.periods
        return self.begins is None or self.record <= self.begins

    def members(self) -> tuple[int, ...]:
        """The elements that complete the pattern: of a sum, those that add something to it."""
        if self.pattern.count is not None:
            consumes = self.pattern.afterwards == Afterwards.CONSUMES
            return tuple(islice(self.inside, self.pattern.count if consumes else None))
        if self.pattern.share is not None:
            return tuple(each for each in self.inside if self.elements[each].counts)
        if self.pattern.sum is not None:
            adding = tuple(each for each in self.inside if self.elements[each].quantity)
            return adding or tuple(self.inside)
        return tuple(self.inside)

    def size(self, members: tuple[int, ...]) -> int:
        """How many were weighed."""
        return len(members) if self.pattern.share is None else len(self.inside)

    def quantity(self, members: tuple[int, ...]) -> Fraction:
        """What was compared."""
        if self.pattern.count is not None:
            return Fraction(len(members))
        if self.pattern.share is not None:
            return Fraction(100 * self.counting, len(self.inside))
        return self.sum if self.pattern.sum is not None else self._mean()

    def consume(self, members: tuple[int, ...], at: datetime) -> None:
        """What completed the pattern never counts again.

        A share, a sum and a mean consume all that they weighed, and a mean's record begins anew.
        """
        for index in members if self.pattern.count is not None else tuple(self.inside):
            self._leave(index)
        self.record = at
        if self.pattern.count is None:
            self.bounds.clear()
            self.within.clear()


class _Chain:
    """How many windows of time in a row count, up to now; one counts if any result in it does."""

    def __init__(self, pattern: Pattern, elements: Sequence[Element], needed: int) -> None:
        self.elements, self.needed = elements, needed
        self.periods = None if pattern.window is None else pattern.window.periods
        self.run: deque[list[int]] = deque()
        self.begins: datetime | None = None

    def takes(self, element: Element) -> bool:
        """Whether the element can bring the pattern about."""
        return element.counts and self._is_there(element)

    def _is_there(self, element: Element) -> bool:
        return not element.holds and not _outside(element, self.begins)

    def reach(self, begins: datetime | None) -> None:
        """A chain is only as long as its window."""
        self.begins = begins
        while self.run and _outside(self.elements[self.run[0][0]], begins):
            self.run.popleft()

    def add(self, batch: list[int]) -> None:
        """Take in what ends at one instant, window by window."""
        for _, window in groupby(batch, key=lambda index: self.elements[index].start):
            there = [each for each in window if self._is_there(self.elements[each])]
            counting = [each for each in there if self.elements[each].counts]
            if counting:
                self.run.append(counting)
            elif there:
                self.run.clear()
        while self.periods is not None and len(self.run) > self.periods:
            self.run.popleft()

    def complete(self) -> bool:
        """Whether the chain is long enough."""
        return len(self.run) >= self.needed

    def members(self) -> tuple[int, ...]:
        """The last so many windows."""
        last = range(-self.needed, 0)
        return tuple(index for window in last for index in self.run[window])

    def size(self, members: tuple[int, ...]) -> int:
        """How many were weighed."""
        return len(members)

    def quantity(self, _: tuple[int, ...]) -> Fraction:
        """How many in a row there are by now."""
        return Fraction(len(self.run))

    def consume(self, _members: tuple[int, ...], _at: datetime) -> None:
        """The chain begins anew."""
        self.run.clear()
