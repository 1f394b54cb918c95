"""Figures of intervals: time slices, means of rates, pooled ratios, and what is not there."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.results import Budget, Default, Status
from tests.domain.performing import START, interval, january, perform, relief, terms

MINUTES = {"intervals": "requests", "interval": "5 min"}
SLICES: dict[str, Any] = {"kind": "proportion", "good": "at least 99 %"} | MINUTES
RATES: dict[str, Any] = {"kind": "mean_of_rates", "intervals": "requests"}
POOLED: dict[str, Any] = {"kind": "ratio", "intervals": "requests"}
TWO_WEEKS: dict[str, Any] = {"every": "2 weeks from 2027-01-01"}
TARGET = {"expected": "at least 95 %"}


# --- worked examples


def test_two_weeks_of_minutes_at_95_percent_leave_16_h_48_min() -> None:
    """OpenSLO, budgeting by timeslices: 20,160 slices, an error budget of 16 h 48 min."""
    kpi = {"measure": SLICES | {"interval": "1 min"}, "target": TARGET} | TWO_WEEKS
    facts = interval("all", "01-01", "100", minutes=1, repeat=20_160)

    (result,) = perform(terms(kpi), facts, until="01-15").results

    assert result.sample == 20_160
    assert result.budget == Budget(Fraction(16 * 3600 + 48 * 60), Fraction(0))


@pytest.mark.parametrize("told", [{"good": "99"}, {"bad": "1"}])
def test_99_good_of_100_and_1_bad_of_100_are_the_same(told: dict[str, str]) -> None:
    """OpenSLO, a ratio metric by its good or by its bad events."""
    fact = interval("a", "01-05", **told)  # type: ignore[arg-type]

    assert january(POOLED, fact, unit="ratio").value == Fraction(99, 100)
    assert january(POOLED, fact).value == 99


def test_the_mean_of_error_rates_is_not_the_ratio_of_all_errors() -> None:
    """Amazon S3: uptime is 100 % less the mean of the error rates of 5-minute intervals."""
    facts = interval("quiet", "01-05", bad="5", total="10"), interval("busy", "01-06", bad="0")

    assert january(RATES, *facts).value == 75
    assert january(POOLED, *facts).value == Fraction(10_500, 110)


# --- time slices


def test_a_slice_is_good_or_bad_as_a_whole() -> None:
    facts = (
        interval("a", "01-05 00:00", "99"),
        interval("b", "01-05 00:05", "98.9"),
        interval("c", "01-05 00:10", bad="0.5", repeat=2),
    )

    result = january(SLICES, *facts, target=TARGET)

    assert (result.num, result.den, result.sample) == (Fraction(3), Fraction(4), 4)
    assert result.budget is not None
    assert result.budget.used == 300
    assert result.reason == (
        "3 of 4 intervals of requests were good (at least 99 %): 75.00 %, expected at least 95 %.",
        "8,924 intervals without a fact were left out.",
    )


def test_a_slice_may_be_good_in_plain_numbers() -> None:
    measure = SLICES | {"good": "at least 0.99"}

    assert january(measure, interval("a", "01-05", "99")).value == 100


@pytest.mark.parametrize(
    ("said", "value", "treated"),
    [
        ("good", Fraction(8928 * 100, 8928), "counted as good, as agreed"),
        ("bad", Fraction(2 * 100, 8928), "counted as bad, as agreed"),
        ("excluded", Fraction(100), "left out, as agreed"),
    ],
)
def test_slices_without_a_fact_count_as_agreed(said: str, value: Fraction, treated: str) -> None:
    result = january(SLICES | {"absent": said}, interval("a", "01-05", "100", repeat=2))

    assert result.value == value
    assert f"8,926 intervals without a fact were {treated}." in result.reason


@pytest.mark.parametrize(
    ("said", "value"), [("good", Fraction(75)), ("bad", Fraction(25)), ("excluded", Fraction(50))]
)
def test_slices_in_which_nothing_happened_count_as_agreed(said: str, value: Fraction) -> None:
    facts = (
        interval("a", "01-05", "100"),
        interval("b", "01-06", "0"),
        interval("c", "01-07", "0", total="0", repeat=2),
    )
    measure = {"intervals": "requests", "empty": said}

    assert january(SLICES | measure | {"interval": None}, *facts).value == value
    assert january(RATES | measure, *facts).value == value


def test_what_was_assumed_of_slices_is_told() -> None:
    facts = interval("a", "01-05", "100"), interval("c", "01-07", "0", total="0")
    measure = {"measure": SLICES, "rounding": {"places": "2", "mode": "down"}, "target": TARGET}

    assert perform(terms(measure), *facts).defaults == (
        Default("kpis.k.measure.empty", "intervals in which nothing happened are left out"),
        Default("kpis.k.measure.absent", "intervals without a fact are left out"),
        Default(
            "kpis.k.restate_within",
            "late and corrected facts restate a period until the agreement is closed",
        ),
    )


def test_where_all_slices_are_left_out_there_is_no_figure() -> None:
    fact = interval("c", "01-07", "0", total="0")

    assert january(SLICES).status == Status.NO_DATA
    assert january(RATES).reason[0] == "There were no facts."
    for measure in (SLICES, RATES, POOLED):
        result = january(measure, fact)
        assert result.status == Status.NO_DATA
        assert result.reason[0] == "1 interval of requests was found, none of which counts."


def test_an_interval_without_a_good_or_bad_part_is_bad_unless_it_is_left_out() -> None:
    facts = interval("a", "01-05", "100"), interval("b", "01-06", repeat=3)
    left_out = {"missing": "excluded"}

    for measure in (SLICES, RATES, POOLED):
        assert january(measure, *facts).value == 25
        assert january(measure | left_out, *facts).value == 100
    reason = january(RATES, *facts).reason
    assert reason[1] == "3 intervals without a good or bad part were counted as bad, as agreed."
    reason = january(POOLED | left_out, *facts).reason
    assert reason[1] == "3 intervals without a good or bad part were left out, as agreed."


def test_repeats_belong_to_the_period_in_which_they_start() -> None:
    fact = interval("a", "01-31 23:50", "100", minutes=4, repeat=6)
    measure = {"kind": "mean_of_rates", "intervals": "requests"}

    results = perform(terms({"measure": measure}), fact, until="04-01").results

    assert [result.sample for result in results] == [3, 3, 0]


def test_repeats_that_are_over_are_not_counted_again() -> None:
    long = interval("long", "01-31", "100", minutes=60, repeat=48)
    short = interval("short", "01-31", "0", repeat=2)

    results = perform(terms({"measure": RATES}), long, short, until="03-01").results

    assert [(result.sample, result.value) for result in results] == [
        (26, Fraction(2400, 26)),
        (24, 100),
    ]


def test_an_interval_belongs_to_the_period_of_its_start() -> None:
    facts = interval("a", "01-31 23:58", "50"), interval("b", "02-01", "100")

    results = perform(terms({"measure": RATES}), *facts, until="03-01").results

    assert [result.value for result in results] == [50, 100]


def test_slices_of_a_day_are_local_days() -> None:
    kpi = {"measure": SLICES | {"interval": "1 day", "absent": "bad"}, "target": TARGET}
    march = {"zone": "Europe/Berlin", "term": {"starts_on": "2027-03-01", "months": "1"}}

    (result,) = perform(terms(kpi, **march), until=None).results

    assert result.sample == 31
    assert result.budget is not None
    assert result.budget.used == 31 * 86_400


@pytest.mark.parametrize(("span", "slices"), [("5 min", 8928 - 12), ("1 day", 31)])
def test_relief_takes_slices_out_with_their_facts(span: str, slices: int) -> None:
    kpi = {"measure": SLICES | {"interval": span, "absent": "bad"}}
    facts = (
        interval("a", "01-05 00:30", "0", repeat=12),
        relief("r", "01-05 00:30", "01-05 01:30"),
    )

    (result,) = perform(terms(kpi, relief=[{"ground": "flood"}]), *facts).results

    assert result.sample == slices
    assert result.bare_value == 0


def test_a_day_that_relief_begins_with_is_taken_out() -> None:
    kpi = {"measure": SLICES | {"interval": "1 day", "absent": "bad"}}
    fact = relief("r", "01-05 00:00", "01-05 01:00")

    (result,) = perform(terms(kpi, relief=[{"ground": "flood"}]), fact).results

    assert result.sample == 30


def test_without_a_stated_length_nothing_is_absent_and_nothing_budgeted() -> None:
    result = january(SLICES | {"interval": None}, interval("a", "01-05", "100"), target=TARGET)

    assert (result.sample, len(result.reason)) == (1, 1)
    assert result.budget is not None
    assert result.budget.unit == "count"


def test_the_reason_of_a_mean_of_rates_tells_their_sum() -> None:
    facts = interval("a", "01-05", "99"), interval("b", "01-06", "100")

    assert january(RATES, *facts).reason[0] == (
        "The rates of 2 intervals of requests add up to 199 %; their mean was 99.50 %."
    )
    assert january(POOLED, *facts).reason[0] == (
        "199 of 200 in 2 intervals of requests were good: 99.50 %."
    )


# --- properties

told = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=6)


@given(told)
def test_equal_intervals_may_be_told_as_one(told: list[tuple[int, int]]) -> None:
    packed, single, reached = [], [], 0
    for index, (good, repeat) in enumerate(told):
        begins = f"01-01 {reached // 12:02}:{reached % 12 * 5:02}"
        packed.append(interval(f"p{index}", begins, str(good), total="9", repeat=repeat))
        for each in range(reached, reached + repeat):
            begins = f"01-01 {each // 12:02}:{each % 12 * 5:02}"
            single.append(interval(f"s{each}", begins, str(good), total="9"))
        reached += repeat

    for measure in (SLICES | {"absent": "bad"}, RATES, POOLED):
        assert january(measure, *packed).value == january(measure, *single).value
    assert packed[0].start == START
