"""Results that were reported for whole periods, and relief that excuses them or takes time out."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from domain.facts import Decision, Fact
from domain.facts.book import book
from domain.performance import performance
from domain.results import Budget, Points, Result, Status
from domain.timeline import Edition, Timeline, term_starts_at
from tests.domain.performing import (
    START,
    at,
    perform,
    perform_all,
    relief,
    reported,
    sample,
    survey,
    terms,
)

AT_LEAST_95 = {"expected": "at least 95 %", "minimum": "at least 90 %"}
REPORTED: dict[str, Any] = {"measure": {"kind": "reported"}, "target": AT_LEAST_95}
JANUARY = ("01-01", "02-01")
BANDS = [{"at_least": "95", "points": "0"}, {"below": "95", "points": "3"}]


def one(*facts: Any, **kpi: Any) -> Result:
    (result,) = perform(terms(REPORTED | kpi), *facts).results
    return result


# --- reported results


@pytest.mark.parametrize(
    ("said", "value", "status"),
    [
        ({"value": "95"}, Fraction(95), Status.MET),
        ({"num": "8", "den": "11"}, Fraction(800, 11), Status.BELOW_MINIMUM),
        ({"met": True}, None, Status.MET),
        ({"met": False}, None, Status.BELOW_EXPECTED),
        ({"points": "0"}, None, Status.MET),
        ({"points": "2"}, None, Status.BELOW_EXPECTED),
        ({"value": "96", "met": False}, Fraction(96), Status.MET),
    ],
)
def test_a_figure_or_its_outcome_or_its_points_suffice(
    said: dict[str, Any], value: Fraction | None, status: Status
) -> None:
    result = one(reported("r", *JANUARY, **said))

    assert (result.value, result.status) == (value, status)


def test_of_a_reported_ratio_the_volume_is_known() -> None:
    result = one(reported("r", *JANUARY, num="8", den="11", source="The report"))

    assert (result.num, result.den, result.sample) == (Fraction(8), Fraction(11), 11)
    assert result.reason[0] == "The report reported in r: 8 of 11: 72.72 %, expected at least 95 %."


def test_a_reported_ratio_of_nothing_is_no_data() -> None:
    result = one(reported("r", *JANUARY, num="0", den="0"))

    assert (result.status, result.value) == (Status.NO_DATA, None)
    assert result.reason[0] == "Reported in r: nothing to count."
    failed = one(reported("r", *JANUARY, num="0", den="0"), no_data="failed")
    assert failed.status == Status.BELOW_MINIMUM


def test_a_reported_ratio_is_a_number_where_the_unit_is_not_percent() -> None:
    result = one(reported("r", *JANUARY, num="1", den="4"), unit="ratio", target=None)

    assert result.value == Fraction(1, 4)


def test_without_a_promise_what_was_said_of_it_counts() -> None:
    result = one(reported("r", *JANUARY, value="50", met=False), target=None)

    assert (result.value, result.status) == (Fraction(50), Status.BELOW_EXPECTED)
    assert one(reported("r", *JANUARY, value="50"), target=None).status == Status.MET


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"met": True}, "It was reported in r as met."),
        ({"met": False, "source": "The board"}, "The board reported the period in r as missed."),
        ({"points": "2"}, "It was reported in r as 2 points, and so as missed."),
    ],
)
def test_what_was_reported_is_told(said: dict[str, Any], sentence: str) -> None:
    assert one(reported("r", *JANUARY, **said)).reason[0] == sentence


def test_points_that_were_reported_go_before_those_of_the_band() -> None:
    assert one(reported("r", *JANUARY, points="5")).points == Points(Fraction(5))
    assert one(reported("r", *JANUARY, value="94"), bands=BANDS).points == Points(Fraction(3))
    both = reported("r", *JANUARY, value="94", points="5")
    assert one(both, bands=BANDS).points == Points(Fraction(5))
    assert one(reported("r", *JANUARY, value="94")).points is None


def test_a_miss_without_a_figure_has_no_band_and_that_is_told() -> None:
    performed = perform(terms(REPORTED | {"bands": BANDS}), reported("r", *JANUARY, met=False))

    assert performed.results[0].points == Points(Fraction(0))
    assert performed.troubles[0].message == (
        "r reports a miss of k without a figure: no band holds it"
    )
    assert (
        perform(terms(REPORTED | {"bands": BANDS}), reported("r", *JANUARY, met=True)).troubles
        == ()
    )
    scored = reported("r", *JANUARY, points="2")
    assert perform(terms(REPORTED | {"bands": BANDS}), scored).troubles == ()


def test_a_report_goes_before_facts() -> None:
    result = one(
        reported("r", *JANUARY, value="96", columns={"incident": "INC-7"}),
        sample("s", "01-05", "80"),
        measure={"kind": "mean", "series": "latency"},
    )

    assert (result.value, result.incident) == (Fraction(96), "INC-7")
    assert result.reason[0] == "Reported in r: 96.00 %, expected at least 95 %."


def test_without_a_report_there_is_no_data() -> None:
    result = one()

    assert (result.status, result.incident) == (Status.NO_DATA, None)
    assert result.reason[0] == "No result was reported."


PARTS: dict[str, Any] = {"kind": "availability", "outages": "web"}
SCORES: dict[str, Any] = {"kind": "survey_score", "surveys": "csat", "score": "net_promoter"}
SHARE_OF_PLAN: dict[str, Any] = {"kind": "ratio", "counts": "c", "of": "done", "over": "planned"}


@pytest.mark.parametrize(
    ("measure", "value", "bounds"),
    [
        ({"kind": "reported"}, "-10", "0 % or more"),
        (SHARE_OF_PLAN, "-0.01", "0 % or more"),
        (PARTS, "100.01", "between 0 % and 100 %"),
        (PARTS, "-10", "between 0 % and 100 %"),
        (SCORES, "-100.01", "between -100 % and 100 %"),
    ],
)
def test_a_percentage_that_cannot_be_is_refused(
    measure: dict[str, Any], value: str, bounds: str
) -> None:
    """Accord Project, service level agreement template: a level of -10 is rejected."""
    agreed = terms({"measure": measure, "target": AT_LEAST_95})

    performed = perform(agreed, reported("r", *JANUARY, value=value))

    (trouble,) = performed.troubles
    assert trouble.level == "error"
    assert trouble.message == f"the result r of k is refused: {value} % is not {bounds}"
    assert performed.results[0].value in {None, 100}


@pytest.mark.parametrize("measure", [{"kind": "reported"}, SHARE_OF_PLAN])
def test_what_is_no_part_of_a_whole_may_be_above_it_and_is_told(measure: dict[str, Any]) -> None:
    agreed = terms({"measure": measure, "target": AT_LEAST_95})

    performed = perform(agreed, reported("r", *JANUARY, value="104.5"))

    (trouble,) = performed.troubles
    assert (trouble.level, performed.results[0].value) == ("warning", Fraction("104.5"))
    assert trouble.message == "the result r of k is above 100 %: 104.5 % counts as it is"


@pytest.mark.parametrize(
    "promised",
    [
        {"target": {"expected": "at least 100 %"}},
        {"bands": [{"at_least": "110", "name": "ahead"}, {"below": "110"}]},
        {"bands": [{"above": "100", "name": "ahead"}, {"at_most": "100"}]},
    ],
)
def test_where_the_terms_speak_of_more_than_the_whole_nothing_is_told(
    promised: dict[str, Any],
) -> None:
    agreed = terms({"measure": {"kind": "reported"}} | promised)

    performed = perform(agreed, reported("r", *JANUARY, value="112"))

    assert not performed.troubles
    assert performed.results[0].value == 112


def test_other_units_and_net_promoter_scores_may_be_negative() -> None:
    score = {"kind": "survey_score", "surveys": "csat", "score": "net_promoter"}

    assert one(reported("r", *JANUARY, value="-10"), unit="days", target=None).value == -10
    assert one(reported("r", *JANUARY, value="-10"), measure=score).value == -10


def test_a_report_of_no_period_is_told_and_one_outside_is_of_no_concern() -> None:
    facts = reported("r", "01-01", "01-20", value="96"), reported("s", "03-01", "04-01", value="96")

    performed = perform(terms(REPORTED), *facts)

    (trouble,) = performed.troubles
    assert trouble.message == (
        "the result r of k is left out: 2027-01-01 00:00 to 2027-01-20 00:00 is not a period of it"
    )
    assert trouble.remedy == "a period there is 2027-01, 2027-01-01 00:00 to 2027-02-01 00:00"
    assert performed.results[0].status == Status.NO_DATA


@pytest.mark.parametrize("start", ["01-01", "01-16"])
def test_a_part_month_may_be_reported_as_it_is_or_as_it_would_be_whole(start: str) -> None:
    agreed = terms(REPORTED, term={"starts_on": "2027-01-16", "months": "1"})

    result = perform(agreed, reported("r", start, "02-01", value="96")).results[0]

    assert result.value == 96


def test_a_report_of_a_whole_month_is_of_the_first_part_of_one_that_is_split() -> None:
    agreed = terms(REPORTED)
    over = Timeline(
        (Edition(1, agreed, term_starts_at(agreed)), Edition(2, agreed, at("01-16"), splits=True))
    )
    facts = book([reported("r", *JANUARY, value="96")])

    results = performance(over, "k", facts, START, at("02-01"), None).results

    assert [result.value for result in results] == [96, None]


def test_two_reports_that_differ_are_an_error() -> None:
    facts = reported("a", *JANUARY, value="96"), reported("b", *JANUARY, value="97")

    (trouble,) = perform(terms(REPORTED), *facts).troubles
    assert trouble.message == "a and b report k for one period, and not the same"
    assert trouble.level == "error"


def test_a_report_that_repeats_another_is_told() -> None:
    facts = reported("a", *JANUARY, value="96"), reported("b", *JANUARY, value="96")

    performed = perform(terms(REPORTED), *facts)
    assert performed.results[0].value == 96
    assert performed.troubles[0].message == "a and b report the same of k for one period"
    assert performed.troubles[0].level == "warning"


def test_reports_are_split_by_their_columns() -> None:
    facts = (
        reported("a", *JANUARY, value="96", columns={"site": "york"}),
        reported("b", *JANUARY, value="97", columns={"site": "hull"}),
        reported("c", *JANUARY, value="97"),
    )

    performed = perform(terms(REPORTED | {"per": ["site"]}), *facts)

    assert [(dict(each.dim)["site"], each.value) for each in performed.results] == [
        ("hull", Fraction(97)),
        ("york", Fraction(96)),
    ]
    assert performed.troubles[0].message == "the result c of k is left out: it does not say `site`"


def test_a_report_or_relief_about_no_kpi_is_told() -> None:
    facts = (
        reported("r", *JANUARY, kpi="gone", met=True),
        reported("s", *JANUARY, met=True),
        relief("f", *JANUARY, kpi="lost"),
    )

    assert [trouble.message for trouble in perform_all(terms({}), *facts).troubles] == [
        "r is about `gone`, which is no KPI of the agreement",
        "f is about `lost`, which is no KPI of the agreement",
    ]


def test_reported_figures_are_carried_averaged_and_watched_like_others() -> None:
    facts = reported("a", *JANUARY, value="96"), reported("b", "02-01", "03-01", met=True)
    kpi = REPORTED | {"no_data": "carried", "baseline": {"periods": "2"}}

    results = perform(terms(kpi), *facts, until="04-01").results

    assert [result.value for result in results] == [96, None, 96]
    assert [result.status for result in results] == [
        Status.BASELINE,
        Status.BASELINE,
        Status.MET,
    ]


def test_a_reported_figure_alone_has_no_volume_that_could_be_low() -> None:
    low = {"low_volume": {"fewer_than": "30", "misses_allowed": "3"}}

    assert one(reported("r", *JANUARY, value="80"), **low).status == Status.BELOW_MINIMUM
    assert one(reported("r", *JANUARY, num="8", den="11"), **low).status == Status.MET


# --- relief

GROUNDS: list[dict[str, Any]] = [
    {"ground": "flood", "clause": "12.3"},
    {"ground": "strike", "effect": "period", "claimed_by": "either"},
    {"ground": "late", "claim_within": "5 days"},
    {"ground": "slow", "claim_within": "2 working days"},
]
SAMPLES: list[Fact] = [
    sample("good", "01-05 12:00", "100"),
    sample("bad", "01-10 12:00", "70"),
]


def relieved(*facts: Any, known_at: str | None = None, **kpi: Any) -> Any:
    agreed = terms({"target": AT_LEAST_95} | kpi, relief=GROUNDS)
    return perform(agreed, *SAMPLES, *facts, known_at=known_at)


def test_facts_in_time_of_relief_are_left_out() -> None:
    (result,) = relieved(relief("r", "01-10", "01-11")).results

    assert (result.value, result.status) == (100, Status.MET)
    assert (result.bare_value, result.bare_status) == (85, Status.BELOW_MINIMUM)
    assert result.reason[-1] == (
        "Relief r for `flood` (clause 12.3) from 2027-01-10 00:00 to 2027-01-11 00:00 "
        "leaves out what happened in that time."
    )


@pytest.mark.parametrize(
    "fact",
    [
        relief("r", "01-15", "01-16", ground="strike"),
        relief("r", "2026-12-15", "02-16"),
        relief("r", "01-15", "01-16", ground="strike", claimed_by="client"),
    ],
)
def test_a_period_is_excused_by_its_ground_or_when_relief_covers_it(fact: Any) -> None:
    (result,) = relieved(fact, bands=BANDS).results

    assert (result.status, result.value, result.band) == (Status.EXCUSED, None, None)
    assert (result.bare_status, result.bare_value) == (Status.BELOW_MINIMUM, 85)
    assert result.points == Points(Fraction(0))
    assert result.reason[0].startswith("The mean of 2 samples of latency was 85.00 %")
    assert "excuses the period." in result.reason[-1]


def test_several_claims_may_cover_a_period_together() -> None:
    facts = relief("a", "01-01", "01-20"), relief("b", "01-20", "02-03")

    assert relieved(*facts).results[0].status == Status.EXCUSED


def test_a_reported_period_is_excused_where_relief_covers_it() -> None:
    report = reported("p", *JANUARY, value="80")
    (whole,) = relieved(relief("r", *JANUARY), report).results
    (partly,) = relieved(relief("r", "01-10", "01-11"), report).results

    assert (whole.status, whole.bare_value) == (Status.EXCUSED, 80)
    assert (partly.status, partly.value) == (Status.BELOW_MINIMUM, 80)
    assert partly.reason[-1].endswith("changes nothing in a figure that was reported as a whole.")


@pytest.mark.parametrize(
    "fact",
    [
        relief("r", "01-10", "01-11", decision=Decision.PENDING),
        relief("r", "01-10", "01-11", decision=Decision.REJECTED),
        relief("r", "01-10", "01-11", kpi="other"),
        relief("r", "02-10", "02-11"),
        relief("r", "01-10", "01-11", decided_at=at("02-10"), received_at=at("01-11")),
    ],
)
def test_relief_that_was_not_granted_here_changes_nothing(fact: Any) -> None:
    performed = relieved(fact, known_at="02-10")

    assert performed.results[0].value == 85
    assert performed.troubles == ()


def test_relief_counts_once_it_was_decided() -> None:
    fact = relief("r", "01-10", "01-11", decided_at=at("02-09"), received_at=at("01-11"))

    assert relieved(fact, known_at="02-10").results[0].value == 100
    assert relieved(fact).results[0].value == 100


@pytest.mark.parametrize(
    ("said", "message", "remedy"),
    [
        (
            {"ground": "war"},
            "the terms know no ground `war`",
            "they know `flood`, `strike`, `late`, `slow`",
        ),
        (
            {"claimed_by": "client"},
            "`flood` is not for client to claim",
            "it is claimed by provider",
        ),
        (
            {"ground": "late", "received_at": at("01-16 00:00:01")},
            "it was claimed at 2027-01-16 00:00:01, too late",
            "claims are due 5 days after the end, 2027-01-16 00:00",
        ),
        (
            {"ground": "slow", "received_at": at("01-14")},
            "it was claimed at 2027-01-14 00:00, too late",
            "claims are due 2 working days after the end, 2027-01-13 00:00",
        ),
    ],
)
def test_a_claim_that_does_not_hold_is_told_and_changes_nothing(
    said: dict[str, Any], message: str, remedy: str
) -> None:
    performed = relieved(relief("r", "01-10", "01-11", **said))

    (trouble,) = performed.troubles
    assert trouble.message == f"relief r does not count: {message}"
    assert trouble.remedy == remedy
    assert performed.results[0].value == 85


def test_terms_without_relief_know_no_ground() -> None:
    (trouble,) = perform(terms({}), relief("r", "01-10", "01-11")).troubles

    assert trouble.remedy == "they know none"


@pytest.mark.parametrize("received", ["01-16", None])
def test_a_claim_in_time_counts(received: str | None) -> None:
    received_at = None if received is None else at(received)

    performed = relieved(relief("r", "01-10", "01-11", ground="late", received_at=received_at))

    assert performed.results[0].value == 100


@pytest.mark.parametrize(("first", "value"), [("01-16", 100), ("01-16 00:00:01", 85), (None, 100)])
def test_a_later_decision_does_not_make_a_claim_late(first: str | None, value: int) -> None:
    received_at = None if first is None else at(first)
    claim = relief(
        "r", "01-10", "01-11", ground="late", decision=Decision.PENDING, received_at=received_at
    )
    decided = relief("d", "01-10", "01-11", ground="late", corrects="r", received_at=at("02-20"))

    performed = relieved(claim, decided)

    assert performed.results[0].value == value


def test_relief_of_all_is_told_once_where_it_does_not_hold() -> None:
    agreed = terms({}, {"key": "other"})

    assert len(perform_all(agreed, relief("r", "01-10", "01-11")).troubles) == 1


def test_figures_without_relief_are_averaged_by_themselves() -> None:
    agreed = terms(
        {"target": AT_LEAST_95, "averaging": {"periods": "2"}, "no_data": "carried"},
        relief=GROUNDS,
    )
    facts = (*SAMPLES, sample("next", "02-05", "96"), relief("r", "01-10", "01-11"))

    results = perform(agreed, *facts, until="04-01").results

    assert [result.value for result in results] == [100, 98, 96]
    assert [result.bare_value for result in results] == [85, Fraction(181, 2), 96]


def test_an_excused_figure_is_not_carried_on() -> None:
    agreed = terms({"no_data": "carried"}, relief=GROUNDS)
    facts = (*SAMPLES, relief("r", "01-10", "01-11", ground="strike"))

    results = perform(agreed, *facts, until="03-01").results

    assert [result.value for result in results] == [None, None]
    assert [result.bare_value for result in results] == [85, 85]


def test_relief_of_a_part_lifts_the_composite() -> None:
    measure = {"kind": "composite", "combine": "lowest", "parts": {"a": "50 %", "b": "50 %"}}
    agreed = terms(
        {"measure": measure},
        {"key": "a"},
        {"key": "b", "measure": {"kind": "survey_score", "surveys": "csat", "score": "mean"}},
        relief=GROUNDS,
    )
    facts = (*SAMPLES, survey("s", "01-05", "9"), relief("r", "01-10", "01-11", kpi="a"))

    (result,) = perform(agreed, *facts).results

    assert (result.value, result.bare_value) == (Fraction(90), Fraction(85))


def test_relief_of_no_length_touches_nothing() -> None:
    fact = relief("r", "01-10", "01-10")

    assert fact.end - fact.start == timedelta(0)
    assert relieved(fact).results == relieved().results


def test_an_excused_baseline_stays_excused() -> None:
    (result,) = relieved(
        relief("r", "01-15", "01-16", ground="strike"), baseline={"periods": "1"}
    ).results

    assert (result.status, result.bare_status) == (Status.EXCUSED, Status.BASELINE)


# --- error budgets in facts


@pytest.mark.parametrize(
    ("target", "num", "total", "used"),
    [
        ("at least 95 %", "336000", Fraction(16_800), Fraction(0)),
        ("at least 95 %", "319000", Fraction(16_800), Fraction(17_000)),
        ("at most 5 %", "17000", Fraction(16_800), Fraction(17_000)),
    ],
)
def test_a_promise_in_percent_leaves_a_budget_of_failures(
    target: str, num: str, total: Fraction, used: Fraction
) -> None:
    result = one(reported("r", *JANUARY, num=num, den="336000"), target={"expected": target})

    assert result.budget == Budget(total, used, "count")
    assert result.budget.left == total - used
    assert result.budget.burn == used / total


def test_where_nothing_may_fail_no_share_of_it_is_used() -> None:
    result = one(reported("r", *JANUARY, num="9", den="10"), target={"expected": "at least 100 %"})

    assert result.budget == Budget(Fraction(0), Fraction(1), "count")
    assert result.budget.burn is None


@pytest.mark.parametrize(
    ("said", "kpi"),
    [
        ({"value": "96"}, {}),
        ({"num": "9", "den": "10"}, {"target": None}),
        ({"num": "9", "den": "10"}, {"unit": "ratio", "target": {"expected": "at least 1 ratio"}}),
        ({"num": "9", "den": "10"}, {"measure": {"kind": "mean", "series": "probe"}}),
    ],
)
def test_without_facts_or_promise_there_is_no_budget(
    said: dict[str, Any], kpi: dict[str, Any]
) -> None:
    assert one(reported("r", *JANUARY, **said), **kpi).budget is None


def test_a_composite_of_longer_periods_takes_the_mean_of_those_within() -> None:
    part = REPORTED | {"key": "part"}
    whole = {
        "key": "whole",
        "every": "quarter",
        "measure": {"kind": "composite", "parts": {"part": "100 %"}, "combine": "weighted"},
        "target": AT_LEAST_95,
    }
    facts = [
        reported(month, f"{month}-01", f"{following}-01", kpi="part", value=value)
        for month, following, value in (
            ("01", "02", "98"),
            ("02", "03", "97"),
            ("03", "04", "99"),
        )
    ]

    results = perform_all(terms(part, whole), *facts, until="04-01").results
    assert [each.value for each in results if each.kpi.key == "whole"] == [98]
