"""From a figure to what it means: compared exactly, told in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from domain.measures.figure import Figure
from domain.measures.words import many
from domain.numbers import RoundingMode, rounded, shown
from domain.results import Status
from domain.terms.shape import Band, Kind, Kpi, NoData, Rounding
from domain.threshold import Edge, Threshold

__all__ = ["ENGINE_VERSION", "Severity", "Status", "judge", "severity"]

ENGINE_VERSION = "3"
"""Raised whenever equal facts and terms could give another result; every result stores it."""


class Severity(StrEnum):
    """Which ladder a missed period climbs."""

    SEVERE = "severe"
    MINOR = "minor"


SEVERITIES = {Status.BELOW_MINIMUM: Severity.SEVERE, Status.BELOW_EXPECTED: Severity.MINOR}


def severity(status: Status) -> Severity | None:
    """Severe below the minimum, minor below what is expected, None when nothing was missed."""
    return SEVERITIES.get(status)


@dataclass(frozen=True, slots=True)
class Past:
    """The exact figure of an earlier period, where it had one."""

    period: str
    value: Fraction | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a figure means: its status, the value that was compared, the index of its band."""

    status: Status
    value: Fraction | None
    band: int | None
    reason: tuple[str, ...]


def judge(kpi: Kpi, figure: Figure, past: Sequence[Past] = ()) -> Judgement:
    """Compare a figure with what was promised. `past` are the periods before it, in order."""
    if figure.value is None:
        carried = _carried(kpi, past)
        if carried is None or carried.value is None:
            return _without_data(kpi, figure)
        said = (*figure.reason, _carried_sentence(kpi, carried, carried.value))
        return _compared(kpi, carried.value, said)
    if (few := _few(kpi, figure, figure.value)) is not None:
        return few
    earlier = _earlier(kpi, past)
    if not earlier:
        said = (f"{figure.lead} {_promised(kpi, figure.value)}", *figure.reason)
        return _compared(kpi, figure.value, said)
    values = [*(each.value for each in earlier if each.value is not None), figure.value]
    mean = sum(values, Fraction(0)) / len(values)
    own = f"{figure.lead} {_shown(kpi, figure.value)} {kpi.unit}."
    return _compared(kpi, mean, (own, *figure.reason, _mean_sentence(kpi, earlier, mean)))


def _compared(kpi: Kpi, exact: Fraction, said: tuple[str, ...]) -> Judgement:
    """Round as agreed, and compare."""
    value = exact if kpi.rounding is None else _rounded(exact, kpi.rounding)
    band = band_of(kpi, value)
    status = _status(kpi, value, band)
    reason = (
        *said,
        *_rounding_sentence(kpi, value),
        *_minimum_sentence(kpi, status),
        *_band_sentence(kpi, band),
        *clause_sentence(kpi, band),
    )
    return Judgement(status, value, band, reason)


def _rounded(value: Fraction, rounding: Rounding) -> Fraction:
    return Fraction(rounded(value, rounding.places, rounding.mode))


def _status(kpi: Kpi, value: Fraction, band: int | None) -> Status:
    """Without a target, met is what its band asks nothing for."""
    if kpi.target is None:
        return Status.MET if band is None or _is_free(kpi.bands[band]) else Status.BELOW_EXPECTED
    if kpi.target.expected.holds(value):
        return Status.MET
    if kpi.target.minimum is None or kpi.target.minimum.holds(value):
        return Status.BELOW_EXPECTED
    return Status.BELOW_MINIMUM


# --- bands


def band_of(kpi: Kpi, value: Fraction) -> int | None:
    """The index of the first band that the figure falls in."""
    return next((index for index, band in enumerate(kpi.bands) if in_band(band, value)), None)


def in_band(band: Band, value: Fraction) -> bool:
    """Whether the figure is within all edges of the band."""
    return all(limit.holds(value) for limit in edges(band))


def edges(band: Band) -> list[Threshold]:
    """What a figure has to hold to be in the band."""
    said = (
        (Edge.AT_LEAST, band.at_least),
        (Edge.ABOVE, band.above),
        (Edge.AT_MOST, band.at_most),
        (Edge.BELOW, band.below),
    )
    return [Threshold(edge, value, "") for edge, value in said if value is not None]


def worst_band(kpi: Kpi) -> int | None:
    """The band that costs most: by credit, then points, then amount; the first of equal ones."""
    worst = max(enumerate(kpi.bands), key=lambda each: _cost(each[1]), default=None)
    return None if worst is None else worst[0]


def _is_free(band: Band) -> bool:
    return all(cost <= 0 for cost in _cost(band))


def _cost(band: Band) -> tuple[Decimal, Decimal, Decimal]:
    nothing = Decimal(0)
    return band.credit or nothing, band.points or nothing, band.amount or nothing


# --- few facts, or none


SHARES = frozenset({Kind.PROPORTION, Kind.ATTAINMENT, Kind.RATIO, Kind.CONTACT, Kind.REPORTED})
"""Kinds of which `num` out of `den` is good, or bad where less is better."""


