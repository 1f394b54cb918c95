"""What facts are worth: the one meaning of a reading, in plain Python.

Each fact that counts has a *reading*: an exact number, or None when it is missing. `aggregate` is
what measures of single readings make of them, and `domain.measures` makes the rest. The statement
of `store.windows` says the same as `aggregate` in SQL; a test holds the two together.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, Inexact, localcontext
from fractions import Fraction
from hashlib import sha256
from math import ceil

from domain.facts import Fact, Sample, Ticket
from domain.spans import SECONDS
from domain.terms.measures import Belongs
from domain.terms.shape import Clock, Kind, Measure, Missing
from domain.threshold import Edge, Threshold

LANE = 2**64

DIGITS = 200
"""Far more than any sum of facts can need; a sum that did need more would raise, not round."""

IS_TRUE = Threshold(Edge.AT_LEAST, Decimal(1), "")
BY_DUE = Threshold(Edge.AT_LEAST, Decimal(0), "s")

EVENTS: dict[Clock, Callable[[Ticket], datetime | None]] = {
    Clock.RESPONSE: lambda ticket: ticket.responded_at,
    Clock.RESOLUTION: lambda ticket: ticket.resolved_at,
    Clock.CLOSURE: lambda ticket: ticket.closed_at,
}
"""The event that ends each clock."""

TRUTH = {"true": Decimal(1), "false": Decimal(0)}

BELONGS: dict[Belongs, Callable[[Ticket], datetime | None]] = {
    Belongs.OPENED: lambda ticket: ticket.opened_at,
    Belongs.RESPONDED: lambda ticket: ticket.responded_at,
    Belongs.RESOLVED: lambda ticket: ticket.resolved_at,
    Belongs.CLOSED: lambda ticket: ticket.closed_at,
}
"""The instant that says to which period a ticket belongs."""

LENGTHS = {str(unit): seconds for unit, seconds in SECONDS.items()} | {
    "day": 86_400,
    "days": 86_400,
}
"""Seconds in each unit of a figure that is a time. As such a unit a day always has 24 hours."""


@dataclass(frozen=True, slots=True)
class Window:
    """The facts of `[start, end)` as they were known before `known_at`."""

    start: datetime
    end: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What the facts of one window amount to, exactly.

    Of a proportion, `num` good facts among `den`; of a mean and a sum, the sum of `den` readings; of
    a percentile, a largest and a smallest, that one of `den` readings; for ticket clocks in seconds.
    Of no readings `num` is zero. `facts` counts all, `missing` those without a reading. `inputs_digest` is
    that of the counted facts' ids and readings: whatever changes the result changes it.
    """

    num: Decimal
    den: int
    facts: int
    missing: int
    inputs_digest: str


def is_time(measure: Measure) -> bool:
    """Whether readings are seconds: of tickets, of their clocks, or of outages."""
    return any(stated is not None for stated in (measure.tickets, measure.clock, measure.outages))


def base_units(measure: Measure, unit: str) -> int:
    """Base units of the readings in one `unit`: seconds where readings are times, else 1."""
    return LENGTHS[unit] if is_time(measure) else 1


def good_limit(measure: Measure) -> tuple[Threshold, int]:
    """Which readings of a proportion are good, and how many base units its unit has."""
    if measure.flag is not None:
        return IS_TRUE, 1
    if measure.good is None:
        msg = "a proportion needs `good`; the reading of the terms should have refused it"
        raise ValueError(msg)
    if measure.good == "by due":
        return BY_DUE, 1
    return measure.good, base_units(measure, measure.good.unit)


def is_good(limit: Threshold, scale: int) -> Callable[[Decimal], bool]:
    """Whether a reading holds a limit that has so many base units per unit, exactly."""
    with localcontext() as context:
        context.prec = DIGITS
        edge = limit.value * scale
    match limit.edge:
        case Edge.AT_LEAST:
            return edge.__le__
        case Edge.ABOVE:
            return edge.__lt__
        case Edge.AT_MOST:
            return edge.__ge__
        case Edge.BELOW:
            return edge.__gt__


def excludes_missing(measure: Measure) -> bool:
    """Whether facts without a reading are left out. A mean has no other way to treat them."""
    return measure.kind == Kind.MEAN or measure.missing == Missing.EXCLUDED


def counted(measure: Measure, facts: int, missing: int) -> int:
    """How many of the facts are divided by, added up, or in order of size."""
    return (
        facts
        if measure.kind == Kind.PROPORTION and not excludes_missing(measure)
        else facts - missing
    )


RANKED = frozenset({Kind.MAXIMUM, Kind.MINIMUM, Kind.PERCENTILE})
"""Kinds whose figure is one of the readings, by its place in their order."""


