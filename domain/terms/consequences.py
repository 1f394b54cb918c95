"""What else follows from results: triggers and rights, targets that move, relief and indexation."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.terms.clause import Clause
from domain.terms.fields import (
    AnyLength,
    AnyPercent,
    Day,
    Key,
    Percent,
    Places,
    Text,
)
from domain.terms.patterns import Classification, Keys, Pattern
from domain.terms.remedies import Base

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
