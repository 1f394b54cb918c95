"""From what the facts amount to, to a verdict: compared exactly, told in sentences."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from domain.measurement import Aggregate, base_units, excludes_missing
from domain.numbers import RoundingMode, rounded, shown
from domain.terms.shape import Kind, Kpi, NoData, Rounding
from domain.threshold import Threshold

ENGINE_VERSION = "1"
"""Raised whenever equal facts and terms could give another result; every result stores it."""


class Status(StrEnum):
    """How a period turned out."""

    MET = "met"
    BELOW_EXPECTED = "below_expected"
    BELOW_MINIMUM = "below_minimum"
    NO_DATA = "no_data"


class Severity(StrEnum):
    """Which ladder a missed period climbs."""

    SEVERE = "severe"
    MINOR = "minor"


SEVERITIES = {Status.BELOW_MINIMUM: Severity.SEVERE, Status.BELOW_EXPECTED: Severity.MINOR}


def severity(status: Status) -> Severity | None:
    """Severe below the minimum, minor below what is expected, None when nothing was missed."""
    return SEVERITIES.get(status)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a KPI did in a period.

    `value` is the figure that was compared, in the KPI's unit and rounded if the terms say so;
    `num` and `den` are exact. Without data there is no value.
    """

    status: Status
    num: Decimal
    den: int
    value: Fraction | None
    reason: tuple[str, ...]


def evaluate(kpi: Kpi, aggregate: Aggregate) -> Verdict:
    """Compare what the facts amount to with the target."""
    if aggregate.den == 0:
        return _without_data(kpi, aggregate)
    exact = _figure(kpi, aggregate)
    value = exact if kpi.rounding is None else _rounded(exact, kpi.rounding)
    status = _compared(kpi, value)
    reason = (
        _first_sentence(kpi, aggregate, exact),
        *_missing_sentence(kpi, aggregate),
        *_rounding_sentence(kpi, value),
        *_minimum_sentence(kpi, status),
    )
    return Verdict(status, aggregate.num, aggregate.den, value, reason)


def _figure(kpi: Kpi, aggregate: Aggregate) -> Fraction:
    share = Fraction(aggregate.num) / aggregate.den
    if kpi.measure.kind == Kind.PROPORTION:
        return share * 100
    return share / base_units(kpi.measure, kpi.unit)


def _rounded(value: Fraction, rounding: Rounding) -> Fraction:
    return Fraction(rounded(value, rounding.places, rounding.mode))


def _compared(kpi: Kpi, value: Fraction) -> Status:
    if kpi.target.expected.holds(value):
        return Status.MET
    if kpi.target.minimum is None or kpi.target.minimum.holds(value):
        return Status.BELOW_EXPECTED
    return Status.BELOW_MINIMUM


def _without_data(kpi: Kpi, aggregate: Aggregate) -> Verdict:
    found = "There were no facts."
    if aggregate.facts:
        were = "fact was" if aggregate.facts == 1 else "facts were"
        found = f"{aggregate.facts:,} {were} found, none with a value."
    if kpi.no_data == NoData.EXCLUDED:
        said, status = "Such a period is left out, as agreed.", Status.NO_DATA
    else:
        said = "Such a period has failed, as agreed."
        status = Status.BELOW_MINIMUM if kpi.target.minimum else Status.BELOW_EXPECTED
    return Verdict(status, aggregate.num, aggregate.den, None, (found, said))


def _first_sentence(kpi: Kpi, aggregate: Aggregate, value: Fraction) -> str:
    figure = f"{_shown(kpi, value)} {kpi.unit}"
    facts = _facts(kpi, aggregate.den)
    expected = f"expected {kpi.target.expected}."
    if kpi.measure.kind == Kind.MEAN:
        return f"The mean of {facts} was {figure}, {expected}"
    counted = _counted(kpi, "was" if aggregate.den == 1 else "were")
    return f"{int(aggregate.num):,} of {facts} {counted}: {figure}, {expected}"


def _counted(kpi: Kpi, were: str) -> str:
    """What a proportion counts, in the words of the terms; the target says whether that is good."""
    measure = kpi.measure
    if measure.good is None:
        return f"{were} flagged {measure.flag}"
    if measure.good == "by due":
        return f"{were} in time"
    if measure.tickets is not None:
        return f"had a {measure.tickets} time of {measure.good}"
    return f"{were} {measure.good}"


def _facts(kpi: Kpi, count: int) -> str:
    noun = "sample" if kpi.measure.series is not None else "ticket"
    plural = noun if count == 1 else f"{noun}s"
    series = "" if kpi.measure.series is None else f" of {kpi.measure.series}"
    return f"{count:,} {plural}{series}"


def _missing_sentence(kpi: Kpi, aggregate: Aggregate) -> tuple[str, ...]:
    if not aggregate.missing:
        return ()
    if excludes_missing(kpi.measure):
        treated = "was left out" if aggregate.missing == 1 else "were left out"
        return (f"{aggregate.missing:,} more without a value {treated}, as agreed.",)
    counts = "counts" if aggregate.missing == 1 else "count"
    return (f"{aggregate.missing:,} of them had no value and {counts} against, as agreed.",)


ROUNDINGS = {
    RoundingMode.HALF_UP: "rounded half up",
    RoundingMode.HALF_EVEN: "rounded half to even",
    RoundingMode.DOWN: "cut off",
}


def _rounding_sentence(kpi: Kpi, value: Fraction) -> tuple[str, ...]:
    if kpi.rounding is None:
        return ()
    places, mode = kpi.rounding.places, kpi.rounding.mode
    figure = f"{shown(value, places)} {kpi.unit}"
    noun = "place" if places == 1 else "places"
    return (f"{figure} is compared: {ROUNDINGS[mode]} at {places} decimal {noun}, as agreed.",)


def _minimum_sentence(kpi: Kpi, status: Status) -> tuple[str, ...]:
    if kpi.target.minimum is None or status == Status.MET:
        return ()
    told = "is missed" if status == Status.BELOW_MINIMUM else "is kept"
    return (f"The minimum, {kpi.target.minimum}, {told}.",)


def _shown(kpi: Kpi, value: Fraction) -> str:
    """The figure at two places, or at as many as tell on which side of the targets it is.

    Figures are cut, not rounded: 94.999 shows as 94.99, but 24.001 against `at most 24` as 24.001.
    """
    limits = [limit for limit in (kpi.target.expected, kpi.target.minimum) if limit is not None]
    for places in range(2, 13):
        text = shown(value, places)
        if _same_side(limits, Fraction(text), value):
            return text
    side = "above" if value > Fraction(shown(value)) else "below"
    return f"very little {side} {shown(value)}"


def _same_side(limits: list[Threshold], one: Fraction, other: Fraction) -> bool:
    return all(limit.holds(one) == limit.holds(other) for limit in limits)
