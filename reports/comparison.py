"""A comparison of two assessments, for people and as JSON."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from domain.assessment import Assessment
from domain.at_risk import is_open
from domain.clocks.runs import ClockRun, length_text, local_text
from domain.comparison import Changed, Comparison, breaches
from domain.money import Money
from domain.results import Line, Result, Total
from reports.assessment import at, decimal
from reports.assessment_text import Row, Section

FORMAT = "covenant-what-if/1"

T = TypeVar("T")


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The whole document: a summary of both sides, and each difference with both of its sides."""
    return {
        "format": FORMAT,
        "agreement": comparison.before.agreement,
        "from": at(comparison.before.since),
        "to": at(comparison.before.until),
        "known_at": at(comparison.before.known_at),
        "currency": comparison.before.currency,
        "before": _summary(comparison.before),
        "after": _summary(comparison.after),
        "changes": {
            "periods": _both(comparison.periods, _period),
            "credits": _both(comparison.lines, _line),
            "totals": _both(comparison.totals, _total),
            "triggers": _both(
                comparison.fired,
                lambda each: {"then": each.then, "fired_at": at(each.fired_at)},
            ),
            "rights": _both(
                comparison.rights,
                lambda each: {
                    "kind": each.kind,
                    "arises": at(each.arises),
                    "exercise_by": at(each.exercise_by),
                },
            ),
            "clocks": _both(comparison.clocks, _clock),
        },
    }


def _summary(assessment: Assessment) -> dict[str, Any]:
    net = [total.net_minor for total in assessment.totals]
    return {
        "periods": len(assessment.results),
        "breaches": breaches(assessment),
        "credits": len(assessment.lines),
        "net_minor": None if None in net else sum(filter(None, net)),
        "triggers": len(assessment.fired),
        "rights": len(assessment.rights),
    }


def _both(changes: tuple[Changed[T], ...], told: Callable[[T], Any]) -> list[dict[str, Any]]:
    return [
        {
            "key": each.key,
            "before": None if each.before is None else told(each.before),
            "after": None if each.after is None else told(each.after),
        }
        for each in changes
    ]


def _period(result: Result) -> dict[str, Any]:
    return {
        "status": result.status,
        "value": decimal(result.value),
        "default": result.default,
        "points": None if result.points is None else decimal(result.points.total),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "type": line.type,
        "percent": decimal(line.percent),
        "amount_minor": line.amount_minor,
    }


def _total(total: Total) -> dict[str, Any]:
    return {
        "net_minor": total.net_minor,
        "percent": decimal(total.percent),
        "payable_minor": total.payable_minor,
    }


def _clock(run: ClockRun) -> dict[str, Any]:
    return {"status": run.status, "deadline": at(run.deadline), "left_s": decimal(run.left)}


def sections(comparison: Comparison) -> Iterator[Section]:
    """The summary, and a table of each sort of difference; empty when nothing differs."""
    currency = comparison.before.currency
    columns = ("", "before", "after")
    one, other = _summary(comparison.before), _summary(comparison.after)
    named = {"breaches": "breaches", "net_minor": "net owed", "triggers": "triggers fired"}
    rows: list[Row] = [
        (title, _plain(one[key], key, currency), _plain(other[key], key, currency))
        for key, title in (*named.items(), ("rights", "rights arisen"))
    ]
    tables: list[Section] = [
        ("Periods", columns, _rows(comparison.periods, _period_told)),
        ("Ledger", columns, _rows(comparison.lines, lambda line: _owed(line, currency))),
        ("Settlement", columns, _rows(comparison.totals, lambda each: _net(each, currency))),
        ("Triggers", columns, _rows(comparison.fired, lambda each: each.then)),
        ("Rights", columns, _rows(comparison.rights, lambda each: each.kind)),
        ("Tickets", columns, _rows(comparison.clocks, _clock_told)),
    ]
    different = [table for table in tables if table[2]]
    if different:
        yield "Together", columns, rows
        yield from different


def _rows(changes: tuple[Changed[T], ...], told: Callable[[T], str]) -> list[Row]:
    return [
        (
            each.key,
            "-" if each.before is None else told(each.before),
            "-" if each.after is None else told(each.after),
        )
        for each in changes
    ]


def _plain(value: Any, key: str, currency: str | None) -> str:  # noqa: ANN401 - a summary's value
    return _money(value, currency) if key == "net_minor" else str(value)


def _period_told(result: Result) -> str:
    points = "" if result.points is None else f", {decimal(result.points.total)} points"
    return f"{result.status}{points}"


def _owed(line: Line, currency: str | None) -> str:
    if line.amount_minor is None:
        return f"{decimal(line.percent)} %"
    return _money(line.amount_minor, currency)


def _net(total: Total, currency: str | None) -> str:
    if total.net_minor is None:
        return f"{decimal(total.percent)} %"
    return _money(total.net_minor, currency)


def _clock_told(run: ClockRun) -> str:
    if not is_open(run):
        return run.status
    if run.deadline is None:
        return f"{run.status}, {length_text(run.left)} left"
    return f"{run.status}, due {local_text(run.deadline, run.zone)}"


def _money(minor: int | None, currency: str | None) -> str:
    return "-" if minor is None or currency is None else str(Money(minor, currency))
