"""What a measure is taken of, and the figure that it gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import TypeVar
from zoneinfo import ZoneInfo

from domain.clock import ClockRun
from domain.facts import CountFact, Fact
from domain.measurement import digest_of
from domain.measures.cuts import Cut
from domain.measures.words import many, were
from domain.results import Budget
from domain.service_calendar import ServiceCalendar
from domain.terms.shape import Kpi, Measure

AnyFact = TypeVar("AnyFact", bound=Fact)


@dataclass(frozen=True, slots=True)
class Frame:
    """A window of time, and what a KPI's measure needs to know about it.

    `facts` are those that belong to the window; outages need only reach into it, and a state that
    is carried into it is the last one before. `volumes` are the
    counts below a rate whose numerator is no count. `runs` are the clocks of tickets by id, `parts`
    the figures of other KPIs by key, `hours` the open hours of availability. `cut` is time that
    relief takes out: stretches apart from each other, in order. What came after `known_at` is
    unknown; None is everything.
    """

    kpi: Kpi
    start: datetime
    end: datetime
    zone: ZoneInfo
    facts: Sequence[Fact] = ()
    volumes: Sequence[CountFact] = ()
    runs: Mapping[str, ClockRun | None] = field(default_factory=dict)
    parts: Mapping[str, Fraction | None] = field(default_factory=dict)
    hours: ServiceCalendar | None = None
    cut: tuple[Cut, ...] = ()
    known_at: datetime | None = None

    @property
    def measure(self) -> Measure:
        """What the KPI measures."""
        return self.kpi.measure

    def all_of(self, kind: type[AnyFact]) -> list[AnyFact]:
        """The facts of one kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]


@dataclass(frozen=True, slots=True)
class Assumed:
    """Something on which a measure is silent, by its key, and what was assumed."""

    key: str
    said: str


@dataclass(frozen=True, slots=True)
class Figure:
    """What the facts of a window amount to.

    `value` is in the KPI's unit and unrounded; without data there is none. `num` and `den` are
    what was divided. `sample` says of how many facts, or of what volume; `missing` how many facts
    had no value. `lead` begins the sentence that ends with the figure; `reason` goes on from there,
    or tells why there is no figure. `assumed` is what the terms left open and what mattered here.
    `refused` says why what the facts amount to cannot be, so that there is no figure.
    """

    value: Fraction | None
    num: Fraction = Fraction(0)
    den: Fraction = Fraction(0)
    sample: int = 0
    missing: int = 0
    budget: Budget | None = None
    inputs_digest: str = ""
    lead: str = ""
    reason: tuple[str, ...] = ()
    assumed: tuple[Assumed, ...] = ()
    refused: str = ""


NOTHING_SAID = digest_of({})
"""The digest of no facts."""


def no_figure(*reason: str, missing: int = 0, inputs_digest: str = NOTHING_SAID) -> Figure:
    """No data: nothing to make a figure of, and why."""
    found = "There were no facts."
    if missing:
        found = f"{many(missing, 'fact')} {were(missing)} found, none with a value."
    return Figure(None, missing=missing, inputs_digest=inputs_digest, reason=reason or (found,))


def ratio(num: Fraction, den: Fraction, unit: str) -> Fraction:
    """One divided by the other, in percent where that is the unit."""
    return num / den * 100 if unit == "%" else num / den


def spare_time(kpi: Kpi, whole: Fraction, used: Fraction) -> Budget | None:
    """How much failing time a promise in percent leaves of the whole, in seconds."""
    expected = None if kpi.target is None else kpi.target.expected
    if expected is None or expected.unit != "%" or not expected.edge.higher_is_better:
        return None
    return Budget(whole * (100 - Fraction(expected.value)) / 100, used)


def spare_count(kpi: Kpi, figure: Figure) -> Budget | None:
    """How many bad ones a promise in percent leaves among all that were counted."""
    target = kpi.target
    shares = kpi.unit == "%" and figure.value == ratio(figure.num, figure.den or Fraction(1), "%")
    if not shares or not figure.sample or target is None:
        return None
    promised = Fraction(target.expected.value)
    if target.expected.edge.higher_is_better:
        allowed, bad = 100 - promised, figure.den - figure.num
    else:
        allowed, bad = promised, figure.num
    return Budget(figure.den * allowed / 100, bad, "count")
