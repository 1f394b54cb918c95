"""The terms of an agreement as frozen values: what the document may say, and what it means.

Lengths in hours and minutes are elapsed time. Lengths in days, weeks and months keep the local
clock time of the agreement's zone. Dates are local dates in that zone.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.numbers import RoundingMode
from domain.periods import Every
from domain.spans import Span, Unit
from domain.terms.calendars import Calendar, TicketClock
from domain.terms.clause import Clause
from domain.terms.consequences import Improvement, Indexation, Promotion, Relief, Trigger
from domain.terms.fields import (
    AnyLength,
    AnyPercent,
    ContactRef,
    Count,
    Currency,
    Day,
    Days,
    Email,
    Flag,
    Key,
    Length,
    Limit,
    Months,
    Number,
    Percent,
    Places,
    Rhythm,
    Text,
    UnitName,
    Zone,
)
from domain.terms.measures import (
    Averaging,
    Baseline,
    Clock,
    Kind,
    LowVolume,
    Measure,
    Missing,
    NoData,
)
from domain.terms.patterns import Classification, Pattern
from domain.terms.remedies import Cap, Remedy, Repeat

__all__ = ["Clause", "Clock", "Kind", "Measure", "Missing", "NoData"]


class Contact(Clause):
    """A named role of a party, and how to reach it."""

    title: Text
    email: Email
    zone: Zone | None = Field(None, description="The reader's zone; the agreement's if silent.")


class NamedParty(Clause):
    """One side of the agreement."""

    name: Text
    contacts: dict[Key, Contact] = Field({}, description="Roles, and how to reach them.")


class Party(NamedParty):
    """One side of the agreement, and whom to reach there."""

    contacts: Annotated[dict[Key, Contact], Field(min_length=1)]


class NamedParties(Clause):
    """Who buys, and who provides."""

    client: NamedParty
    provider: NamedParty
    others: dict[Key, NamedParty] = Field(
        default={}, description="Further providers, by the key that a KPI's `provided_by` names."
    )


class Parties(NamedParties):
    """Who buys, who provides, and whom to reach there."""

    client: Party
    provider: Party


class Term(Clause):
    """How long the agreement runs, from the start of its first day."""

    starts_on: Day
    months: Months


class Silence(StrEnum):
    """What happens at term end when nobody has decided."""

    EXPIRE = "expire"
    RENEW = "renew"


class RenewalDates(Clause):
    """When renewal is decided, and what silence means."""

    notice: Days = Field(description="The window opens so long before the term ends.")
    decide_before: Days | None = Field(
        None, description="Silence counts from so long before the term ends."
    )
    decided_by: ContactRef | None = None
    confirmed_by: ContactRef | None = None
    renews_for: Months | None = Field(None, description="Months that a renewal adds.")
    on_silence: Silence | None = None


class Renewal(RenewalDates):
    """When renewal is decided, by whom, and what silence means."""

    decide_before: Days = Field(description="Silence counts from so long before the term ends.")
    decided_by: ContactRef
    confirmed_by: ContactRef
    renews_for: Months = Field(description="Months that a renewal adds.")
    on_silence: Silence


class Line(Clause):
    """One line of what the service costs."""

    amount: Number
    per: Rhythm = Every.MONTH


class Charges(Clause):
    """What the service costs, as far as credits depend on it, and how it is settled.

    `amount` is the line `service`. Facts of charges go before what is written here.
    """

    currency: Currency
    amount: Number | None = None
    lines: Annotated[dict[Key, Line], Field(min_length=1)] | None = None
    per: Rhythm = Field(
        default=Every.MONTH, description="The settlement period, and what `amount` is for."
    )
    credit_cap: Percent | None = Field(
        None, description="Credits of one settlement period never exceed this share of its charge."
    )
    rounding: RoundingMode = RoundingMode.HALF_UP


class FactsKept(Clause):
    """How long facts stay in the record."""

    keep: Days = Field(
        description="No fact younger than this is taken out of the record, archived or not."
    )


class Milestone(Clause):
    """One step of onboarding: delivered by one party, accepted by the other."""

    key: Key
    title: Text
    on: Day = Field(description="Due at the end of this local day.")
    delivered_by: ContactRef
    accepted_by: ContactRef
    warn: Days = Field(description="Early warning, so long before it is due.")
    accept_within: Days
    gate: Flag = Field(
        default=False,
        description="Opens only when every milestone before it is accepted; go-live is a gate.",
    )


class Target(Clause):
    """What was promised. Worse than `minimum` is severe, worse than `expected` minor."""

    expected: Limit
    minimum: Limit | None = None


class Rounding(Clause):
    """Rounding before the comparison with the target; without it figures are compared exactly."""

    places: Places
    mode: RoundingMode


class Owners(Clause):
    """Who answers for a KPI on each side; the provider's owner plans, the client's judges."""

    client: ContactRef
    provider: ContactRef


class Band(Clause):
    """A half-open range of figures, and what follows from it."""

    at_least: Number | None = None
    above: Number | None = None
    at_most: Number | None = None
    below: Number | None = None
    name: Key | None = None
    points: Number | None = None
    credit: AnyPercent | None = Field(None, description="A share of the base.")
    reward: AnyPercent | None = Field(None, description="A share of the base that the client owes.")
    amount: Number | None = Field(None, description="A sum in the currency.")


class Kpi(Clause):
    """A key performance indicator: what is measured, what is promised, what follows."""

    key: Key
    title: Text | None = None
    objective: Text | None = Field(None, description="The aim of the business that it serves.")
    owners: Owners | None = None
    classification: Classification = Classification.KEY
    service: Key | None = Field(None, description="The service that it belongs to.")
    provided_by: Key | None = Field(
        None, description="Of several providers, one of `parties.others`; `provider` if silent."
    )
    supported_by: tuple[Key, ...] = Field(
        (), description="KPIs of operational or underpinning agreements on which it rests."
    )
    unit: UnitName
    measure: Measure
    per: tuple[Key, ...] = Field((), description="Columns that split it: by site, by priority.")
    every: Rhythm
    target: Target | None = Field(
        None, description="Silent: met is what its band gives nothing for."
    )
    cut_off: Length = Field(
        default=Span(0, Unit.DAY), description="After the period's end: facts known then count."
    )
    warn_at: tuple[Percent, ...] = Field(
        (), description="Shares of the error budget at which to warn, while the period runs."
    )
    restate_within: Length | None = Field(
        None,
        description="So long after the cut-off late and corrected facts restate a period; silent: "
        "until the agreement is closed.",
    )
    no_data: NoData = NoData.EXCLUDED
    asked_within: AnyLength | None = Field(
        None,
        description="So long the facts of a period without any are asked for; silent: 10 working "
        "days.",
    )
    low_volume: LowVolume | None = None
    averaging: Averaging | None = None
    rounding: Rounding | None = None
    bands: tuple[Band, ...] = ()
    points_by_run: Annotated[tuple[Number, ...], Field(min_length=1)] | None = Field(
        None, description="Points of the first miss in a row, the second …; the last goes on."
    )
    default_when: Pattern | None = Field(
        None,
        description="When missing only `expected` is a service level default; silent: always. "
        "Missing `minimum` always is.",
    )
    baseline: Baseline | None = None
    improvement: Improvement | None = None
    promotion: Promotion | None = None
    verified_after: Count = Field(
        default=2, description="Met periods in a row that verify an accepted plan."
    )


class GovernedKpi(Kpi):
    """A KPI for which people answer."""

    title: Text
    objective: Text = Field(description="The aim of the business that it serves.")
    owners: Owners
    target: Target
    cut_off: Length = Field(description="After the period's end: facts known then count.")
    no_data: NoData


class Level(Clause):
    """One rung of a ladder: who hears, and how long they have to answer."""

    level: Count
    to: Annotated[tuple[ContactRef, ...], Field(min_length=1)]
    answer_within: Length
    playbook: Text = Field(description="What to do, in a sentence.")


class Escalation(Clause):
    """The ladders, by severity."""

    severe: Annotated[tuple[Level, ...], Field(min_length=1)]
    minor: Annotated[tuple[Level, ...], Field(min_length=1)]


class CorrectiveAction(Clause):
    """The protocol of a corrective action plan."""

    plan_within: Days
    judge_within: Days
    on_silence: Literal["accept", "escalate"]
    cycles: Count = Field(description="Plans that may be handed in before it goes to governance.")


class Reviews(Clause):
    """Regular reviews: asked of named reviewers on both sides."""

    every: Days
    first_after: Literal["go_live"] | Day = Field(
        description="The anchor: actual go-live, or a date; the first review opens one interval on."
    )
    reviewers: Annotated[tuple[ContactRef, ...], Field(min_length=1)]
    answer_within: Days
    remind_before: Days
    escalate_to: Annotated[tuple[ContactRef, ...], Field(min_length=1)]
    close_after: Days = Field(description="After escalation: the review closes incomplete.")


class Changes(Clause):
    """Renegotiation: who decides on each side, how long an offer stands, how many rounds."""

    client: ContactRef
    provider: ContactRef
    answer_within: Days
    rounds: Count


class Terms(Clause):
    """What can be computed from: enough to assess an agreement, not to govern one."""

    agreement: Key
    title: Text
    scope: Text | None = None
    parties: NamedParties | None = None
    zone: Zone
    term: Term
    renewal: RenewalDates | None = None
    calendars: dict[Key, Calendar] = Field({}, description="Service hours, by key.")
    working_days: Key | None = Field(
        None,
        description="The calendar whose open days are working days; Monday to Friday if silent.",
    )
    clocks: tuple[TicketClock, ...] = ()
    charges: Charges | None = None
    facts: FactsKept | None = None
    kpis: tuple[Kpi, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    caps: tuple[Cap, ...] = Field((), description="Over several remedies, in this order.")
    triggers: tuple[Trigger, ...] = ()
    relief: tuple[Relief, ...] = ()
    indexation: tuple[Indexation, ...] = ()
    milestones: Annotated[tuple[Milestone, ...], Field(min_length=1)] | None = None
    escalation: Escalation | None = None
    corrective_action: CorrectiveAction | None = None
    reviews: Reviews | None = None
    changes: Changes | None = None

    def kpi(self, key: str) -> Kpi:
        """The KPI of that key; KeyError when there is none."""
        for kpi in self.kpis:
            if kpi.key == key:
                return kpi
        raise KeyError(key)

    @property
    def first_day(self) -> date:
        """The first local day of the first term."""
        return self.term.starts_on


class Agreement(Terms):
    """The whole agreement, with people who govern it: this can be launched."""

    scope: Text
    parties: Parties
    renewal: Renewal
    milestones: Annotated[tuple[Milestone, ...], Field(min_length=1)]
    kpis: Annotated[tuple[GovernedKpi, ...], Field(min_length=1)]
    escalation: Escalation
    corrective_action: CorrectiveAction
    reviews: Reviews
    changes: Changes

    def contact(self, ref: str) -> Contact:
        """The contact that `client.governance` names; KeyError when there is none."""
        party, role = ref.split(".", 1)
        return self.party(party).contacts[role]

    def party(self, key: str) -> Party:
        """The party that `client` or `provider` names."""
        return self.parties.client if key == "client" else self.parties.provider

    def kpi(self, key: str) -> GovernedKpi:
        """The KPI of that key; KeyError when there is none."""
        for kpi in self.kpis:
            if kpi.key == key:
                return kpi
        raise KeyError(key)
