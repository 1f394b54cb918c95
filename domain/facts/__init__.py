"""Facts as values: what was handed in, of thirteen kinds.

Instants are in UTC, spans of time are half-open. `columns` keeps, as text, whatever else a record
said, for the terms to choose and to split by. What a fact is worth is decided elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class FactKind(StrEnum):
    """What a fact tells of."""

    TICKET = "ticket"
    TICKET_EVENT = "ticket_event"
    SAMPLE = "sample"
    INTERVAL = "interval"
    OUTAGE = "outage"
    SURVEY = "survey"
    COUNT = "count"
    CHARGE = "charge"
    PERIOD_RESULT = "period_result"
    CREDIT = "credit"
    EVENT = "event"
    INDEX = "index"
    RELIEF = "relief"


class Decision(StrEnum):
    """What became of a claim to relief."""

    APPROVED = "approved"
    REJECTED = "rejected"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """When a fact was received, and the id of the fact of its kind that it replaces from then on.

    Two facts are equal when they say the same, whenever they were received.
    """

    received_at: datetime | None = field(default=None, compare=False)
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket(Received):
    """A ticket and its instants."""

    id: str
    opened_at: datetime
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    due_at: datetime | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class TicketEvent(Received):
    """Something that happened to the ticket whose id is `ticket`, and through whom."""

    id: str
    ticket: str
    at: datetime
    event: str
    value: str | None
    actor: str
    reason: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Sample(Received):
    """One value of a series at an instant; without a value when none could be taken."""

    id: str
    series: str
    at: datetime
    value: Decimal | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Interval(Received):
    """How much of a total was good or bad in a stretch of time.

    `repeat` equal intervals one after the other may be told as one, which is the first of them.
    """

    id: str
    series: str
    start: datetime
    end: datetime
    good: Decimal | None
    bad: Decimal | None
    total: Decimal
    repeat: int = 1
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Outage(Received):
    """A stretch of time in which a service was down, for so many users where that is known."""

    id: str
    service: str
    start: datetime
    end: datetime
    cause: str
    users: Decimal | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Survey(Received):
    """One answer to a survey, a score between 0 and `scale`."""

    id: str
    at: datetime
    instrument: str
    score: Decimal
    scale: Decimal
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class CountFact(Received):
    """How many there were of something that has a name, in a stretch of time."""

    id: str
    series: str
    start: datetime
    end: datetime
    name: str
    value: Decimal
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ChargeFact(Received):
    """What was charged for a stretch of time, in units of the currency, before any credit."""

    id: str
    line: str
    start: datetime
    end: datetime
    amount: Decimal
    currency: str
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class PeriodResult(Received):
    """What was reported of a KPI: a figure, a ratio, whether it met, or points, at least one.

    `num` and `den` are there together, and `den` is above zero.
    """

    id: str
    kpi: str
    start: datetime
    end: datetime
    value: Decimal | None = None
    num: Decimal | None = None
    den: Decimal | None = None
    met: bool | None = None
    points: Decimal | None = None
    source: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class CreditFact(Received):
    """A credit that was given, as an amount of money or as a percentage of the charge."""

    id: str
    start: datetime
    end: datetime
    kpi: str | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    currency: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class EventFact(Received):
    """Something that happened, to what `ref` names, perhaps against a due instant."""

    id: str
    at: datetime
    type: str
    ref: str | None = None
    due: datetime | None = None
    value: Decimal | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class IndexFact(Received):
    """The figure of a price index for a period that its publisher names, and when it came out."""

    id: str
    series: str
    period: str
    value: Decimal
    published: datetime
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ReliefFact(Received):
    """A claim that a stretch of time be excused, of one KPI or of all, and what became of it."""

    id: str
    kpi: str | None
    start: datetime
    end: datetime
    ground: str
    claimed_by: str
    decision: Decision
    decided_at: datetime | None = None
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)


Fact: TypeAlias = (
    Ticket
    | TicketEvent
    | Sample
    | Interval
    | Outage
    | Survey
    | CountFact
    | ChargeFact
    | PeriodResult
    | CreditFact
    | EventFact
    | IndexFact
    | ReliefFact
)
