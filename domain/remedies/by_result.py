"""Schemes that look at one result, or at the results of one KPI in a row."""

from fractions import Fraction
from math import ceil, floor

from domain.remedies.bands import named, owing_alone
from domain.remedies.owed import Found, Run, clause_of, each_result, for_result, rate, said
from domain.remedies.wording import figure, name_of, ordinal
from domain.results import Dim, LineType, Result, Trouble
from domain.terms.measures import Kind
from domain.terms.remedies import PartUnits, Remedy
from domain.terms.shape import Band
from domain.threshold import Threshold

HUNDRED = Fraction(100)


# --- tiers


def tiers(remedy: Remedy, run: Run) -> Found:  # noqa: ARG001 - every scheme is called alike
    """The credit, reward or sum of the band that the figure falls in.

    A miss that was reported without a figure is in the only band that owes anything, if one does.
    """
    for settles, result in each_result(run):
        band = _band(result)
        if band is not None:
            sign = 1 if band.reward is None else -1
            percent = Fraction(band.credit or 0) - Fraction(band.reward or 0)
            fixed = sign * Fraction(band.amount or 0)
            what = "a failed period without a figure" if result.value is None else _is(result)
            yield for_result(
                result,
                settles,
                percent,
                fixed,
                f"{name_of(result)}: {what} is in the band {named(band)}, "
                f"which gives {said(percent, fixed)}{clause_of(band.clause)}.",
            )


def _band(result: Result) -> Band | None:
    bands = result.kpi.bands
    if result.band is not None:
        return bands[result.band]
    if result.value is None and result.missed:
        return owing_alone(result.kpi)
    return None


def _is(result: Result) -> str:
    assert result.value is not None  # noqa: S101 - callers look first
    unit = result.kpi.unit
    return f"{figure(result.value)} {unit}"


# --- at risk


def at_risk(remedy: Remedy, run: Run) -> Found:
    """The at-risk share x the pool x the KPI's allocation, for each service level default.

    A KPI to which nothing is allocated gives nothing; without a pool, or any allocations, that
    factor is 100 %.
    """
    scheme = remedy.scheme
    share = Fraction(scheme.at_risk if scheme.at_risk is not None else 100)
    pool = Fraction(scheme.pool if scheme.pool is not None else 100)
    for settles, result in each_result(run):
        allocated = Fraction(
            100 if scheme.allocation is None else scheme.allocation.get(result.kpi.key, 0)
        )
        if result.default and allocated:
            percent = share * pool * allocated / HUNDRED**2
            yield for_result(
                result,
                settles,
                percent,
                Fraction(0),
                f"{name_of(result)} is a service level default.",
                f"{figure(share)} % at risk x {figure(pool)} % pool x {figure(allocated)} % "
                f"allocation is {figure(percent)} %.",
            )


# --- recurrence


def recurrence(remedy: Remedy, run: Run) -> Found:
    """The step for the first failure in a row of a KPI and dimension, the second, and so on."""
    steps = remedy.scheme.run or ()
    rows: dict[tuple[str, Dim], int] = {}
    for settles, result in each_result(run):
        key = (result.kpi.key, result.dim)
        rows[key] = nth = rows.get(key, 0) + 1 if result.missed else 0
        if nth and steps:
            percent = Fraction(steps[min(nth, len(steps)) - 1])
            yield for_result(
                result,
                settles,
                percent,
                Fraction(0),
                f"{name_of(result)} is the {ordinal(nth)} miss in a row, which gives "
                f"{figure(percent)} %.",
            )


# --- linear


def linear(remedy: Remedy, run: Run) -> Found:
    """So much for each unit by which the figure is worse than its target.

    As a reward: for each unit by which it is better.
    """
    percent, fixed = rate(remedy)
    per = Fraction(remedy.scheme.per or 1)
    for settles, result in each_result(run):
        target = result.kpi.target
        limit: Threshold | None = getattr(target, remedy.scheme.below, None)
        if limit is None:
            continue
        if result.value is None:
            yield Trouble(
                name_of(result),
                f"failed without a figure, so `{remedy.key}` cannot tell by how much",
                "give the figure, or a remedy that needs none",
            )
            continue
        below = Fraction(limit.value) - result.value
        worse = below if limit.edge.higher_is_better else -below
        gap = -worse if remedy.sign == "reward" else worse
        units = _units(max(gap, Fraction(0)) / per, remedy.scheme.part_units)
        which = "better" if remedy.sign == "reward" else "worse"
        yield for_result(
            result,
            settles,
            percent * units,
            fixed * units,
            f"{name_of(result)}: {_is(result)} is {figure(gap)} {result.kpi.unit} {which} than "
            f"'{limit}'.",
            f"{figure(gap)} / {figure(per)} = {figure(gap / per)}"
            f"{PARTS[remedy.scheme.part_units]}, counted as {figure(units)}, times "
            f"{said(percent, fixed)} gives {said(percent * units, fixed * units)}.",
            type_=LineType.DELAY if result.kpi.measure.kind is Kind.DELAY else LineType.CREDIT,
        )


PARTS = {
    PartUnits.PROPORTIONAL: "",
    PartUnits.UP: ", a part counting as a whole one",
    PartUnits.DOWN: ", a part counting as nothing",
}


def _units(steps: Fraction, parts: PartUnits) -> Fraction:
    match parts:
        case PartUnits.PROPORTIONAL:
            return steps
        case PartUnits.UP:
            return Fraction(ceil(steps))
        case PartUnits.DOWN:
            return Fraction(floor(steps))


# --- payment share


def payment_share(remedy: Remedy, run: Run) -> Found:
    """The part of the payment that hangs on the result and is not paid for it."""
    share = Fraction(remedy.scheme.share or 0)
    pays_ = remedy.scheme.pays
    for settles, result in each_result(run):
        if pays_ is not None:
            paid = Fraction(getattr(pays_, result.status.value))
            percent = share * (HUNDRED - paid) / HUNDRED
            yield for_result(
                result,
                settles,
                percent,
                Fraction(0),
                f"{name_of(result)} is {result.status.value}, for which {figure(paid)} % of the "
                f"{figure(share)} % that hang on it are paid: {figure(percent)} % is withheld.",
                type_=LineType.WITHHOLDING,
            )
