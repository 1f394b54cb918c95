"""An agreement's life in figures: periods, cases, rungs, notices, reviews, credits by month."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.money import Money
from domain.results import LineType
from store.tables import noncompliance, notice, rung
from store.views.agreements import evaluations, one_agreement
from store.views.tasks import tasks

Row = dict[str, Any]


async def summary_of(connection: AsyncConnection, key: str) -> Row:
    """Everything that a closing account of an agreement names."""
    page = await one_agreement(connection, key)
    if page is None:
        raise LookupError(key)
    periods = await evaluations(connection, key)
    kpis: dict[str, dict[str, int]] = {}
    for row in periods:
        each = kpis.setdefault(row["kpi"], {})
        each[row["status"]] = each.get(row["status"], 0) + 1
    rungs = (
        select(rung.c.level, func.count())
        .join(noncompliance, noncompliance.c.id == rung.c.case_id)
        .where(noncompliance.c.agreement == key)
        .group_by(rung.c.level)
        .order_by(rung.c.level)
    )
    notices = (
        select(notice.c.state, func.count())
        .where(notice.c.agreement == key)
        .group_by(notice.c.state)
        .order_by(notice.c.state)
    )
    return {
        "agreement": key,
        "title": page["title"],
        "phase": page["phase"],
        "term": page["term"],
        "ends_at": page["ends_at"],
        "editions": len(page["editions"]),
        "milestones": [
            {name: row[name] for name in ("key", "planned_on", "accepted_at")}
            for row in page["milestones"]
        ],
        "kpis": kpis,
        "periods": periods,
        "cases": page["cases"],
        "rungs": {str(level): count for level, count in await connection.execute(rungs)},
        "notices": {state: count for state, count in await connection.execute(notices)},  # noqa: C416
        "reviews": [{k: row[k] for k in ("id", "outcome", "closed_at")} for row in page["reviews"]],
        "changes": [{k: row[k] for k in ("id", "state", "edition")} for row in page["changes"]],
        "renewals": [
            {k: row[k] for k in ("id", "outcome", "closed_at")} for row in page["renewals"]
        ],
        "credits": credits_by_month(page["credits"]),
        "fired": [
            {name: row[name] for name in ("trigger", "fired_at", "periods", "consequence")}
            for row in page["fired"]
        ],
        "rights": [
            {
                name: row[name]
                for name in ("key", "kind", "arises_at", "effective_at", "exercise_by")
            }
            for row in page["rights"]
        ],
        "open_tasks": [
            {name: row[name] for name in ("title", "owners", "due_at")}
            for row in await tasks(connection, key=key)
        ],
    }


def credits_by_month(lines: list[Row]) -> list[Row]:
    """What the provider owes for each settlement period: before what lessens it, and after.

    Caps, and what is earned back, are lines of their own and negative, so that the sum is what is
    due. Without a known charge there are percentages only.
    """
    months: dict[tuple[datetime, str], list[Row]] = {}
    for row in lines:
        months.setdefault((row["settles_from"], row["month"]), []).append(row)
    return [_month(month, each) for (_, month), each in sorted(months.items())]


def _month(month: str, lines: list[Row]) -> Row:
    """A settlement period with its lines; lines that came to nothing are left out."""
    shown = [row for row in lines if row["percent"] or row["amount_minor"]]
    amounts = [row["amount_minor"] for row in shown]
    minor = None if None in amounts or not shown else sum(amounts)
    earned = _percent(row for row in shown if row["type"] in EARNED)
    due = _percent(shown)
    currency = lines[0]["currency"]
    amount = None if minor is None or currency is None else str(Money(minor, currency))
    return {
        "month": month,
        "periods": sum(row["type"] in EARNED for row in shown),
        "earned_percent": earned,
        "due_percent": due,
        "capped": any(row["type"] == LineType.CAP for row in shown),
        "amount_minor": minor,
        "currency": currency,
        "amount": amount,
        "lines": [{name: row[name] for name in SHOWN} for row in shown],
    }


def _percent(lines: Iterable[Row]) -> Decimal | None:
    """The sum of percentages, which need not be of one charge; None where one is an amount only."""
    percents = [row["percent"] for row in lines]
    return None if None in percents else sum(percents, Decimal(0))


EARNED = frozenset({LineType.CREDIT, LineType.DELAY, LineType.REWARD, LineType.WITHHOLDING})
"""The types of lines that follow from results; others lessen them."""

SHOWN = ("line", "type", "kpi", "dim", "period", "percent", "amount_minor", "reason")
