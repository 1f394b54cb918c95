"""What follows from results: points, credits, rewards, caps, triggers and rights."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.numbers import RoundingMode
from domain.terms.clause import Clause
from domain.terms.fields import (
    AnyLength,
    AnyPercent,
    Count,
    Day,
    Flag,
    Key,
    Limit,
    Number,
    Percent,
    Places,
    Reach,
    Text,
)
from domain.terms.measures import Where

Keys = Annotated[tuple[Key, ...], Field(min_length=1)]


# --- patterns over the run of results


class Classification(StrEnum):
    """How much hangs on a KPI. An indicator is reported, and nothing is owed for it."""

    CRITICAL = "critical"
    KEY = "key"
    INDICATOR = "indicator"


class Of(StrEnum):
    """What a pattern looks at: results of a status, quantities of results, credits, or events.

    `missed` is below_expected or below_minimum; `exceeded` is strictly better than expected;
    `default` is a service level default. `credits` are those of a settlement period, in percent of
    its charge, or in the currency where the limit names it.
    """

    MET = "met"
    MISSED = "missed"
    BELOW_EXPECTED = "below_expected"
    BELOW_MINIMUM = "below_minimum"
    DEFAULT = "default"
    EXCEEDED = "exceeded"
    NO_DATA = "no_data"
    POINTS = "points"
    VALUE = "value"
    CREDITS = "credits"
    EVENT = "event"


class Same(StrEnum):
    """Over what results are counted together."""

    KPI = "kpi"
    SERVICE = "service"
    AGREEMENT = "agreement"


class Chain(StrEnum):
    """What a period of that sort does to a chain: it is passed over, or it ends the chain."""

    HOLDS = "holds"
    BREAKS = "breaks"


class Afterwards(StrEnum):
    """What a pattern does once it was complete.

    `rearms`: it can complete again only after it was incomplete; `consumes`: the periods that
    completed it never count for it again; `repeats`: it is complete in every period in which it
    holds; `once`: never again.
    """

    REARMS = "rearms"
    CONSUMES = "consumes"
    REPEATS = "repeats"
    ONCE = "once"


class Selection(Clause):
    """Which results count at all."""

    kpis: Keys | None = None
    services: Keys | None = None
    bands: Annotated[tuple[Text, ...], Field(min_length=1)] | None = Field(
        None, description="Names of bands."
    )
    classification: tuple[Classification, ...] | None = None
    columns: Where = Field(default={}, description="Dimensions, or columns of events.")
    types: Annotated[tuple[Text, ...], Field(min_length=1)] | None = Field(
        None, description="Types of events."
    )


class Pattern(Clause):
    """One of `count`, `consecutive`, `share`, `sum` and `mean`, of something, over a window.

    Windows end with the period that completes the pattern. Without `window` the pattern looks back
    to the start of the term.
    """

    count: Count | None = Field(None, description="At least so many in the window.")
    consecutive: Count | None = Field(None, description="So many in a row, up to this period.")
    share: Limit | None = Field(None, description="Of the results in the window, in %.")
    sum: Limit | None = Field(None, description="Of a quantity, over the window.")
    mean: Limit | Literal["expected"] | None = Field(
        None, description="Of a quantity, over the window; `expected` is the KPI's own target."
    )
    of: Of
    which: Limit | None = Field(
        None, description="Which quantities count, where `of` is a quantity."
    )
    window: Reach | None = None
    full: Flag = Field(
        default=True,
        description="Of a mean: only where the window lies wholly in the record, and a fixed one "
        "only when it is over.",
    )
    same: Same = Same.KPI
    where: Selection = Selection()
    no_data: Chain = Chain.HOLDS
    excused: Chain = Chain.HOLDS
    baseline: Chain = Chain.HOLDS
    afterwards: Afterwards = Afterwards.REARMS


# --- points


class Repeat(Clause):
    """Points are multiplied where a failure is a repeated one; they never compound."""

    kpis: Keys | None = Field(None, description="All of them if silent.")
    when: Pattern
    times: Number


# --- remedies


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
        default="all", description="Of results with one `incident` column: every credit, or one."
    )
    rounding: RoundingMode = RoundingMode.HALF_UP
    claim: Claim | None = None
    paid: Literal["next_invoice", "final_month"] = "next_invoice"
    lapses_on_termination: Flag = False


# --- triggers


class DatedStep(Clause):
    """Something that is due so long after what triggered it, or after another step."""

    key: Key
    after: AnyLength
    follows: Key | None = Field(None, description="Another step; the trigger if silent.")


class Withholding(Clause):
    """A payment that is withheld instead of credits."""

    percent: AnyPercent
    base: Base = Base()
    replaces: Keys | None = Field(None, description="Remedies; all of them if silent.")


class Right(Clause):
    """What a party may do once a trigger has fired, and until when."""

    kind: Key = Field(
        description="`termination`, `partial_termination`, `step_in`, `withholding` …"
    )
    notice: AnyLength | None = Field(None, description="It takes effect so long after notice.")
    exercise_within: AnyLength | None = Field(
        None, description="Of the event; silent: at any time."
    )


class Consequence(StrEnum):
    """What a trigger means."""

    ACTION_PLAN = "action_plan"
    RECTIFICATION_PLAN = "rectification_plan"
    CHRONIC_FAILURE = "chronic_failure"
    CRITICAL_FAILURE = "critical_failure"
    MATERIAL_BREACH = "material_breach"
    TERMINATION_RIGHT = "termination_right"
    WARNING = "warning"
    EVENT = "event"


class Trigger(Clause):
    """When the run of results shows this pattern, that follows. Several patterns: any of them."""

    key: Key
    title: Text | None = None
    when: Pattern | Annotated[tuple[Pattern, ...], Field(min_length=1)]
    then: Consequence
    right: Right | None = None
    steps: tuple[DatedStep, ...] = Field((), description="Dates that follow.")
    withhold: Withholding | None = None


# --- targets that move


class Improvement(Clause):
    """When service has long been better than promised, more may be proposed."""

    when: Pattern
    to: Literal["midpoint", "mean", "step"]
    step: Percent | None = Field(
        None, description="Of `step`: so much of what is missing to 100 %."
    )
    effective_after: AnyLength | None = Field(None, description="The notice of the proposal.")
    places: Places | None = Field(
        None, description="Decimal places of the proposal; silent: exact."
    )


class Promotion(Clause):
    """An indicator that may become a KPI, or a KPI that may become critical, with notice."""

    to: Classification
    when: Pattern | None = Field(None, description="At the client's wish if silent.")
    notice: AnyLength


class Relief(Clause):
    """A ground on which a result is excused, once the other side has approved the claim."""

    ground: Key
    title: Text | None = None
    claimed_by: Literal["client", "provider", "either"] = "provider"
    claim_within: AnyLength | None = Field(
        None, description="After the end of what is excused; the claim's first receipt counts."
    )
    effect: Literal["facts", "period"] = Field(
        default="facts",
        description="Facts in that time are left out, or every period that it touches is excused.",
    )


class Indexation(Clause):
    """How charges follow an index: new = old x index / reference, as published by then."""

    key: Key
    line: Key = "service"
    series: Key
    reference: Text = Field(description="The `period` of the reference figure.")
    compares: Text | None = Field(
        None, description="The `period` of the new figure; silent: the latest published by `on`."
    )
    on: Day = Field(description="From this day on; figures published before it count.")
    places: Places = Field(default=1, description="Decimal places of the percentage.")
    excess_over: Percent | None = Field(None, description="Only what is above this counts.")
    most: Percent | None = None
