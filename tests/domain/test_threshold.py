"""Thresholds are read strictly and compared exactly."""

import operator
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.threshold import Edge, Threshold, parse_threshold

COMPARES = {
    Edge.AT_LEAST: operator.ge,
    Edge.ABOVE: operator.gt,
    Edge.AT_MOST: operator.le,
    Edge.BELOW: operator.lt,
}

values = st.integers(-(10**18), 10**18).map(lambda digits: Decimal(digits).scaleb(-12))


@given(
    st.sampled_from(Edge),
    st.integers(-(10**9), 10**9),
    st.integers(0, 6),
    st.integers(-(10**9), 10**9),
    st.integers(1, 10**9),
    st.sampled_from([1, 60, 3600]),
)
def test_a_figure_is_compared_by_multiplying_across(
    edge: Edge, digits: int, places: int, num: int, den: int, scale: int
) -> None:
    threshold = Threshold(edge, Decimal(digits).scaleb(-places), "")

    # num/den against digits·scale/10^places, in whole numbers only
    expected = COMPARES[edge](num * 10**places, digits * scale * den)

    assert threshold.holds(Fraction(num, den), scale) is expected


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("at least 95 %", [False, True, True]),
        ("above 95 %", [False, False, True]),
        ("at most 95 %", [True, True, False]),
        ("below 95 %", [True, False, False]),
    ],
)
def test_only_at_least_and_at_most_include_the_value(text: str, holds: list[bool]) -> None:
    hair = Fraction(1, 10**30)

    assert [parse_threshold(text).holds(95 + off) for off in (-hair, 0, hair)] == holds


def test_hours_are_compared_in_seconds() -> None:
    limit = parse_threshold("at most 4 h")

    assert limit.holds(4 * 3600, 3600)
    assert not limit.holds(4 * 3600 + 1, 3600)


def test_more_is_better_above_and_less_is_better_below() -> None:
    assert [edge.higher_is_better for edge in Edge] == [True, True, False, False]


@given(st.sampled_from(Edge), values, st.sampled_from(["", "%", "h", "points"]))
def test_a_threshold_is_read_as_it_is_written(edge: Edge, value: Decimal, unit: str) -> None:
    threshold = Threshold(edge, value, unit)

    assert parse_threshold(str(threshold)) == threshold


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("at least 95%", Threshold(Edge.AT_LEAST, Decimal(95), "%")),
        (" below -1.5 points ", Threshold(Edge.BELOW, Decimal("-1.5"), "points")),
        ("at most 3", Threshold(Edge.AT_MOST, Decimal(3), "")),
    ],
)
def test_thresholds_are_read(text: str, threshold: Threshold) -> None:
    assert parse_threshold(text) == threshold


@pytest.mark.parametrize(
    "text", ["", "95 %", ">= 95 %", "at least", "At least 95 %", "below 5 % x"]
)
def test_what_is_not_a_threshold_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a threshold; write `at least`, `above`"):
        parse_threshold(text)


@pytest.mark.parametrize("text", ["at least 1e3 %", "above NaN", "below 1,5 h", "at most 1_0"])
def test_a_threshold_has_a_plain_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a plain number"):
        parse_threshold(text)
