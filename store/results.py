"""Results of periods as rows of `evaluation`, and the same results made again from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.evaluation import ENGINE_VERSION
from domain.measurement import Aggregate, plain
from domain.measures.outcome import of_figure
from domain.measures.readings import figure_of
from domain.numbers import RoundingMode, rounded
from domain.periods import Period
from domain.results import Budget, Dim, Points, Result, Status
from domain.terms.shape import Kpi
from domain.timeline import Timeline
from domain.zones import TZDATA_VERSION
from store.tables import evaluation

PLACES = 12
"""Decimal places of a number for reading where it never ends; the exact one is text."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A result as its facts gave it, and what it was judged to count as when it was last written."""

    result: Result
    revision: int
    judged: Mapping[str, Any]
    facts: int
    missing: int | None


READ = (
    "kpi",
    "period",
    "revision",
    "start_at",
    "end_at",
    "edition",
    "status",
    "num",
    "den",
    "facts",
    "missing",
    "outcome",
    "inputs_digest",
)
"""The columns of which a result is made again."""


def dim_text(dim: Dim) -> str:
    """`site=leeds;priority=1`: one text for each dimension."""
    return ";".join(f"{_escaped(column)}={_escaped(value)}" for column, value in dim)


def _escaped(text: str) -> str:
    for sign in ("\\", ";", "="):
        text = text.replace(sign, f"\\{sign}")
    return text


def judgement(result: Result) -> dict[str, Any]:
    """What a result counts as: points with their multiplier, and whether it is a default."""
    points = result.points
    return {
        "points": None if points is None else [str(points.base), str(points.multiplier)],
        "default": result.default,
    }


def is_same(result: Result, other: Result) -> bool:
    """Whether two results of one period were made of the same facts, and say the same."""
    return _substance(result) == _substance(other)


def _substance(result: Result) -> tuple[Any, ...]:
    return (
        result.edition,
        result.status,
        result.value,
        result.num,
        result.den,
        result.bare_status,
        result.bare_value,
        result.band,
        None if result.points is None else result.points.base,
        result.incident,
        result.inputs_digest,
        result.reason,
    )


def readable(value: Fraction) -> Decimal:
    """The number, exactly where it ends."""
    return Decimal(plain(rounded(value, PLACES, RoundingMode.HALF_EVEN)))


async def results_until(
    connection: AsyncConnection, agreement: str, timeline: Timeline
) -> list[Kept]:
    """Every result so far in its latest revision, in no particular order; no fact is read."""
    latest = (
        select(*(evaluation.c[name] for name in READ))
        .ext(distinct_on(evaluation.c.kpi, evaluation.c.dim, evaluation.c.period))
        .where(evaluation.c.agreement == agreement)
        .order_by(
            evaluation.c.kpi,
            evaluation.c.dim,
            evaluation.c.period,
            evaluation.c.revision.desc(),
        )
    )
    terms = {edition.number: edition.terms for edition in timeline.editions}
    rows = await connection.execute(latest)
    return [_kept(row, terms[row.edition].kpi(row.kpi)) for row in rows]


async def evaluated_until(
    connection: AsyncConnection, agreement_id: str, kpis: list[str]
) -> dict[str, datetime]:
    """The end of the last period of each KPI that was evaluated."""
    kpi = func.unnest(bindparam("kpis", type_=ARRAY(Text))).column_valued("kpi_key")
    until = select(func.max(evaluation.c.end_at)).where(
        evaluation.c.agreement == agreement_id, evaluation.c.kpi == kpi
    )
    query = select(kpi.label("kpi"), until.scalar_subquery().label("until"))
    rows = await connection.execute(query, {"kpis": kpis})
    return {row.kpi: row.until for row in rows if row.until is not None}


def _kept(row: Any, kpi: Kpi) -> Kept:  # noqa: ANN401 - a row of `evaluation`
    period = Period(row.period, row.start_at, row.end_at)
    said = row.outcome
    if not said:  # written before outcomes were: a share or a mean of which all is in the columns
        counted = Aggregate(row.num, int(row.den), row.facts, row.missing, row.inputs_digest)
        result = of_figure(kpi, row.edition, period, figure_of(kpi, counted))
        return Kept(result, row.revision, judgement(result), row.facts, row.missing)
    budget = said["budget"]
    result = Result(
        kpi=kpi,
        dim=tuple((column, value) for column, value in said["dim"]),
        period=period,
        edition=row.edition,
        status=Status(row.status),
        value=_fraction(said["value"]),
        num=Fraction(said["num"]),
        den=Fraction(said["den"]),
        sample=said["sample"],
        bare_status=Status(said["bare_status"]),
        bare_value=_fraction(said["bare_value"]),
        band=said["band"],
        points=None if said["points"] is None else Points(Fraction(said["points"])),
        budget=None if budget is None else Budget(Fraction(budget[0]), Fraction(budget[1])),
        incident=said["incident"],
        inputs_digest=row.inputs_digest,
        reason=tuple(said["reason"]),
    )
    return Kept(result, row.revision, said["judged"], row.facts, row.missing)


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A result to be written: as its facts gave it, as it was judged, and as of when it holds."""

    found: Result
    judged: Result
    revision: int
    due_at: datetime
    facts: int
    missing: int | None
    restated: Mapping[str, Any] | None = None
    """By which facts a revision restates the one before, and what that was."""


async def keep_results(
    connection: AsyncConnection, agreement: str, results: Iterable[Evaluated], now: datetime
) -> None:
    """Add results; a revision that is there already is a fault."""
    rows = [
        {
            "agreement": agreement,
            "kpi": each.found.kpi.key,
            "dim": dim_text(each.found.dim),
            "period": each.found.period.key,
            "revision": each.revision,
            "start_at": each.found.period.start,
            "end_at": each.found.period.end,
            "due_at": each.due_at,
            "edition": each.found.edition,
            "status": each.found.status,
            "num": readable(each.found.num),
            "den": readable(each.found.den),
            "facts": each.facts,
            "missing": each.missing,
            "reason": " ".join(each.judged.reason),
            "outcome": _outcome(each.found, each.judged)
            | ({} if each.restated is None else {"restated": dict(each.restated)}),
            "inputs_digest": each.found.inputs_digest,
            "engine_version": ENGINE_VERSION,
            "tzdata_version": TZDATA_VERSION,
            "evaluated_at": now,
        }
        for each in results
    ]
    if rows:
        await connection.execute(insert(evaluation), rows)


def _outcome(found: Result, judged: Result) -> dict[str, Any]:
    """What the result is made of again, and what it was judged to count as."""
    budget = found.budget
    return {
        "dim": [list(each) for each in found.dim],
        "value": None if found.value is None else str(found.value),
        "num": str(found.num),
        "den": str(found.den),
        "sample": found.sample,
        "bare_status": found.bare_status,
        "bare_value": None if found.bare_value is None else str(found.bare_value),
        "band": found.band,
        "points": None if found.points is None else str(found.points.base),
        "budget": None if budget is None else [str(budget.total), str(budget.used)],
        "incident": found.incident,
        "reason": list(found.reason),
        "judged": judgement(judged),
    }
