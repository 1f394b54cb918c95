"""The ledger as a whole: editions, stated credits, withholdings, totals and what is payable."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.remedies.ledger import Ledger, ledger, settlement_credits, with_withholding
from domain.results import Fired, LineType, Result, Status
from domain.terms.shape import Terms
from tests.domain.ledgers import (
    agreed,
    amounts,
    at,
    book,
    charged,
    claimed,
    credit_fact,
    month,
    nets,
    of_type,
    percents,
    reckoned,
    result,
    timeline,
)

MONTHS = [f"2027-{number:02}" for number in range(1, 13)]
BANDS = [{"at_least": "99"}, {"below": "99", "credit": "5 %"}]
KPIS: dict[str, Any] = {"uptime": {"bands": BANDS}, "speed": {"bands": BANDS}}


def crediting(**more: Any) -> Terms:
    return agreed(**({"kpis": KPIS} | more))


def missed(terms: Terms, *periods: str, edition: int = 1) -> list[Result]:
    return [result(kpi, each, "95", edition=edition) for kpi in terms.kpis for each in periods]


# --- totals


def test_every_settlement_period_from_the_first_to_the_last_has_a_total() -> None:
    terms = crediting()
    made = reckoned(terms, *missed(terms, "2027-01", "2027-03"))

    assert nets(made) == {"2027-01": 10_000, "2027-02": 0, "2027-03": 10_000}
    assert [total.percent for total in made.totals] == [10, 0, 10]
    assert [total.payable_minor for total in made.totals] == [10_000, 0, 10_000]


def test_an_agreement_without_remedies_has_no_totals() -> None:
    terms = agreed()
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert (made.lines, made.totals, made.defaults) == ((), (), ())


def test_without_results_there_is_nothing() -> None:
    made = reckoned(crediting())

    assert (made.lines, made.totals) == ((), ())


def test_what_is_told_before_and_after_caps_differs_and_is_said() -> None:
    terms = crediting(charges={"currency": "USD", "amount": "1000", "credit_cap": "7 %"})
    [total] = reckoned(terms, *missed(terms, "2027-01")).totals

    assert (total.gross_minor, total.net_minor, total.percent) == (10_000, 7_000, Fraction(7))
    assert total.reason == ("100.00 USD before caps, minimum and earn-back is 70.00 USD net.",)


def test_a_negative_net_is_what_the_client_owes() -> None:
    terms = agreed(kpis={"uptime": {"bands": [{"at_least": "99.9", "reward": "3 %"}]}})
    [total] = reckoned(terms, result(terms.kpis[0], "2027-01", "100")).totals

    assert (total.net_minor, total.payable_minor, total.percent) == (-3_000, -3_000, Fraction(-3))


def test_a_sum_without_any_charge_is_owed_as_it_is() -> None:
    terms = agreed(
        charges={"currency": "USD"},
        remedies=[{"key": "r", "scheme": {"kind": "per_failure", "amount": "5"}}],
    )
    [total] = reckoned(terms, *missed(terms, "2027-01")).totals

    assert (total.net_minor, total.percent) == (500, None)


def test_a_share_of_a_charge_that_is_not_known_stays_a_share() -> None:
    terms = crediting(charges={"currency": "USD"})
    [total] = reckoned(terms, *missed(terms, "2027-01")).totals

    assert (total.net_minor, total.payable_minor, total.percent) == (None, None, Fraction(10))


# --- editions


def test_each_result_goes_by_the_remedies_of_its_own_edition() -> None:
    harder = agreed(kpis={"uptime": {"bands": [{"below": "99", "credit": "8 %"}]}})
    old = agreed(kpis={"uptime": {"bands": BANDS}})
    results = [*missed(old, "2027-01"), *missed(harder, "2027-02", edition=2)]
    editions = {"starts": ["2027-02-01"]}
    made = ledger(timeline(old, harder, **editions), results, book(old, harder, **editions))  # type: ignore[arg-type]

    assert nets(made) == {"2027-01": 5_000, "2027-02": 8_000}


def test_a_row_reaches_back_over_editions() -> None:
    remedy = {"key": "row", "scheme": {"kind": "recurrence", "run": ["1 %", "2 %"]}}
    old = agreed(remedies=[remedy])
    new = agreed(
        remedies=[{"key": "row", "scheme": {"kind": "recurrence", "run": ["10 %", "20 %"]}}]
    )
    results = [*missed(old, "2027-01"), *missed(new, "2027-02", edition=2)]
    made = ledger(
        timeline(old, new, starts=["2027-02-01"]), results, book(old, new, starts=["2027-02-01"])
    )

    assert nets(made) == {"2027-01": 1_000, "2027-02": 20_000}


def test_points_go_by_the_edition_in_force_as_their_settlement_period_begins() -> None:
    old = agreed(remedies=[{"key": "p", "scheme": {"kind": "points", "percent": "1 %"}}])
    new = agreed(remedies=[{"key": "p", "scheme": {"kind": "points", "percent": "2 %"}}])
    results = [result(old.kpis[0], each, "90", points="1") for each in MONTHS[:2]]
    made = ledger(
        timeline(old, new, starts=["2027-01-15"]), results, book(old, new, starts=["2027-01-15"])
    )

    assert nets(made) == {"2027-01": 1_000, "2027-02": 2_000}


def test_a_remedy_that_an_edition_dropped_still_holds_its_own_cap() -> None:
    capped = {
        "key": "old",
        "scheme": {"kind": "per_failure", "amount": "9"},
        "caps": [{"amount": "4"}],
    }
    old = agreed(remedies=[capped])
    new = agreed(remedies=[{"key": "new", "scheme": {"kind": "per_failure", "amount": "7"}}])
    editions: dict[str, Any] = {"starts": ["2027-01-01"]}
    late = [result(old.kpis[0], "2027-01", "90", edition=1)]
    made = ledger(timeline(old, new, **editions), late, book(old, new, **editions))

    assert amounts(made) == {"old/uptime/2027-01": 900, "old-cap/2027-01": -500}


def test_every_remedy_that_an_edition_dropped_still_holds_its_own_cap() -> None:
    old = agreed(
        remedies=[
            {
                "key": key,
                "scheme": {"kind": "per_failure", "amount": "9"},
                "caps": [{"amount": "4"}],
            }
            for key in ("a", "b")
        ]
    )
    editions: dict[str, Any] = {"starts": ["2027-01-01"]}
    late = [result(old.kpis[0], "2027-01", "90", edition=1)]
    made = ledger(timeline(old, agreed(), **editions), late, book(old, agreed(), **editions))

    assert nets(made) == {"2027-01": 800}


def test_the_parts_of_a_split_period_have_names_of_their_own() -> None:
    terms = agreed(kpis={"uptime": {"bands": BANDS}})
    editions: dict[str, Any] = {"starts": ["2027-03-11"], "splits": True}
    march = month("2027-03")
    parts = [
        type(march)("2027-03", march.start, at("2027-03-11")),
        type(march)("2027-03", at("2027-03-11"), march.end),
    ]
    results = [
        result(terms.kpis[0], part, "95", edition=number)
        for number, part in enumerate(parts, start=1)
    ]
    made = ledger(timeline(terms, terms, **editions), results, book(terms, terms, **editions))

    assert amounts(made) == {
        "credits/uptime/2027-03": 1_613,
        "credits/uptime/2027-03~2": 3_387,
    }
    assert nets(made) == {"2027-03": 1_613, "2027-03-11": 3_387}


# --- stated credits


def test_a_stated_credit_is_a_line_under_the_caps() -> None:
    terms = crediting(caps=[{"amount": "120"}])
    facts = [
        credit_fact("2027-01-01", "2027-02-01", kpi="uptime", amount="30.00"),
        credit_fact("2027-02-01", "2027-03-01", percent="2.5", currency=None),
    ]
    made = reckoned(terms, *missed(terms, "2027-01"), credits_=facts)

    assert amounts(made) == {
        "stated/given-2027-01-01": 3_000,
        "credits/speed/2027-01": 5_000,
        "credits/uptime/2027-01": 5_000,
        "cap/2027-01": -1_000,
        "stated/given-2027-02-01": 2_500,
    }
    assert made.lines[0].reason == ("The fact given-2027-01-01 states it.",)
    assert made.lines[0].kpi == "uptime"


def test_a_stated_credit_counts_under_a_cap_and_is_never_cut() -> None:
    terms = crediting(caps=[{"amount": "20"}])
    facts = [credit_fact("2027-01-01", "2027-02-01", kpi="uptime", amount="30.00")]

    assert nets(reckoned(terms, credits_=facts)) == {"2027-01": 3_000}
    assert nets(reckoned(terms, *missed(terms, "2027-01"), credits_=facts)) == {"2027-01": 3_000}


def test_a_stated_credit_is_told_in_full() -> None:
    [fact] = [credit_fact("2027-01-05", "2027-01-09", kpi="uptime", percent="2.5", amount="0.50")]
    [line] = reckoned(agreed(), credits_=[fact]).lines

    assert (line.remedy, line.type, line.kpi, line.dim) == (
        "stated",
        LineType.CREDIT,
        "uptime",
        (),
    )
    assert (line.start, line.end, line.settles) == (fact.start, fact.end, month("2027-01"))
    assert (line.percent, line.base_minor, line.amount_minor) == (Fraction("2.5"), 100_000, 2_550)


@pytest.mark.parametrize(
    ("stated", "minor", "kind"),
    [
        ({"percent": "0.0005"}, 1, LineType.CREDIT),
        ({"percent": "-0.0005"}, -1, LineType.REWARD),
        ({"amount": "0.50"}, 50, LineType.CREDIT),
        ({"amount": "-0.50"}, -50, LineType.REWARD),
    ],
)
def test_a_stated_credit_is_rounded_half_up_and_a_negative_one_is_a_reward(
    stated: dict[str, str], minor: int, kind: LineType
) -> None:
    [line] = reckoned(agreed(), credits_=[credit_fact("2027-01-05", "2027-01-09", **stated)]).lines

    assert (line.amount_minor, line.type) == (minor, kind)


def test_stated_credits_alone_make_a_ledger() -> None:
    made = reckoned(agreed(), credits_=[credit_fact("2027-01-01", "2027-02-01", amount="-5")])

    assert [line.type for line in made.lines] == [LineType.REWARD]
    assert nets(made) == {"2027-01": -500}


def test_a_stated_credit_in_another_currency_is_left_out_and_said() -> None:
    facts = [credit_fact("2027-01-01", "2027-02-01", amount="5", currency="EUR")]
    made = reckoned(agreed(), credits_=facts)

    assert made.lines == ()
    assert [each.where for each in made.troubles] == ["credit given-2027-01-01"]


def test_a_stated_percentage_needs_no_currency_and_is_under_a_cap_in_percent() -> None:
    terms = crediting(charges=None, caps=[{"most": "12 %"}])
    facts = [credit_fact("2027-01-01", "2027-02-01", percent="5", currency="")]
    made = reckoned(terms, *missed(terms, "2027-01"), credits_=facts)

    assert percents(made)["cap/2027-01"] == -3
    assert made.troubles == ()


# --- withholding


def critical(**withhold: Any) -> Terms:
    trigger = {
        "key": "critical",
        "when": {"count": "1", "of": "missed"},
        "then": "critical_failure",
        "withhold": {"percent": "25 %"} | withhold,
        "clause": "12",
    }
    warning = {"key": "warn", "when": {"count": "1", "of": "missed"}, "then": "warning"}
    return crediting(
        triggers=[trigger, warning],
        charges={"currency": "USD", "amount": "1000", "credit_cap": "8 %"},
        caps=[{"most": "20 %", "key": "all"}],
    )


def fired(key: str, when: str) -> Fired:
    return Fired(key, at(when), ("uptime/2027-01",), Fraction(1), None)


def test_a_critical_failure_withholds_a_payment_in_place_of_credits() -> None:
    terms = critical()
    made = reckoned(terms, *missed(terms, "2027-01", "2027-02"))
    again = with_withholding(
        made, [fired("critical", "2027-02-01"), fired("critical", "2027-02-01")]
    )

    assert nets(made) == {"2027-01": 8_000, "2027-02": 8_000}
    assert nets(again) == {"2027-01": 20_000, "2027-02": 8_000}
    assert [(line.id, line.type, line.amount_minor) for line in again.lines[:6]] == [
        ("credits/speed/2027-01", LineType.CREDIT, 5_000),
        ("credits/uptime/2027-01", LineType.CREDIT, 5_000),
        ("critical/credits/speed/2027-01", LineType.WITHHOLDING, -5_000),
        ("critical/credits/uptime/2027-01", LineType.WITHHOLDING, -5_000),
        ("critical/2027-01", LineType.WITHHOLDING, 25_000),
        ("all/2027-01", LineType.CAP, -5_000),
    ]
    assert again.lines[2].adjusts == ("credits/speed/2027-01",)
    assert {line.clause for line in again.lines[2:5]} == {"12"}
    assert again.totals[0].gross_minor == 25_000


def test_only_the_remedies_that_it_replaces_are_replaced() -> None:
    terms = critical(replaces=["other"])
    made = with_withholding(
        reckoned(terms, *missed(terms, "2027-01")), [fired("critical", "2027-02-01")]
    )

    assert nets(made) == {"2027-01": 20_000}
    assert len(of_type(made, LineType.WITHHOLDING)) == 1


def test_a_trigger_that_withholds_nothing_changes_nothing() -> None:
    terms = critical()
    made = reckoned(terms, *missed(terms, "2027-01"))

    assert with_withholding(made, [fired("warn", "2027-02-01")]) is made
    assert with_withholding(made, [fired("gone", "2027-02-01")]) is made


def test_without_a_charge_percentages_are_withheld() -> None:
    terms = critical().model_copy(update={"charges": None, "caps": ()})
    made = with_withholding(
        reckoned(terms, *missed(terms, "2027-01")), [fired("critical", "2027-02-01")]
    )

    assert percents(made) == {
        "credits/speed/2027-01": 5,
        "credits/uptime/2027-01": 5,
        "critical/credits/speed/2027-01": -5,
        "critical/credits/uptime/2027-01": -5,
        "critical/2027-01": 25,
    }
    assert made.totals[0].percent == 25


def test_a_replaced_credit_is_taken_away_in_full_and_by_name() -> None:
    terms = critical(clause="12.3")
    leeds = (("site", "leeds"),)
    made = reckoned(terms, result(terms.kpi("uptime"), "2027-01", "95", dim=leeds))
    again = with_withholding(made, [fired("critical", "2027-02-01")])
    taken, withheld_, _ = of_type(again, LineType.WITHHOLDING) + of_type(again, LineType.CAP)

    assert (taken.remedy, taken.kpi, taken.dim) == ("critical", "uptime", leeds)
    assert (taken.percent, taken.base_minor, taken.amount_minor) == (Fraction(-5), 100_000, -5_000)
    assert taken.settles == withheld_.settles == month("2027-01")
    assert taken.reason == ("`critical` has fired: this credit does not accrue.",)
    assert (withheld_.remedy, withheld_.kpi, withheld_.dim) == ("critical", None, ())
    assert (withheld_.percent, withheld_.base_minor) == (Fraction(25), 100_000)
    assert withheld_.adjusts == ()
    assert {taken.clause, withheld_.clause} == {"12.3"}


@pytest.mark.parametrize(("rounding", "minor"), [("half_up", 25_001), ("down", 25_000)])
def test_what_is_withheld_is_rounded_as_the_charges_are(rounding: str, minor: int) -> None:
    charges = {"currency": "USD", "amount": "1000.02", "rounding": rounding}
    terms = crediting(charges=charges).model_copy(update={"triggers": critical().triggers})
    made = with_withholding(
        reckoned(terms, *missed(terms, "2027-01")), [fired("critical", "2027-02-01")]
    )

    assert amounts(made)["critical/2027-01"] == minor


def test_what_is_withheld_goes_by_the_edition_in_force_as_the_settlement_period_begins() -> None:
    old, new = critical(percent="25 %"), critical(percent="10 %")
    late: dict[str, Any] = {"starts": ["2027-02-01"]}
    results = [*missed(old, "2027-01"), *missed(new, "2027-02", edition=2)]
    made = with_withholding(
        ledger(timeline(old, new, **late), results, book(old, new, **late)),
        [fired("critical", "2027-02-01"), fired("critical", "2027-03-01")],
    )

    kept = percents(made)
    assert [kept[f"critical/{each}"] for each in MONTHS[:2]] == [25, 10]


def test_nothing_is_left_of_a_replaced_credit() -> None:
    terms = critical()
    uncharged = terms.model_copy(update={"charges": None, "caps": ()})
    for each, minor in ((terms, 0), (uncharged, None)):
        made = with_withholding(
            reckoned(each, *missed(each, "2027-01")), [fired("critical", "2027-02-01")]
        )
        [given_] = settlement_credits(made)

        assert (given_.net_minor, given_.percent) == (minor, Fraction(0))


@pytest.mark.parametrize(
    ("scheme", "left"),
    [
        ({"kind": "per_failure", "amount": "5"}, (0, None)),
        ({"kind": "per_failure", "percent": "5 %"}, (None, Fraction(0))),
    ],
)
def test_what_was_never_known_of_a_replaced_credit_stays_unknown(
    scheme: dict[str, str], left: tuple[int | None, Fraction | None]
) -> None:
    terms = agreed(charges={"currency": "USD"}, remedies=[{"key": "r", "scheme": scheme}])
    terms = terms.model_copy(update={"triggers": critical().triggers})
    made = with_withholding(
        reckoned(terms, *missed(terms, "2027-01")), [fired("critical", "2027-02-01")]
    )
    [given_] = settlement_credits(made)

    assert (given_.net_minor, given_.percent) == left


def test_without_a_charge_what_is_withheld_is_under_the_caps_in_percent() -> None:
    terms = critical().model_copy(update={"charges": None})
    made = with_withholding(
        reckoned(terms, *missed(terms, "2027-01")), [fired("critical", "2027-02-01")]
    )

    assert percents(made)["all/2027-01"] == -5
    assert made.totals[0].percent == 20


# --- credits for patterns


def test_patterns_over_credits_see_what_caps_left_of_them() -> None:
    kpis = {"uptime": {"bands": [*BANDS, {"at_least": "100", "reward": "3 %"}]}, "speed": {}}
    terms = crediting(
        kpis=kpis,
        charges={"currency": "USD", "amount": "1000", "credit_cap": "4 %"},
    )
    made = reckoned(terms, *missed(terms, "2027-01"))

    [given_] = settlement_credits(made)
    assert (given_.period, given_.net_minor, given_.percent) == (
        month("2027-01"),
        4_000,
        Fraction(4),
    )


def test_patterns_over_credits_see_percentages_where_no_charge_is_known() -> None:
    terms = crediting(charges=None)
    [given_] = settlement_credits(reckoned(terms, *missed(terms, "2027-01")))

    assert (given_.net_minor, given_.percent) == (None, Fraction(10))


def test_patterns_over_credits_see_sums_as_shares_of_the_service_charge() -> None:
    terms = agreed(
        charges={"currency": "USD", "amount": "1000", "lines": {"more": {"amount": "1000"}}},
        remedies=[{"key": "r", "scheme": {"kind": "per_failure", "amount": "5"}}],
    )
    made = reckoned(terms, *missed(terms, "2027-01"))
    [given_] = settlement_credits(made)

    assert (given_.gross_minor, given_.net_minor, given_.payable_minor) == (500, 500, 500)
    assert given_.percent == made.totals[0].percent == Fraction("0.5")


def test_sums_without_a_charge_are_no_percentage() -> None:
    terms = agreed(
        charges={"currency": "USD"},
        remedies=[{"key": "r", "scheme": {"kind": "per_failure", "amount": "5"}}],
    )
    [given_] = settlement_credits(reckoned(terms, *missed(terms, "2027-01")))

    assert (given_.net_minor, given_.percent) == (500, None)


# --- what is payable


def claiming(**remedy: Any) -> Terms:
    bands = {
        "key": "cloud",
        "scheme": {"kind": "tiers"},
        "claim": {"within": "30 days"},
    }
    return crediting(remedies=[bands | remedy])


@pytest.mark.parametrize(
    ("when", "ref", "payable"),
    [
        ("2027-02-10", "", 10_000),
        ("2027-01-20", "2027-01", 10_000),
        ("2027-03-02", "", 10_000),
        ("2027-03-03", "", 0),
        ("2027-01-01", "", 10_000),
        ("2026-12-31", "", 0),
        ("2027-02-10", "cloud", 10_000),
        ("2027-02-10", "cloud/2027-01", 10_000),
        ("2027-02-10", "cloud/speed/2027-01", 5_000),
        ("2027-02-10", "uptime", 5_000),
        ("2027-02-10", "2027-02", 0),
    ],
)
def test_without_a_claim_in_time_nothing_is_payable(when: str, ref: str, payable: int) -> None:
    terms = claiming()
    made = reckoned(terms, *missed(terms, "2027-01"), events=[claimed(when, ref)])

    assert [total.payable_minor for total in made.totals] == [payable]
    assert nets(made) == {"2027-01": 10_000}


@pytest.mark.parametrize(
    ("known_at", "said"),
    [
        ("2027-02-20", "`cloud` is not yet claimed; it can be before 2027-03-03 00:00"),
        ("2027-03-03", "`cloud` was not claimed before 2027-03-03 00:00"),
        (None, "`cloud` was not claimed before 2027-03-03 00:00"),
    ],
)
def test_a_credit_that_was_not_claimed_says_until_when_it_can_be(
    known_at: str | None, said: str
) -> None:
    terms = claiming()
    known = None if known_at is None else at(known_at)
    made = reckoned(terms, *missed(terms, "2027-01"), known_at=known)

    assert made.totals[0].reason == (f"{said}: nothing of it is payable.",)


def test_the_end_of_a_claims_time_and_of_an_agreement_are_told_as_local_days() -> None:
    unclaimed = claiming(claim={"within": "1 month"})
    lapsing = claiming(claim=None, lapses_on_termination=True)
    ended = [claimed("2027-07-01", kind="termination")]

    [one] = reckoned(unclaimed, *missed(unclaimed, "2027-06")).totals
    [other] = reckoned(lapsing, *missed(lapsing, "2027-06"), events=ended).totals

    assert "was not claimed before 2027-08-01 00:00" in one.reason[0]
    assert "was terminated on 2027-07-01" in other.reason[0]


def test_another_event_is_no_claim_but_the_one_that_the_terms_name_is() -> None:
    terms = claiming(claim={"within": "21 working days", "event": "ticket_raised"})
    results = missed(terms, "2027-01")
    wrong = reckoned(terms, *results, events=[claimed("2027-02-10")])
    right = reckoned(terms, *results, events=[claimed("2027-02-10", kind="ticket_raised")])

    assert [made.totals[0].payable_minor for made in (wrong, right)] == [0, 10_000]


def test_working_days_are_those_of_the_agreements_calendar() -> None:
    terms = claiming(claim={"within": "2 working days"}).model_copy(
        update={
            "working_days": "office",
            "calendars": agreed(
                calendars={"office": {"hours": {"sat-sun": "09:00-17:00"}}}
            ).calendars,
        }
    )
    made = reckoned(terms, *missed(terms, "2027-01"), events=[claimed("2027-02-06")])

    assert made.totals[0].payable_minor == 10_000


def test_what_was_never_payable_is_not_taken_back() -> None:
    steps = [{"when": {"consecutive": "1", "of": "met"}, "share": "100 %"}]
    terms = claiming(earn_back={"steps": steps})
    results = [
        *missed(terms, "2027-01"),
        *(result(kpi, "2027-02", "99") for kpi in terms.kpis),
    ]
    unclaimed = reckoned(terms, *results)
    paid = reckoned(terms, *results, events=[claimed("2027-02-10")])

    assert nets(unclaimed) == {"2027-01": 10_000, "2027-02": -10_000}
    assert [total.payable_minor for total in unclaimed.totals] == [0, 0]
    assert [total.payable_minor for total in paid.totals] == [10_000, -10_000]


def test_what_is_earned_back_may_be_less_than_a_cent() -> None:
    steps = [{"when": {"consecutive": "1", "of": "met"}, "share": "1 %"}]
    terms = claiming(scheme={"kind": "per_failure", "amount": "0.01"}, earn_back={"steps": steps})
    met = [result(kpi, "2027-02", "99") for kpi in terms.kpis]
    made = reckoned(terms, *missed(terms, "2027-01"), *met)

    assert [line.amount_minor for line in of_type(made, LineType.EARN_BACK)] == [0, 0]
    assert [total.payable_minor for total in made.totals] == [0, 0]


def test_a_claim_concerns_only_what_has_to_be_claimed() -> None:
    terms = crediting(
        remedies=[
            {
                "key": "a",
                "scheme": {"kind": "tiers"},
                "kpis": ["uptime"],
                "claim": {"within": "1 week"},
            },
            {"key": "b", "scheme": {"kind": "tiers"}, "kpis": ["speed"]},
        ]
    )
    facts = [credit_fact("2027-01-01", "2027-02-01", amount="1")]
    made = reckoned(terms, *missed(terms, "2027-01"), credits_=facts)

    assert made.totals[0].payable_minor == 5_100


@pytest.mark.parametrize(
    ("paid", "ended", "payable"),
    [
        ("next_invoice", "2027-02-01", 0),
        ("next_invoice", "2027-02-02", 10_000),
        ("final_month", "2028-11-01", 0),
        ("next_invoice", None, 10_000),
    ],
)
def test_credits_that_no_invoice_has_had_lapse_on_termination(
    paid: str, ended: str | None, payable: int
) -> None:
    terms = claiming(claim=None, paid=paid, lapses_on_termination=True)
    events = [] if ended is None else [claimed(ended, kind="termination")]
    [total] = reckoned(terms, *missed(terms, "2027-01"), events=events).totals

    assert total.payable_minor == payable
    if not payable:
        assert total.reason[0].startswith("`cloud` lapsed: the agreement was terminated on 20")


def test_credits_outlive_the_agreement_where_nothing_else_is_said() -> None:
    terms = claiming(claim=None)
    ended = [claimed("2027-01-20", kind="termination")]

    assert (
        reckoned(terms, *missed(terms, "2027-01"), events=ended).totals[0].payable_minor == 10_000
    )


# --- what is assumed


def assumed(made: Ledger) -> dict[str, str]:
    return {each.path: each.assumed for each in made.defaults}


def test_what_the_terms_are_silent_on_is_told() -> None:
    assert set(assumed(reckoned(crediting(charges=None)))) == {"charges", "remedies", "caps"}
    explicit = crediting(
        remedies=[
            {
                "key": "r",
                "scheme": {"kind": "per_failure", "percent": "1 %"},
                "base": {"line": "service"},
                "caps": [{"amount": "1"}],
            }
        ]
    )
    assert set(assumed(reckoned(explicit))) == {
        "remedies.r.rounding",
        "remedies.r.earn_back",
        "remedies.r.claim",
        "remedies.r.scheme.window",
    }
    tiers = assumed(reckoned(crediting(remedies=[{"key": "r", "scheme": {"kind": "tiers"}}])))
    assert "remedies.r.scheme.window" not in tiers
    assert tiers["remedies.r.claim"] == "payable without a claim"
    capped = crediting(charges={"currency": "USD", "amount": "1", "credit_cap": "5 %"})
    assert set(assumed(reckoned(capped))) == {"remedies"}


# --- properties


@given(st.data())
def test_the_order_of_results_and_facts_changes_nothing(data: st.DataObject) -> None:
    terms = claiming(caps=[{"most": "7 %"}])
    results = missed(terms, *MONTHS[:3])
    facts = [credit_fact(f"{each}-02", f"{each}-03", amount="1") for each in MONTHS[:3]]
    events = [claimed("2027-02-10"), claimed("2027-03-10")]
    straight = reckoned(terms, *results, credits_=facts, events=events)
    shuffled = reckoned(
        terms,
        *data.draw(st.permutations(results)),
        credits_=data.draw(st.permutations(facts)),
        events=data.draw(st.permutations(events)),
    )

    assert straight == shuffled


@given(
    st.lists(st.sampled_from(["90", "99", "100"]), min_size=1, max_size=8),
    st.integers(1, 10**6),
    st.sampled_from([(), ("critical",)]),
)
def test_lines_always_sum_to_the_net(values: list[str], cents: int, keys: tuple[str, ...]) -> None:
    steps = [{"when": {"consecutive": "2", "of": "met"}, "share": "33.3 %"}]
    reward = [*BANDS[1:], {"at_least": "100", "reward": "1.5 %"}]
    terms = critical().model_copy(
        update=dict(
            crediting(
                kpis={"uptime": {"bands": reward}},
                charges={"currency": "USD", "amount": f"{cents / 100:.2f}", "credit_cap": "4.5 %"},
                remedies=[
                    {
                        "key": "r",
                        "scheme": {"kind": "tiers"},
                        "earn_back": {"steps": steps},
                        "pays_only": "above 3 USD",
                        "claim": {"within": "1 month"},
                    }
                ],
                triggers=[],
            )
        )
        | {"triggers": critical().triggers, "caps": critical().caps}
    )
    results = [
        result(terms.kpis[0], name, each) for name, each in zip(MONTHS, values, strict=False)
    ]
    made = with_withholding(reckoned(terms, *results), [fired(key, "2027-02-01") for key in keys])

    for total in made.totals:
        lines = [each for each in made.lines if each.settles == total.period]
        assert sum(each.amount_minor or 0 for each in lines) == total.net_minor
    assert made == with_withholding(made, [])


def test_a_remedy_has_nothing_to_say_of_the_results_of_another_edition() -> None:
    old = agreed()
    new = agreed(remedies=[{"key": "r", "scheme": {"kind": "linear", "percent": "1 %"}}])
    failed = result(old.kpis[0], "2027-01", status=Status.BELOW_MINIMUM)
    late: dict[str, Any] = {"starts": ["2027-02-01"]}
    made = ledger(timeline(old, new, **late), [failed], book(old, new, **late))

    assert (made.lines, made.troubles) == ((), ())


# --- what a remedy takes from the charges


@pytest.mark.parametrize(("remedy", "owed"), [({}, 50), ({"rounding": "half_up"}, 51)])
def test_a_remedy_that_is_silent_rounds_as_the_charges_do(
    remedy: dict[str, str], owed: int
) -> None:
    terms = agreed(
        charges={"currency": "USD", "amount": "101.00", "rounding": "half_even"},
        remedies=[{"key": "r", "scheme": {"kind": "per_failure", "percent": "0.5 %"}, **remedy}],
    )

    assert nets(reckoned(terms, *missed(terms, "2027-01"))) == {"2027-01": owed}


def test_of_a_charge_that_was_paid_back_nobody_owes_a_share() -> None:
    terms = crediting()
    facts = [charged("2027-01-01", "2027-02-01", "-5.00")]
    made = reckoned(terms, *missed(terms, "2027-01"), facts=facts)

    assert nets(made) == {"2027-01": 0}
    assert {line.base_minor for line in made.lines} == {0}


# --- what is payable with the last invoice


def deferring(**remedy: Any) -> Terms:
    return claiming(claim=None, paid="final_month", **remedy)


def invoiced(made: Ledger) -> dict[str, tuple[int | None, int]]:
    return {each.period.key: (each.invoice_minor, each.deferred_minor) for each in made.totals}


def test_credits_of_the_final_month_are_payable_with_the_last_invoice_of_the_term() -> None:
    terms = deferring()
    made = reckoned(terms, *missed(terms, "2027-01", "2027-03", "2028-12"))
    told = invoiced(made)

    assert (told["2027-01"], told["2027-02"], told["2027-03"]) == ((0, 10_000), (0, 0), (0, 10_000))
    assert told["2028-11"] == (0, 0)
    assert told["2028-12"] == (30_000, 0)
    assert [each.payable_minor for each in made.totals if each.payable_minor] == [10_000] * 3
    assert made.totals[0].reason == (
        "100.00 USD is payable with the last invoice, that of 2028-12, as agreed.",
    )
    assert made.totals[-1].reason == (
        "200.00 USD of earlier periods is payable with this invoice, as agreed.",
    )
    assert [(each.key, each.at, each.rule) for each in made.dates] == [
        (
            "deferred_credits",
            at("2029-01-01"),
            "200.00 USD of credits is payable with the invoice of 2028-12",
        )
    ]


def test_nothing_is_deferred_where_nothing_is_agreed() -> None:
    made = reckoned(claiming(claim=None), *missed(claiming(claim=None), "2027-01"))

    assert (invoiced(made), made.dates) == ({"2027-01": (10_000, 0)}, ())


def test_an_agreement_that_ends_early_pays_with_the_invoice_of_that_period() -> None:
    terms = deferring()
    ended = [claimed("2027-03-15", kind="termination")]
    made = reckoned(terms, *missed(terms, "2027-01", "2027-03", "2027-04"), events=ended)

    assert invoiced(made) == {
        "2027-01": (0, 10_000),
        "2027-02": (0, 0),
        "2027-03": (20_000, 0),
        "2027-04": (10_000, 0),
    }


def test_deferred_credits_that_were_not_claimed_are_never_payable() -> None:
    terms = claiming(paid="final_month")
    results = missed(terms, "2027-01", "2027-02", "2028-12")
    made = reckoned(terms, *results, events=[claimed("2027-02-10", "2027-01")])
    told = invoiced(made)

    assert (told["2027-01"], told["2027-02"]) == ((0, 10_000), (0, 0))
    assert told["2028-12"] == (10_000, 0)


def test_what_is_earned_back_of_a_deferred_credit_lessens_it() -> None:
    steps = [{"when": {"consecutive": "1", "of": "met"}, "share": "40 %"}]
    terms = deferring(earn_back={"steps": steps})
    met = [result(kpi, "2027-02", "99") for kpi in terms.kpis]
    made = reckoned(terms, *missed(terms, "2027-01"), *met)
    over = reckoned(
        terms, *missed(terms, "2028-11"), *(result(kpi, "2028-12", "99") for kpi in terms.kpis)
    )

    assert nets(made) == {"2027-01": 10_000, "2027-02": -4_000}
    assert invoiced(made) == {"2027-01": (0, 10_000), "2027-02": (0, -4_000)}
    assert made.dates[0].rule.startswith("60.00 USD")
    assert invoiced(over) == {"2028-11": (0, 10_000), "2028-12": (6_000, 0)}


def test_what_is_capped_is_not_deferred_and_a_share_of_no_known_charge_is_not_money() -> None:
    capped = deferring(caps=[{"amount": "70"}])
    unknown = deferring().model_copy(update={"charges": None})
    made = reckoned(capped, *missed(capped, "2027-01"))

    assert invoiced(made) == {"2027-01": (0, 7_000)}
    assert invoiced(reckoned(unknown, *missed(unknown, "2027-01"))) == {"2027-01": (None, 0)}


def test_some_remedies_are_paid_at_once_and_others_with_the_last_invoice() -> None:
    terms = crediting(
        remedies=[
            {"key": "a", "scheme": {"kind": "tiers"}, "kpis": ["uptime"], "paid": "final_month"},
            {"key": "b", "scheme": {"kind": "tiers"}, "kpis": ["speed"]},
        ]
    )
    facts = [credit_fact("2027-01-01", "2027-02-01", amount="1")]
    made = reckoned(terms, *missed(terms, "2027-01"), credits_=facts)

    assert invoiced(made) == {"2027-01": (5_100, 5_000)}
