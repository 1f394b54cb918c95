"""The engine against an oracle of whole numbers: statuses, bands, points, credits and caps.

The oracle knows nothing of the domain's types. Every figure lies on an edge of a target or band, or
one step beside it. `make oracle` runs a million cases; here are twenty thousand.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from random import Random  # noqa: TID251 - seeded: equal cases on every run
from typing import Any

import pytest

from domain.assessment import Limits, assess
from domain.facts import PeriodResult
from domain.results import LineType
from domain.spans import add_months
from domain.terms_check import validate_terms
from domain.timeline import Edition, Timeline, term_starts_at

KPIS, MONTHS = 8, 25
EACH = KPIS * MONTHS
"""Cases of one agreement."""

AGREEMENTS = int(os.environ.get("COVENANT_ORACLE_CASES", "20000")) // EACH

START = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Agreed:
    """One KPI's terms, all limits in thousandths of a percent."""

    higher: bool
    closed: bool
    edges: tuple[int, int, int]
    credits_: tuple[int, int, int]
    rounding: tuple[int, str] | None


@dataclass(frozen=True)
class Expected:
    """What the oracle says of one period."""

    status: str
    band: int
    points: int
    credit: int


def agreed(chance: Random) -> Agreed:
    higher = chance.random() < 0.7
    step = 10 ** chance.randrange(4)
    edges = sorted(chance.sample(range(1000, 99_000, step), 3), reverse=higher)
    rounding = None
    if chance.random() < 0.6:
        rounding = chance.randrange(4), chance.choice(["half_up", "half_even", "down"])
    steps = sorted(chance.sample(range(1, 400), 3))
    return Agreed(
        higher,
        chance.random() < 0.7,
        (edges[0], edges[1], edges[2]),
        (steps[0], steps[1], steps[2]),
        rounding,
    )


def document(kpis: list[Agreed], charge: int, cap: int) -> str:
    return "\n".join(
        [
            "agreement: oracle",
            "title: Boundary cases",
            "zone: UTC",
            "term: {starts_on: 2027-01-01, months: 36}",
            f"charges: {{currency: EUR, amount: {charge // 100}.{charge % 100:02}, "
            f"credit_cap: {cap // 10}.{cap % 10} %}}",
            "repeats: [{when: {consecutive: 2, of: missed, afterwards: repeats}, times: 2}]",
            "kpis:",
            *(line for number, kpi in enumerate(kpis) for line in kpi_lines(number, kpi)),
        ]
    )


def kpi_lines(number: int, kpi: Agreed) -> Iterator[str]:
    good, bad = {
        (True, True): ("at_least", "below"),
        (True, False): ("above", "at_most"),
        (False, True): ("at_most", "above"),
        (False, False): ("below", "at_least"),
    }[kpi.higher, kpi.closed]
    first, second, third = (f"{edge // 1000}.{edge % 1000:03}" for edge in kpi.edges)
    words = good.replace("_", " ")
    yield f"  - key: kpi-{number}"
    yield '    unit: "%"'
    yield "    measure: {kind: reported}"
    yield "    every: month"
    yield f"    target: {{expected: {words} {first} %, minimum: {words} {second} %}}"
    if kpi.rounding is not None:
        yield f"    rounding: {{places: {kpi.rounding[0]}, mode: {kpi.rounding[1]}}}"
    one, two, three = (f"{credit // 100}.{credit % 100:02}" for credit in kpi.credits_)
    yield "    bands:"
    yield f"      - {{{good}: {first}, points: 0, credit: 0 %}}"
    yield f"      - {{{good}: {second}, {bad}: {first}, points: 1, credit: {one} %}}"
    yield f"      - {{{good}: {third}, {bad}: {second}, points: 2, credit: {two} %}}"
    yield f"      - {{{bad}: {third}, points: 4, credit: {three} %}}"


def figure(kpi: Agreed, chance: Random) -> tuple[int, int]:
    """Good and all: on an edge, or the nearest that whole numbers allow on either side."""
    edge = chance.choice(kpi.edges)
    den = chance.choice([chance.randrange(1, 60), chance.randrange(60, 5000), 100_000, 1000])
    num = edge * den // 100_000 + chance.choice([0, 0, 1, 1, -1])
    return min(max(num, 0), den), den


def rounded(num: int, den: int, places: int, mode: str) -> tuple[int, int]:
    """A fraction rounded to decimal places, as a fraction."""
    scale = 10**places
    whole, rest = divmod(num * scale, den)
    up = {"down": False, "half_up": 2 * rest >= den}.get(
        mode, 2 * rest > den or (2 * rest == den and whole % 2 == 1)
    )
    return whole + up, scale


