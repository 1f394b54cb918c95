"""Exact numbers: read strictly, rounded as the contract says, cut for display."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.numbers import MODES, RoundingMode, parse_decimal, rounded, shown

fractions = st.one_of(
    st.fractions(-(10**9), 10**9, max_denominator=10**6),
    # Ties and their closest neighbours.
    st.builds(
        lambda half, places, off: Fraction(half, 2 * 10**places) + off,
        st.integers(-(10**6), 10**6),
        st.integers(0, 6),
        st.sampled_from([Fraction(0), Fraction(1, 10**20), Fraction(-1, 10**20)]),
    ),
)


def by_integers(value: Fraction, places: int, mode: RoundingMode) -> Fraction:
    """An independent rounding: whole units and what is left over, by divmod."""
    scaled = abs(value) * 10**places
    whole, left = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * left
    up = {
        RoundingMode.DOWN: False,
        RoundingMode.HALF_UP: twice >= scaled.denominator,
        RoundingMode.HALF_EVEN: twice > scaled.denominator
        or (twice == scaled.denominator and whole % 2 == 1),
    }[mode]
    return Fraction(whole + up, 10**places) * (-1 if value < 0 else 1)


@given(fractions, st.integers(0, 9), st.sampled_from(RoundingMode))
def test_rounding_agrees_with_whole_numbers(
    value: Fraction, places: int, mode: RoundingMode
) -> None:
    result = rounded(value, places, mode)

    assert Fraction(result) == by_integers(value, places, mode)
    assert result.as_tuple().exponent == -places


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 6), st.sampled_from(RoundingMode))
def test_rounding_agrees_with_decimal(value: Decimal, places: int, mode: RoundingMode) -> None:
    assert rounded(Fraction(value), places, mode) == value.quantize(
        Decimal(1).scaleb(-places), MODES[mode]
    )


@pytest.mark.parametrize(
    ("value", "half_up", "half_even", "down"),
    [
        ("0.5", "1", "0", "0"),
        ("1.5", "2", "2", "1"),
        ("2.5", "3", "2", "2"),
        ("-2.5", "-3", "-2", "-2"),
        ("2.500000000001", "3", "3", "2"),
        ("2.499999999999", "2", "2", "2"),
    ],
)
def test_ties_are_resolved_as_agreed(value: str, half_up: str, half_even: str, down: str) -> None:
    results = [str(rounded(Fraction(value), 0, mode)) for mode in RoundingMode]

    assert results == [half_up, half_even, down]


def test_every_mode_is_one_of_decimals() -> None:
    assert [MODES[mode] for mode in RoundingMode] == [ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN]


def test_a_repeating_tail_below_a_tie_is_no_tie() -> None:
    assert rounded(Fraction(10**18 // 2 - 1, 10**18), 0, RoundingMode.HALF_UP) == 0


def test_the_context_of_the_caller_does_not_matter() -> None:
    with localcontext(Context(prec=3)):
        assert str(rounded(Fraction(123456789, 1000), 2, RoundingMode.DOWN)) == "123456.78"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(999499, 10000), "99.94"),
        (Fraction(2, 3), "0.66"),
        (Fraction(-2, 3), "-0.66"),
        (Fraction(-1, 1000), "0.00"),
        (Fraction(100), "100.00"),
    ],
)
def test_what_is_shown_is_cut(value: Fraction, text: str) -> None:
    assert shown(value) == text


@given(fractions)
def test_what_is_shown_is_never_better_than_what_is(value: Fraction) -> None:
    assert abs(Fraction(shown(value))) <= abs(value)


@pytest.mark.parametrize("text", ["0", "-5", "99.95", "0" * 24, "1.000000000001"])
def test_plain_numbers_are_read(text: str) -> None:
    assert parse_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1_000", "1e3", "NaN", "Infinity", "1,5", "+1", ".5", "5.", "--1", "٤", "1\n"),
        *("9" * 25, "0.0000000000001"),
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a plain number; write digits with a point"):
        parse_decimal(text)
