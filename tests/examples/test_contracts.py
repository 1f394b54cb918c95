"""The gallery of contracts: sound terms, and figures that were worked out by hand."""

from functools import cache
from typing import Any

import pytest

from domain.terms_check import validate_terms
from tests.documentation.gallery_page import CONTRACTS, NAMES, document

OWED = {
    "uk-model": {
        "2027-04": 1_000_00,
        "2027-05": 6_000_00,
        "2027-07": 11_000_00,
        "2027-08": 18_000_00,
        "2027-09": 20_000_00,
        "2027-10": 12_000_00,
        "2027-11": 2_000_00,
    },
    "us-at-risk": {
        "2027-08": 9_000_00,
        "2027-12": 10_000_00,
        "2028-03": 10_800_00,
        "2028-04": 9_000_00,
        "2028-05": 2_000_00,
    },
    "cloud-compute": {
        "2027-04": 100_00,
        "2027-06": 300_00,
        "2027-07": 115_05,
        "2027-08": 345_15,
        "2027-11": 100_00,
        "2027-12": 1_333_35,
    },
    "cloud-storage": {
        "2027-03": 230_00,
        "2027-04": 230_00,
        "2027-05": 575_00,
        "2027-06": 575_00,
        "2027-07": 2_300_00,
    },
    "helpdesk-priority": {"2027-01": 7_200_00, "2027-02": 5_100_00, "2027-03": 12_000_00},
    "gnwt-penalty-reward": {"2027-01": 4_200_00, "2027-02": -6_150_00, "2027-05": 3_825_06},
    "bank-earn-back": {
        "2027-02": 30_000_00,
        "2027-04": -15_000_00,
        "2027-06": -15_000_00,
        "2027-07": 30_000_00,
        "2027-09": -15_000_00,
        "2027-10": 30_000_00,
        "2027-12": -15_000_00,
        "2028-02": -15_000_00,
    },
    "odot-points-ladder": {
        "2027-05": 4_000_00,
        "2027-06": 4_000_00,
        "2027-07": 4_000_00,
        "2027-08": 8_000_00,
        "2027-09": 8_000_00,
        "2027-10": 16_000_00,
        "2027-11": 16_000_00,
        "2027-12": 16_000_00,
    },
    "contact-centre": {"2027-02": 377_50, "2027-03": 1_000_00, "2027-04": 2_000_00},
    "telecom-recurrence": {
        "2027-02": 300_00,
        "2027-03": 600_00,
        "2027-04": 1_200_00,
        "2027-05": 1_200_00,
        "2027-08": 300_00,
    },
    "boston-311": {},
}
"""What each settlement period comes to, in minor units, where that is not nothing."""


@cache
def found(name: str) -> dict[str, Any]:
    return document(name)


def period(name: str, kpi: str, key: str, **dim: str) -> dict[str, Any]:
    """One result."""
    (one,) = [
        each
        for each in found(name)["periods"]
        if (each["kpi"], each["period"], each["dim"]) == (kpi, key, dim)
    ]
    return dict(one)


def fired(name: str, key: str) -> list[dict[str, Any]]:
    return [each for each in found(name)["triggers"] if each["key"] == key]


def totals(name: str, key: str) -> dict[str, Any]:
    (one,) = [each for each in found(name)["totals"] if each["period"] == key]
    return dict(one)


