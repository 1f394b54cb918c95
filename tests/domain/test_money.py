"""Money in whole minor units."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money, MoneyError, money, places_of, split


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "text"),
    [
        ("1250000.00", "EUR", 125_000_000, "1,250,000.00 EUR"),
        ("12.5", "USD", 1250, "12.50 USD"),
        ("1250", "JPY", 1250, "1,250 JPY"),
        ("1.250", "KWD", 1250, "1.250 KWD"),
        ("-0.05", "EUR", -5, "-0.05 EUR"),
        ("12.000", "EUR", 1200, "12.00 EUR"),
    ],
)
def test_an_amount_has_the_places_of_its_currency(
    amount: str, currency: str, minor: int, text: str
) -> None:
    assert money(Decimal(amount), currency) == Money(minor, currency)
    assert str(Money(minor, currency)) == text


def test_nothing_has_no_sign() -> None:
    assert str(Money(0, "GBP")) == "0.00 GBP"
    assert str(Money(-1, "GBP")) == "-0.01 GBP"


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY")])
def test_an_amount_is_never_rounded_to_fit_its_currency(amount: str, currency: str) -> None:
    with pytest.raises(MoneyError, match="more places than the currency"):
        money(Decimal(amount), currency)


@pytest.mark.parametrize("currency", ["XYZ", "eur", ""])
def test_the_places_of_an_unknown_currency_are_never_guessed(currency: str) -> None:
    with pytest.raises(MoneyError, match="is not a currency"):
        Money(1, currency)


def test_the_places_are_those_of_iso_4217() -> None:
    assert [places_of(currency) for currency in ("EUR", "JPY", "KWD")] == [2, 0, 3]


@pytest.mark.parametrize(
    ("minor", "percent", "share"),
    [(1000, "2.5", 25), (1, "50", 1), (-1, "50", -1), (101, "0.49", 0)],
)
def test_a_share_is_rounded_half_up_once(minor: int, percent: str, share: int) -> None:
    assert Money(minor, "EUR").share(Decimal(percent)) == Money(share, "EUR")


@given(st.integers(-(10**15), 10**15), st.decimals(0, 100, places=6))
def test_a_share_is_within_half_a_minor_unit_of_the_exact_one(minor: int, percent: Decimal) -> None:
    exact = Fraction(minor) * Fraction(percent) / 100

    assert abs(Money(minor, "EUR").share(percent).minor - exact) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [6, 3, 3], [5, 3, 2]),  # 5, 2.5 and 2.5
        (10, [3, 6, 3], [3, 5, 2]),
        (100, [1, 1, 1], [34, 33, 33]),
        (7, [0, 5, 2], [0, 5, 2]),
        (1, [1, 9], [0, 1]),
        (0, [2, 1], [0, 0]),
    ],
)
def test_a_unit_too_many_goes_to_the_largest_remainder_and_then_to_the_earlier_part(
    total: int, weights: list[int], parts: list[int]
) -> None:
    assert split(total, weights) == parts
