"""Credits that later good service earns back."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.results import LineType, Result, Status
from domain.terms.shape import Terms
from tests.domain.ledgers import (
    agreed,
    amounts,
    charged,
    day,
    month,
    nets,
    of_type,
    percents,
    reckoned,
    result,
)

MONTHS = [f"2027-{number:02}" for number in range(1, 13)]


def after(number: int, **pattern: Any) -> dict[str, Any]:
    return {"consecutive": str(number), "of": "met"} | pattern


BARODA = [{"when": after(2), "share": "50 %"}, {"when": after(4), "share": "50 %"}]


def earning(of: dict[str, Any] | None = None, /, **remedy: Any) -> Terms:
    earn_back = {"steps": BARODA} | remedy.pop("earn_back", {})
    charges = remedy.pop("charges", {"currency": "INR", "amount": "200000"})
    return agreed(
        kpis=of or {"uptime": {}},
        charges=charges,
        remedies=[
            {
                "key": "fee",
                "scheme": {"kind": "per_failure", "percent": "15 %"},
                "earn_back": earn_back,
            }
            | remedy
        ],
    )


def run(terms: Terms, verdicts: str, kpi: str = "uptime", **said: Any) -> list[Result]:
    """Months in a row: `x` missed, `o` met, `-` without data."""
    return [
        result(terms.kpi(kpi), name, {"x": "90", "o": "99", "-": None}[each], **said)
        for name, each in zip(MONTHS, verdicts, strict=False)
    ]


def monthly(terms: Terms, *results: Result) -> list[int | None]:
    return list(nets(reckoned(terms, *results)).values())


def test_the_bank_of_baroda_pays_half_back_after_two_months_and_half_after_four() -> None:
    terms = earning()
    made = reckoned(terms, *run(terms, "xoooo"))

    assert amounts(made) == {
        "fee/uptime/2027-01": 3_000_000,
        "fee/uptime/2027-01/earn-back-1": -1_500_000,
        "fee/uptime/2027-01/earn-back-2": -1_500_000,
    }
    assert list(nets(made).values()) == [3_000_000, 0, -1_500_000, 0, -1_500_000]


def test_a_miss_in_the_third_month_ends_what_was_not_earned_and_is_a_new_credit() -> None:
    terms = earning()

    assert monthly(terms, *run(terms, "xooxoooo")) == [
        3_000_000,
        0,
        -1_500_000,
        3_000_000,
        0,
        -1_500_000,
        0,
        -1_500_000,
    ]


def test_earning_back_says_what_earned_it() -> None:
    terms = earning(earn_back={"clause": "9.4"})
    [line] = of_type(reckoned(terms, *run(terms, "xoo")), LineType.EARN_BACK)

    assert line.adjusts == ("fee/uptime/2027-01",)
    assert (line.kpi, line.settles, line.percent, line.base_minor, line.clause) == (
        "uptime",
        month("2027-03"),
        Fraction(-15, 2),
        20_000_000,
        "9.4",
    )
    assert (line.start, line.end) == (month("2027-03").start, month("2027-03").end)
    assert line.reason == (
        "uptime/2027-02, uptime/2027-03 earn back 50 % of fee/uptime/2027-01, "
        "of which 30,000.00 INR is left.",
    )


def test_nothing_is_earned_back_unless_agreed() -> None:
    terms = agreed(remedies=[{"key": "fee", "scheme": {"kind": "per_failure", "percent": "15 %"}}])

    assert monthly(terms, *run(terms, "xoooo")) == [15_000, 0, 0, 0, 0]


def test_months_without_data_are_passed_over() -> None:
    terms = earning()

    assert monthly(terms, *run(terms, "xo-o")) == [3_000_000, 0, 0, -1_500_000]


def test_where_nothing_is_lost_a_miss_only_delays() -> None:
    terms = earning(earn_back={"lost_on": "never"})

    assert monthly(terms, *run(terms, "xoxoo"))[4] == -3_000_000


def test_peak_months_are_never_earned_back() -> None:
    terms = earning(earn_back={"not_for_months": ["1", "12"]})

    assert monthly(terms, *run(terms, "xoo")) == [3_000_000, 0, 0]


@pytest.mark.parametrize(("month_", "back"), [("3", -1_500_000), ("4", 0)])
def test_a_peak_month_is_one_of_the_agreements_zone(month_: str, back: int) -> None:
    terms = earning(earn_back={"not_for_months": [month_]})
    results = [
        result(terms.kpi("uptime"), name, value)
        for name, value in zip(MONTHS[3:], ["90", "99", "99"], strict=False)
    ]

    assert monthly(terms, *results) == [3_000_000, 0, back]


@pytest.mark.parametrize(("rounding", "back"), [("half_up", -2), ("down", -1)])
def test_what_is_earned_back_is_rounded_as_the_remedy_is(rounding: str, back: int) -> None:
    terms = earning(scheme={"kind": "per_failure", "amount": "0.03"}, rounding=rounding)

    assert monthly(terms, *run(terms, "xoo")) == [3, 0, back]


def test_what_is_earned_back_in_percent_makes_room_under_a_net_cap_too() -> None:
    terms = earning(
        {"uptime": {}, "speed": {}},
        scheme={"kind": "per_failure", "percent": "30 %"},
        caps=[{"most": "15 %", "counts": "net"}],
        charges=None,
    )
    made = reckoned(terms, *run(terms, "xoo"), *run(terms, "--x", "speed"))

    assert [line.percent for line in of_type(made, LineType.CAP)] == [-15, Fraction("-7.5")]


def test_of_what_a_cap_has_left_a_percentage_is_earned_back_too() -> None:
    terms = earning(caps=[{"most": "5 %"}])
    [line] = of_type(reckoned(terms, *run(terms, "xoo")), LineType.EARN_BACK)

    assert (line.amount_minor, line.percent) == (-500_000, Fraction("-2.5"))


@pytest.mark.parametrize(("within", "back"), [("3 months", -1_500_000), ("20 working days", 0)])
def test_it_can_be_earned_back_only_so_long(within: str, back: int) -> None:
    terms = earning(earn_back={"within": within})

    assert monthly(terms, *run(terms, "xoooo")) == [3_000_000, 0, back, 0, 0]


def test_the_time_to_earn_back_is_of_local_months_and_its_end_is_in_time() -> None:
    terms = earning(earn_back={"within": "2 months"})
    results = [
        result(terms.kpi("uptime"), name, value)
        for name, value in zip(MONTHS[8:], ["90", "99", "99"], strict=False)
    ]

    assert monthly(terms, *results) == [3_000_000, 0, -1_500_000]


def test_the_time_to_earn_back_is_of_the_agreements_working_days() -> None:
    weekends = agreed(calendars={"office": {"hours": {"sat-sun": "09:00-17:00"}}}).calendars
    terms = earning(earn_back={"within": "20 working days"}).model_copy(
        update={"working_days": "office", "calendars": weekends}
    )

    assert monthly(terms, *run(terms, "xoo")) == [3_000_000, 0, -1_500_000]


def test_what_ends_together_with_a_further_miss_earns_nothing() -> None:
    steps = [{"when": {"count": "1", "of": "met", "same": "agreement"}, "share": "100 %"}]
    terms = earning({"uptime": {}, "speed": {}}, earn_back={"steps": steps})
    results = [*run(terms, "xx"), *run(terms, "-o", "speed")]

    assert monthly(terms, *results) == [3_000_000, 3_000_000]


def test_a_step_may_look_at_a_contract_year_which_begins_at_local_midnight() -> None:
    count = {"count": "3", "of": "met", "window": "contract year"}
    terms = agreed(
        term={"starts_on": "2026-06-01", "months": "24"},
        remedies=[
            {
                "key": "fee",
                "scheme": {"kind": "per_failure", "percent": "15 %"},
                "earn_back": {"steps": [{"when": count, "share": "100 %"}]},
            }
        ],
    )
    results = [
        result(terms.kpi("uptime"), name, value)
        for name, value in zip(MONTHS[2:], ["90", *["99"] * 5], strict=False)
    ]

    assert monthly(terms, *results) == [15_000, 0, 0, 0, 0, -15_000]


def test_what_is_earned_back_names_the_dimension_and_the_period_that_earned_it() -> None:
    terms = earning(
        earn_back={"steps": [{"when": after(1), "share": "50 %"}]},
        charges={"currency": "INR", "amount": "200000", "per": "quarter"},
    )
    leeds = (("site", "leeds"),)
    [line] = of_type(reckoned(terms, *run(terms, "xo", dim=leeds)), LineType.EARN_BACK)

    assert (line.id, line.dim) == ("fee/uptime/leeds/2027-01/earn-back-1", leeds)
    assert line.settles.key == "2027-Q1"
    assert (line.start, line.end) == (month("2027-02").start, month("2027-02").end)


def test_what_a_cap_has_cut_is_not_earned_back() -> None:
    terms = earning(caps=[{"amount": "10000.01"}])

    assert monthly(terms, *run(terms, "xoooo")) == [1_000_001, 0, -500_001, 0, -500_000]


def test_another_kpi_neither_earns_nor_loses() -> None:
    terms = earning({"uptime": {}, "speed": {}})
    results = [*run(terms, "xoo"), *run(terms, "oox", "speed")]

    assert monthly(terms, *results) == [3_000_000, 0, -1_500_000 + 3_000_000]


def test_each_dimension_earns_its_own() -> None:
    terms = earning()
    leeds, york = ((("site", name),) for name in ("leeds", "york"))
    results = [*run(terms, "xoo", dim=leeds), *run(terms, "xox", dim=york)]

    assert monthly(terms, *results) == [6_000_000, 0, -1_500_000 + 3_000_000]


@pytest.mark.parametrize(
    ("same", "back"),
    [("agreement", [-3_000_000, 0]), ("service", [0, -3_000_000]), ("kpi", [0, 0])],
)
def test_a_pattern_may_be_over_the_whole_agreement_or_a_service(same: str, back: list[int]) -> None:
    kpis = {"uptime": {"service": "web"}, "speed": {"service": "web"}, "calls": {}}
    steps = [{"when": {"count": "3", "of": "met", "same": same}, "share": "100 %"}]
    terms = earning(kpis, earn_back={"steps": steps})
    results = [*run(terms, "xoo"), *run(terms, "ooo", "speed"), *run(terms, "ooo", "calls")]

    assert monthly(terms, *results)[1:] == back


def test_a_credit_for_several_kpis_is_earned_back_when_each_of_them_earns_it() -> None:
    steps = [{"when": after(2), "share": "100 %"}]
    points = {"kind": "points", "percent": "1 %"}
    terms = earning(
        {"uptime": {}, "speed": {}, "other": {}},
        scheme=points,
        earn_back={"steps": steps},
        kpis=["uptime", "speed"],
    )
    january = [result(terms.kpi(key), "2027-01", "90", points="5") for key in ("uptime", "speed")]
    later = [
        result(terms.kpi(key), name, None if (key, name) == ("speed", "2027-02") else "99")
        for key in ("uptime", "speed")
        for name in MONTHS[1:4]
    ]
    other = result(terms.kpi("other"), "2027-03", "90")

    assert monthly(terms, *january, *later, other) == [2_000_000, 0, 0, -2_000_000]


def test_a_miss_of_any_of_its_kpis_loses_a_credit_for_several() -> None:
    steps = [{"when": after(2), "share": "100 %"}]
    points = {"kind": "points", "percent": "1 %"}
    terms = earning({"uptime": {}, "speed": {}}, scheme=points, earn_back={"steps": steps})
    january = result(terms.kpi("uptime"), "2027-01", "90", points="5")
    rest = [*run(terms, "-ooo"), *run(terms, "-oxo", "speed")]

    assert monthly(terms, january, *rest) == [1_000_000, 0, 0, 0]


def test_without_later_results_nothing_is_earned() -> None:
    terms = earning()

    assert monthly(terms, *run(terms, "x")) == [3_000_000]


def test_shares_above_the_whole_earn_back_no_more_than_the_whole() -> None:
    steps = [{"when": after(1), "share": "70 %"}, {"when": after(2), "share": "70 %"}]
    terms = earning(earn_back={"steps": steps})

    assert monthly(terms, *run(terms, "xoo")) == [3_000_000, -2_100_000, -900_000]


def test_it_may_be_earned_back_in_its_own_settlement_period() -> None:
    steps = [{"when": after(2), "share": "100 %"}]
    terms = earning(earn_back={"steps": steps})
    days = [
        result(terms.kpi("uptime"), day(f"2027-01-0{number}"), value)
        for number, value in enumerate(["90", "99", "99"], start=1)
    ]

    assert monthly(terms, *days) == [0]


@pytest.mark.parametrize(("counts", "third"), [("credits", 3_000_000), ("net", 4_500_000)])
def test_what_is_earned_back_of_earlier_periods_makes_room_under_a_net_cap(
    counts: str, third: int
) -> None:
    terms = earning(
        {"uptime": {}, "speed": {}},
        scheme={"kind": "per_failure", "percent": "30 %"},
        caps=[{"most": "15 %", "counts": counts}],
    )
    results = [*run(terms, "xoo"), *run(terms, "--x", "speed")]

    assert monthly(terms, *results) == [3_000_000, 0, third - 1_500_000]


def test_without_a_charge_percentages_are_earned_back() -> None:
    terms = earning(charges=None)
    made = reckoned(terms, *run(terms, "xoo"))

    assert list(percents(made).values()) == [15, Fraction(-15, 2)]
    assert "of which 15 % is left" in of_type(made, LineType.EARN_BACK)[0].reason[0]


def test_a_sum_is_earned_back_as_a_sum() -> None:
    terms = earning(scheme={"kind": "per_failure", "amount": "500"})
    made = reckoned(terms, *run(terms, "xoo"))

    assert of_type(made, LineType.EARN_BACK)[0].percent is None
    assert monthly(terms, *run(terms, "xoo")) == [50_000, 0, -25_000]


def test_a_reward_is_not_earned_back() -> None:
    terms = earning(scheme={"kind": "linear", "percent": "1 %"}, sign="reward")
    results = [result(terms.kpi("uptime"), name, "100") for name in MONTHS[:3]]

    assert of_type(reckoned(terms, *results), LineType.EARN_BACK) == []


def test_what_is_withheld_by_share_is_not_a_credit_to_earn_back() -> None:
    share = {
        "kind": "payment_share",
        "share": "10 %",
        "pays": {"met": "100 %", "below_expected": "0 %", "below_minimum": "0 %"},
    }
    terms = earning(scheme=share)
    results = [
        result(terms.kpi("uptime"), name, "99", status=status)
        for name, status in zip(
            MONTHS, [Status.BELOW_MINIMUM, Status.MET, Status.MET], strict=False
        )
    ]

    assert monthly(terms, *results) == [2_000_000, 0, 0]


@given(st.integers(1, 10**6), st.integers(1, 98), st.integers(1, 98))
def test_what_is_earned_back_in_steps_adds_up(cents: int, one: int, other: int) -> None:
    steps = [
        {"when": after(1), "share": f"{one} %"},
        {"when": after(2), "share": f"{min(other, 100 - one)} %"},
        {"when": after(3), "share": "100 %"},
    ]
    terms = earning(scheme={"kind": "per_failure", "percent": "33.3 %"}, earn_back={"steps": steps})
    facts = [charged("2027-01-01", "2027-02-01", f"{cents / 100:.2f}", currency="INR")]
    made = reckoned(terms, *run(terms, "xooo"), facts=facts)

    assert sum(line.amount_minor or 0 for line in made.lines) == 0


# --- the mean of a year

YEARLY = {
    "steps": [
        {"when": {"mean": "expected", "of": "value", "window": "contract year"}, "share": "100 %"}
    ],
    "lost_on": "never",
}


def test_a_good_year_earns_back_what_its_bad_months_cost() -> None:
    terms = earning(earn_back=YEARLY)
    figures = ["80", *["99.9"] * 11]
    year = [result(terms.kpi("uptime"), *each) for each in zip(MONTHS, figures, strict=True)]

    assert monthly(terms, *year) == [3_000_000, *[0] * 11]

    figures = ["90", *["99.9"] * 11]
    year = [result(terms.kpi("uptime"), *each) for each in zip(MONTHS, figures, strict=True)]

    assert monthly(terms, *year) == [3_000_000, *[0] * 10, -3_000_000]


def test_the_next_year_earns_nothing_back_of_this_one() -> None:
    terms = earning(earn_back=YEARLY)
    figures = ["10", *["99.9"] * 23]
    months = [*MONTHS, *(name.replace("2027", "2028") for name in MONTHS)]
    years = [result(terms.kpi("uptime"), *each) for each in zip(months, figures, strict=True)]

    assert monthly(terms, *years) == [3_000_000, *[0] * 23]


def test_a_miss_in_the_last_month_of_a_good_year_is_earned_back_at_once() -> None:
    terms = earning(earn_back=YEARLY)
    figures = [*["99.9"] * 11, "94"]
    year = [result(terms.kpi("uptime"), *each) for each in zip(MONTHS, figures, strict=True)]

    assert monthly(terms, *year) == [0] * 12
    assert len(reckoned(terms, *year).lines) == 2


def test_the_year_of_a_mean_begins_at_local_midnight_of_its_first_day() -> None:
    terms = agreed(
        term={"starts_on": "2026-06-01", "months": "24"},
        remedies=[
            {
                "key": "fee",
                "scheme": {"kind": "per_failure", "percent": "15 %"},
                "earn_back": YEARLY,
            }
        ],
    )
    months = [*MONTHS[5:], *(name.replace("2027", "2028") for name in MONTHS[:5])]
    figures = ["90", *["99.9"] * 11]
    year = [result(terms.kpi("uptime"), *each) for each in zip(months, figures, strict=True)]

    assert monthly(terms, *year) == [15_000, *[0] * 10, -15_000]
