"""Figures made of the figures of other KPIs in the same window."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from domain.measurement import digest_of
from domain.measures.figure import Figure, Frame, no_figure
from domain.measures.words import listed, number
from domain.terms.measures import Combine

Parts = Mapping[str, Fraction]
Weights = Mapping[str, Decimal]

WHOLE = Fraction(100)


def composite(frame: Frame) -> Figure:
    """The parts that have a figure, combined; those without one are left out."""
    combine = frame.measure.combine
    if combine is None:
        msg = "a composite needs `combine`"
        raise ValueError(msg)
    parts = {key: value for key, value in frame.parts.items() if value is not None}
    absent = sorted(frame.parts.keys() - parts.keys())
    digest = digest_of({key: str(value) for key, value in frame.parts.items()})
    if not parts:
        return no_figure("None of its parts has a figure.", inputs_digest=digest)
    num, den, lead = COMBINED[combine](frame.measure.parts or {}, parts)
    return Figure(
        value=num / den,
        num=num,
        den=den,
        sample=len(parts),
        missing=len(absent),
        inputs_digest=digest,
        lead=lead,
        reason=(f"Left out, without a figure: {listed(absent)}.",) if absent else (),
    )


def _weighted(weights: Weights, parts: Parts) -> tuple[Fraction, Fraction, str]:
    """The weighted mean; weights of the parts that are there count as shares of their sum."""
    shares = {key: Fraction(weights[key]) for key in parts}
    num = sum((shares[key] * value for key, value in parts.items()), Fraction(0))
    den = sum(shares.values(), Fraction(0))
    told = [f"{key} {number(value)} x {number(shares[key])}" for key, value in parts.items()]
    return num, den, f"({' + '.join(told)}) / {number(den)}:"


def _shortfalls(_: Weights, parts: Parts) -> tuple[Fraction, Fraction, str]:
    """What is missing to 100 adds up (OpenSLO, composite of RatioTimeslices)."""
    lost = sum((WHOLE - value for value in parts.values()), Fraction(0))
    told = [f"{key} {number(WHOLE - value)}" for key, value in parts.items()]
    return WHOLE - lost, Fraction(1), f"100 less the shortfalls, {' + '.join(told)}:"


def _lowest(_: Weights, parts: Parts) -> tuple[Fraction, Fraction, str]:
    told = [f"{key} {number(value)}" for key, value in parts.items()]
    return min(parts.values()), Fraction(1), f"The lowest of {listed(told)} was"


COMBINED: dict[Combine, Callable[[Weights, Parts], tuple[Fraction, Fraction, str]]] = {
    Combine.WEIGHTED: _weighted,
    Combine.SHORTFALLS: _shortfalls,
    Combine.LOWEST: _lowest,
}