def judged(kpi: Agreed, good: int, of: int, charge: int, *, missed_before: bool) -> Expected:
    num, den = 100 * good, of
    if kpi.rounding is not None:
        num, den = rounded(num, den, *kpi.rounding)
    kept = [keeps(kpi, num, den, edge) for edge in kpi.edges]
    band = kept.index(True) if any(kept) else 3
    status = ("met", "below_expected", "below_minimum", "below_minimum")[band]
    points = (0, 1, 2, 4)[band] * (2 if band and missed_before else 1)
    credit = (0, *kpi.credits_)[band]
    return Expected(status, band, points, share(charge, credit, 10_000))


def keeps(kpi: Agreed, num: int, den: int, edge: int) -> bool:
    """Whether num/den percent is on the good side of an edge in thousandths."""
    one, other = num * 1000, edge * den
    if kpi.higher:
        return one >= other if kpi.closed else one > other
    return one <= other if kpi.closed else one < other


def share(amount: int, part: int, whole: int) -> int:
    """A share of an amount, half up."""
    return (2 * amount * part + whole) // (2 * whole)


def cases(number: int) -> tuple[list[Agreed], int, int, dict[tuple[int, int], tuple[int, int]]]:
    chance = Random(number)  # noqa: S311 - no secret
    kpis = [agreed(chance) for _ in range(KPIS)]
    charge, cap = chance.randrange(100, 90_000_000), chance.randrange(1, 80)
    figures = {
        (kpi, month): figure(kpis[kpi], chance) for kpi in range(KPIS) for month in range(MONTHS)
    }
    return kpis, charge, cap, figures


def months() -> list[datetime]:
    first = START.date()
    days = [add_months(first, month) for month in range(MONTHS + 1)]
    return [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]


def assessed(text: str, figures: dict[tuple[int, int], tuple[int, int]]) -> Any:
    reading = validate_terms(text.encode(), "oracle")
    assert reading.value is not None, [str(problem) for problem in reading.problems]
    timeline = Timeline((Edition(1, reading.value, term_starts_at(reading.value)),))
    bounds = months()
    facts = [
        PeriodResult(
            f"{kpi}-{month}",
            f"kpi-{kpi}",
            bounds[month],
            bounds[month + 1],
            num=Decimal(num),
            den=Decimal(den),
        )
        for (kpi, month), (num, den) in figures.items()
    ]
    return assess(timeline, facts, Limits(), digest="")


def differences(number: int) -> list[str]:
    kpis, charge, cap, figures = cases(number)
    found = assessed(document(kpis, charge, cap), figures)
    results = {(each.kpi.key, each.period.key): each for each in found.results}
    assert len(results) == EACH
    wrong: list[str] = []
    owed = [0] * MONTHS
    for index, kpi in enumerate(kpis):
        missed = False
        for month, start in enumerate(months()[:-1]):
            want = judged(kpi, *figures[index, month], charge, missed_before=missed)
            got = results[f"kpi-{index}", f"{start:%Y-%m}"]
            seen = (got.status.value, got.band, got.points and got.points.total)
            if seen != (want.status, want.band, want.points):
                wrong.append(f"{number} kpi-{index} {start:%Y-%m}: {seen}, oracle {want}")
            missed = want.status != "met"
            owed[month] += want.credit
    limit = share(charge, cap, 1000)
    totals = {each.period.key: each.net_minor for each in found.totals}
    for start, sum_ in zip(months(), owed, strict=False):
        key = f"{start:%Y-%m}"
        if totals.get(key, 0) != min(sum_, limit):
            wrong.append(f"{number} {key}: net {totals.get(key)}, oracle {min(sum_, limit)}")
    nets: dict[str, int] = {}
    for line in found.lines:
        assert line.type in {LineType.CREDIT, LineType.CAP}
        nets[line.settles.key] = nets.get(line.settles.key, 0) + line.amount_minor
    wrong += [f"{number} {key}: lines do not sum" for key in nets if nets[key] != totals[key]]
    return wrong


def test_no_boundary_case_differs_from_the_oracle() -> None:
    wrong = [line for number in range(AGREEMENTS) for line in differences(number)]

    assert wrong == []


@pytest.mark.parametrize(
    ("num", "den", "places", "mode", "expected"),
    [
        (19_990, 200, 1, "half_up", (1000, 10)),
        (19_990, 200, 1, "half_even", (1000, 10)),
        (19_970, 200, 1, "half_even", (998, 10)),
        (19_999, 200, 1, "down", (999, 10)),
    ],
)
def test_the_oracle_itself_rounds_as_by_hand(
    num: int, den: int, places: int, mode: str, expected: tuple[int, int]
) -> None:
    assert rounded(num, den, places, mode) == expected
