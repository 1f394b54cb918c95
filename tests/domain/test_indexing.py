"""Charges that follow an index."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.facts import IndexFact
from domain.indexing import Indexed, indexation
from tests.domain.ledgers import agreed, at, book


def index(period: str, value: str, published: str, series: str = "cpi") -> IndexFact:
    return IndexFact(
        id=f"{series}-{period}-{published}",
        series=series,
        period=period,
        value=Decimal(value),
        published=at(published),
    )


FACTS = [
    index("2025", "113.8", "2026-01-15"),
    index("2026", "118.5", "2027-01-15"),
    index("2026", "150", "2027-01-15", series="rpi"),
]


def indexed(*facts: IndexFact, charges: Any = None, **rule: Any) -> Indexed:
    said = {"key": "yearly", "series": "cpi", "reference": "2025", "on": "2027-04-01"} | rule
    charges = {"currency": "USD", "amount": "1000"} if charges is None else charges
    terms = agreed(indexation=[said], charges=charges or None)
    [found] = indexation(terms, facts or FACTS, book(terms))
    return found


@pytest.mark.parametrize(
    ("now", "then", "percent"), [("118.5", "113.8", "4.1"), ("136.0", "129.9", "4.7")]
)
def test_published_examples_of_the_consumer_price_index(now: str, then: str, percent: str) -> None:
    facts = [index("1987", then, "1988-01-15"), index("1988", now, "1989-01-15")]

    assert indexed(*facts, reference="1987", on="1989-03-01").percent == Fraction(percent)


def test_the_rounded_percentage_is_the_one_applied_and_it_is_told() -> None:
    found = indexed()

    assert (found.key, found.old_minor, found.new_minor) == ("yearly", 100_000, 104_100)
    assert found.reason == (
        "cpi 2026 / 2025 = 118.5 / 113.8: a change of 4.130052… %, rounded half up 4.1 %.",
        "1,000.00 USD x (1 + 4.1 %) is 1,041.00 USD from 2027-04-01 on.",
    )


def test_half_a_unit_is_rounded_up() -> None:
    facts = [index("a", "100", "2026-01-01"), index("b", "101.25", "2027-01-01")]

    assert indexed(*facts, reference="a").percent == Fraction("1.3")
    assert indexed(*facts, reference="a", places="0").percent == 1


def test_an_index_may_fall() -> None:
    facts = [index("2025", "100", "2026-01-01"), index("2026", "98", "2027-01-01")]

    assert (indexed(*facts).percent, indexed(*facts).new_minor) == (Fraction(-2), 98_000)


@pytest.mark.parametrize(
    ("rule", "percent"),
    [
        ({"excess_over": "2 %"}, "2.1"),
        ({"excess_over": "5 %"}, "0"),
        ({"most": "3 %"}, "3"),
        ({"most": "5 %"}, "4.1"),
        ({"excess_over": "1 %", "most": "3 %"}, "3"),
    ],
)
def test_only_an_excess_may_count_and_no_more_than_the_most(
    rule: dict[str, str], percent: str
) -> None:
    assert indexed(**rule).percent == Fraction(percent)


def test_a_figure_restated_after_the_day_does_not_count() -> None:
    before, after = index("2026", "119", "2027-03-31"), index("2026", "200", "2027-04-01")

    assert indexed(*FACTS, after).percent == Fraction("4.1")
    assert indexed(*FACTS, before, after).percent == Fraction("4.6")


def test_a_restated_older_figure_is_not_the_latest() -> None:
    restated = index("2025", "113.0", "2027-02-01")

    assert indexed(*FACTS, restated).percent == Fraction("4.9")


def test_the_figure_may_be_named() -> None:
    facts = [*FACTS, index("2027", "200", "2027-03-01")]

    assert indexed(*facts, compares="2026").percent == Fraction("4.1")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"reference": "2020"}, "No figure of cpi of 2020 was published before 2027-04-01."),
        ({"compares": "2030"}, "No figure of cpi of 2030 was published before 2027-04-01."),
        ({"series": "wpi"}, "No figure of wpi of 2025 was published before 2027-04-01."),
        (
            {"on": "2027-01-01"},
            "No figure of cpi after that of 2025 was published before 2027-01-01.",
        ),
    ],
)
def test_without_the_figures_there_is_no_percentage(rule: dict[str, str], said: str) -> None:
    assert indexed(**rule) == Indexed("yearly", None, 100_000, None, (said,))


def test_a_line_of_its_own_may_be_indexed() -> None:
    charges = {"currency": "JPY", "lines": {"seats": {"amount": "1234", "per": "year"}}}
    found = indexed(charges=charges, line="seats")

    assert (found.old_minor, found.new_minor) == (1234, 1285)


@pytest.mark.parametrize("charges", [False, {"currency": "USD"}])
def test_without_an_amount_in_the_terms_only_the_percentage_is_told(charges: Any) -> None:
    found = indexed(charges=charges)

    assert (found.percent, found.old_minor, found.new_minor) == (Fraction("4.1"), None, None)
    assert len(found.reason) == 1
