"""Uptime from the checks of eleven services, equal to the second with what Zabbix made of them.

Zabbix 6 (`sla.getsli`) reckoned uptime and downtime of each service in each of four months, around
the clock and in office hours of New York, with the last state carried on. Its clock has whole
seconds, and it took every service for up from the first check of any of them; so says one sample of
each here.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from domain.facts import Sample
from domain.facts.book import book
from domain.performance import all_performances
from domain.terms.shape import Terms
from domain.timeline import Edition, Timeline, term_ends_at, term_starts_at
from tests.real_data.shared_data import rows, shared

Pair = tuple[int, int]


@cache
def checks() -> tuple[Sample, ...]:
    """The checks as samples of a state, and what was so before the first."""
    told = [
        (row["service"], datetime.fromisoformat(row["checked_at"]), row["status"] == "up")
        for row in rows("upptime_curc_checks.csv.gz")
    ]
    first = min(at for _, at, _ in told)
    services = sorted({service for service, _, _ in told})
    told = [(service, first, True) for service in services] + told
    return tuple(
        Sample(f"c{number:05}", service, at.astimezone(UTC).replace(microsecond=0), Decimal(up))
        for number, (service, at, up) in enumerate(told)
    )


def agreed(services: Iterable[str], calendar: dict[str, str]) -> Terms:
    measure = {"kind": "availability", "good": "at least 1", **calendar}
    return Terms.model_validate(
        {
            "agreement": "research",
            "title": "Research computing",
            "zone": "America/New_York",
            "term": {"starts_on": "2026-05-01", "months": "4"},
            "calendars": {"office": {"hours": {"mon-fri": "08:30-17:00"}}},
            "kpis": [
                {
                    "key": f"k{number}",
                    "title": service,
                    "unit": "%",
                    "every": "month",
                    "measure": measure | {"series": service},
                }
                for number, service in enumerate(services)
            ],
        }
    )


def found(calendar: dict[str, str]) -> dict[str, list[Pair]]:
    """Seconds up and down by service, month by month."""
    terms = agreed(sorted({each.series for each in checks()}), calendar)
    over = Timeline((Edition(1, terms, term_starts_at(terms)),))
    ends = dict.fromkeys((kpi.key for kpi in terms.kpis), term_ends_at(terms))
    by_service: dict[str, list[Pair]] = {}
    for result in all_performances(over, book(checks()), term_starts_at(terms), ends, None).results:
        up, down = result.num, result.den - result.num
        assert up.denominator == down.denominator == 1
        by_service.setdefault(result.kpi.title or "", []).append((int(up), int(down)))
    return by_service


@pytest.mark.parametrize(("schedule", "calendar"), [("24x7", {}), ("bh", {"calendar": "office"})])
def test_uptime_and_downtime_are_those_of_zabbix_to_the_second(
    schedule: str, calendar: dict[str, Any]
) -> None:
    text = shared("truth_zabbix_availability_upptime.json").read_text(encoding="utf-8")
    truth = {
        service: [(month["uptime_s"], month["downtime_s"]) for month in months]
        for service, months in json.loads(text)["results"][schedule].items()
    }

    assert sum(map(len, truth.values())) == 44
    assert found(calendar) == truth
