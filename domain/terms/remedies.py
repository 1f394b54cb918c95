"""How results become money: points that repeat, schemes, bases, caps, earn-back and claims."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.numbers import RoundingMode
from domain.terms.clause import Clause
from domain.terms.fields import (
    AnyLength,
    AnyPercent,
    Count,
    Flag,
    Key,
    Limit,
    Number,
    Percent,
    Reach,
    Text,
)
from domain.terms.patterns import Keys, Pattern


class Repeat(Clause):
    """Points are multiplied where a failure is a repeated one; they never compound."""

    kpis: Keys | None = Field(None, description="All of them if silent.")
    when: Pattern
    times: Number


class SchemeKind(StrEnum):
    """How results become amounts.

    tiers: the credit or reward of the figure's band. points: points of a settlement period times a
    rate. ladder: points that add up to a step. at_risk: at-risk share x pool x allocation, for each
    default. per_failure: an amount for every nth failure. recurrence: a step for each failure in a
    row. linear: so much for each unit short of the target. payment_share: a part of the payment
    hangs on the result.
    """

    TIERS = "tiers"
    POINTS = "points"
    LADDER = "ladder"
    AT_RISK = "at_risk"
    PER_FAILURE = "per_failure"
    RECURRENCE = "recurrence"
    LINEAR = "linear"
    PAYMENT_SHARE = "payment_share"


class PartUnits(StrEnum):
    """What part of a unit counts as."""

    PROPORTIONAL = "proportional"
    UP = "up"
    DOWN = "down"


class Step(Clause):
    """A half-open range of points, and what it credits."""

    at_least: Number
    below: Number | None = None
    credit: AnyPercent | None = None
    amount: Number | None = None


class Pays(Clause):
    """How much of the share at risk is paid, by result."""

    met: Percent
    below_expected: Percent
    below_minimum: Percent


class Scheme(Clause):
    """How results become amounts, by kind; see `SchemeKind` for which keys each kind has."""

    kind: SchemeKind
    percent: AnyPercent | None = Field(
        None, description="Of the base: per point, per failure, or per unit short."
    )
    amount: Number | None = Field(
        None, description="In the currency: per point, per failure, or per unit short."
    )
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] | None = Field(
        None, description="Of a ladder: what so many points credit."
    )
    reset_after: Count | None = Field(
        None,
        description="Of a ladder: points add up until so many periods in a row without any; "
        "silent: each settlement period by itself.",
    )
    window: Reach | None = Field(
        None, description="Of a ladder or per failure: over which points or failures add up."
    )
    run: Annotated[tuple[AnyPercent, ...], Field(min_length=1)] | None = Field(
        None,
        description="Of a recurrence: for the first failure in a row, the second …; "
        "the last goes on.",
    )
    at_risk: AnyPercent | None = Field(None, description="Of the base.")
    pool: AnyPercent | None = None
    allocation: Annotated[dict[Key, AnyPercent], Field(min_length=1)] | None = None
    allocation_limit: AnyPercent | None = Field(
        None, description="Allocations above this are refused; silent: only warned of above 100 %."
    )
    every: Count = Field(default=1, description="Per failure: only every nth.")
    failures: Literal["missed", "below_minimum", "default", "value"] = Field(
        default="missed",
        description="What a failure is; `value`: the figure itself is how many there were.",
    )
    per: Number | None = Field(
        None, description="Linear: so many units make one step; 1 if silent."
    )
    part_units: PartUnits = PartUnits.PROPORTIONAL
    below: Literal["expected", "minimum"] = Field(
        default="expected", description="Linear: from which target the shortfall counts."
    )
    share: Percent | None = Field(None, description="Payment share: the part that hangs on it.")
    pays: Pays | None = None


class Base(Clause):
    """The charge of which percentages are taken."""

    line: Key = Field(default="service", description="A line of `charges`; `all` is their sum.")
    period: Literal["same", "next", "year", "contract_year"] = Field(
        default="same",
        description="Whose charge: of the settlement period, the next, or its year.",
    )


class Over(StrEnum):
    """Whose lines a cap holds together."""

    KPI = "kpi"
    SERVICE = "service"
    REMEDY = "remedy"
    AGREEMENT = "agreement"


class Cap(Clause):
    """Lines together never exceed this; what is above becomes a negative line of its own."""

    key: Key | None = None
    over: Over = Over.AGREEMENT
    remedies: Keys | None = Field(None, description="Of an agreement's cap: only these count.")
    window: Reach | None = Field(None, description="The settlement period if silent.")
    most: AnyPercent | None = Field(None, description="Of the base's charge over the window.")
    amount: Number | None = Field(None, description="In the currency.")
    of: Base = Base()
    counts: Literal["credits", "net"] = Field(
        default="credits", description="`net`: rewards and earned-back amounts lessen the sum."
    )
    current_in_base: Flag = Field(
        default=True, description="Whether the current period's charge is in a window's base."
    )


class EarnBackStep(Clause):
    """A part of a credit that good service earns back."""

    when: Pattern
    share: Percent


class EarnBack(Clause):
    """How a credit is earned back. Without this, it is not."""

    steps: Annotated[tuple[EarnBackStep, ...], Field(min_length=1)]
    lost_on: Literal["missed", "never"] = Field(
        default="missed", description="A further miss of the KPI ends what was not earned yet."
    )
    not_for_months: tuple[Annotated[Count, Field(le=12)], ...] = Field(
        (), description="Credits of these calendar months are never earned back."
    )
    within: AnyLength | None = Field(None, description="Only so long after the credit's period.")


class Claim(Clause):
    """Credits that have to be claimed: without the claim in time nothing is payable."""

    within: AnyLength = Field(description="After the end of the settlement period.")
    event: Text = Field(default="claim", description="The type of event that is the claim.")


class Remedy(Clause):
    """One way in which results become money."""

    key: Key
    title: Text | None = None
    kpis: Keys | None = Field(None, description="All but indicators, if silent.")
    scheme: Scheme
    base: Base = Base()
    sign: Literal["credit", "reward"] = "credit"
    caps: tuple[Cap, ...] = ()
    pays_only: Limit | None = Field(
        None, description="A settlement period's sum is owed only so, for example `above 1 USD`."
    )
    earn_back: EarnBack | None = None
    same_incident: Literal["all", "highest"] = Field(
        default="all", description="Of results that are due to one incident: every credit, or one."
    )
    rounding: RoundingMode = RoundingMode.HALF_UP
    claim: Claim | None = None
    paid: Literal["next_invoice", "final_month"] = "next_invoice"
    lapses_on_termination: Flag = False
