"""Availability: what is agreed time, what is downtime, and what maintenance does to both."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import Outage
from domain.results import Budget, Status
from tests.domain.performing import START, at, january, outage, perform, relief, terms

UPTIME: dict[str, Any] = {"kind": "availability", "outages": "web"}
MINUTE = timedelta(minutes=1)
THIRTY_DAYS = 43_200
APRIL = {"term": {"starts_on": "2027-04-01", "months": "1"}}


def april(measure: dict[str, Any], *facts: Any, **kpi: Any) -> Any:
    """A month of thirty days, 43,200 minutes."""
    (result,) = perform(terms({"measure": measure} | kpi, **APRIL), *facts, until="05-01").results
    return result


# --- worked examples


@pytest.mark.parametrize(
    ("minutes", "value", "band"), [(432, Fraction(99), 1), (433, Fraction(4_276_700, 43_200), 2)]
)
def test_432_minutes_of_thirty_days_are_99_percent_and_433_are_less(
    minutes: int, value: Fraction, band: int
) -> None:
    """Amazon Compute Service Level Agreement: 10 % below 99.99 %, 30 % below 99.0 %."""
    bands = [
        {"at_least": "99.99"},
        {"at_least": "99.0", "below": "99.99", "credit": "10 %"},
        {"at_least": "95.0", "below": "99.0", "credit": "30 %"},
        {"below": "95.0", "credit": "100 %"},
    ]

    result = april(UPTIME, outage("o", "04-10", minutes), bands=bands)

    assert result.value == value
    assert result.band == band


@pytest.mark.parametrize(
    ("in_denominator", "agreed", "status"),
    [("true", 43_200, Status.MET), ("false", 42_960, Status.BELOW_EXPECTED)],
)
def test_maintenance_out_of_the_denominator_turns_a_met_month_into_a_miss(
    in_denominator: str, agreed: int, status: Status
) -> None:
    """Colocation agreements: 240 min of maintenance, 43 min down, 99.9 % promised."""
    measure = UPTIME | {"maintenance": ["planned"], "maintenance_in_denominator": in_denominator}
    facts = outage("m", "04-04", 240, "planned"), outage("o", "04-10", 43)

    result = april(measure, *facts, target={"expected": "at least 99.9 %"})

    assert result.value == Fraction(100 * (agreed - 43), agreed)
    assert result.status == status


# --- what counts


def test_the_reason_can_be_redone_by_hand() -> None:
    measure = UPTIME | {"maintenance": ["planned"], "clause": "Schedule 2, 4.1"}
    facts = (
        outage("m", "04-04", 240, "planned"),
        outage("a", "04-10", 30),
        outage("b", "04-11", 13),
    )

    result = april(measure, *facts, target={"expected": "at least 99.9 %"})

    assert result.reason == (
        "Of 720 h agreed, 43 min were down in 2 outages of web: 99.90 %, expected at least 99.9 %.",
        "They count a: 30 min, b: 13 min.",
        "4 h of excused time is no downtime, and is part of the agreed time.",
        "Clauses: measure Schedule 2, 4.1.",
    )
    assert (result.num, result.den, result.sample) == (43_157 * 60, THIRTY_DAYS * 60, 2)


def test_many_outages_are_told_in_part() -> None:
    facts = [outage(f"o{day:02}", f"04-{day:02}", 1) for day in range(1, 14)]

    assert "and 3 more" in april(UPTIME, *facts).reason[1]


def test_a_month_without_outages_is_wholly_available() -> None:
    result = april(UPTIME)

    assert result.value == 100
    assert result.status == Status.MET


def test_outages_that_overlap_or_touch_are_down_once() -> None:
    facts = (
        outage("a", "04-10 10:00", 60),
        outage("b", "04-10 10:30", 60),
        outage("c", "04-10 11:30", 30),
        outage("d", "04-10 10:40", 5),
    )

    result = april(UPTIME, *facts)

    assert result.den - result.num == 120 * 60
    assert result.sample == 1


def test_outages_of_another_service_are_another_matter() -> None:
    other = Outage("o", "mail", at("04-10"), at("04-11"), "fault")

    assert april(UPTIME, other).value == 100


def test_outages_are_cut_at_the_bounds_of_periods() -> None:
    agreed = terms({"measure": UPTIME})
    facts = outage("o", "01-31 23:00", 120), outage("long", "02-27 00:00", 60 * 24 * 10)

    results = perform(agreed, *facts, until="04-01").results

    assert [result.den - result.num for result in results] == [3600, 3600 + 2 * 86_400, 8 * 86_400]


def test_part_months_have_only_the_time_that_there_is() -> None:
    agreed = terms({"measure": UPTIME}, term={"starts_on": "2027-01-16", "months": "1"})

    (first, last) = perform(agreed, until="02-16").results

    assert first.den == 16 * 86_400
    assert last.den == 15 * 86_400


@pytest.mark.parametrize(("month", "hours"), [("03", 31 * 24 - 1), ("10", 31 * 24 + 1)])
def test_a_month_has_the_hours_that_its_clocks_give_it(month: str, hours: int) -> None:
    agreed = terms(
        {"measure": UPTIME},
        zone="Europe/Berlin",
        term={"starts_on": f"2027-{month}-01", "months": "1"},
    )

    (result,) = perform(agreed, until=None).results

    assert result.den == hours * 3600


def test_only_open_hours_are_agreed_where_a_calendar_says_so() -> None:
    sections = {"calendars": {"office": {"hours": {"mon-fri": "08:00-18:00"}}}}
    measure = UPTIME | {"calendar": "office"}
    # 2027-01-04 is a Monday.
    facts = outage("o", "01-04 07:00", 90), outage("night", "01-05 20:00", 60)

    result = january(measure, *facts, sections=sections)

    assert result.den == 21 * 10 * 3600
    assert result.den - result.num == 30 * 60
    assert result.sample == 1


def test_without_any_agreed_time_there_is_no_figure() -> None:
    sections = {
        "calendars": {"office": {"hours": {"sun": "08:00-18:00"}, "holidays": ["2027-01-03"]}},
        "term": {"starts_on": "2027-01-01", "months": "1"},
    }
    kpi = {"measure": UPTIME | {"calendar": "office"}, "every": "day"}

    results = perform(terms(kpi, **sections), until="01-04").results

    assert {result.status for result in results} == {Status.NO_DATA}
    assert results[0].reason[0] == "No time was agreed in this period."


def test_an_outage_during_maintenance_is_no_downtime_for_so_long() -> None:
    measure = UPTIME | {"maintenance": ["planned"]}
    facts = outage("m", "04-04 01:00", 60, "planned"), outage("o", "04-04 01:30", 60)

    result = april(measure, *facts)

    assert result.den - result.num == 30 * 60


@pytest.mark.parametrize(("seconds", "down"), [(59, 0), (60, 60), (61, 61)])
def test_a_shorter_outage_than_agreed_does_not_count(seconds: int, down: int) -> None:
    measure = UPTIME | {"minimum_outage": "1 min"}

    result = april(measure, outage("o", "04-10", seconds / 60))

    assert result.den - result.num == down


def test_the_least_length_is_of_the_whole_outage_also_across_a_period() -> None:
    measure = UPTIME | {"minimum_outage": "1 min"}
    facts = outage("o", "01-31 23:59:30", 1)

    results = perform(terms({"measure": measure}), facts, until="03-01").results

    assert [result.den - result.num for result in results] == [30, 30]


@pytest.mark.parametrize(("seconds", "down"), [(59, 0), (60, 60), (119, 60), (120, 120)])
def test_part_units_are_dropped_where_outages_count_in_units(seconds: int, down: int) -> None:
    """Google Compute Engine: partial minutes are not counted towards downtime."""
    measure = UPTIME | {"counted_in": "1 min"}

    result = april(measure, outage("o", "04-10", seconds / 60))

    assert result.den - result.num == down


def test_a_calendar_day_counts_as_24_hours_where_outages_count_in_days() -> None:
    result = april(UPTIME | {"counted_in": "1 day"}, outage("o", "04-10", 60 * 25))

    assert result.den - result.num == 86_400


# --- time of users


def test_user_time_is_lost_by_those_who_were_hit() -> None:
    """Microsoft 365: (user minutes less downtime) over user minutes."""
    measure = UPTIME | {"users": "1000"}
    facts = outage("o", "04-10", 60, users="100"), outage("p", "04-11", 30, users="10")

    result = april(measure, *facts, target={"expected": "at least 99.9 %"})

    assert result.value == 100 - Fraction(100 * (60 * 100 + 30 * 10), 1000 * THIRTY_DAYS)
    assert result.budget == Budget(Fraction(43_200 * 60, 1000), Fraction(6_300 * 60, 1000))
    assert result.reason[0].startswith(
        "Of 720 h agreed for each of 1,000 users, 105 h of their time were lost in 2 outages of web"
    )
    assert result.reason[1] == "They count o: 1 h x 100, p: 30 min x 10."


def test_an_outage_that_names_no_users_hits_them_all_and_never_more() -> None:
    measure = UPTIME | {"users": "10"}
    whole = outage("o", "04-01", THIRTY_DAYS), outage("p", "04-02", 60)

    assert april(measure, *whole).value == 0


# --- relief and budgets


@pytest.mark.parametrize(("in_denominator", "agreed"), [("true", 720), ("false", 719)])
def test_relief_is_no_downtime_and_agreed_time_as_maintenance_is(
    in_denominator: str, agreed: int
) -> None:
    sections = APRIL | {"relief": [{"ground": "flood"}]}
    kpi = {"measure": UPTIME | {"maintenance_in_denominator": in_denominator}}
    facts = outage("o", "04-10 09:00", 120), relief("r", "04-10 10:00", "04-10 11:00")

    (result,) = perform(terms(kpi, **sections), *facts, until="05-01").results

    assert result.den == agreed * 3600
    assert result.den - result.num == 3600
    assert result.bare_value == Fraction(100 * 718, 720)


def test_the_budget_is_what_the_target_leaves_of_agreed_time() -> None:
    result = april(UPTIME, outage("o", "04-10", 50), target={"expected": "at least 99.9 %"})

    assert result.budget is not None
    assert result.budget.total == Fraction(43_200 * 60, 1000)
    assert result.budget.left == Fraction(43_200 * 60, 1000) - 3000


@pytest.mark.parametrize("expected", ["at most 1 %", "at least 700 h"])
def test_only_a_promise_of_a_share_leaves_a_budget(expected: str) -> None:
    assert april(UPTIME, target={"expected": expected}).budget is None


# --- properties

minutes = st.integers(0, 30 * 24 * 60)
stretches = st.lists(st.tuples(minutes, st.integers(1, 600)), max_size=6)


def outages(told: list[tuple[int, int]]) -> list[Outage]:
    return [
        Outage(f"o{index}", "web", START + start * MINUTE, START + (start + length) * MINUTE, "f")
        for index, (start, length) in enumerate(told)
    ]


@given(stretches)
def test_downtime_is_every_minute_in_which_something_was_down(told: list[tuple[int, int]]) -> None:
    month = 31 * 24 * 60
    down = {minute for start, length in told for minute in range(start, start + length)}

    result = january(UPTIME, *outages(told))

    assert result.den - result.num == 60 * sum(minute < month for minute in down)


@given(stretches, st.integers(1, 599))
def test_an_outage_told_in_two_parts_is_the_same_outage(
    told: list[tuple[int, int]], cut: int
) -> None:
    parts = [
        (start + shift, part)
        for start, length in told
        for shift, part in ((0, min(cut, length)), (min(cut, length), length - min(cut, length)))
        if part
    ]

    assert january(UPTIME, *outages(parts)).value == january(UPTIME, *outages(told)).value
