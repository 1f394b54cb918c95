"""What the terms propose for later: published cases of ratchets, baselines, promotions."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proposals import Proposal, proposals
from domain.results import Status
from domain.terms.shape import Terms
from tests.domain.runs import day, kpi, months, result, run, terms, timeline

TWELVE_ABOVE = {"consecutive": 12, "of": "exceeded"}

AVERAGE_98_6 = ["98.5", "98.7"] * 6


def proposed(agreed: Terms, figures: list[Any]) -> tuple[Proposal, ...]:
    return proposals(timeline(agreed), run(agreed.kpis[0], figures))


def improving(**values: Any) -> Terms:
    return terms(kpi(improvement={"when": TWELVE_ABOVE, "to": "midpoint"} | values))


# --- targets that move


def test_twelve_months_above_the_level_propose_the_midpoint() -> None:
    (found,) = proposed(improving(clause="7.2"), AVERAGE_98_6)

    assert (found.kpi, found.rule, found.from_, found.to) == (
        "uptime",
        "improvement",
        "97.0",
        "97.8",
    )
    assert found.effective == day("2028-01-01")
    assert found.reason[0].startswith("12 in a row better than expected. Asked for: ")
    assert found.reason[1] == (
        "Midway between the level and the mean of the figures: (97 + 98.6) / 2 = 97.8 (7.2)."
    )


def test_one_month_that_only_reaches_the_level_leaves_it_unchanged() -> None:
    assert proposed(improving(), [*AVERAGE_98_6[:11], "97.0"]) == ()


def test_a_part_of_what_is_missing_to_a_hundred_percent_may_be_proposed() -> None:
    (found,) = proposed(improving(to="step", step="20 %"), AVERAGE_98_6)

    assert found.to == "97.6"
    assert found.reason[1] == ("So much of what is missing to 100: 97 + 20 % x (100 - 97) = 97.6.")


def test_where_lower_is_better_less_is_missing_to_nothing() -> None:
    wait = kpi(
        unit="h",
        target={"expected": "at most 10 h"},
        improvement={"when": TWELVE_ABOVE, "to": "step", "step": "5 %"},
    )

    (found,) = proposed(terms(wait), [8] * 12)

    assert (found.from_, found.to) == ("10", "9.5")


@pytest.mark.parametrize(("places", "to"), [(None, "98.566666666666"), (1, "98.6"), (0, "99")])
def test_the_mean_may_be_proposed_and_rounded(places: int | None, to: str) -> None:
    when = {"consecutive": 3, "of": "exceeded"}

    (found,) = proposed(improving(when=when, to="mean", places=places), ["98.5", "98.5", "98.7"])

    assert found.to == to
    assert found.reason[1] == "The mean of the figures is 98.566666…."


def test_what_is_no_better_is_not_proposed() -> None:
    when = {"count": 2, "of": "met"}

    assert proposed(improving(when=when, to="mean"), [97, 97]) == ()
    assert proposed(improving(when=when, to="mean", places=0), ["97.2", "97.2"]) == ()


def test_without_a_target_or_figures_nothing_can_be_improved() -> None:
    untargeted = kpi(target=None, improvement={"when": {"count": 1, "of": "met"}, "to": "mean"})

    assert proposed(terms(untargeted), [99]) == ()
    assert proposed(improving(when={"count": 1, "of": "met"}), [Status.MET]) == ()


def test_an_improvement_waits_for_its_notice_and_the_next_period() -> None:
    (found,) = proposed(improving(effective_after="45 days"), AVERAGE_98_6)

    assert found.effective == day("2028-03-01")


def test_each_result_goes_by_the_improvement_of_its_own_edition() -> None:
    old, new = improving(to="mean"), improving(clause="new")
    results = [
        *run(old.kpis[0], AVERAGE_98_6[:6]),
        *run(new.kpis[0], AVERAGE_98_6[6:], first=7, edition=2),
    ]

    (found,) = proposals(timeline(old, new, then=["2027-07-01"]), results)

    assert found.to == "97.8"


levels = st.decimals(90, 99, places=2)


@given(figures=st.lists(st.decimals(80, 100, places=2), min_size=12, max_size=12))
def test_a_proposal_lies_between_the_level_and_the_mean(figures: list[Any]) -> None:
    for found in proposed(improving(), figures):
        assert 97 < Fraction(found.to) <= sum(map(Fraction, figures)) / 12


# --- baselines


def baselined(**values: Any) -> Terms:
    return terms(kpi(target=None, baseline={"periods": 3} | values))


@pytest.mark.parametrize(("rule", "to"), [("mean", "96"), ("lowest", "94"), ("highest", "98")])
def test_a_baseline_proposes_what_was_measured(rule: str, to: str) -> None:
    found = proposed(baselined(propose=rule, clause="3.1"), [94, 98, 96, 10])

    assert found == (
        Proposal(
            "uptime",
            "baseline",
            None,
            to,
            day("2027-04-01"),
            (
                "The baseline is over after 3 periods: 94, 98, 96.",
                f"Agreed for the target is the {rule} (3.1).",
            ),
        ),
    )


def test_a_baseline_that_is_not_over_proposes_nothing() -> None:
    assert proposed(baselined(), [94, 98]) == ()


def test_a_period_without_a_figure_adds_nothing_to_a_baseline() -> None:
    assert [each.to for each in proposed(baselined(), [94, Status.NO_DATA, 98])] == ["96"]
    assert proposed(baselined(), [Status.NO_DATA] * 3) == ()


def test_every_dimension_of_a_split_kpi_is_in_its_baseline() -> None:
    agreed = baselined(periods=1, effective_after="1 month")
    (period,) = months(1, 1)
    results = [
        result(agreed.kpis[0], period, figure, dim=(("site", site),))
        for site, figure in (("york", 90), ("leeds", 95))
    ]

    (found,) = proposals(timeline(agreed), results)

    assert (found.to, found.effective) == ("92.5", day("2027-03-01"))
    assert found.reason[0] == "The baseline is over after 1 period: 95, 90."


def test_a_target_that_there_is_already_is_told() -> None:
    agreed = terms(kpi(baseline={"periods": 1}))

    (found,) = proposed(agreed, [98])

    assert (found.from_, found.to) == ("97.0", "98")


# --- promotions


def test_an_indicator_may_be_promoted_with_notice() -> None:
    promotion = {"to": "key", "when": {"consecutive": 2, "of": "met"}, "notice": "90 days"}
    agreed = terms(kpi(classification="indicator", promotion=promotion))

    (found,) = proposed(agreed, [99, 99])

    # 90 days after 1 March is 30 May.
    assert (found.rule, found.from_, found.to) == ("promotion", "indicator", "key")
    assert found.effective == day("2027-06-01")
    assert found.reason[1] == "With 90 days of notice."


def test_a_promotion_at_the_client_s_wish_is_not_proposed() -> None:
    agreed = terms(kpi(promotion={"to": "critical", "notice": "90 days"}))

    assert proposed(agreed, [99, 99]) == ()


def test_nothing_is_promoted_to_what_it_is() -> None:
    promotion = {"to": "key", "when": {"count": 1, "of": "met"}, "notice": "90 days"}

    assert proposed(terms(kpi(promotion=promotion)), [99]) == ()


def test_without_anything_agreed_nothing_is_proposed() -> None:
    assert proposed(terms(), [99] * 12) == ()
    assert proposals(timeline(terms()), []) == ()
