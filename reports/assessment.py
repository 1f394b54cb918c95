"""An assessment as one JSON document: keys only grow, and `format` versions them.

Decimals are text, money is in whole minor units, positive when the provider owes it, and instants
are UTC. Bounds are half-open: `start` belongs, `end` does not.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from domain.assessment import Assessment
from domain.naming import names_of
from domain.numbers import RoundingMode, rounded
from domain.proposals import Proposal
from domain.results import Budget, Dim, Line, Result
from domain.terms.shape import Band
from reports.clocks import clock_document

FORMAT = "covenant-assessment/1"

PLACES = 12
"""Decimal places of figures that never end; they are cut there, and `num` and `den` are exact."""


def as_json(assessment: Assessment) -> dict[str, Any]:
    """The whole document."""
    return {
        "format": FORMAT,
        "agreement": assessment.agreement,
        "digest": assessment.digest,
        "zone": assessment.zone,
        "from": at(assessment.since),
        "to": at(assessment.until),
        "known_at": at(assessment.known_at),
        "currency": assessment.currency,
        "editions": [
            {"number": each.number, "starts_at": at(each.starts_at)} for each in assessment.editions
        ],
        "defaults": [{"path": each.path, "assumed": each.assumed} for each in assessment.defaults],
        "periods": [
            _period(name, result)
            for name, result in zip(names_of(assessment.results), assessment.results, strict=True)
        ],
        "credits": [_line(line) for line in assessment.lines],
        "totals": [
            {
                "start": at(total.period.start),
                "end": at(total.period.end),
                "period": total.period.key,
                "gross_minor": total.gross_minor,
                "net_minor": total.net_minor,
                "percent": decimal(total.percent),
                "payable_minor": total.payable_minor,
                "deferred_minor": total.deferred_minor,
                "invoice_minor": total.invoice_minor,
                "reason": list(total.reason),
            }
            for total in assessment.totals
        ],
        "triggers": [
            {
                "key": fired.key,
                "then": fired.then,
                "fired_at": at(fired.fired_at),
                "periods": list(fired.periods),
                "quantity": decimal(fired.quantity),
                "clause": fired.clause,
                "reason": list(fired.reason),
            }
            for fired in assessment.fired
        ],
        "rights": [
            {
                "key": right.key,
                "kind": right.kind,
                "arises": at(right.arises),
                "effective": at(right.effective),
                "exercise_by": at(right.exercise_by),
                "trigger": right.trigger,
                "reason": list(right.reason),
            }
            for right in assessment.rights
        ],
        "clocks": [clock_document(run) for run in assessment.clocks],
        "windows": [
            {
                "kpi": due.kpi.key,
                "period": due.period.key,
                "start": at(due.period.start),
                "end": at(due.period.end),
                "due_at": at(due.due_at),
                "edition": due.edition,
            }
            for due in assessment.windows
        ],
        "dates": [
            {"key": each.key, "at": at(each.at), "rule": each.rule} for each in assessment.dates
        ],
        "indexation": [
            {
                "key": each.key,
                "percent": decimal(each.percent),
                "old": each.old_minor,
                "new": each.new_minor,
                "reason": list(each.reason),
            }
            for each in assessment.indexed
        ],
        "proposals": [_proposal(each) for each in assessment.proposals],
        "problems": [
            {
                "level": each.level,
                "where": each.where,
                "message": each.message,
                "remedy": each.remedy,
            }
            for each in assessment.troubles
        ],
    }


def at(instant: datetime | None) -> str | None:
    """The instant in ISO 8601, UTC; None stays None."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def decimal(value: Fraction | None) -> str | None:
    """The figure without zeros that say nothing; one that never ends is cut, not rounded."""
    if value is None:
        return None
    text = f"{rounded(value, PLACES, RoundingMode.DOWN):f}"
    return text.rstrip("0").rstrip(".") or "0"


def dimension(dim: Dim) -> dict[str, str]:
    """The columns by which a KPI is split."""
    return dict(dim)


def _period(name: str, result: Result) -> dict[str, Any]:
    points = result.points
    budget = result.budget
    return {
        "key": name,
        "kpi": result.kpi.key,
        "dim": dimension(result.dim),
        "period": result.period.key,
        "start": at(result.period.start),
        "end": at(result.period.end),
        "edition": result.edition,
        "revision": result.revision,
        "status": result.status,
        "value": value_of(result),
        "without_relief": {
            "status": result.bare_status,
            "value": None if result.bare_value is None else decimal(result.bare_value),
        },
        "default": result.default,
        "band": None if result.band is None else band_name(result.kpi.bands[result.band]),
        "points": None
        if points is None
        else {
            "base": decimal(points.base),
            "multiplier": decimal(points.multiplier),
            "total": decimal(points.total),
        },
        "sample": result.sample,
        "budget": None
        if budget is None
        else {
            **_seconds(budget),
            "unit": budget.unit,
            "total": decimal(budget.total),
            "used": decimal(budget.used),
            "left": decimal(budget.left),
            "burn": decimal(budget.burn),
        },
        "inputs_digest": result.inputs_digest,
        "reason": list(result.reason),
    }


def _seconds(budget: Budget) -> dict[str, str | None]:
    """The budget of time; null where not time but facts are counted."""
    named = {"total_s": budget.total, "used_s": budget.used, "left_s": budget.left}
    return {key: decimal(value) if budget.unit == "s" else None for key, value in named.items()}


def value_of(result: Result) -> dict[str, str | None] | None:
    """The figure: exactly as `num` over `den`, and as a decimal in the KPI's unit."""
    if result.value is None:
        return None
    num: str | None
    den: str | None
    common = result.num.denominator * result.den.denominator
    if not result.den:
        # Carried on from an earlier period: nothing was divided in this one.
        quotient = result.value / 100 if result.kpi.unit == "%" else result.value
        num, den = str(quotient.numerator), str(quotient.denominator)
    elif ends(result.num) and ends(result.den):
        num, den = decimal(result.num), decimal(result.den)
    else:
        num, den = str(result.num * common), str(result.den * common)
    return {"num": num, "den": den, "dec": decimal(result.value), "unit": result.kpi.unit}


def ends(value: Fraction) -> bool:
    """Whether the figure has so few decimal places that they are all written."""
    return (value * Fraction(10) ** PLACES).denominator == 1


def band_name(band: Band) -> str:
    """The band's own name, or its range: `[98, 99)`."""
    if band.name is not None:
        return band.name
    low = f"[{band.at_least:f}" if band.at_least is not None else "(-∞"
    low = f"({band.above:f}" if band.above is not None else low
    high = f"{band.at_most:f}]" if band.at_most is not None else "∞)"
    high = f"{band.below:f})" if band.below is not None else high
    return f"{low}, {high}"


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "kpi": line.kpi,
        "dim": dimension(line.dim),
        "start": at(line.start),
        "end": at(line.end),
        "settles": line.settles.key,
        "remedy": line.remedy,
        "type": line.type,
        "percent": decimal(line.percent),
        "base_minor": line.base_minor,
        "amount_minor": line.amount_minor,
        "adjusts": list(line.adjusts),
        "clause": line.clause,
        "reason": list(line.reason),
    }


def _proposal(proposal: Proposal) -> Mapping[str, Any]:
    return {
        "kpi": proposal.kpi,
        "rule": proposal.rule,
        "from": proposal.from_,
        "to": proposal.to,
        "effective": at(proposal.effective),
        "reason": list(proposal.reason),
    }
