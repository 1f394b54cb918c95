"""Patterns over the run of results: what is looked at, over what window, and how much of it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.terms.clause import Clause
from domain.terms.fields import (
    Count,
    Flag,
    Key,
    Limit,
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
