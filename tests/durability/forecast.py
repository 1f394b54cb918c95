"""What a storm is made of: which agreements live through it, and who is killed when."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import yaml

from tests.lives import HELPDESK

PROVIDERS = ("provider.service_manager", "provider.delivery_director")
CLIENTS = ("client.reviewer", "client.governance")


class Victim(StrEnum):
    """What is killed."""

    WORKER = "worker"
    TEMPORAL = "temporal"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True)
class Strike:
    """`kill -9` of a victim, so many seconds after the cases opened."""

    at_s: float
    victim: Victim


@dataclass(frozen=True, slots=True)
class Forecast:
    """How big the storm is. Every case opens at one instant, so that a kill hits many of them."""

    name: str
    agreements: int
    kpis: int
    levels: int
    level_s: int
    strikes: tuple[Strike, ...]
    calm_within_s: float

    @property
    def climb_s(self) -> float:
        """From the opening of the cases until the last ladder is at its end."""
        return float(self.levels * self.level_s)

    @property
    def keys(self) -> list[str]:
        """The agreements."""
        return [f"{self.name}-{number}" for number in range(1, self.agreements + 1)]


def at_random(seed: str, count: int, until_s: float) -> tuple[Strike, ...]:
    """Strikes at instants that look random and are the same for the same seed."""

    def fraction(what: str) -> float:
        return int.from_bytes(hashlib.sha256(f"{seed} {what}".encode()).digest()[:6]) / 2**48

    victims = tuple(Victim)
    return tuple(
        Strike(until_s * (number + fraction(f"at {number}")) / count, victims[number % 3])
        for number in range(count)
    )


SHORT = Forecast(
    "short",
    agreements=3,
    kpis=4,
    levels=4,
    level_s=4,
    strikes=(
        Strike(0.08, Victim.POSTGRES),  # while periods are evaluated and cases open
        Strike(4.12, Victim.WORKER),  # amid rungs and their mails; the next are due without it
        Strike(11.9, Victim.TEMPORAL),  # just before rungs
        Strike(16.05, Victim.POSTGRES),  # at the end of ladders
    ),
    calm_within_s=60,
)

LONG = Forecast(
    "long",
    agreements=8,
    kpis=4,
    levels=6,
    level_s=15,
    strikes=at_random("covenant", 24, 90),
    calm_within_s=150,
)

OVERDUE = "overdue"
"""A KPI whose period was due ten minutes before its agreement went live: every rung is late."""


def document(forecast: Forecast, key: str, midnight: datetime, opens_at: datetime) -> bytes:
    """An agreement that began two days ago, and whose KPIs are judged from `opens_at` on."""
    terms = yaml.load(HELPDESK, yaml.BaseLoader)  # noqa: S506 - reads nothing but strings
    yesterday = str((midnight - timedelta(days=1)).date())
    terms["agreement"] = key
    terms["term"]["starts_on"] = yesterday
    (go_live,) = (each for each in terms["milestones"] if each["key"] == "go_live")
    terms["milestones"] = [{**go_live, "on": yesterday}]
    (kpi,) = terms["kpis"]
    cut_off = int((opens_at - midnight).total_seconds())
    due = {OVERDUE: cut_off - 600} | {f"errors_{n}": cut_off for n in range(forecast.kpis)}
    terms["kpis"] = [
        {**kpi, "key": name, "title": name, "every": "day", "cut_off": f"{seconds} s"}
        for name, seconds in due.items()
    ]
    ladder = [
        {
            "level": str(level),
            "to": [PROVIDERS[level % 2], CLIENTS[level % 2]],
            "answer_within": f"{forecast.level_s} s",
            "playbook": "Answer it",
        }
        for level in range(1, forecast.levels + 1)
    ]
    terms["escalation"] = {"severe": ladder, "minor": ladder}
    return json.dumps(terms).encode()
