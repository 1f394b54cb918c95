"""The terms of an agreement as frozen values: what the document may say, and what it means.

Lengths in hours and minutes are elapsed time. Lengths in days, weeks and months keep the local
clock time of the agreement's zone. Dates are local dates in that zone.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.numbers import RoundingMode
from domain.periods import Every
from domain.terms.fields import (
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
    Text,
    UnitName,
    Whole,
    Zone,
)


class Clause(BaseModel):
    """A term that may cite its clause in the signed document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clause: Text | None = Field(None, description="Where the signed document says this.")


class Contact(Clause):
    """A named role of a party, and how to reach it."""

    title: Text
    email: Email
    zone: Zone | None = Field(None, description="The reader's zone; the agreement's if silent.")


class Party(Clause):
    """One side of the agreement."""

    name: Text
    contacts: Annotated[dict[Key, Contact], Field(min_length=1)]


class Parties(Clause):
    """Who buys, and who provides."""

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


class Renewal(Clause):
    """When renewal is decided, by whom, and what silence means."""

    notice: Days = Field(description="The window opens so long before the term ends.")
    decide_before: Days = Field(description="Silence counts from so long before the term ends.")
    decided_by: ContactRef
    confirmed_by: ContactRef
    renews_for: Months = Field(description="Months that a renewal adds.")
    on_silence: Silence


class Charges(Clause):
    """What the service costs, as far as credits depend on it."""

    amount: Number
    currency: Currency
    per: Literal["month"]
    credit_cap: Percent = Field(description="Credits of one month never exceed this share of it.")


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


class Kind(StrEnum):
    """How the facts of a period become one figure."""

    PROPORTION = "proportion"
    MEAN = "mean"


class Clock(StrEnum):
    """From a ticket's opening to which of its events."""

    RESPONSE = "response"
    RESOLUTION = "resolution"
    CLOSURE = "closure"


class Missing(StrEnum):
    """What a fact without a value is: a cancelled flight, a ticket that nobody answered."""

    AGAINST = "against"
    EXCLUDED = "excluded"


class Measure(Clause):
    """What is measured: the samples of a series, a ticket clock, or a flag on tickets.

    A sample belongs to the period of its `at`, a ticket to that of its opening. Ticket clocks
    run around the clock; their values are seconds.
    """

    kind: Kind
    series: Key | None = Field(None, description="The series of samples.")
    tickets: Clock | None = Field(None, description="The ticket clock.")
    flag: Key | None = Field(None, description="A ticket column that says true or false.")
    where: dict[Key, Annotated[tuple[Text, ...], Field(min_length=1)] | Text] = Field(
        default={}, description="Only facts whose columns have these values."
    )
    good: Limit | Literal["by due"] | None = Field(
        None, description="Of a proportion: which values count as good."
    )
    missing: Missing = Missing.AGAINST


class NoData(StrEnum):
    """What a period without facts is."""

    EXCLUDED = "excluded"
    FAILED = "failed"


class Target(Clause):
    """What was promised. Worse than `minimum` is severe, worse than `expected` minor."""

    expected: Limit
    minimum: Limit | None = None


class Rounding(Clause):
    """Rounding before the comparison with the target; without it figures are compared exactly."""

    places: Annotated[Whole, Field(le=9)]
    mode: RoundingMode


class Owners(Clause):
    """Who answers for a KPI on each side; the provider's owner plans, the client's judges."""

    client: ContactRef
    provider: ContactRef


class Band(Clause):
    """A half-open range of figures and the share of a month's charge that it credits."""

    at_least: Number | None = None
    above: Number | None = None
    at_most: Number | None = None
    below: Number | None = None
    credit: Percent


class Kpi(Clause):
    """A key performance indicator: measurable, owned, with a target and a consequence."""

    key: Key
    title: Text
    objective: Text = Field(description="The aim of the business that it serves.")
    owners: Owners
    unit: UnitName
    measure: Measure
    every: Every
    target: Target
    cut_off: Length = Field(description="After the period's end: facts known then count.")
    no_data: NoData
    rounding: Rounding | None = None
    bands: tuple[Band, ...] = ()
    verified_after: Count = Field(
        default=2, description="Met periods in a row that verify an accepted plan."
    )


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


class Agreement(Clause):
    """The whole agreement."""

    agreement: Key
    title: Text
    scope: Text
    parties: Parties
    zone: Zone
    term: Term
    renewal: Renewal
    charges: Charges | None = None
    milestones: Annotated[tuple[Milestone, ...], Field(min_length=1)]
    kpis: Annotated[tuple[Kpi, ...], Field(min_length=1)]
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
