"""Caps, and the smallest sum that is owed."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.remedies.ledger import Ledger, settlement_credits
from domain.results import Line, LineType, Result
from domain.terms.shape import Terms
from tests.domain.ledgers import (
    agreed,
    amounts,
    charged,
    day,
    nets,
    of_type,
    percents,
    reckoned,
    result,
)

MONTHS = [f"2027-{number:02}" for number in range(1, 13)]
BANDS = [
    {"at_least": "99"},
    {"at_least": "90", "below": "99", "credit": "6 %"},
    {"below": "90", "credit": "9 %"},
]
KPIS: dict[str, Any] = {
    "uptime": {"bands": BANDS, "service": "web"},
    "speed": {"bands": BANDS, "service": "web"},
    "calls": {"bands": BANDS},
}


def capping(*caps: dict[str, Any], **more: Any) -> Terms:
    return agreed(**({"kpis": KPIS, "caps": list(caps)} | more))


def missed(terms: Terms, *periods: str, value: str = "95") -> list[Result]:
    return [result(kpi, each, value) for kpi in terms.kpis for each in periods]


def caps(made: Ledger) -> list[Line]:
    return of_type(made, LineType.CAP)


def test_the_credit_cap_cuts_what_is_above_it_and_says_how() -> None:
    terms = agreed(
        kpis=KPIS,
        charges={"currency": "USD", "amount": "1000", "credit_cap": "15 %", "clause": "7"},
    )
    [cap] = caps(reckoned(terms, *missed(terms, "2027-01")))

    assert (cap.id, cap.amount_minor, cap.percent, cap.base_minor, cap.clause) == (
        "credit-cap/2027-01",
        -3_000,
        Fraction(-3),
        100_000,
        "7",
    )
    assert cap.adjusts == (
        "credits/calls/2027-01",
        "credits/speed/2027-01",
        "credits/uptime/2027-01",
    )
    assert (cap.remedy, cap.settles.key) == ("credit-cap", "2027-01")
    assert (cap.start, cap.end) == (cap.settles.start, cap.settles.end)
    assert cap.reason == (
        "60.00 USD + 60.00 USD + 60.00 USD together come to 180.00 USD.",
        "The cap is 15 % of 1,000.00 USD, the charge `service` of 2027-01: 150.00 USD.",
        "30.00 USD is cut off, from each line in proportion.",
    )


def test_what_is_not_above_the_cap_is_not_cut() -> None:
    terms = capping({"most": "18 %"}, {"amount": "180"}, {})

    assert caps(reckoned(terms, *missed(terms, "2027-01"))) == []


def test_a_cap_that_is_a_sum_is_no_share_of_a_charge() -> None:
    terms = capping({"amount": "70"})
    [cap] = caps(reckoned(terms, *missed(terms, "2027-01")))

    assert (cap.amount_minor, cap.percent, cap.base_minor) == (-11_000, None, None)


@pytest.mark.parametrize("cap", [{"most": "7.5 %"}, {"amount": "75.0075"}])
@pytest.mark.parametrize(("rounding", "net"), [("half_up", 7_501), ("down", 7_500)])
def test_a_cap_is_rounded_as_the_charges_are(cap: dict[str, str], rounding: str, net: int) -> None:
    charges = {"currency": "USD", "amount": "1000.10", "rounding": rounding}
    terms = capping(cap, charges=charges)

    assert nets(reckoned(terms, *missed(terms, "2027-01"))) == {"2027-01": net}


def test_the_lower_of_a_share_and_a_sum_is_the_cap() -> None:
    terms = capping({"key": "low", "most": "10 %", "amount": "70"})
    [cap] = caps(reckoned(terms, *missed(terms, "2027-01")))

    assert (cap.id, cap.amount_minor) == ("low/2027-01", -11_000)
    assert cap.reason[1] == "The cap is 70.00 USD."


@pytest.mark.parametrize(
    ("over", "found"),
    [
        (
            "kpi",
            {
                "cap/calls/2027-01": -1_000,
                "cap/speed/2027-01": -1_000,
                "cap/uptime/2027-01": -1_000,
            },
        ),
        ("service", {"cap/web/2027-01": -7_000}),
        ("remedy", {"cap/credits/2027-01": -13_000}),
        ("agreement", {"cap/2027-01": -13_000}),
    ],
)
def test_a_cap_holds_the_lines_of_a_kpi_a_service_a_remedy_or_all(
    over: str, found: dict[str, int]
) -> None:
    terms = capping({"over": over, "most": "5 %"})
    cut = caps(reckoned(terms, *missed(terms, "2027-01")))

    assert {line.id: line.amount_minor for line in cut} == found
    assert {line.kpi for line in cut} == ({"uptime", "speed", "calls"} if over == "kpi" else {None})


@pytest.mark.parametrize(("rounding", "net"), [("half_up", 7_501), ("down", 7_500)])
def test_the_credit_cap_is_rounded_as_the_charges_are(rounding: str, net: int) -> None:
    charges = {"currency": "USD", "amount": "1000.10", "rounding": rounding, "credit_cap": "7.5 %"}
    terms = agreed(kpis=KPIS, charges=charges)

    assert nets(reckoned(terms, *missed(terms, "2027-01"))) == {"2027-01": net}


@pytest.mark.parametrize(("rounding", "net"), [("half_up", 7_501), ("down", 7_500)])
def test_the_caps_of_a_remedy_are_rounded_as_the_remedy_is_and_hold_only_its_lines(
    rounding: str, net: int
) -> None:
    charges = {"currency": "USD", "amount": "1000.10"}
    own = [{"most": "7.5 %"}]
    remedies = [
        {"key": "a", "scheme": {"kind": "tiers"}, "caps": own, "rounding": rounding},
        {"key": "b", "scheme": {"kind": "per_failure", "amount": "90"}, "kpis": ["calls"]},
    ]
    terms = capping(charges=charges, remedies=remedies)
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert nets(made) == {"2027-01": net + 9_000}
    assert [(line.id, line.remedy) for line in caps(made)] == [("a-cap/2027-01", "a")]


@pytest.mark.parametrize(("rounding", "net"), [("half_up", 7_501), ("down", 7_500)])
def test_what_is_at_risk_is_a_cap_of_its_own_remedy_and_base(rounding: str, net: int) -> None:
    charges = {"currency": "USD", "amount": "9", "lines": {"fee": {"amount": "1000.10"}}}
    risk = {"kind": "at_risk", "at_risk": "7.5 %"}
    remedies = [
        {"key": "a", "scheme": risk, "base": {"line": "fee"}, "rounding": rounding},
        {"key": "b", "scheme": {"kind": "per_failure", "amount": "90"}, "kpis": ["calls"]},
    ]
    terms = capping(charges=charges, remedies=remedies)
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert nets(made) == {"2027-01": net + 9_000}
    assert [(line.id, line.remedy) for line in caps(made)] == [("a-at-risk/2027-01", "a")]


def test_caps_apply_in_order_each_to_what_the_ones_before_have_left() -> None:
    remedies = [{"key": "a", "scheme": {"kind": "tiers"}, "caps": [{"most": "4 %", "over": "kpi"}]}]
    terms = capping(
        {"most": "10 %"},
        {"most": "9.5 %"},
        remedies=remedies,
        charges={"currency": "USD", "amount": "1000", "credit_cap": "11 %"},
    )
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert [(line.id, line.amount_minor) for line in caps(made)] == [
        ("a-cap/calls/2027-01", -2_000),
        ("a-cap/speed/2027-01", -2_000),
        ("a-cap/uptime/2027-01", -2_000),
        ("credit-cap/2027-01", -1_000),
        ("cap/2027-01", -1_000),
        ("cap-2/2027-01", -500),
    ]
    assert nets(made) == {"2027-01": 9_500}


def test_a_cap_of_some_remedies_holds_only_their_lines() -> None:
    remedies = [
        {"key": "a", "scheme": {"kind": "tiers"}, "kpis": ["uptime"]},
        {"key": "b", "scheme": {"kind": "tiers"}, "kpis": ["speed", "calls"]},
    ]
    terms = capping({"most": "2 %", "remedies": ["a"]}, remedies=remedies)

    assert nets(reckoned(terms, *missed(terms, "2027-01"))) == {"2027-01": 14_000}


def test_the_cap_of_a_window_counts_what_earlier_periods_were_left_with() -> None:
    terms = capping({"most": "10 %", "window": "3 months"}, kpis={"uptime": {"bands": BANDS}})
    results = [
        result(terms.kpi("uptime"), name, value)
        for name, value in zip(MONTHS, ["80", "80", "80", "100", "100", "80"], strict=False)
    ]
    made = reckoned(terms, *results)

    assert list(nets(made).values()) == [9_000, 9_000, 9_000, 0, 0, 9_000]
    assert caps(made) == []


def test_a_rolling_cap_is_of_the_charge_of_its_window() -> None:
    terms = capping({"most": "5 %", "window": "3 months"}, kpis={"uptime": {"bands": BANDS}})
    results = [result(terms.kpi("uptime"), name, "80") for name in MONTHS[:4]]
    made = reckoned(terms, *results)

    assert list(nets(made).values()) == [5_000, 5_000, 5_000, 5_000]
    assert caps(made)[2].reason == (
        "50.00 USD + 50.00 USD + 90.00 USD together come to 190.00 USD in the 3 months.",
        "The cap is 5 % of 3,000.00 USD, the charge `service` of the 3 months to 2027-03: "
        "150.00 USD.",
        "40.00 USD is cut off, from each line in proportion.",
    )


@pytest.mark.parametrize("window", ["2 periods", "2 months"])
def test_a_window_may_be_of_settlement_periods(window: str) -> None:
    terms = capping({"amount": "100", "window": window}, kpis={"uptime": {"bands": BANDS}})
    results = [result(terms.kpi("uptime"), name, "80") for name in MONTHS[:3]]

    assert list(nets(reckoned(terms, *results)).values()) == [9_000, 1_000, 9_000]


def test_a_cap_of_the_contract_year_begins_anew_with_it() -> None:
    terms = capping(
        {"amount": "100", "window": "contract year"},
        term={"starts_on": "2026-03-01", "months": "24"},
        kpis={"uptime": {"bands": BANDS}},
    )
    results = [result(terms.kpi("uptime"), name, "80") for name in MONTHS[:4]]

    assert list(nets(reckoned(terms, *results)).values()) == [9_000, 1_000, 9_000, 1_000]


def test_a_window_with_a_years_base_is_a_share_of_the_whole_year() -> None:
    terms = capping(
        {"most": "1 %", "window": "calendar year", "of": {"period": "year"}},
        kpis={"uptime": {"bands": BANDS}},
    )
    results = [result(terms.kpi("uptime"), name, "80") for name in MONTHS[:3]]

    assert list(nets(reckoned(terms, *results)).values()) == [9_000, 3_000, 0]


def test_the_current_charge_may_be_left_out_of_a_windows_base() -> None:
    terms = capping(
        {"most": "5 %", "window": "2 months", "current_in_base": False},
        kpis={"uptime": {"bands": BANDS}},
    )
    results = [result(terms.kpi("uptime"), name, "80") for name in MONTHS[:3]]

    assert list(nets(reckoned(terms, *results)).values()) == [0, 5_000, 0]


@pytest.mark.parametrize(("counts", "net"), [("credits", 3_000), ("net", 5_000)])
def test_rewards_lessen_the_sum_of_a_net_cap_only(counts: str, net: int) -> None:
    kpis = {
        "uptime": {"bands": BANDS},
        "speed": {"bands": [{"at_least": "99", "reward": "2 %"}, {"below": "99"}]},
    }
    terms = agreed(kpis=kpis, caps=[{"most": "5 %", "counts": counts}])
    made = reckoned(
        terms, result(terms.kpis[0], "2027-01", "80"), result(terms.kpis[1], "2027-01", "100")
    )

    assert nets(made) == {"2027-01": net}


def test_a_cap_never_makes_a_credit_negative() -> None:
    terms = capping(
        {"key": "first", "amount": "50", "window": "12 months"},
        {"key": "second", "amount": "20", "window": "12 months"},
        kpis={"uptime": {"bands": BANDS}},
    )
    results = [result(terms.kpi("uptime"), name, "80") for name in MONTHS[:3]]

    assert list(nets(reckoned(terms, *results)).values()) == [2_000, 0, 0]


def test_a_cut_is_shared_out_to_the_last_cent() -> None:
    terms = capping({"amount": "100"}, {"over": "kpi", "amount": "33.33"})
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert [(line.id, line.amount_minor) for line in caps(made)] == [
        ("cap/2027-01", -8_000),
        ("cap-2/uptime/2027-01", -1),
    ]


def test_many_lines_are_told_as_a_number() -> None:
    terms = capping({"most": "5 %"})
    days = [
        result(terms.kpi("uptime"), day(f"2027-02-{number:02}"), "95") for number in range(1, 15)
    ]

    assert caps(reckoned(terms, *days))[0].reason[0] == ("14 lines together come to 840.00 USD.")
    assert caps(reckoned(terms, *days[:12]))[0].reason[0].count("60.00 USD +") == 11


# --- without a charge


def uncharged(**more: Any) -> Terms:
    return agreed(**({"kpis": KPIS, "charges": None} | more))


def test_without_a_charge_everything_stays_in_percent() -> None:
    terms = uncharged(caps=[{"most": "12 %", "key": "most"}])
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert percents(made) == {
        "credits/calls/2027-01": 6,
        "credits/speed/2027-01": 6,
        "credits/uptime/2027-01": 6,
        "most/2027-01": -6,
    }
    [total] = made.totals
    assert (total.gross_minor, total.net_minor, total.payable_minor) == (None, None, None)
    assert total.percent == 12
    assert caps(made)[0].reason[0] == "6 % + 6 % + 6 % together come to 18 %."
    assert made.lines[0].reason[-1] == "The charge is not known, so it stays a percentage."


def test_credits_of_less_than_a_percent_are_under_the_cap() -> None:
    bands = [{"below": "99", "credit": "0.5 %"}]
    terms = uncharged(
        kpis={"uptime": {"bands": bands}, "speed": {"bands": bands}}, caps=[{"most": "0.6 %"}]
    )
    [cap] = caps(reckoned(terms, *missed(terms, "2027-01")))

    assert cap.percent == Fraction("-0.4")


def test_in_percent_too_the_next_cap_sees_what_the_one_before_has_left() -> None:
    terms = uncharged(caps=[{"most": "12 %"}, {"over": "kpi", "most": "3 %"}, {"most": "50 %"}])
    cut = caps(reckoned(terms, *missed(terms, "2027-01")))

    assert [line.percent for line in cut] == [-6, -1, -1, -1]


def test_in_percent_too_what_is_not_above_the_cap_is_not_cut() -> None:
    terms = uncharged(caps=[{"most": "18 %"}])

    assert caps(reckoned(terms, *missed(terms, "2027-01"))) == []


def test_a_cut_in_percent_names_its_cap_and_the_lines_that_it_cuts() -> None:
    terms = uncharged(caps=[{"most": "12 %", "key": "most", "clause": "8"}])
    [cap] = caps(reckoned(terms, *missed(terms, "2027-01")))

    assert (cap.remedy, cap.kpi, cap.settles.key, cap.clause) == ("most", None, "2027-01", "8")
    assert (cap.base_minor, cap.amount_minor) == (None, None)
    assert cap.adjusts == (
        "credits/calls/2027-01",
        "credits/speed/2027-01",
        "credits/uptime/2027-01",
    )
    assert cap.reason[1:] == (
        "The cap is 12 %.",
        "6 % is cut off, from each line in proportion.",
    )


@pytest.mark.parametrize(
    "cap",
    [
        {"amount": "5"},
        {"most": "1 %", "window": "12 months"},
        {"most": "1 %", "of": {"period": "year"}},
        {"most": "1 %", "of": {"line": "seats"}},
    ],
)
def test_a_cap_that_cannot_be_reckoned_without_the_charge_says_so_once(
    cap: dict[str, Any],
) -> None:
    terms = uncharged(caps=[cap])
    made = reckoned(terms, *missed(terms, "2027-01", "2027-02"))

    assert caps(made) == []
    assert [each.where for each in made.troubles] == ["cap"]


def test_a_share_of_an_unknown_line_cannot_hold_sums() -> None:
    terms = capping({"most": "1 %", "of": {"line": "seats"}})

    assert [each.where for each in reckoned(terms, *missed(terms, "2027-01")).troubles] == ["cap"]


def test_the_credit_cap_is_of_all_lines_where_there_is_no_service_charge() -> None:
    charges = {
        "currency": "USD",
        "credit_cap": "10 %",
        "lines": {"a": {"amount": "100"}, "b": {"amount": "200"}},
    }
    remedy = {"key": "r", "scheme": {"kind": "tiers"}, "base": {"line": "a"}}
    terms = agreed(
        kpis={"uptime": {"bands": [{"below": "99", "credit": "60 %"}]}},
        charges=charges,
        remedies=[remedy],
    )
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert nets(made) == {"2027-01": 3_000}
    assert made.totals[0].percent == 10


# --- the smallest sum that is owed


def at_least_paid(limit: str, charge: str = "9", **more: Any) -> Terms:
    remedy = {
        "key": "cloud",
        "scheme": {"kind": "tiers"},
        "pays_only": limit,
        "clause": "6",
    }
    charges = None if charge == "" else {"currency": "USD", "amount": charge}
    kpis = {"uptime": {"bands": [{"below": "99.99", "credit": "10 %"}]}}
    return agreed(kpis=kpis, charges=charges, remedies=[remedy | more])


def test_ten_percent_of_nine_dollars_is_not_paid() -> None:
    terms = at_least_paid("above 1 USD")
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert amounts(made) == {"cloud/uptime/2027-01": 90, "cloud/minimum/2027-01": -90}
    [line] = of_type(made, LineType.MINIMUM)
    assert line.adjusts == ("cloud/uptime/2027-01",)
    assert line.percent == -10
    assert line.reason == (
        "2027-01 comes to 0.90 USD; only a sum above 1 USD is owed, so nothing is.",
    )
    assert line.clause == "6"
    assert nets(made) == {"2027-01": 0}


@pytest.mark.parametrize(
    ("limit", "charge", "found"),
    [
        ("above 1 USD", "10", 1),
        ("at least 1 USD", "10", 0),
        ("above 10 %", "1000", 1),
        ("at least 10 %", "1000", 0),
        ("above 10 %", "", 1),
        ("above 1 USD", "", 0),
    ],
)
def test_the_smallest_sum_is_a_limit_in_the_currency_or_in_percent(
    limit: str, charge: str, found: int
) -> None:
    terms = at_least_paid(limit, charge)

    assert len(of_type(reckoned(terms, *missed(terms, "2027-01")), LineType.MINIMUM)) == found


def test_the_smallest_sum_is_of_the_remedys_own_lines() -> None:
    other = {"key": "other", "scheme": {"kind": "per_failure", "amount": "0.90"}}
    terms = at_least_paid("above 1 USD")
    both = agreed(
        kpis={"uptime": {"bands": [{"below": "99.99", "credit": "10 %"}]}},
        charges={"currency": "USD", "amount": "9"},
        remedies=[terms.remedies[0].model_dump(exclude_unset=True), other],
    )
    made = reckoned(both, *missed(both, "2027-01"))

    assert nets(made) == {"2027-01": 90}
    assert [line.remedy for line in of_type(made, LineType.MINIMUM)] == ["cloud"]


def test_the_smallest_sum_says_nothing_while_the_sum_is_unknown() -> None:
    terms = agreed(
        kpis={"uptime": {"bands": [{"below": "99.99", "credit": "10 %"}]}},
        charges={"currency": "USD"},
        remedies=[{"key": "cloud", "scheme": {"kind": "tiers"}, "pays_only": "above 1 USD"}],
    )

    assert percents(reckoned(terms, *missed(terms, "2027-01"))) == {"cloud/uptime/2027-01": 10}


def test_nothing_is_left_of_a_percentage_that_is_too_small() -> None:
    terms = at_least_paid("above 10 %", "")
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert of_type(made, LineType.MINIMUM)[0].reason == (
        "2027-01 comes to 10 %; only a sum above 10 % is owed, so nothing is.",
    )
    assert settlement_credits(made)[0].percent == 0


def test_a_sum_that_is_too_small_has_no_percentage() -> None:
    remedy = {
        "key": "r",
        "scheme": {"kind": "per_failure", "amount": "5"},
        "pays_only": "above 10 USD",
    }
    terms = agreed(remedies=[remedy])
    [line] = of_type(reckoned(terms, *missed(terms, "2027-01")), LineType.MINIMUM)

    assert (line.amount_minor, line.percent) == (-500, None)


def test_a_sum_without_a_percentage_is_not_measured_in_percent() -> None:
    remedy = {
        "key": "r",
        "scheme": {"kind": "per_failure", "amount": "5"},
        "pays_only": "above 10 %",
    }
    terms = agreed(remedies=[remedy])

    assert nets(reckoned(terms, *missed(terms, "2027-01"))) == {"2027-01": 500}


def test_what_a_cap_has_cut_may_be_too_small_to_be_paid() -> None:
    terms = at_least_paid("at least 1 USD", "100", caps=[{"amount": "0.60"}])
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert percents(made)["cloud/minimum/2027-01"] == Fraction("-0.6")
    assert amounts(made) == {
        "cloud/uptime/2027-01": 1_000,
        "cloud-cap/2027-01": -940,
        "cloud/minimum/2027-01": -60,
    }


# --- properties

cents = st.integers(1, 10**7)
shares = st.integers(0, 3_000).map(lambda each: f"{each / 100:.2f} %")


@given(cents, shares, shares, st.lists(st.sampled_from(["80", "95", "100"]), min_size=6))
def test_lines_sum_to_the_net_and_no_cap_is_exceeded(
    charge: int, monthly: str, yearly: str, values: list[str]
) -> None:
    amount = f"{charge / 100:.2f}"
    terms = capping(
        {"most": yearly, "window": "3 months", "over": "service"},
        charges={"currency": "USD", "amount": amount, "credit_cap": monthly},
    )
    results = [
        result(kpi, name, value)
        for kpi in terms.kpis
        for name, value in zip(MONTHS, values, strict=False)
    ]
    made = reckoned(terms, *results)

    for total in made.totals:
        lines = [each for each in made.lines if each.settles == total.period]
        assert sum(each.amount_minor or 0 for each in lines) == total.net_minor
        limit = charge * Fraction(monthly[:-2]) / 100 + Fraction(1, 2)
        assert 0 <= (total.net_minor or 0) <= limit


def test_a_charge_that_is_a_fact_is_the_base_of_the_cap() -> None:
    terms = capping({"most": "5 %"})
    facts = [charged("2027-01-01", "2027-02-01", "2000")]
    made = reckoned(terms, *missed(terms, "2027-01"), facts=facts)

    assert nets(made) == {"2027-01": 10_000}