@pytest.mark.parametrize("name", NAMES)
def test_the_terms_are_sound_and_nothing_is_warned_of(name: str) -> None:
    path = CONTRACTS / name / "agreement.yaml"

    reading = validate_terms(path.read_bytes(), str(path))

    assert (reading.problems, reading.warnings) == ((), ())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_about_the_facts_is_doubtful(name: str) -> None:
    assert found(name)["problems"] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_lines_of_a_settlement_period_sum_to_what_is_owed(name: str) -> None:
    for total in found(name)["totals"]:
        lines = [line for line in found(name)["credits"] if line["settles"] == total["period"]]

        assert sum(line["amount_minor"] for line in lines) == (total["net_minor"] or 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_settlement_period_comes_to_what_was_worked_out_by_hand(name: str) -> None:
    owed = {each["period"]: each["net_minor"] for each in found(name)["totals"]}

    assert {key: minor for key, minor in owed.items() if minor} == OWED[name]


# --- UK public-sector model


def test_a_failure_in_the_month_after_a_failure_counts_twice() -> None:
    points = period("uk-model", "in-time", "2027-05")["points"]

    assert points == {"base": "3", "multiplier": "2", "total": "6"}


def test_fifty_points_in_three_months_are_critical_and_forty_nine_are_not() -> None:
    (critical,) = fired("uk-model", "critical-by-points")

    assert critical["quantity"] == "50"
    assert critical["fired_at"] == "2027-11-01T00:00:00Z"


def test_credits_that_reach_the_cap_are_critical() -> None:
    (critical,) = fired("uk-model", "critical-by-credits")

    assert critical["fired_at"] == "2027-12-01T00:00:00Z"


def test_a_draft_plan_is_due_after_ten_working_days() -> None:
    due = [each["at"] for each in found("uk-model")["dates"] if "draft-plan" in each["key"]]

    assert "2027-06-14T23:00:00Z" in due


# --- US at risk


def test_the_fourth_miss_within_twelve_months_is_a_default() -> None:
    assert period("us-at-risk", "answered", "2027-12")["default"]
    assert not period("us-at-risk", "answered", "2027-07")["default"]


def test_a_fourth_miss_after_more_than_twelve_months_is_none() -> None:
    result = period("us-at-risk", "restored", "2028-01")

    assert (result["status"], result["default"]) == ("below_expected", False)


def test_a_minimum_missed_in_two_months_of_four_lets_the_client_leave() -> None:
    (right,) = found("us-at-risk")["rights"]

    assert (right["kind"], right["arises"]) == ("termination", "2028-04-01T05:00:00Z")
    assert right["effective"] == "2028-06-01T05:00:00Z"


# --- clouds


def test_a_credit_is_payable_only_if_it_was_claimed_in_time_and_is_above_a_dollar() -> None:
    payable = {each["period"]: each["payable_minor"] for each in found("cloud-compute")["totals"]}

    assert {key: minor for key, minor in payable.items() if minor} == {
        "2027-04": 100_00,
        "2027-08": 345_15,
        "2027-12": 1_333_35,
    }


def test_a_band_holds_its_lower_edge_exactly() -> None:
    april, june = (period("cloud-compute", "uptime", f"2027-0{n}") for n in (4, 6))

    assert (april["value"]["dec"], april["band"]) == ("99", "[99, 99.99)")
    assert (june["value"]["dec"], june["band"]) == ("98.997685185185", "[95, 99)")


def test_the_mean_of_error_rates_is_not_the_pooled_error_rate() -> None:
    march = period("cloud-storage", "uptime", "2027-03")["value"]["dec"]
    pooled = period("cloud-storage", "pooled", "2027-03")["value"]["dec"]

    assert (march[:7], pooled[:7]) == ("99.8991", "99.9989")


def test_a_mean_of_error_rates_of_exactly_a_tenth_of_a_percent_is_met() -> None:
    february = period("cloud-storage", "uptime", "2027-02")

    assert (february["value"]["dec"], february["status"]) == ("99.9", "met")


# --- helpdesk


def test_eight_of_eleven_and_three_of_seven() -> None:
    in_time = period("helpdesk-priority", "p2-in-time", "2027-01")["value"]
    reopened = period("helpdesk-priority", "p2-reopened", "2027-01")["value"]

    assert (in_time["num"], in_time["den"], in_time["dec"]) == ("8", "11", "72.727272727272")
    assert (reopened["num"], reopened["den"], reopened["dec"]) == ("3", "7", "42.857142857142")


def test_clocks_run_in_the_hours_of_the_desk_and_stand_still_in_pauses() -> None:
    clocks = {each["ticket"]: each for each in document("helpdesk-priority", "--clocks")["clocks"]}
    elapsed = {
        ticket: (clocks[ticket]["elapsed_s"], clocks[ticket]["status"])
        for ticket in ("P2-0102", "P2-0104", "P2-0108", "P2-0209", "P2-0306")
    }

    assert elapsed == {
        "P2-0102": ("14400", "met"),
        "P2-0104": ("14401", "missed"),
        "P2-0108": ("331200", "missed"),
        "P2-0209": ("12600", "met"),
        "P2-0306": ("6300", "met"),
    }


# --- points that add up, and ladders


def test_points_grow_with_each_month_in_a_row_and_are_wiped_out_by_three_clean_ones() -> None:
    totals_of = {
        key: period("odot-points-ladder", "kpi-10", key)["points"] for key in ("2027-03", "2027-06")
    }

    assert [points["total"] for points in totals_of.values()] == ["2", "2"]
    assert period("odot-points-ladder", "kpi-1", "2027-07")["points"]["total"] == "3"
    assert totals("odot-points-ladder", "2028-01")["net_minor"] == 0


def test_one_week_has_five_service_levels() -> None:
    kpis = ("both-within", "answered-only", "all-offered", "answered", "short-excluded")

    levels = [period("contact-centre", kpi, "2027-W05")["value"]["dec"][:5] for kpi in kpis]

    assert levels == ["83.01", "86", "81.13", "82.69", "81.90"]


def test_approved_relief_meets_a_month_and_a_rejected_claim_does_not() -> None:
    july, august = (period("telecom-recurrence", "availability", f"2027-0{n}") for n in (7, 8))

    assert (july["status"], july["without_relief"]["status"]) == ("met", "below_expected")
    assert august["status"] == "below_expected"


def test_the_third_miss_in_a_row_is_chronic() -> None:
    (chronic,) = fired("telecom-recurrence", "chronic-outage")
    (right,) = found("telecom-recurrence")["rights"]

    assert chronic["fired_at"] == "2027-05-01T06:00:00Z"
    assert right["exercise_by"] == "2027-06-30T06:00:00Z"


# --- requests by type


def test_each_type_is_judged_by_itself() -> None:
    june = [
        period("boston-311", "on-time", "2027-06", type=kind)["value"]["dec"]
        for kind in ("missed-collection", "pothole", "street-light")
    ]

    assert june == ["40", "100", "40"]


def test_exactly_the_minimum_is_not_below_it() -> None:
    august = period("boston-311", "on-time", "2027-08", type="street-light")

    assert (august["value"]["dec"], august["status"]) == ("60", "below_expected")


def test_two_months_in_a_row_or_three_of_six_need_an_action_plan() -> None:
    plans = fired("boston-311", "action-plan")

    assert [each["fired_at"] for each in plans] == ["2027-07-01T04:00:00Z", "2027-09-01T04:00:00Z"]
