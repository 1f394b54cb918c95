"""Availability from samples that say up or down, each holding until the next one."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import FactKind, Sample
from domain.measures.figure import Frame
from domain.measures.states import availability_of_states
from domain.restating import Touched, concerned
from domain.results import Budget, Result, Status
from domain.zones import zone_named
from tests.domain.performing import at, january, perform, relief, terms, timeline

STATES: dict[str, Any] = {"kind": "availability", "series": "latency", "good": "at least 1"}
HOUR = 3600
MONTH = 31 * 24 * HOUR
FLOOD = {"relief": [{"ground": "flood", "claimed_by": "provider", "effect": "facts"}]}


def state(name: str, when: str, value: str | None, **columns: str) -> Sample:
    return Sample(name, "latency", at(when), None if value is None else Decimal(value), columns)


UP = state("up", "01-01", "1")


def down_of(result: Result) -> int:
    down = result.den - result.num
    assert down.denominator == 1
    return int(down)


def agreed_of(result: Result) -> int:
    return int(result.den)


# --- what holds


def test_a_state_holds_from_its_sample_until_the_next() -> None:
    result = january(STATES, UP, state("d", "01-10 12:00", "0"), state("u", "01-10 13:30", "1"))

    assert (agreed_of(result), down_of(result)) == (MONTH, 5400)
    assert result.value == Fraction(100 * (MONTH - 5400), MONTH)
    assert result.sample == 3


def test_samples_that_say_the_same_again_change_nothing_but_their_number() -> None:
    said = [state(f"d{hour}", f"01-10 {hour}:00", "0") for hour in (12, 13, 14)]

    result = january(STATES, UP, *said, state("u", "01-10 15:00", "1"))

    assert down_of(result) == 3 * HOUR
    assert "Down from 2027-01-10 12:00 (d12) for 3 h." in result.reason


def test_the_last_state_goes_on_to_the_end_of_the_period_and_into_the_next() -> None:
    february, march = perform(
        terms({"measure": STATES}),
        UP,
        state("d", "01-31 23:00", "0"),
        state("u", "02-01 01:00", "1"),
        until="03-01",
    ).results

    assert (down_of(february), down_of(march)) == (HOUR, HOUR)
    assert march.reason[1:] == (
        "Down from 2027-02-01 00:00 (d) for 1 h.",
        "The period began down, as d had said at 2027-01-31 23:00.",
    )


def test_a_period_without_a_sample_of_its_own_is_as_the_last_one_was() -> None:
    *_, march = perform(terms({"measure": STATES}), UP, until="04-01").results

    assert march.value == 100
    assert march.sample == 0
    assert "The period began up, as up had said at 2027-01-01 00:00." in march.reason


def test_a_sample_at_the_start_of_a_period_belongs_to_it() -> None:
    result = january(STATES, state("d", "01-01", "0"))

    assert down_of(result) == MONTH
    assert not any("began" in each for each in result.reason)


def test_of_two_samples_at_one_instant_the_later_id_holds() -> None:
    result = january(STATES, state("a", "01-01", "0"), state("b", "01-01", "1"))

    assert down_of(result) == 0


def test_of_a_split_kpi_each_part_has_states_of_its_own_and_keeps_them() -> None:
    agreed = terms({"measure": STATES, "per": ["site"]})
    facts = (
        state("a", "2026-12-31", "1", site="york"),
        state("b", "2026-12-31", "0", site="leeds"),
        state("c", "01-31", "1", site="leeds"),
    )

    leeds, york = perform(agreed, *facts).results

    assert [leeds.dim, york.dim] == [(("site", "leeds"),), (("site", "york"),)]
    assert [down_of(leeds), down_of(york)] == [MONTH - 24 * HOUR, 0]


# --- before the first sample, and without a value


@pytest.mark.parametrize(
    ("before", "agreed", "down", "said"),
    [
        (None, MONTH - 24 * HOUR, HOUR, "is no agreed time"),
        ("excluded", MONTH - 24 * HOUR, HOUR, "is no agreed time"),
        ("good", MONTH, HOUR, "counts as up"),
        ("bad", MONTH, 25 * HOUR, "counts as down"),
    ],
)
def test_time_before_the_first_sample_is_what_the_terms_say(
    before: str | None, agreed: int, down: int, said: str
) -> None:
    measure = STATES | ({} if before is None else {"before": before})
    facts = state("u", "01-02", "1"), state("d", "01-31 23:00", "0")

    result = january(measure, *facts)

    assert (agreed_of(result), down_of(result)) == (agreed, down)
    assert f"Of 24 h before the first sample nothing is known; it {said}." in result.reason


def test_that_it_is_left_out_is_told_where_the_terms_are_silent() -> None:
    facts = [state("u", "01-02", "1")]
    silent = perform(terms({"measure": STATES}), *facts)
    said = perform(terms({"measure": STATES | {"before": "excluded"}}), *facts)

    assert "kpis.k.measure.before" in {each.path for each in silent.defaults}
    assert "kpis.k.measure.before" not in {each.path for each in said.defaults}


def test_without_any_sample_there_is_no_figure() -> None:
    result = january(STATES)

    assert (result.status, result.value) == (Status.NO_DATA, None)
    assert result.reason[0] == "No time was agreed in this period of which the state is known."


@pytest.mark.parametrize(("missing", "down"), [("against", HOUR), ("excluded", 0)])
def test_a_sample_without_a_value_is_down_or_says_nothing(missing: str, down: int) -> None:
    facts = UP, state("x", "01-10 12:00", None), state("u", "01-10 13:00", "1")

    assert down_of(january(STATES | {"missing": missing}, *facts)) == down


# --- hours, relief, budget, what is not known yet


OFFICE: dict[str, Any] = {"calendars": {"office": {"hours": {"mon-fri": "08:00-18:00"}}}}


def test_only_open_hours_are_agreed_time_and_downtime() -> None:
    facts = UP, state("d", "01-08 17:00", "0"), state("u", "01-11 09:00", "1")

    result = january(STATES | {"calendar": "office"}, *facts, sections=OFFICE)

    assert (agreed_of(result), down_of(result)) == (21 * 10 * HOUR, 2 * HOUR)


def test_what_lies_out_of_hours_is_not_told_as_downtime() -> None:
    facts = UP, state("d", "01-09", "0"), state("u", "01-10", "1")

    result = january(STATES | {"calendar": "office"}, *facts, sections=OFFICE)

    assert down_of(result) == 0
    assert not any(each.startswith("Down") for each in result.reason)


@pytest.mark.parametrize(("inside", "agreed"), [("true", MONTH), ("false", MONTH - 2 * HOUR)])
def test_relief_takes_time_out_of_downtime_and_by_term_out_of_agreed_time(
    inside: str, agreed: int
) -> None:
    measure = STATES | {"maintenance_in_denominator": inside}
    facts = UP, state("d", "01-10 12:00", "0"), state("u", "01-10 15:00", "1")

    result = january(measure, *facts, relief("R", "01-10 13:00", "01-10 15:00"), sections=FLOOD)

    assert (agreed_of(result), down_of(result)) == (agreed, HOUR)
    assert result.bare_value == Fraction(100 * (MONTH - 3 * HOUR), MONTH)
    assert "Down from 2027-01-10 12:00 (d) for 1 h." in result.reason


def test_a_state_that_began_in_time_taken_out_holds_behind_it() -> None:
    facts = UP, state("d", "01-10 12:00", "0"), state("u", "01-10 15:00", "1")

    result = january(STATES, *facts, relief("R", "01-10 11:00", "01-10 13:00"), sections=FLOOD)

    assert down_of(result) == 2 * HOUR


def test_the_error_budget_is_that_of_agreed_time() -> None:
    facts = UP, state("d", "01-10 12:00", "0"), state("u", "01-10 13:00", "1")

    result = january(STATES, *facts, target={"expected": "at least 99 %"})

    assert result.budget == Budget(Fraction(MONTH, 100), Fraction(HOUR))
    assert result.status == Status.MET


def test_what_is_not_known_yet_is_no_downtime() -> None:
    facts = UP, state("d", "01-10 12:00", "0")

    result = january(STATES, *facts, known_at="01-10 14:00")
    assert (agreed_of(result), down_of(result)) == (MONTH, 2 * HOUR)

    fine = january(STATES, UP, known_at="01-10 14:00")
    assert (agreed_of(fine), down_of(fine)) == (MONTH, 0)


def test_a_sample_of_the_future_holds_until_its_own_instant_at_least() -> None:
    ahead = [
        replace(each, received_at=at("01-05"))
        for each in (state("d", "01-10 12:00", "0"), state("u", "01-20 12:00", "1"))
    ]

    result = january(STATES, UP, *ahead, known_at="01-15")

    assert down_of(result) == 10 * 24 * HOUR


def test_many_outages_are_told_up_to_ten() -> None:
    facts = [
        each
        for day in range(1, 13)
        for each in (
            state(f"d{day}", f"01-{day:02} 12:00", "0"),
            state(f"u{day}", f"01-{day:02} 13:00", "1"),
        )
    ]

    [said] = [each for each in january(STATES, UP, *facts).reason if each.startswith("Down")]

    assert said.count("for 1 h") == 10
    assert said.endswith("and 2 times more.")


def test_without_good_no_state_can_be_read() -> None:
    agreed = terms({"measure": {"kind": "availability", "series": "latency"}})
    frame = Frame(agreed.kpi("k"), at("01-01"), at("02-01"), zone_named("UTC"), [UP])

    with pytest.raises(TypeError, match="needs `good`"):
        availability_of_states(frame)


# --- late facts


def test_a_late_sample_touches_every_later_period_and_none_before() -> None:
    over = timeline(terms({"measure": STATES}))
    results = perform(over, UP, until="05-01").results
    late = Touched(FactKind.SAMPLE, "latency", at("02-10"), at("02-10 00:01"), revises=False)

    again = concerned(over, results, [late], at("05-02")).again

    assert [each.period.key for each in again] == ["2027-02", "2027-03", "2027-04"]


# --- properties

changes = st.lists(
    st.tuples(st.integers(0, MONTH - 1), st.booleans()), min_size=1, max_size=20
).map(lambda told: sorted(dict(told).items()))


@given(changes, st.sampled_from(["good", "bad"]))
def test_seconds_are_those_of_a_walk_through_the_states(
    told: list[tuple[int, bool]], before: str
) -> None:

    start = at("01-01")
    facts = [
        Sample(f"s{index}", "latency", start + timedelta(seconds=second), Decimal(up))
        for index, (second, up) in enumerate(told)
    ]
    bounds = [(0, before == "good"), *told, (MONTH, True)]
    down = sum(end - begins for (begins, up), (end, _) in pairwise(bounds) if not up)

    assert down_of(january(STATES | {"before": before}, *facts)) == down
