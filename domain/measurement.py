"""What facts amount to: the one meaning of a measure, in plain Python.

Each fact that counts has a *reading*: an exact number, or None when it is missing. The statement
of `store.measuring` says the same in SQL; a test holds the two together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, Inexact, localcontext
from fractions import Fraction
from hashlib import sha256

from domain.facts import Fact, Sample, Ticket
from domain.spans import SECONDS, Unit
from domain.terms.shape import Clock, Kind, Measure, Missing
from domain.threshold import Edge, Threshold

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


@dataclass(frozen=True, slots=True)
class Window:
    """The facts of `[start, end)` as they were known before `known_at`."""

    start: datetime
    end: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What the facts of one window amount to, exactly.

    Of a proportion, `num` good facts among `den`; of a mean, the sum of `den` readings, for ticket
    clocks in seconds. `facts` counts all, `missing` those without a reading. `inputs_digest` is
    the SHA-256 of the counted facts' ids and readings: whatever changes the result changes it.
    """

    num: Decimal
    den: int
    facts: int
    missing: int
    inputs_digest: str


def base_units(measure: Measure, unit: str) -> int:
    """Base units of the readings in one `unit`: seconds of a ticket clock, else 1."""
    return SECONDS[Unit(unit)] if measure.tickets is not None else 1


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


def excludes_missing(measure: Measure) -> bool:
    """Whether facts without a reading are left out. A mean has no other way to treat them."""
    return measure.kind == Kind.MEAN or measure.missing == Missing.EXCLUDED


def wanted(where: Mapping[str, tuple[str, ...] | str]) -> dict[str, tuple[str, ...]]:
    """The values that each column may have."""
    return {
        column: (values,) if isinstance(values, str) else values for column, values in where.items()
    }


def aggregate(measure: Measure, facts: Iterable[Fact], window: Window) -> Aggregate:
    """What these facts amount to, each given once as it was known at `window.known_at`."""
    readings = dict(_readings(measure, facts, window))
    values = [value for value in readings.values() if value is not None]
    missing = len(readings) - len(values)
    if measure.kind == Kind.MEAN:
        num = _sum(values)
    else:
        good, scale = good_limit(measure)
        num = Decimal(sum(good.holds(Fraction(value), scale) for value in values))
    den = len(values) if excludes_missing(measure) else len(readings)
    return Aggregate(num, den, len(readings), missing, inputs_digest(readings))


def inputs_digest(readings: Mapping[str, Decimal | None]) -> str:
    """The digest of readings by id. No id holds a tab or a line's end, so lines cannot blur."""
    lines = (f"{name}\t{plain(readings[name])}" for name in sorted(readings))
    return sha256("\n".join(lines).encode()).hexdigest()


def plain(value: Decimal | None) -> str:
    """The number without zeros that say nothing, and nothing for a missing one."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _readings(
    measure: Measure, facts: Iterable[Fact], window: Window
) -> Iterator[tuple[str, Decimal | None]]:
    filters = wanted(measure.where)
    for fact in facts:
        at = fact.opened_at if isinstance(fact, Ticket) else fact.at
        if not window.start <= at < window.end:
            continue
        if any(fact.columns.get(column) not in values for column, values in filters.items()):
            continue
        if isinstance(fact, Sample):
            if fact.series == measure.series:
                yield fact.id, fact.value
        elif measure.series is None and (measure.good != "by due" or fact.due_at is not None):
            yield fact.id, _ticket_reading(measure, fact)


def _ticket_reading(measure: Measure, ticket: Ticket) -> Decimal | None:
    """The flag as 1 or 0; the seconds to spare when due; or the seconds that the clock ran."""
    if measure.flag is not None:
        return TRUTH.get(ticket.columns.get(measure.flag, "").lower())
    if measure.tickets is None:
        msg = "the measure names neither a series nor a ticket clock nor a flag"
        raise ValueError(msg)
    event = EVENTS[measure.tickets](ticket)
    if event is None:
        return None
    if measure.good == "by due" and ticket.due_at is not None:
        return _seconds(ticket.due_at - event)
    return _seconds(event - ticket.opened_at)


def _seconds(length: timedelta) -> Decimal:
    return Decimal(length // timedelta(microseconds=1)).scaleb(-6)


def _sum(values: Iterable[Decimal]) -> Decimal:
    with localcontext() as context:
        context.prec = DIGITS
        context.traps[Inexact] = True
        return sum(values, Decimal(0))
