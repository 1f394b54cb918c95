"""An agreement's life in figures: periods, cases, rungs, notices, reviews, credits by month."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.money import Money, money
from domain.remedies.bands import month_total
from domain.zones import midnight, zone_named
from store.editions import all_editions, in_force
from store.tables import noncompliance, notice, rung
from store.views.agreements import evaluations, one_agreement
from store.views.tasks import tasks

Row = dict[str, Any]

WHOLE = Decimal(100)
"""Where no charge is agreed there is no cap but the whole of it."""


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
        "credits": await credits_by_month(connection, key, page["credits"]),
        "open_tasks": [
            {name: row[name] for name in ("title", "owners", "due_at")}
            for row in await tasks(connection, key=key)
        ],
    }


async def credits_by_month(connection: AsyncConnection, key: str, credits_: list[Row]) -> list[Row]:
    """What the provider owes for each month: earned, due under the cap, and as an amount.

    Charge and cap are those of the edition in force as the month begins.
    """
    editions = await all_editions(connection, key)
    zone = zone_named(editions[0].terms.zone)
    months: dict[str, list[Row]] = {}
    for row in sorted(credits_, key=lambda each: (each["month"], each["kpi"], each["period"])):
        months.setdefault(row["month"], []).append(row)
    rows = []
    for month, each in months.items():
        begins = midnight(date.fromisoformat(f"{month}-01"), zone)
        charges = in_force(editions, begins).terms.charges
        percents = [row["percent"] for row in each]
        charge: Money | None = money(charges.amount, charges.currency) if charges else None
        cap = charges.credit_cap if charges else WHOLE
        total = month_total(percents, cap, charge)
        rows.append(
            {
                "month": month,
                "periods": len(each),
                "earned_percent": total.earned,
                "due_percent": total.due,
                "capped": total.capped,
                "amount_minor": total.amount.minor if total.amount else None,
                "currency": total.amount.currency if total.amount else None,
                "amount": str(total.amount) if total.amount else None,
            }
        )
    return rows