def _few(kpi: Kpi, figure: Figure, value: Fraction) -> Judgement | None:
    """What is agreed for a period with few facts; None where that changes nothing."""
    if kpi.low_volume is None or not 0 < figure.sample < kpi.low_volume.fewer_than:
        return None
    allowed = kpi.low_volume.misses_allowed
    said = f"{figure.lead} {_promised(kpi, value)}"
    few = f"There are fewer than {kpi.low_volume.fewer_than:,} facts"
    if allowed is None:
        left_out = f"{few}: such a period is left out, as agreed."
        return Judgement(Status.NO_DATA, None, None, (said, *figure.reason, left_out))
    if kpi.measure.kind not in SHARES or _bad(kpi, figure) > allowed:
        return None
    met = f"{few}, and at most {allowed:,} of them are bad: met, as agreed."
    compared = value if kpi.rounding is None else _rounded(value, kpi.rounding)
    return Judgement(Status.MET, compared, None, (said, *figure.reason, met))


def _bad(kpi: Kpi, figure: Figure) -> Fraction:
    if kpi.target is not None and not kpi.target.expected.edge.higher_is_better:
        return figure.num
    return figure.den - figure.num


def _carried(kpi: Kpi, past: Sequence[Past]) -> Past | None:
    if kpi.no_data != NoData.CARRIED:
        return None
    return next((each for each in reversed(past) if each.value is not None), None)


def _earlier(kpi: Kpi, past: Sequence[Past]) -> list[Past]:
    """The earlier periods with which a figure is averaged."""
    if kpi.averaging is None:
        return []
    return [each for each in past[1 - kpi.averaging.periods :] if each.value is not None]


WITHOUT_DATA = {
    NoData.EXCLUDED: "Such a period is left out, as agreed.",
    NoData.FAILED: "Such a period has failed, as agreed.",
    NoData.WORST_BAND: "Such a period is in the worst band, as agreed.",
    NoData.CARRIED: "There is no earlier figure to carry on, so the period is left out.",
    NoData.ASKED: "A task asks for the figure, as agreed; until then the period is left out.",
}


def _without_data(kpi: Kpi, figure: Figure) -> Judgement:
    reason = (*figure.reason, WITHOUT_DATA[kpi.no_data])
    if kpi.no_data not in {NoData.FAILED, NoData.WORST_BAND}:
        return Judgement(Status.NO_DATA, None, None, reason)
    severe = kpi.target is not None and kpi.target.minimum is not None
    status = Status.BELOW_MINIMUM if severe else Status.BELOW_EXPECTED
    return Judgement(status, None, worst_band(kpi), reason)


# --- sentences


def _promised(kpi: Kpi, value: Fraction) -> str:
    """The figure, and what was expected: the end of a sentence."""
    figure = f"{_shown(kpi, value)} {kpi.unit}"
    return f"{figure}." if kpi.target is None else f"{figure}, expected {kpi.target.expected}."


def _carried_sentence(kpi: Kpi, carried: Past, value: Fraction) -> str:
    return f"The figure of {carried.period} is carried on, as agreed: {_promised(kpi, value)}"


def _mean_sentence(kpi: Kpi, earlier: Sequence[Past], mean: Fraction) -> str:
    told = [
        f"{_shown(kpi, each.value)} in {each.period}" for each in earlier if each.value is not None
    ]
    before = f"{many(len(earlier), 'period')} before it ({', '.join(told)})"
    return f"The mean of this and the {before} is {_promised(kpi, mean)}"


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
    if kpi.target is None or kpi.target.minimum is None or status == Status.MET:
        return ()
    told = "is missed" if status == Status.BELOW_MINIMUM else "is kept"
    return (f"The minimum, {kpi.target.minimum}, {told}.",)


def _band_sentence(kpi: Kpi, band: int | None) -> tuple[str, ...]:
    """Which band it is, where points or the status hang on it."""
    if not kpi.bands or not (kpi.target is None or any(each.points for each in kpi.bands)):
        return ()
    if band is None:
        return ("No band holds the figure.",)
    held = kpi.bands[band]
    name = f" `{held.name}`" if held.name else ""
    bounds = " and ".join(str(edge) for edge in edges(held)) or "every figure"
    points = f": {held.points:f} points" if held.points is not None else ""
    return (f"That is band {band + 1}{name}, {bounds}{points}.",)


def clause_sentence(kpi: Kpi, band: int | None) -> tuple[str, ...]:
    """Where the signed document says this."""
    said = (
        ("measure", kpi.measure.clause),
        ("target", kpi.target and kpi.target.clause),
        ("band", None if band is None else kpi.bands[band].clause),
        ("KPI", kpi.clause),
    )
    cited = [f"{what} {clause}" for what, clause in said if clause]
    return (f"Clauses: {'; '.join(cited)}.",) if cited else ()


def _shown(kpi: Kpi, value: Fraction) -> str:
    """The figure at two places, or at as many as tell on which side of its limits it is.

    Figures are cut, not rounded: 94.999 shows as 94.99, but 24.001 against `at most 24` as 24.001.
    """
    if kpi.measure.kind == Kind.COUNT and value.denominator == 1:
        return f"{int(value):,}"
    limits = _limits(kpi)
    for places in range(2, 13):
        text = shown(value, places)
        if _same_side(limits, Fraction(text), value):
            return text
    side = "above" if value > Fraction(shown(value)) else "below"
    return f"very little {side} {shown(value)}"


def _limits(kpi: Kpi) -> list[Threshold]:
    """The targets, and the edges of the bands."""
    target = kpi.target
    targets = () if target is None else (target.expected, target.minimum)
    of_bands = [edge for band in kpi.bands for edge in edges(band)]
    return [*(limit for limit in targets if limit is not None), *of_bands]


def _same_side(limits: list[Threshold], one: Fraction, other: Fraction) -> bool:
    return all(limit.holds(one) == limit.holds(other) for limit in limits)
