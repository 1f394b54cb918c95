"""Results of periods: what was measured, what it means, and what hangs on it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Literal, TypeAlias

from domain.periods import Period
from domain.terms.shape import Kpi

Dim: TypeAlias = tuple[tuple[str, str], ...]
"""The columns by which a KPI is split, with their values: `(("site", "leeds"),)`."""


class Status(StrEnum):
    """How a period turned out."""

    MET = "met"
    BELOW_EXPECTED = "below_expected"
    BELOW_MINIMUM = "below_minimum"
    NO_DATA = "no_data"
    EXCUSED = "excused"
    BASELINE = "baseline"


MISSED = frozenset({Status.BELOW_EXPECTED, Status.BELOW_MINIMUM})


@dataclass(frozen=True, slots=True)
class Points:
    """Service points: those of the band, times the multiplier of a repeated failure."""

    base: Fraction
    multiplier: Fraction = Fraction(1)

    @property
    def total(self) -> Fraction:
        """What counts."""
        return self.base * self.multiplier


@dataclass(frozen=True, slots=True)
class Budget:
    """How much failure a promise leaves to a period, and how much of it was used.

    In seconds (`s`) where the measure counts time, else in facts or units of volume (`count`).
    """

    total: Fraction
    used: Fraction
    unit: Literal["s", "count"] = "s"

    @property
    def left(self) -> Fraction:
        """Negative when overspent."""
        return self.total - self.used

    @property
    def burn(self) -> Fraction | None:
        """The share that was used, 1 when all of it; None where nothing may fail."""
        return self.used / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Result:
    """One KPI, one dimension, one period, under the edition that was in force.

    `value` is the figure compared, in the KPI's unit and rounded if the terms say so; without data
    there is none. `bare_status` and `bare_value` are what it would have been without relief.
    `band` is the index of the band in `kpi.bands` that the figure falls in.
    """

    kpi: Kpi
    dim: Dim
    period: Period
    edition: int
    status: Status
    value: Fraction | None
    num: Fraction
    den: Fraction
    sample: int
    bare_status: Status
    bare_value: Fraction | None
    band: int | None = None
    default: bool = False
    points: Points | None = None
    budget: Budget | None = None
    incident: str | None = None
    revision: int = 1
    inputs_digest: str = ""
    reason: tuple[str, ...] = ()

    @property
    def missed(self) -> bool:
        """Whether less than expected was delivered."""
        return self.status in MISSED


class LineType(StrEnum):
    """What a line of the ledger is."""

    CREDIT = "credit"
    REWARD = "reward"
    DELAY = "delay"
    WITHHOLDING = "withholding"
    EARN_BACK = "earn_back"
    CAP = "cap"
    MINIMUM = "minimum"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger. Positive: the provider owes. Money in minor units.

    `start` and `end` are those of the period from which it follows, `settles` is the settlement
    period whose totals it enters. `percent` is exact; without a known charge there is no amount.
    `adjusts` names the lines that a cap, a minimum, an earn-back or a withholding lessens.
    """

    id: str
    remedy: str
    type: LineType
    kpi: str | None
    dim: Dim
    start: datetime
    end: datetime
    settles: Period
    percent: Fraction | None
    base_minor: int | None
    amount_minor: int | None
    adjusts: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    clause: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """One settlement period: before caps and minimum, after them, and what is payable of that.

    `deferred_minor` is what of it is payable only with the last invoice of the term;
    `invoice_minor` what is payable with the invoice of this period, with all that comes due then.
    """

    period: Period
    gross_minor: int | None
    net_minor: int | None
    percent: Fraction | None
    payable_minor: int | None
    reason: tuple[str, ...] = ()
    deferred_minor: int = 0
    invoice_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Fired:
    """A trigger that was complete: when, by which results (`kpi/period`), and by how much."""

    key: str
    fired_at: datetime
    periods: tuple[str, ...]
    quantity: Fraction
    clause: str | None
    then: str = ""
    reason: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RightArisen:
    """Something that a party may now do: from when it would take effect, and until when."""

    key: str
    kind: str
    arises: datetime
    effective: datetime
    exercise_by: datetime | None
    trigger: str
    reason: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dated:
    """A date that follows from the terms or from a trigger, and the rule that gives it."""

    key: str
    at: datetime
    rule: str


@dataclass(frozen=True, slots=True)
class Default:
    """Something on which the terms are silent, and what was assumed."""

    path: str
    assumed: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about the facts or the terms that a reader of the results must know."""

    where: str
    message: str
    remedy: str = ""
    level: str = field(default="warning")
