"""Figures 6 and 7: assessing whole portfolios, and what-if against a plain pandas script."""

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from bench.figures import Figure, Row, ratio
from domain.assessment import Limits, assess
from domain.comparison import breaches, compared
from domain.facts import Fact, PeriodResult, Ticket
from domain.spans import add_months
from domain.terms.shape import Terms
from domain.terms_check import validate_terms
from domain.timeline import Edition, Timeline, term_starts_at
from domain.zones import midnight, zone_named

AGREEMENTS, KPIS, MONTHS = 500, 12, 36
TICKETS = 108_000
"""Three years of a helpdesk with a hundred tickets a day."""

ZONE = zone_named("Europe/London")
FIRST = datetime(2027, 1, 1, tzinfo=UTC).date()


@dataclass(frozen=True, slots=True)
class Assessed:
    """How many period results in how many seconds, and the most memory that was held."""

    results: int
    lines: int
    seconds: float
    peak: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What-if over tickets, and the same figures by pandas alone."""

    tickets: int
    seconds: float
    pandas: float
    breaches: tuple[int, int]


PORTFOLIO = """
agreement: standard
title: A portfolio's agreement
zone: Europe/London
term: {starts_on: 2027-01-01, months: 36}
charges: {currency: GBP, amount: 100000.00, credit_cap: 10 %}
kpis:
KPIS
repeats:
  - {when: {consecutive: 2, of: missed, afterwards: repeats}, times: 2}
remedies:
  - {key: credits, scheme: {kind: points, percent: 0.2 %}}
triggers:
  - {key: critical, when: {sum: at least 50, of: points, window: 3 months, same: agreement}, then: critical_failure}
"""

KPI = """
  - key: kpi-{0}
    unit: "%"
    measure: {{kind: reported}}
    every: month
    target: {{expected: at least 99 %, minimum: at least 96 %}}
    bands:
      - {{at_least: 99, points: 0}}
      - {{at_least: 98, below: 99, points: 1}}
      - {{at_least: 96, below: 98, points: 2}}
      - {{below: 96, points: 4}}
"""

HELPDESK = """
agreement: helpdesk
title: A helpdesk by priority
zone: Europe/London
term: {starts_on: 2027-01-01, months: 36}
charges: {currency: GBP, amount: 38000.00, credit_cap: 10 %}
kpis:
  - key: resolution
    unit: "%"
    measure: {kind: proportion, tickets: resolution, good: at most LIMIT h}
    per: [priority]
    every: month
    target: {expected: at least 90 %}
    bands:
      - {at_least: 90, credit: 0 %}
      - {at_least: 80, below: 90, credit: 2 %}
      - {below: 80, credit: 5 %}
"""


def terms(text: str) -> Timeline:
    """The only edition of a document."""
    reading = validate_terms(text.encode(), "bench")
    assert reading.value is not None, [str(problem) for problem in reading.problems]
    value: Terms = reading.value
    return Timeline((Edition(1, value, term_starts_at(value)),))


def scattered(*of: object) -> int:
    """A number from 0 to 999 that looks like chance and never changes."""
    return int.from_bytes(sha256("/".join(map(str, of)).encode()).digest()[:4], "big") % 1000


def portfolio(agreement: int) -> Iterator[Fact]:
    """A month's result for each KPI; about one in eight is missed."""
    for month in range(MONTHS):
        start = midnight(add_months(FIRST, month), ZONE)
        end = midnight(add_months(FIRST, month + 1), ZONE)
        for kpi in range(KPIS):
            value = Decimal(10000 - scattered(agreement, kpi, month) ** 3 // 5_000_000) / 100
            name = f"{agreement}-{kpi}-{month}"
            yield PeriodResult(name, f"kpi-{kpi}", start, end, value=value)


def measure() -> Assessed:
    """Assess every agreement of a portfolio, one after the other."""
    timeline = terms(PORTFOLIO.replace("KPIS", "".join(KPI.format(n) for n in range(KPIS))))
    results = lines = 0
    seconds = 0.0
    for agreement in range(AGREEMENTS):
        facts = list(portfolio(agreement))
        begun = time.perf_counter()
        found = assess(timeline, facts, Limits(), digest="")
        seconds += time.perf_counter() - begun
        results += len(found.results)
        lines += len(found.lines)
    tracemalloc.start()
    assess(timeline, list(portfolio(0)), Limits(), digest="")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return Assessed(results, lines, seconds, peak)


def tickets() -> list[Ticket]:
    """Three years of tickets, opened evenly, resolved within minutes or days."""
    start = midnight(FIRST, ZONE)
    step = timedelta(days=1095) / TICKETS
    made: list[Ticket] = []
    for number in range(TICKETS):
        opened = start + number * step
        took = timedelta(minutes=scattered(number) ** 2 // 700)
        priority = ("low", "normal", "high", "critical")[scattered(number, "p") % 4]
        made.append(
            Ticket(
                f"t{number}",
                opened.replace(microsecond=0),
                resolved_at=opened.replace(microsecond=0) + took,
                columns={"priority": priority},
            )
        )
    return made


def ask() -> Asked:
    """Whether 16 hours to resolve a ticket, and not 20, would have changed much."""
    before, after = (terms(HELPDESK.replace("LIMIT", limit)) for limit in ("20", "16"))
    facts = tickets()
    begun = time.perf_counter()
    one, other = (assess(each, facts, Limits(), digest="") for each in (before, after))
    compared(one, other)
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    theirs = by_pandas(facts, 20), by_pandas(facts, 16)
    pandas = time.perf_counter() - begun
    ours = breaches(one), breaches(other)
    assert ours == theirs, f"{ours} by covenant, {theirs} by pandas"
    return Asked(len(facts), seconds, pandas, ours)


def by_pandas(facts: list[Ticket], hours: int) -> int:
    """The months and priorities below 90 %, by a script that knows nothing else."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "opened": [each.opened_at for each in facts],
            "resolved": [each.resolved_at for each in facts],
            "priority": [each.columns["priority"] for each in facts],
        }
    )
    frame["good"] = frame["resolved"] - frame["opened"] <= pd.Timedelta(hours=hours)
    local = frame["opened"].dt.tz_convert("Europe/London")
    shares = frame.groupby([local.dt.year, local.dt.month, "priority"])["good"]
    counted = shares.agg(["sum", "count"])
    return int((counted["sum"] * 100 < 90 * counted["count"]).sum())


def figure(assessed: Assessed) -> Figure:
    """The sixth figure as it is told."""
    return Figure(
        f"6. Assessing {AGREEMENTS} agreements of {KPIS} KPIs over {MONTHS} months",
        (
            Row(
                "period results",
                f"{assessed.results / assessed.seconds:,.0f} per second",
                f"{assessed.results:,} with {assessed.lines:,} lines in {assessed.seconds:.1f} s",
            ),
            Row(
                "memory",
                f"{assessed.peak / 2**20:.1f} MB",
                "the most while one agreement is assessed",
            ),
        ),
    )


def asked(found: Asked) -> Figure:
    """The seventh figure as it is told."""
    return Figure(
        f"7. What-if over {found.tickets:,} tickets of three years",
        (
            Row(
                "both sides and their differences",
                f"{found.seconds:.2f} s",
                f"{ratio(found.seconds, found.pandas)} pandas, which computes only the breaches "
                f"({found.pandas:.2f} s)",
            ),
            Row("breaches", f"{found.breaches[0]} → {found.breaches[1]}", "equal by both"),
        ),
    )
