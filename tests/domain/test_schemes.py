"""How results become credits, scheme by scheme; figures from published agreements are named."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.remedies.wording import figure, ordinal
from domain.results import LineType, Result, Status
from domain.terms.shape import Terms
from tests.domain.ledgers import (
    agreed,
    amounts,
    day,
    nets,
    of_type,
    percents,
    reckoned,
    result,
)

MONTHS = [f"2027-{number:02}" for number in range(1, 13)]

CLOUD = [
    {"at_least": "99.99"},
    {"at_least": "99", "below": "99.99", "credit": "10 %"},
    {"at_least": "95", "below": "99", "credit": "30 %"},
    {"below": "95", "credit": "100 %"},
]


def with_scheme(kpis: dict[str, Any] | None = None, /, **remedy: Any) -> Terms:
    scheme = remedy.pop("scheme")
    charges = remedy.pop("charges", {"currency": "USD", "amount": "1000"})
    return agreed(
        kpis=kpis or {"uptime": {}},
        charges=charges,
        remedies=[{"key": "owing", "scheme": scheme} | remedy],
    )


def run(terms: Terms, values: list[Any], kpi: str = "uptime", **said: Any) -> list[Result]:
    return [
        result(terms.kpi(kpi), each, value, **said)
        for each, value in zip(MONTHS, values, strict=False)
    ]


# --- tiers


@pytest.mark.parametrize(
    ("uptime", "minor"), [("99.99", None), ("99", 10_000), ("98.998", 30_000), ("94", 100_000)]
)
def test_a_cloud_tier_credits_its_share_of_the_month(uptime: str, minor: int | None) -> None:
    terms = agreed(kpis={"uptime": {"bands": CLOUD}})
    made = reckoned(terms, result(terms.kpi("uptime"), "2027-02", uptime))

    assert amounts(made).get("credits/uptime/2027-02") == minor
    assert nets(made) == {"2027-02": minor or 0}


@pytest.mark.parametrize(("value", "minor"), [("100", 0), ("99.7", 20), ("97", 30)])
def test_the_accord_template_credits_0_20_and_0_30_of_10(value: str, minor: int) -> None:
    bands = [
        {"at_least": "99.8"},
        {"at_least": "98", "below": "99.8", "credit": "2 %"},
        {"below": "98", "credit": "3 %"},
    ]
    terms = agreed(kpis={"uptime": {"bands": bands}}, charges={"currency": "GBP", "amount": "10"})

    assert nets(reckoned(terms, result(terms.kpi("uptime"), "2027-02", value)))["2027-02"] == minor


def test_a_tier_says_how_it_is_reckoned_and_cites_its_clause() -> None:
    bands = [{"below": "98.5", "name": "severe", "credit": "3 %", "clause": "4.2"}]
    terms = agreed(
        kpis={"uptime": {"bands": bands}}, charges={"currency": "USD", "amount": "333.33"}
    )
    [line] = reckoned(terms, result(terms.kpi("uptime"), "2027-02", "98.25")).lines

    assert line.amount_minor == 1000
    assert line.reason == (
        "uptime/2027-02: 98.25 % is in the band `severe`, which gives 3 % (clause 4.2).",
        "3 % of 333.33 USD, the charge `service` of 2027-02, is 10.00 USD, "
        "rounded half up to a minor unit.",
    )


@pytest.mark.parametrize(("hours", "percent"), [("5", -10), ("2", 10), ("3.9", None)])
def test_a_reward_band_is_what_the_client_owes(hours: str, percent: int | None) -> None:
    bands = [
        {"at_most": "2", "reward": "10 %"},
        {"above": "2", "at_most": "4"},
        {"above": "4", "credit": "10 %"},
    ]
    terms = agreed(kpis={"hours": {"unit": "h", "bands": bands, "target": None}})
    made = reckoned(terms, result(terms.kpi("hours"), "2027-02", hours))

    assert percents(made).get("credits/hours/2027-02") == (None if percent is None else -percent)
    kinds = {-10: LineType.CREDIT, 10: LineType.REWARD}
    assert [line.type for line in made.lines] == ([] if percent is None else [kinds[percent]])


def test_a_band_may_give_a_sum_and_a_reward_band_takes_one() -> None:
    bands = [
        {"at_least": "99.9", "reward": "0 %", "amount": "50"},
        {"below": "99", "credit": "1 %", "amount": "25.50"},
    ]
    terms = agreed(kpis={"uptime": {"bands": bands}})
    made = reckoned(terms, *run(terms, ["98", "100"]))

    assert list(amounts(made).values()) == [1_000 + 2_550, -5_000]
    assert [line.type for line in made.lines] == [LineType.CREDIT, LineType.REWARD]
    assert made.lines[0].reason[0].endswith("gives 1 % and 25.5 in the currency.")
    assert made.lines[1].reason[0].endswith("gives -50 in the currency.")
    assert made.lines[0].reason[-1] == (
        "1 % of 1,000.00 USD, the charge `service` of 2027-01, and 25.5 besides, is 35.50 USD."
    )
    assert made.lines[1].base_minor is None


@pytest.mark.parametrize(
    ("bands", "owed"),
    [
        ([{"at_least": "99.9", "reward": "5 %"}, {"below": "99.9", "credit": "10 %"}], 10_000),
        ([{"at_least": "99"}, {"below": "99", "amount": "50"}], 5_000),
        ([{"at_least": "99", "credit": "1 %"}, {"below": "99", "credit": "2 %"}], None),
        ([{"at_least": "99", "reward": "1 %"}, {"below": "99"}], None),
    ],
)
def test_a_miss_without_a_figure_is_in_the_only_band_that_owes(
    bands: list[dict[str, str]], owed: int | None
) -> None:
    terms = agreed(kpis={"uptime": {"bands": bands}})
    missed = result(terms.kpi("uptime"), "2027-02", status=Status.BELOW_EXPECTED)

    assert nets(reckoned(terms, missed)) == {"2027-02": owed or 0}


def test_a_missed_figure_outside_every_band_credits_nothing() -> None:
    terms = agreed(kpis={"uptime": {"bands": [{"below": "50", "credit": "30 %"}]}})

    assert reckoned(terms, *run(terms, ["90"])).lines == ()


def test_a_period_that_failed_where_there_are_no_bands_credits_nothing() -> None:
    terms = agreed(
        kpis={"uptime": {"bands": CLOUD}, "speed": {}},
    )

    failed = result(terms.kpi("speed"), "2027-02", status=Status.BELOW_MINIMUM)
    outside = result(terms.kpi("speed"), "2027-02", "5")

    assert reckoned(terms, failed).lines == reckoned(terms, outside).lines == ()


@pytest.mark.parametrize("status", [Status.NO_DATA, Status.EXCUSED, Status.BASELINE])
def test_what_has_no_outcome_gives_nothing(status: Status) -> None:
    terms = agreed(kpis={"uptime": {"bands": CLOUD}})

    assert reckoned(terms, result(terms.kpi("uptime"), "2027-02", "90", status=status)).lines == ()


def test_half_a_unit_of_the_currency_is_a_credit_under_its_clause() -> None:
    kpis = {"uptime": {"bands": [{"below": "99", "amount": "0.50"}]}}
    terms = with_scheme(kpis, scheme={"kind": "tiers"}, clause="6.1")
    [line] = reckoned(terms, *run(terms, ["98"])).lines

    assert (line.type, line.amount_minor, line.clause) == (LineType.CREDIT, 50, "6.1")


@pytest.mark.parametrize(("rounding", "minor"), [("half_up", 5_001), ("down", 5_000)])
def test_a_credit_is_rounded_as_its_remedy_is_and_bands_alone_as_the_charges_are(
    rounding: str, minor: int
) -> None:
    kpis = {"uptime": {"bands": [{"below": "99", "credit": "5 %"}]}}
    charges = {"currency": "USD", "amount": "1000.10"}
    listed = with_scheme(kpis, scheme={"kind": "tiers"}, charges=charges, rounding=rounding)
    alone = agreed(kpis=kpis, charges=charges | {"rounding": rounding})

    for terms in (listed, alone):
        assert nets(reckoned(terms, *run(terms, ["98"]))) == {"2027-01": minor}


def test_a_remedy_that_is_silent_on_rounding_rounds_as_the_charges_do() -> None:
    kpis = {"uptime": {"bands": [{"below": "99", "credit": "5 %"}]}}
    charges = {"currency": "USD", "amount": "1000.10", "rounding": "down"}
    terms = with_scheme(kpis, scheme={"kind": "tiers"}, charges=charges)

    assert nets(reckoned(terms, *run(terms, ["98"]))) == {"2027-01": 5_000}


def test_a_band_without_a_name_is_told_by_its_edges() -> None:
    kpis = {"uptime": {"bands": [{"at_least": "95", "below": "99", "credit": "5 %"}]}}
    terms = agreed(kpis=kpis)

    assert (
        "in the band 'at least 95 and below 99', which gives 5 %"
        in (reckoned(terms, *run(terms, ["98"])).lines[0].reason[0])
    )


def test_a_line_tells_how_its_charge_comes_about_or_that_it_is_not_known() -> None:
    kpis = {"uptime": {"bands": [{"below": "99", "credit": "5 %"}]}}
    yearly = {"currency": "USD", "lines": {"service": {"amount": "12000", "per": "year"}}}
    reasons = [
        reckoned(terms, *run(terms, ["98"])).lines[0].reason[1]
        for terms in (agreed(kpis=kpis, charges=each) for each in (yearly, {"currency": "USD"}))
    ]

    assert reasons == [
        "`service`, 1/12 of 12,000.00 USD per year: 1,000.00 USD.",
        "The charge is not known, so it stays a percentage.",
    ]


def test_an_indicator_gives_nothing_even_if_a_remedy_names_it() -> None:
    kpis = {"uptime": {"bands": CLOUD, "classification": "indicator"}}
    terms = with_scheme(kpis, scheme={"kind": "tiers"}, kpis=["uptime"])

    assert reckoned(terms, *run(terms, ["90"])).lines == ()


def test_a_remedy_looks_only_at_its_own_kpis() -> None:
    kpis = {"uptime": {"bands": CLOUD}, "speed": {"bands": CLOUD}}
    terms = with_scheme(kpis, scheme={"kind": "tiers"}, kpis=["speed"])
    made = reckoned(terms, *run(terms, ["90"]), *run(terms, ["90"], "speed"))

    assert list(amounts(made)) == ["owing/speed/2027-01"]


def test_bands_are_no_remedy_where_other_remedies_are_listed() -> None:
    kpis = {"uptime": {"bands": CLOUD}}
    terms = with_scheme(kpis, scheme={"kind": "per_failure", "amount": "7"})

    assert amounts(reckoned(terms, *run(terms, ["90"]))) == {"owing/uptime/2027-01": 700}


def test_a_line_names_its_dimension() -> None:
    terms = agreed(kpis={"uptime": {"bands": CLOUD, "per": ["site"]}})
    made = reckoned(terms, *run(terms, ["98"], dim=(("site", "leeds"),)))

    assert list(amounts(made)) == ["credits/uptime/leeds/2027-01"]


# --- points

POINTS = {"kind": "points", "percent": "0.2 %"}


def test_nine_points_at_0_2_percent_of_500_000_are_9_000() -> None:
    terms = with_scheme(
        {"uptime": {}, "speed": {}}, scheme=POINTS, charges={"currency": "GBP", "amount": "500000"}
    )
    made = reckoned(
        terms,
        *run(terms, ["90"], points="5"),
        *run(terms, ["90"], "speed", points="2", times="2"),
    )

    [line] = made.lines
    assert (line.id, line.kpi, line.amount_minor) == ("owing/2027-01", None, 900_000)
    assert line.reason == (
        "speed/2027-01: 4 points (2 x 2).",
        "uptime/2027-01: 5 points.",
        "9 points at 0.2 % each give 1.8 %.",
        "1.8 % of 500,000.00 GBP, the charge `service` of 2027-01, is 9,000.00 GBP.",
    )


def test_points_may_be_worth_a_sum_each() -> None:
    terms = with_scheme(scheme={"kind": "points", "amount": "12.50"})

    assert nets(reckoned(terms, *run(terms, ["90"], points="3"))) == {"2027-01": 3_750}


def test_without_points_nothing_is_owed() -> None:
    terms = with_scheme(scheme=POINTS)

    assert reckoned(terms, *run(terms, ["90", "90"], points="0")).lines == ()
    assert reckoned(terms, *run(terms, ["90"])).lines == ()


# --- ladder

STEPS = [
    {"at_least": "5", "below": "10", "credit": "0 %"},
    {"at_least": "10", "below": "15", "credit": "2 %"},
    {"at_least": "15", "credit": "4 %", "clause": "B.3"},
]


@pytest.mark.parametrize(("points", "percent"), [("4", 0), ("9", 0), ("10", 2), ("15", 4)])
def test_a_ladder_credits_the_step_of_a_periods_points_from_the_next_bill(
    points: str, percent: int
) -> None:
    terms = with_scheme(
        scheme={"kind": "ladder", "steps": STEPS},
        base={"period": "next"},
        charges={"currency": "CAD", "amount": "1000", "lines": {"more": {"amount": "1"}}},
    )
    made = reckoned(terms, *run(terms, ["90"], points=points))

    assert [line.percent for line in made.lines] == ([percent] if percent else [])
    assert nets(made) == {"2027-01": percent * 1_000}
    assert all("the charge `service` of 2027-02" in line.reason[-1] for line in made.lines)


ODOT = [
    {"at_least": "3", "below": "10", "credit": "0 %"},
    {"at_least": "10", "below": "19", "credit": "5 %"},
    {"at_least": "19", "below": "31", "credit": "10 %"},
    {"at_least": "25", "below": "31", "credit": "20 %"},
]


def test_points_stand_until_three_periods_in_a_row_are_without_any() -> None:
    terms = with_scheme(scheme={"kind": "ladder", "steps": ODOT, "reset_after": "3"})
    given_ = ["6", "6", "0", "7", None, "0", "0", "0", "6"]
    results = [
        result(terms.kpi("uptime"), name, None if points is None else "90", points=points)
        for name, points in zip(MONTHS, given_, strict=False)
    ]
    made = reckoned(terms, *results)

    assert [line.percent for line in made.lines] == [5, 5, 10, 10, 10, 10]
    assert [line.settles.key for line in made.lines] == MONTHS[1:7]


def test_after_a_reset_points_count_from_the_very_next_period() -> None:
    terms = with_scheme(scheme={"kind": "ladder", "steps": ODOT, "reset_after": "1"})
    results = [
        result(terms.kpi("uptime"), name, "90", points=points)
        for name, points in zip(MONTHS, ["12", "0", "12", "12"], strict=False)
    ]

    assert list(nets(reckoned(terms, *results)).values()) == [5_000, 0, 5_000, 10_000]


def test_without_a_window_only_the_points_of_the_period_itself_count() -> None:
    terms = with_scheme(scheme={"kind": "ladder", "steps": ODOT})

    assert list(nets(reckoned(terms, *run(terms, ["90"] * 3, points="9"))).values()) == [0, 0, 0]


def test_where_steps_overlap_the_higher_one_counts() -> None:
    terms = with_scheme(scheme={"kind": "ladder", "steps": ODOT})

    assert nets(reckoned(terms, *run(terms, ["90"], points="26"))) == {"2027-01": 20_000}


def test_points_outside_every_step_credit_nothing() -> None:
    terms = with_scheme(scheme={"kind": "ladder", "steps": ODOT})

    assert reckoned(terms, *run(terms, ["90"], points="31")).lines == ()


@pytest.mark.parametrize("window", ["3 months", "3 periods"])
def test_the_points_of_a_window_add_up(window: str) -> None:
    steps = [{"at_least": "12", "amount": "100"}]
    terms = with_scheme(scheme={"kind": "ladder", "steps": steps, "window": window})
    results = [
        result(terms.kpi("uptime"), name, "90", points=points)
        for name, points in zip(MONTHS, ["6", "3", "3", "3", "6"], strict=False)
    ]

    assert nets(reckoned(terms, *results)) == {
        "2027-01": 0,
        "2027-02": 0,
        "2027-03": 10_000,
        "2027-04": 0,
        "2027-05": 10_000,
    }


def test_a_window_shorter_than_a_settlement_period_still_holds_it() -> None:
    steps = [{"at_least": "6", "credit": "1 %"}]
    terms = with_scheme(scheme={"kind": "ladder", "steps": steps, "window": "1 week"})

    assert nets(reckoned(terms, *run(terms, ["90"], points="6"))) == {"2027-01": 1_000}


def test_the_points_of_a_fixed_window_begin_anew_at_local_midnight() -> None:
    steps = [{"at_least": "6", "credit": "1 %"}]
    terms = agreed(
        term={"starts_on": "2027-06-01", "months": "24"},
        remedies=[
            {
                "key": "owing",
                "scheme": {"kind": "ladder", "steps": steps, "window": "contract year"},
            }
        ],
    )
    results = [
        result(terms.kpi("uptime"), f"2028-{number:02}", "90", points="3") for number in range(4, 8)
    ]

    assert nets(reckoned(terms, *results)) == {
        "2028-04": 0,
        "2028-05": 1_000,
        "2028-06": 0,
        "2028-07": 1_000,
    }


def test_a_window_shorter_than_a_settlement_period_holds_no_earlier_one() -> None:
    steps = [{"at_least": "6", "credit": "1 %"}]
    terms = with_scheme(scheme={"kind": "ladder", "steps": steps, "window": "1 week"})

    assert nets(reckoned(terms, *run(terms, ["90", "90"], points="3"))) == {
        "2027-01": 0,
        "2027-02": 0,
    }


# --- at risk


def at_risk(**more: Any) -> Terms:
    scheme = {"kind": "at_risk", "at_risk": "10 %"} | more
    charges = {"currency": "USD", "amount": "100000"}
    return with_scheme({"uptime": {}, "speed": {}}, scheme=scheme, charges=charges)


def test_the_texas_exhibit_credits_2_000() -> None:
    terms = at_risk(pool="50 %", allocation={"uptime": "40 %"})
    made = reckoned(terms, *run(terms, ["90"]), *run(terms, ["90"], "speed"))

    [line] = made.lines
    assert line.amount_minor == 200_000
    assert line.reason[1] == "10 % at risk x 50 % pool x 40 % allocation is 2 %."


def test_only_a_default_puts_something_at_risk() -> None:
    terms = at_risk()

    assert reckoned(terms, *run(terms, ["90"], default=False)).lines == ()


def test_several_defaults_together_cost_no_more_than_what_is_at_risk() -> None:
    terms = at_risk(allocation={"uptime": "80 %", "speed": "70 %"})
    made = reckoned(terms, *run(terms, ["90"]), *run(terms, ["90"], "speed"))

    assert amounts(made) == {
        "owing/speed/2027-01": 700_000,
        "owing/uptime/2027-01": 800_000,
        "owing-at-risk/2027-01": -500_000,
    }


def test_silent_on_everything_all_of_the_base_is_at_risk() -> None:
    terms = with_scheme(scheme={"kind": "at_risk"})

    assert nets(reckoned(terms, *run(terms, ["90"]))) == {"2027-01": 100_000}


# --- per failure


@pytest.mark.parametrize(("failures", "minor"), [(9, 0), (11, 630_000), (20, 1_260_000)])
def test_every_tenth_failure_of_a_year_costs_5_percent_of_its_fees(
    failures: int, minor: int
) -> None:
    scheme = {
        "kind": "per_failure",
        "percent": "5 %",
        "every": "10",
        "window": "12 months",
        "failures": "value",
    }
    terms = with_scheme(
        scheme=scheme,
        base={"period": "contract_year"},
        charges={"currency": "USD", "lines": {"service": {"amount": "126000", "per": "year"}}},
    )
    made = reckoned(terms, *run(terms, [failures // 2, failures - failures // 2]))

    assert sum(total.net_minor or 0 for total in made.totals) == minor


@pytest.mark.parametrize(("misses", "minor"), [(1, 3_000), (2, 6_000), (3, 6_000)])
def test_three_percent_each_under_a_cap_of_six(misses: int, minor: int) -> None:
    kpis: dict[str, Any] = {f"kpi{number}": {} for number in range(misses)}
    terms = with_scheme(
        kpis, scheme={"kind": "per_failure", "percent": "3 %"}, caps=[{"most": "6 %"}]
    )
    made = reckoned(terms, *(result(each, "2027-01", "90") for each in terms.kpis))

    assert nets(made) == {"2027-01": minor}


@pytest.mark.parametrize(
    ("failures", "found"), [("missed", 2), ("below_minimum", 1), ("default", 1)]
)
def test_what_a_failure_is_the_scheme_says(failures: str, found: int) -> None:
    terms = with_scheme(scheme={"kind": "per_failure", "amount": "1", "failures": failures})
    results = [
        result(terms.kpi("uptime"), "2027-01", "90", status=Status.BELOW_MINIMUM),
        result(terms.kpi("uptime"), "2027-02", "98", default=False),
        result(terms.kpi("uptime"), "2027-03", "99"),
    ]

    assert len(reckoned(terms, *results).lines) == found


def test_a_failed_period_without_a_figure_is_one_failure() -> None:
    terms = with_scheme(scheme={"kind": "per_failure", "amount": "1", "failures": "value"})
    failed = result(terms.kpi("uptime"), "2027-01", status=Status.BELOW_EXPECTED)

    assert nets(reckoned(terms, failed)) == {"2027-01": 100}


def test_a_figure_below_one_is_no_failure() -> None:
    terms = with_scheme(scheme={"kind": "per_failure", "amount": "1", "failures": "value"})

    assert nets(reckoned(terms, *run(terms, ["0", "0.9", "1"]))) == {
        "2027-01": 0,
        "2027-02": 0,
        "2027-03": 100,
    }


EVERY_THIRD = {"kind": "per_failure", "percent": "1 %", "every": "3"}


def credited(terms: Terms, values: list[str]) -> list[str]:
    return [line.settles.key for line in reckoned(terms, *run(terms, values)).lines]


def test_failures_count_from_the_start_where_no_window_is_said() -> None:
    terms = with_scheme(scheme=EVERY_THIRD)

    assert credited(terms, ["90"] * 7) == ["2027-03", "2027-06"]


def test_a_fixed_year_starts_the_count_anew() -> None:
    terms = agreed(
        term={"starts_on": "2026-06-01", "months": "24"},
        remedies=[{"key": "owing", "scheme": EVERY_THIRD | {"window": "contract year"}}],
    )

    assert credited(terms, ["99", "99", "99", "90", "90", "90", "90", "90"]) == ["2027-08"]


def test_a_failure_that_made_a_third_does_not_make_another_as_the_window_rolls() -> None:
    terms = with_scheme(scheme=EVERY_THIRD | {"window": "4 months"})

    assert credited(terms, ["90"] * 8) == ["2027-03", "2027-07"]


def test_a_window_may_be_of_settlement_periods() -> None:
    terms = with_scheme(scheme=EVERY_THIRD | {"window": "3 periods"})

    assert credited(terms, ["90", "99", "90", "90", "90"]) == ["2027-05"]


def test_failures_of_several_kpis_count_together_and_are_told() -> None:
    terms = with_scheme({"uptime": {}, "speed": {}}, scheme=EVERY_THIRD | {"window": "2 months"})
    made = reckoned(terms, *run(terms, ["90", "90"]), *run(terms, ["90", "99"], "speed"))

    [line] = made.lines
    assert line.id == "owing/uptime/2027-02"
    assert line.reason[:2] == (
        "uptime/2027-02: 1 failure, 3 in all in 2 months.",
        "1 credit for every 3rd failure, each of 1 %.",
    )


# --- recurrence


def test_the_networx_ladder_rises_with_each_month_in_a_row() -> None:
    scheme = {"kind": "recurrence", "run": ["12.5 %", "25 %", "50 %"]}
    terms = with_scheme(scheme=scheme)
    made = reckoned(terms, *run(terms, ["90", "90", None, "90", "90", "99", "90"]))

    assert [line.percent for line in made.lines] == [
        Fraction("12.5"),
        25,
        50,
        50,
        Fraction("12.5"),
    ]
    assert made.lines[1].reason[0] == "uptime/2027-02 is the 2nd miss in a row, which gives 25 %."


def test_each_dimension_has_its_own_row() -> None:
    terms = with_scheme(scheme={"kind": "recurrence", "run": ["1 %", "2 %"]})
    leeds = run(terms, ["90", "90"], dim=(("site", "leeds"),))
    york = run(terms, ["99", "90"], dim=(("site", "york"),))

    assert percents(reckoned(terms, *leeds, *york)) == {
        "owing/uptime/leeds/2027-01": 1,
        "owing/uptime/leeds/2027-02": 2,
        "owing/uptime/york/2027-02": 1,
    }


def test_a_row_of_nothing_gives_nothing() -> None:
    terms = with_scheme(scheme={"kind": "recurrence"})

    assert reckoned(terms, *run(terms, ["90"])).lines == ()


# --- linear


def test_target_98_and_actual_75_credit_23_percent() -> None:
    kpis = {"uptime": {"target": {"expected": "at least 98 %"}}}
    terms = with_scheme(kpis, scheme={"kind": "linear", "percent": "1 %"})
    [line] = reckoned(terms, *run(terms, ["75"])).lines

    assert (line.type, line.percent, line.amount_minor) == (LineType.CREDIT, Fraction(23), 23_000)
    assert line.reason[:2] == (
        "uptime/2027-01: 75 % is 23 % worse than 'at least 98 %'.",
        "23 / 1 = 23, counted as 23, times 1 % gives 23 %.",
    )


LATE = {
    "late": {
        "unit": "day",
        "measure": {"kind": "delay", "events": "delivery"},
        "target": {"expected": "at most 0 day"},
    }
}


@pytest.mark.parametrize(
    ("days", "parts", "minor"),
    [
        (0, "proportional", 0),
        (5, "proportional", 5_250),
        (345, "proportional", 11_000),
        (5, "up", 6_300),
        (5, "down", 4_200),
    ],
)
def test_late_delivery_costs_10_5_percent_for_two_days_up_to_55(
    days: int, parts: str, minor: int
) -> None:
    terms = with_scheme(
        LATE,
        scheme={"kind": "linear", "percent": "10.5 %", "per": "2", "part_units": parts},
        caps=[{"most": "55 %"}],
        charges={"currency": "USD", "amount": "200"},
    )
    made = reckoned(terms, *run(terms, [days], "late"))

    assert nets(made) == {"2027-01": minor}
    assert [line.type for line in made.lines][:1] == ([LineType.DELAY] if days else [])


def test_a_sum_for_each_unit_below_the_minimum() -> None:
    kpis = {"uptime": {"target": {"expected": "at least 99 %", "minimum": "at least 95 %"}}}
    terms = with_scheme(kpis, scheme={"kind": "linear", "amount": "10", "below": "minimum"})

    assert nets(reckoned(terms, *run(terms, ["97", "93.5"]))) == {"2027-01": 0, "2027-02": 1_500}


def test_a_linear_reward_is_for_being_better_than_the_target() -> None:
    terms = with_scheme(scheme={"kind": "linear", "percent": "2 %"}, sign="reward")
    made = reckoned(terms, *run(terms, ["99.5", "98"]))

    assert amounts(made) == {"owing/uptime/2027-01": -1_000}
    assert [line.type for line in made.lines] == [LineType.REWARD]


def test_without_a_target_or_a_figure_nothing_is_linear_and_the_latter_is_said() -> None:
    terms = with_scheme(
        {"uptime": {}, "speed": {"target": None}}, scheme={"kind": "linear", "percent": "1 %"}
    )
    failed = result(terms.kpi("uptime"), "2027-01", status=Status.BELOW_MINIMUM)
    later = result(terms.kpi("uptime"), "2027-02", "98")
    made = reckoned(terms, failed, later, *run(terms, ["5"], "speed"))

    assert amounts(made) == {"owing/uptime/2027-02": 1_000}
    assert [each.where for each in made.troubles] == ["uptime/2027-01"]


def test_a_kpi_without_a_target_does_not_keep_the_others_from_being_linear() -> None:
    terms = with_scheme(
        {"speed": {"target": None}, "uptime": {}}, scheme={"kind": "linear", "percent": "1 %"}
    )
    made = reckoned(terms, *run(terms, ["5"], "speed"), *run(terms, ["98"]))

    assert amounts(made) == {"owing/uptime/2027-01": 1_000}


# --- payment share

SHARE = {
    "kind": "payment_share",
    "share": "40 %",
    "pays": {"met": "100 %", "below_expected": "38 %", "below_minimum": "0 %"},
}


@pytest.mark.parametrize(
    ("status", "minor"),
    [(Status.MET, 0), (Status.BELOW_EXPECTED, 24_800), (Status.BELOW_MINIMUM, 40_000)],
)
def test_forty_percent_of_the_payment_hang_on_the_result(status: Status, minor: int) -> None:
    terms = with_scheme(scheme=SHARE)
    made = reckoned(terms, *run(terms, ["90"], status=status))

    assert nets(made) == {"2027-01": minor}
    assert len(of_type(made, LineType.WITHHOLDING)) == (1 if minor else 0)


def test_a_share_that_says_nothing_of_what_it_pays_withholds_nothing() -> None:
    terms = with_scheme(scheme={"kind": "payment_share", "share": "40 %"})

    assert reckoned(terms, *run(terms, ["90"])).lines == ()


def test_without_a_share_nothing_hangs_on_the_result() -> None:
    terms = with_scheme(scheme={"kind": "payment_share", "pays": SHARE["pays"]})

    assert reckoned(terms, *run(terms, ["90"])).lines == ()


# --- incidents

BOTH = {"uptime": {"bands": CLOUD}, "speed": {"bands": CLOUD}}


def one_incident(terms: Terms) -> list[Result]:
    return [
        result(terms.kpi("uptime"), "2027-01", "98", incident="INC-1", points="4"),
        result(terms.kpi("speed"), "2027-01", "99.5", incident="INC-1", points="3"),
        result(terms.kpi("speed"), "2027-02", "99.5", incident="INC-1", points="2"),
        result(terms.kpi("uptime"), "2027-02", "98", points="1"),
    ]


def test_of_one_incident_only_the_largest_credit_stands() -> None:
    terms = with_scheme(BOTH, scheme={"kind": "tiers"}, same_incident="highest")
    made = reckoned(terms, *one_incident(terms))

    assert amounts(made) == {
        "owing/uptime/2027-01": 30_000,
        "owing/speed/2027-02": 10_000,
        "owing/uptime/2027-02": 30_000,
    }
    assert made.lines[0].reason[-1] == (
        "Of the incident INC-1 only this counts, not owing/speed/2027-01."
    )


@pytest.mark.parametrize(
    ("charges", "stands"),
    [
        ({"currency": "USD", "amount": "2000"}, "uptime"),  # 50.00 against 10.00
        ({"currency": "USD", "amount": "10000"}, "speed"),  # 50.00 each
        ({"currency": "USD", "amount": "14000"}, "speed"),  # 50.00 against 70.00
    ],
)
def test_the_largest_is_that_of_the_most_money_and_then_of_the_most_percent(
    charges: dict[str, Any], stands: str
) -> None:
    kpis = {
        "uptime": {"bands": [{"below": "99", "amount": "50"}]},
        "speed": {"bands": [{"below": "99", "credit": "0.5 %"}]},
    }
    terms = with_scheme(kpis, scheme={"kind": "tiers"}, same_incident="highest", charges=charges)
    made = reckoned(terms, *(result(each, "2027-01", "98", incident="INC") for each in terms.kpis))

    assert list(amounts(made)) == [f"owing/{stands}/2027-01"]


def test_a_share_that_comes_to_nothing_is_less_than_a_cent() -> None:
    kpis = {
        "speed": {"bands": [{"below": "99", "credit": "0.0001 %"}]},
        "uptime": {"bands": [{"below": "99", "amount": "0.01"}]},
    }
    terms = with_scheme(kpis, scheme={"kind": "tiers"}, same_incident="highest")
    made = reckoned(terms, *(result(each, "2027-01", "98", incident="INC") for each in terms.kpis))

    assert amounts(made) == {"owing/uptime/2027-01": 1}


def test_without_a_charge_the_largest_is_that_of_the_most_percent() -> None:
    kpis = {
        "speed": {"bands": [{"below": "99", "credit": "1 %"}]},
        "uptime": {"bands": [{"below": "99", "credit": "2 %"}]},
    }
    terms = with_scheme(kpis, scheme={"kind": "tiers"}, same_incident="highest", charges=None)
    made = reckoned(terms, *(result(each, "2027-01", "98", incident="INC") for each in terms.kpis))

    assert percents(made) == {"owing/uptime/2027-01": 2}


def test_an_incident_counts_in_every_kpi_unless_agreed_otherwise() -> None:
    terms = with_scheme(BOTH, scheme={"kind": "tiers"})

    assert len(reckoned(terms, *one_incident(terms)).lines) == 4


@pytest.mark.parametrize(("same", "january"), [("all", 7_000), ("highest", 4_000)])
def test_of_one_incident_only_the_most_points_count(same: str, january: int) -> None:
    terms = with_scheme(BOTH, scheme={"kind": "points", "percent": "1 %"}, same_incident=same)

    assert nets(reckoned(terms, *one_incident(terms))) == {"2027-01": january, "2027-02": 3_000}


@pytest.mark.parametrize(("speed", "uptime"), [("4", "3"), ("3", "4"), ("4", "4")])
def test_the_most_points_of_an_incident_count_whichever_kpi_has_them(
    speed: str, uptime: str
) -> None:
    terms = with_scheme(BOTH, scheme={"kind": "points", "percent": "1 %"}, same_incident="highest")
    results = [
        result(terms.kpi("speed"), "2027-01", "98", incident="INC", points=speed),
        result(terms.kpi("uptime"), "2027-01", "98", incident="INC", points=uptime),
    ]

    assert nets(reckoned(terms, *results)) == {"2027-01": 4_000}


# --- properties

SCHEMES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"uptime": {"bands": CLOUD}}, {"kind": "tiers"}),
    ({"uptime": {}}, {"kind": "linear", "percent": "1.7 %", "per": "0.3"}),
    ({"uptime": {}}, {"kind": "linear", "percent": "1.7 %", "part_units": "up"}),
    ({"uptime": {}}, {"kind": "linear", "percent": "1.7 %", "part_units": "down"}),
]


@pytest.mark.parametrize(("kpis", "scheme"), SCHEMES)
@given(one=st.integers(0, 100_000), other=st.integers(0, 100_000))
def test_better_service_never_owes_more(
    kpis: dict[str, Any], scheme: dict[str, Any], one: int, other: int
) -> None:
    terms = with_scheme(kpis, scheme=scheme)
    worse, better = (
        nets(reckoned(terms, *run(terms, [str(Decimal(each) / 1000)])))["2027-01"] or 0
        for each in sorted((one, other))
    )

    assert better <= worse


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(0, 9))
def test_fewer_points_never_owe_more(points: list[int], more: int) -> None:
    for scheme in (POINTS, {"kind": "ladder", "steps": STEPS}):
        terms = with_scheme(scheme=scheme)
        days = [day(f"2027-02-0{number}") for number in range(1, 7)]
        results = [
            result(terms.kpi("uptime"), when, "90", points=str(each))
            for when, each in zip(days, [*points, more], strict=False)
        ]

        fewer = nets(reckoned(terms, *results[:-1]))["2027-02"] or 0
        assert fewer <= (nets(reckoned(terms, *results))["2027-02"] or 0)


# --- wording


def test_figures_are_told_without_idle_zeros_and_endless_ones_are_marked() -> None:
    assert [figure(each) for each in (Fraction(20), Fraction("2.50"), Fraction(1, 3))] == [
        "20",
        "2.5",
        "0.333333…",
    ]


def test_numbers_of_order() -> None:
    assert [ordinal(each) for each in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th",
    ]  # fmt: skip