def share_of_rank(measure: Measure) -> Decimal:
    """Of a ranked kind: the figure is the smallest reading that so many percent do not exceed."""
    if measure.kind != Kind.PERCENTILE:
        return Decimal(100 if measure.kind == Kind.MAXIMUM else 0)
    if measure.percentile is None:
        msg = "a percentile needs `percentile`, for example `95 %`"
        raise ValueError(msg)
    return measure.percentile


def rank(share: Decimal, readings: int) -> int:
    """The nearest rank among so many readings, from 1 on: the first that reaches the share."""
    return max(1, ceil(Fraction(share) * readings / 100))


def carries_on(measure: Measure) -> bool:
    """Whether a sample is a state that holds until the next, so that it matters to later periods."""
    return measure.kind == Kind.AVAILABILITY and measure.series is not None


def wanted(where: Mapping[str, tuple[str, ...] | str]) -> dict[str, tuple[str, ...]]:
    """The values that each column may have."""
    return {
        column: (values,) if isinstance(values, str) else values for column, values in where.items()
    }


def aggregate(measure: Measure, facts: Iterable[Fact], window: Window) -> Aggregate:
    """What tickets or samples amount to, each given once as it was known at `window.known_at`."""
    filters = wanted(measure.where)
    readings = {
        fact.id: reading(measure, fact)
        for fact in facts
        if isinstance(fact, Ticket | Sample)
        and concerns(measure, fact)
        and (at := instant_of(measure, fact)) is not None
        and window.start <= at < window.end
        and all(fact.columns.get(column) in values for column, values in filters.items())
    }
    return amount(measure, readings)


def amount(measure: Measure, readings: Mapping[str, Decimal | None]) -> Aggregate:
    """What the readings of facts, by id, amount to."""
    values = [value for value in readings.values() if value is not None]
    if measure.kind == Kind.PROPORTION:
        num = Decimal(sum(map(is_good(*good_limit(measure)), values)))
    elif measure.kind in RANKED:
        place = rank(share_of_rank(measure), len(values))
        num = sorted(values)[place - 1] if values else Decimal(0)
    else:
        num = total(values)
    facts, missing = len(readings), len(readings) - len(values)
    return Aggregate(num, counted(measure, facts, missing), facts, missing, inputs_digest(readings))


def inputs_digest(readings: Mapping[str, Decimal | None]) -> str:
    """The digest of readings by id. No id holds a tab or a line's end, so lines cannot blur."""
    return digest_of({name: plain(value) for name, value in readings.items()})


def digest_of(said: Mapping[str, str]) -> str:
    """The digest of what was said, by id: the sum of the marks, in whatever order they come."""
    marks = [mark(name, text) for name, text in said.items()]
    return digest_of_sums(sum(high for high, _ in marks), sum(low for _, low in marks))


def mark(name: str, said: str) -> tuple[int, int]:
    """The first 16 bytes of the SHA-256 of what one fact says, as two numbers."""
    digest = sha256(f"{name}\t{said}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True), int.from_bytes(digest[8:16], signed=True)


def digest_of_sums(high: int, low: int) -> str:
    """The digest that the sums of the marks come to, each modulo 2 to the 64th, in hexadecimal.

    Marks add up, so that the digest of a month follows from those of its days. It shows that
    facts are others than before, as surely as chance allows; against somebody who seeks facts
    that come to a given digest it is no protection.
    """
    return f"{high % LANE:016x}{low % LANE:016x}"


def plain(value: Decimal | None) -> str:
    """The number without zeros that say nothing, and nothing for a missing one."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def concerns(measure: Measure, fact: Ticket | Sample) -> bool:
    """Whether the fact is of the source that the measure names; columns are another matter."""
    if isinstance(fact, Sample):
        return fact.series == measure.series
    return measure.series is None and (measure.good != "by due" or fact.due_at is not None)


def instant_of(measure: Measure, fact: Ticket | Sample) -> datetime | None:
    """The instant that says to which period a fact belongs; None: to no period yet."""
    return fact.at if isinstance(fact, Sample) else BELONGS[measure.belongs_to](fact)


def reading(measure: Measure, fact: Ticket | Sample) -> Decimal | None:
    """The value; the flag as 1 or 0; the seconds to spare when due; or the ticket's seconds."""
    if isinstance(fact, Sample):
        return fact.value
    if measure.flag is not None:
        return TRUTH.get(fact.columns.get(measure.flag, "").lower())
    if measure.tickets is None:
        msg = "the measure names neither a series nor a ticket clock nor a flag"
        raise ValueError(msg)
    event = EVENTS[measure.tickets](fact)
    if event is None:
        return None
    if measure.good == "by due" and fact.due_at is not None:
        return seconds(fact.due_at - event)
    return seconds(event - fact.opened_at)


def seconds(length: timedelta) -> Decimal:
    """The exact seconds of a length."""
    return Decimal(length // timedelta(microseconds=1)).scaleb(-6)


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    with localcontext() as context:
        context.prec = DIGITS
        context.traps[Inexact] = True
        return sum(values, Decimal(0))
