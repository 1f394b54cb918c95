"""What is measured: from which facts, and how they become one figure."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.terms.clause import Clause
from domain.terms.fields import (
    AnyLength,
    AnyPercent,
    Count,
    Flag,
    Key,
    Length,
    Limit,
    Number,
    Percent,
    Text,
    Whole,
)

Where = dict[Key, Annotated[tuple[Text, ...], Field(min_length=1)] | Text]
Names = Annotated[tuple[Key, ...], Field(min_length=1)] | Key


class Kind(StrEnum):
    """How the facts of a period become one figure."""

    PROPORTION = "proportion"
    MEAN = "mean"
    SUM = "sum"
    COUNT = "count"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    PERCENTILE = "percentile"
    RATIO = "ratio"
    RATE = "rate"
    MEAN_OF_RATES = "mean_of_rates"
    AVAILABILITY = "availability"
    ATTAINMENT = "attainment"
    CONTACT = "contact_service_level"
    SURVEY = "survey_score"
    COMPOSITE = "composite"
    DELAY = "delay"
    REPORTED = "reported"


class Clock(StrEnum):
    """From a ticket's opening to which of its events, around the clock."""

    RESPONSE = "response"
    RESOLUTION = "resolution"
    CLOSURE = "closure"


class Missing(StrEnum):
    """What a fact without a value is: a cancelled flight, a ticket that nobody answered."""

    AGAINST = "against"
    EXCLUDED = "excluded"


class Belongs(StrEnum):
    """Which instant of a ticket says to which period it belongs."""

    OPENED = "opened"
    RESPONDED = "responded"
    RESOLVED = "resolved"
    CLOSED = "closed"


class IntervalValue(StrEnum):
    """What time counts as in which nothing happened, or of which nothing is known."""

    GOOD = "good"
    BAD = "bad"
    EXCLUDED = "excluded"


class Formula(StrEnum):
    """The five ways in which contact centres reckon one and the same service level."""

    BOTH_WITHIN = "both_within"
    ANSWERED_ONLY = "answered_only"
    ALL_OFFERED = "all_offered"
    LATE_ABANDONED = "late_abandoned"
    SHORT_ABANDONED_EXCLUDED = "short_abandoned_excluded"


class Score(StrEnum):
    """How survey answers become a score."""

    MEAN = "mean"
    TOP_BOX = "top_box"
    NET_PROMOTER = "net_promoter"


class Combine(StrEnum):
    """How the figures of other KPIs become one."""

    WEIGHTED = "weighted"
    SHORTFALLS = "shortfalls"
    LOWEST = "lowest"


class Measure(Clause):
    """What is measured, and from which facts.

    A sample belongs to the period of its `at`, a ticket to that of its opening unless `belongs_to`
    says otherwise, an interval and a count to that of their start, an event to that of its due
    instant or else its own; outages are cut at the bounds of periods. Ticket times are seconds.
    """

    kind: Kind

    series: Key | None = Field(None, description="The series of samples.")
    tickets: Clock | None = Field(None, description="The time of tickets, around the clock.")
    flag: Key | None = Field(None, description="A ticket column that says true or false.")
    clock: Key | None = Field(None, description="A clock of `clocks`, which has limits and hours.")
    intervals: Key | None = Field(None, description="The series of intervals.")
    outages: Key | None = Field(None, description="The service whose outages count.")
    counts: Key | None = Field(None, description="The series of counts.")
    surveys: Key | None = Field(None, description="The survey's instrument.")
    events: Key | None = Field(None, description="The type of events.")
    parts: Annotated[dict[Key, AnyPercent], Field(min_length=1)] | None = Field(
        None, description="Of a composite: other KPIs and their weights."
    )

    where: Where = Field(default={}, description="Only facts whose columns have these values.")
    good: Limit | Literal["by due"] | None = Field(None, description="Which values count as good.")
    missing: Missing = Missing.AGAINST
    belongs_to: Belongs = Field(
        default=Belongs.OPENED, description="Of tickets: to the period of which instant."
    )
    of: Names | None = Field(None, description="Of counts: the names that are added up above.")
    over: Names | None = Field(None, description="Of counts: the names that are added up below.")
    times: Number | None = Field(None, description="Of a rate: per so many, 1000 for example.")
    percentile: Percent | None = Field(None, description="By nearest rank.")
    interval: Length | None = Field(None, description="The length of one interval.")
    empty: IntervalValue | None = Field(None, description="An interval with a total of zero.")
    absent: IntervalValue | None = Field(None, description="An interval without a fact.")
    maintenance: tuple[Text, ...] = Field(
        (), description="Causes of outages that never count as downtime."
    )
    maintenance_in_denominator: Flag = Field(
        default=True, description="Whether agreed time includes such maintenance."
    )
    minimum_outage: Length | None = Field(None, description="Shorter outages do not count.")
    counted_in: Length | None = Field(
        None, description="Each outage counts in whole units of this; a part unit is dropped."
    )
    users: Count | None = Field(
        None, description="Of outages with `users`: how many there are, so that user time counts."
    )
    before: IntervalValue | None = Field(
        None, description="Of availability from samples: the time before the first one."
    )
    formula: Formula | None = Field(None, description="Of a contact centre's service level.")
    score: Score | None = Field(None, description="Of a survey.")
    minimum_sample: Count | None = Field(
        None, description="Of a survey: with fewer answers there is no figure."
    )
    combine: Combine | None = Field(None, description="Of a composite.")
    calendar: Key | None = Field(
        None, description="Of availability: only the open hours of this calendar are agreed time."
    )


class NoData(StrEnum):
    """What a period without facts is."""

    EXCLUDED = "excluded"
    FAILED = "failed"
    WORST_BAND = "worst_band"
    CARRIED = "carried"
    ASKED = "asked"


class LowVolume(Clause):
    """What is agreed for periods with few facts."""

    fewer_than: Count
    misses_allowed: Whole | None = Field(
        None, description="With at most so many bad facts it is met; silent: it is left out."
    )


class Averaging(Clause):
    """The figure is the mean of its own and those of the periods before it, as far as there are."""

    periods: Annotated[Count, Field(ge=2)]


class Baseline(Clause):
    """A time in which is measured what will be promised; nothing is owed for it."""

    periods: Count = Field(description="So many periods from the start of the term.")
    propose: Literal["mean", "lowest", "highest"] = "mean"
    effective_after: AnyLength | None = Field(None, description="The notice of the proposal.")
