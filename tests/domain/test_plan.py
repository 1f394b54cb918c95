"""The plan: every instant of a term, drawn from an edition."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.plan import (
    Plan,
    PlannedMilestone,
    PlannedReview,
    PlannedRung,
    asked,
    closing_at,
    draw_plan,
    first_term_ends_at,
    go_live_at,
    milestone_due,
    next_term_ends_at,
    plan_milestone,
    raise_ladder,
    review_openings,
)
from domain.spans import Unit, parse_span
from domain.terms.shape import Agreement, Level
from domain.zones import midnight, zone_named
from tests.domain.agreed import agreed, with_kpi

TERMS = agreed()
LONDON = zone_named("Europe/London")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def london(day: str) -> datetime:
    return midnight(date.fromisoformat(day), LONDON)


LIVE = london("2027-03-01")


def reviewed(every: str = "2 months", first_after: str = "go_live", **more: Any) -> Agreement:
    return agreed(reviews={"every": every, "first_after": first_after}, **more)


def opened_on(plan: Plan) -> list[str]:
    return [f"{each.opens_at.astimezone(LONDON):%Y-%m-%d}" for each in plan.reviews]


# --- milestones


def test_a_milestone_is_warned_of_ahead_and_late_once_its_day_is_over() -> None:
    assert plan_milestone("go_live", date(2027, 4, 1), TERMS) == PlannedMilestone(
        "go_live", warn_at=london("2027-03-18"), due_at=london("2027-04-02"), gate=True
    )


def test_a_milestone_is_due_at_the_end_of_its_local_day() -> None:
    assert milestone_due(date(2027, 3, 28), TERMS) == utc("2027-03-28T23:00")


@pytest.mark.parametrize(
    ("launched", "warned", "late"),
    [
        ("2027-03-01", "2027-03-18", "2027-04-02"),
        ("2027-03-20", "2027-03-20", "2027-04-02"),
        ("2027-05-01", "2027-05-01", "2027-05-01"),
    ],
)
def test_nobody_is_chased_before_he_was_asked(launched: str, warned: str, late: str) -> None:
    milestone = plan_milestone("go_live", date(2027, 4, 1), TERMS)

    assert asked(milestone, london(launched)) == PlannedMilestone(
        "go_live", london(warned), london(late), gate=True
    )


# --- the term


def test_a_plan_says_whose_it_is_and_holds_every_milestone() -> None:
    plan = draw_plan(TERMS, 3, 1)

    assert (plan.agreement, plan.edition, plan.term) == ("helpdesk", 3, 1)
    assert (plan.client, plan.provider) == ("Northwind Health", "Contoso Services")
    assert plan.title == TERMS.title
    assert plan.milestones == tuple(
        plan_milestone(each.key, each.on, TERMS) for each in TERMS.milestones
    )


def test_the_first_term_ends_its_months_after_its_first_day() -> None:
    plan = draw_plan(TERMS, 1, 1)

    assert plan.term_ends_at == london("2029-03-01")
    assert plan.renewal_opens_at == london("2028-09-01")


def ends(terms: Agreement, terms_count: int) -> list[str]:
    found = [first_term_ends_at(terms)]
    while len(found) < terms_count:
        found.append(next_term_ends_at(terms, found[-1]))
    return [f"{each.astimezone(zone_named(terms.zone)):%Y-%m-%d}" for each in found]


def test_each_renewal_adds_its_months() -> None:
    assert ends(TERMS, 3) == ["2029-03-01", "2030-03-01", "2031-03-01"]


def test_clamped_ends_of_terms_do_not_drift() -> None:
    terms = agreed(term={"starts_on": "2027-08-31", "months": "6"}, renewal={"renews_for": "6"})

    assert ends(terms, 4) == ["2028-02-29", "2028-08-31", "2029-02-28", "2029-08-31"]


def test_another_length_of_renewals_leaves_served_terms_as_they_were() -> None:
    shorter = agreed(renewal={"renews_for": "3"})

    assert next_term_ends_at(shorter, london("2030-03-01")) == london("2030-06-01")


def test_the_current_term_ends_when_it_was_to_end_whatever_the_edition_says() -> None:
    ends_at = london("2030-03-01")

    plan = draw_plan(agreed(renewal={"renews_for": "3"}), 2, 2, ends_at=ends_at)

    assert plan.term_ends_at == ends_at
    assert plan.renewal_opens_at == london("2029-09-01")


@given(st.dates(date(1990, 1, 1), date(2050, 12, 31)), st.integers(1, 60), st.integers(1, 24))
def test_the_nth_term_ends_all_its_months_after_the_first_day(
    starts_on: date, months: int, renews_for: int
) -> None:
    terms = agreed(
        term={"starts_on": starts_on, "months": months}, renewal={"renews_for": renews_for}
    )

    for renewals, end in enumerate(ends(terms, 4)):
        total = starts_on.year * 12 + starts_on.month - 1 + months + renewals * renews_for
        assert end[:7] == f"{total // 12}-{total % 12 + 1:02}"
        assert int(end[8:]) == starts_on.day or (
            int(end[8:]) < starts_on.day and (date.fromisoformat(end) + timedelta(days=1)).day == 1
        )


# --- reviews


def test_there_are_no_reviews_before_service_begins() -> None:
    assert draw_plan(TERMS, 1, 1).reviews == ()


def test_reviews_open_every_two_months_after_go_live() -> None:
    plan = draw_plan(TERMS, 1, 1, live_from=LIVE)

    assert plan.live_from == LIVE
    assert opened_on(plan)[:3] == ["2027-05-01", "2027-07-01", "2027-09-01"]
    assert [each.number for each in plan.reviews] == list(range(1, 13))


def test_the_last_review_opens_at_the_very_end_of_the_term() -> None:
    plan = draw_plan(TERMS, 1, 1, live_from=LIVE)

    assert plan.reviews[-1] == PlannedReview(12, plan.term_ends_at)


def test_clamped_month_ends_do_not_drift() -> None:
    plan = draw_plan(reviewed(first_after="2027-08-31"), 1, 1, live_from=LIVE)

    assert opened_on(plan)[:5] == [
        "2027-10-31",
        "2027-12-31",
        "2028-02-29",
        "2028-04-30",
        "2028-06-30",
    ]


def test_reviews_counted_from_a_date_begin_with_service() -> None:
    plan = draw_plan(reviewed(first_after="2026-12-15"), 1, 1, live_from=LIVE)

    assert opened_on(plan)[:2] == ["2027-04-15", "2027-06-15"]
    assert plan.reviews[0].number == 1


def test_reviews_that_were_held_are_not_planned_again() -> None:
    first = draw_plan(TERMS, 1, 1, live_from=LIVE)
    held = 3

    again = draw_plan(
        TERMS, 1, 1, live_from=LIVE, since=first.reviews[held].opens_at, after_review=held
    )

    assert again.reviews == first.reviews[held:]


def test_a_denser_rhythm_does_not_ask_for_reviews_of_the_past() -> None:
    plan = draw_plan(
        reviewed("1 month"), 2, 1, live_from=LIVE, since=london("2027-09-15"), after_review=3
    )

    assert plan.reviews[0] == PlannedReview(4, london("2027-10-01"))


def test_a_wider_rhythm_does_not_leave_reviews_out() -> None:
    plan = draw_plan(
        reviewed("2 months"), 2, 1, live_from=LIVE, since=london("2027-09-15"), after_review=6
    )

    assert plan.reviews[0] == PlannedReview(7, london("2027-11-01"))


def test_the_next_term_goes_on_with_the_next_review() -> None:
    first = draw_plan(TERMS, 1, 1, live_from=LIVE)
    ended_at = first.term_ends_at

    second = draw_plan(
        TERMS,
        1,
        2,
        ends_at=next_term_ends_at(TERMS, ended_at),
        live_from=LIVE,
        since=ended_at + datetime.resolution,
        after_review=len(first.reviews),
    )

    assert second.reviews[0] == PlannedReview(13, london("2029-05-01"))
    assert second.reviews[-1] == PlannedReview(18, london("2030-03-01"))


@given(
    st.integers(1, 90),
    st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH]),
    st.one_of(st.just("go_live"), st.dates(date(2026, 1, 1), date(2028, 12, 31))),
    st.integers(0, 700),
)
def test_reviews_are_in_order_within_service(
    amount: int, unit: Unit, first_after: str | date, live_after: int
) -> None:
    live_from = london("2027-03-01") + timedelta(days=live_after)
    terms = reviewed(f"{amount} {unit}", str(first_after))
    ends_at = first_term_ends_at(terms)

    opened = list(review_openings(terms, live_from, ends_at))

    assert opened == sorted(set(opened))
    assert all(live_from <= at <= ends_at for at in opened)


# --- going live


@pytest.mark.parametrize(
    ("planned", "accepted", "live"),
    [
        ("2027-04-01", "2027-03-20T12:00", "2027-04-01"),  # early: on the planned day
        ("2027-04-01", "2027-04-09T12:00", "2027-04-09"),  # late: on the day of acceptance
        ("2027-04-01", "2027-04-09T23:30", "2027-04-10"),  # which is a local day
        ("2027-02-01", "2027-02-01T12:00", "2027-03-01"),  # never before the term
    ],
)
def test_service_begins_on_a_local_day(planned: str, accepted: str, live: str) -> None:
    assert go_live_at(date.fromisoformat(planned), utc(accepted), TERMS) == london(live)


# --- ladders


def levels(*answer_within: str) -> tuple[Level, ...]:
    return tuple(
        Level(
            level=number,
            to=("provider.manager", "client.reviewer"),
            answer_within=parse_span(length),
            playbook="Act.",
        )
        for number, length in enumerate(answer_within, 1)
    )


def test_each_level_waits_its_own_time() -> None:
    ladder = raise_ladder(levels("4 h", "2 days", "1 week"), utc("2027-05-01T10:00"), TERMS.zone)

    assert ladder.rungs == (
        PlannedRung(1, utc("2027-05-01T10:00")),
        PlannedRung(2, utc("2027-05-01T14:00")),
        PlannedRung(3, utc("2027-05-03T14:00")),
    )
    assert ladder.exhausted_at == utc("2027-05-10T14:00")


def test_a_ladder_over_a_change_of_the_clocks_counts_days_by_the_clock() -> None:
    ladder = raise_ladder(levels("24 h", "1 day"), utc("2027-03-27T12:00"), TERMS.zone)

    assert ladder.rungs[1].due_at == utc("2027-03-28T12:00")
    assert ladder.exhausted_at == utc("2027-03-29T12:00")
    opened = utc("2027-03-27T12:00")
    assert raise_ladder(levels("1 day"), opened, TERMS.zone).exhausted_at == utc("2027-03-28T11:00")


@given(
    st.lists(
        st.builds("{} {}".format, st.integers(0, 40), st.sampled_from(["h", "days", "months"])),
        min_size=1,
        max_size=6,
    ),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Europe/London", "America/Sao_Paulo", "Africa/Cairo", "Antarctica/Troll"]),
)
def test_no_rung_comes_before_the_one_below(
    lengths: list[str], opened_at: datetime, zone: str
) -> None:
    ladder = raise_ladder(levels(*lengths), opened_at, zone)

    instants = [*(rung.due_at for rung in ladder.rungs), ladder.exhausted_at]
    assert instants[0] == opened_at
    assert all(below <= above for below, above in pairwise(instants))
    assert ladder == raise_ladder(levels(*lengths), opened_at.astimezone(zone_named(zone)), zone)


# --- the end


def test_the_books_close_a_day_after_the_last_figures() -> None:
    terms = with_kpi("reopened", cut_off="3 weeks")

    assert closing_at(terms, london("2029-03-01")) == london("2029-03-23")
