"""A KPI and an agreement for tests: say only what the test is about."""

from datetime import UTC, datetime
from typing import Any

import pytest_asyncio
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.measurement import Aggregate, Window
from domain.terms.shape import Kpi
from store import measuring
from store.tables import agreement

ARRIVALS = {"kind": "proportion", "series": "arrivals", "good": "below 15 min"}


def kpi(measure: dict[str, Any] | None = None, **terms: Any) -> Kpi:
    """The KPI `on_time`, or what the test makes of it, as a document would write it."""
    return Kpi.model_validate(
        {
            "key": "on_time",
            "title": "Arrivals on time",
            "objective": "Passengers reach their connections.",
            "owners": {"client": "client.owner", "provider": "provider.owner"},
            "unit": "%",
            "measure": measure or ARRIVALS,
            "every": "month",
            "target": {"expected": "at least 80 %"},
            "cut_off": "3 days",
            "no_data": "excluded",
        }
        | terms
    )


async def aggregate(
    connection: AsyncConnection, signed: str, terms: Kpi, windows: list[Window]
) -> list[Aggregate]:
    """What the windows of one KPI amount to, of an agreement's facts."""
    (found,) = await measuring.aggregate(connection, signed, [(terms.measure, windows)])
    return found


@pytest_asyncio.fixture
async def agreed(database: AsyncEngine) -> str:
    """An agreement that facts can belong to."""
    signed = datetime(2015, 1, 1, tzinfo=UTC)
    row = {
        "id": "helpdesk",
        "title": "IT helpdesk",
        "client": "Northwind Health",
        "provider": "Contoso Services",
        "zone": "America/New_York",
        "phase": "live",
        "shard": 0,
        "term": 1,
        "launched_at": signed,
        "ends_at": datetime(2018, 1, 1, tzinfo=UTC),
    }
    async with database.begin() as connection:
        await connection.execute(insert(agreement).values(row))
    return "helpdesk"
