"""Triggers, rights and the dates that follow: published cases, and each rule by itself."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.facts import EventFact
from domain.results import Dated, Fired, Result, RightArisen, Total
from domain.terms.shape import Terms
from domain.triggers import fire
from tests.domain.runs import day, kpi, months, pointed, run, terms, timeline, utc

GOOD, MISS, BAD = 99, 95, 80


def trigger(**values: Any) -> dict[str, Any]:
    return {"key": "chronic", "then": "chronic_failure"} | values


def triggered(*triggers: dict[str, Any], **values: Any) -> Terms:
    return terms(*values.pop("kpis", ()), triggers=list(triggers), **values)


def fired_by(agreed: Terms, figures: list[int]) -> list[Fired]:
    return fire(timeline(agreed), run(agreed.kpis[0], figures))[0]


def event(name: str, at: datetime, kind: str = "action_plan") -> EventFact:
    return EventFact(name, at, kind)


# --- published cases


def test_the_dates_of_an_action_plan() -> None:
    steps = [
        {"key": "draft", "after": "10 working days"},
        {"key": "comments", "after": "15 working days", "follows": "draft"},
        {"key": "amend", "after": "5 working days", "follows": "comments"},
    ]
    when = {"count": 1, "of": "event", "where": {"types": ["action_plan"]}}
    agreed = triggered(trigger(key="plan", then="action_plan", when=when, steps=steps))
    told = [event("e1", utc("2026-11-02T09:00")), event("e0", utc("2026-10-02T09:00"), "audit")]

    fired, rights, dated = fire(timeline(agreed), [], events=told)

    assert [(each.key, each.fired_at, each.periods) for each in fired] == [
        ("plan", utc("2026-11-02T09:00"), ("action_plan/e1",))
    ]
    assert rights == []
    assert dated == [
        Dated(
            "plan/draft",
            utc("2026-11-16T09:00"),
            "10 working days after 2026-11-02, for action_plan/e1",
        ),
        Dated(
            "plan/comments",
            utc("2026-12-07T09:00"),
            "15 working days after 2026-11-16, for action_plan/e1",
        ),
        Dated(
            "plan/amend",
            utc("2026-12-14T09:00"),
            "5 working days after 2026-12-07, for action_plan/e1",
        ),
    ]


@pytest.mark.parametrize(("days", "may"), [(345, True), (16, True), (15, False), (5, False)])
def test_a_late_delivery_may_end_the_agreement(days: int, may: bool) -> None:  # noqa: FBT001
    late = kpi("delivery", unit="day", target={"expected": "at most 0 day"})
    when = {"count": 1, "of": "value", "which": "above 15 day"}
    right = {"kind": "termination"}
    agreed = triggered(
        trigger(key="late", when=when, then="termination_right", right=right), kpis=[late]
    )

    _, rights, _ = fire(timeline(agreed), run(agreed.kpis[0], [days]))

    assert [each.kind for each in rights] == (["termination"] if may else [])


def test_low_uptime_on_a_rolling_average_gives_a_right_with_notice_and_an_end() -> None:
    right = {
        "kind": "termination",
        "notice": "30 days",
        "exercise_within": "60 days",
        "clause": "12.3",
    }
    when = {"mean": "below 97 %", "of": "value", "window": "3 periods"}
    agreed = triggered(trigger(key="uptime", when=when, then="termination_right", right=right))

    _, rights, _ = fire(timeline(agreed), run(agreed.kpis[0], [96, 97, 97]))

    assert rights == [
        RightArisen(
            key="uptime/termination",
            kind="termination",
            arises=day("2027-04-01"),
            effective=day("2027-05-01"),
            exercise_by=day("2027-05-31"),
            trigger="uptime",
            reason=(
                "It arises on 2027-04-01.",
                "Notice given then takes effect 30 days later, on 2027-05-01.",
                "It lapses 60 days after 2027-04-01, on 2027-05-31.",
                "Clause: 12.3.",
            ),
        )
    ]


def test_a_right_without_notice_is_effective_at_once_and_for_good() -> None:
    when = {"count": 1, "of": "below_minimum"}
    agreed = triggered(trigger(when=when, right={"kind": "step_in"}))

    _, (right,), _ = fire(timeline(agreed), run(agreed.kpis[0], [BAD]))

    assert (right.effective, right.exercise_by) == (right.arises, None)
    assert right.reason == ("It arises on 2027-02-01.",)


TWO_OR_THREE_OF_SIX = [
    {"consecutive": 2, "of": "below_minimum", "clause": "5.1(a)"},
    {"count": 3, "of": "below_minimum", "window": "6 months", "clause": "5.1(b)"},
]


def test_any_of_several_patterns_fires_a_trigger() -> None:
    agreed = triggered(trigger(when=TWO_OR_THREE_OF_SIX, clause="5.1"))

    running = fired_by(agreed, [BAD, BAD])
    in_six = fired_by(agreed, [BAD, GOOD, BAD, GOOD, GOOD, BAD])

    assert [(each.clause, int(each.quantity)) for each in running] == [("5.1(a)", 2)]
    assert [(each.clause, int(each.quantity)) for each in in_six] == [("5.1(b)", 3)]


def test_two_patterns_that_complete_together_fire_once() -> None:
    agreed = triggered(trigger(when=TWO_OR_THREE_OF_SIX))

    (fired,) = fired_by(agreed, [BAD, GOOD, BAD, BAD])

    assert fired.clause == "5.1(a)"


def test_credits_that_reach_a_share_of_the_fees_fire_a_trigger() -> None:
    when = {"count": 2, "of": "credits", "which": "at least 20 %", "window": "4 months"}
    agreed = triggered(trigger(when=when))
    credits_ = [
        Total(period, None, None, Fraction(percent), None)
        for period, percent in zip(months(1, 4), [20, 5, 5, 30], strict=True)
    ]

    (fired,), _, _ = fire(timeline(agreed), [], credits_)

    assert fired.periods == ("credits/2027-01", "credits/2027-04")


# --- what a trigger says


def test_a_trigger_explains_itself() -> None:
    when = {"sum": "at least 50", "of": "points", "window": "3 months", "same": "agreement"}
    agreed = triggered(
        trigger(key="critical", title="Critical failure", clause="1.6", when=when)
        | {"then": "critical_failure"}
    )

    (fired,), _, _ = fire(timeline(agreed), pointed(agreed.kpis[0], [18, 17, 15]))

    assert fired == Fired(
        key="critical",
        fired_at=day("2027-04-01"),
        periods=("uptime/2027-01", "uptime/2027-02", "uptime/2027-03"),
        quantity=Fraction(50),
        clause="1.6",
        then="critical_failure",
        reason=(
            "Critical failure.",
            "The sum of points within 3 months: 18 + 17 + 15 = 50. Asked for: a sum of points "
            "at least 50 within 3 months. By: uptime/2027-01, uptime/2027-02, uptime/2027-03.",
            "Clause: 1.6.",
        ),
    )


def test_a_trigger_without_title_and_clause_tells_what_was_found() -> None:
    (fired,) = fired_by(triggered(trigger(when={"count": 1, "of": "missed"})), [MISS])

    assert fired.clause is None
    assert len(fired.reason) == 1


def test_an_indicator_sets_nothing_off_unless_it_is_named() -> None:
    when = {"count": 1, "of": "missed"}
    agreed = triggered(
        trigger(when=when),
        trigger(key="named", when=when | {"where": {"kpis": ["uptime"]}}),
        kpis=[kpi(classification="indicator")],
    )

    assert [each.key for each in fired_by(agreed, [MISS])] == ["named"]


def test_firings_come_by_instant_and_then_in_the_order_of_the_terms() -> None:
    agreed = triggered(
        trigger(key="b", when={"count": 2, "of": "missed"}),
        trigger(key="a", when={"count": 1, "of": "missed"}),
        trigger(key="c", when={"count": 2, "of": "missed"}),
    )

    assert [each.key for each in fired_by(agreed, [MISS, MISS])] == ["a", "b", "c"]


def test_the_contract_year_of_a_trigger_begins_at_local_midnight() -> None:
    agreed = triggered(
        trigger(when={"count": 3, "of": "missed", "window": "contract year"}),
        term={"starts_on": "2026-06-01", "months": "36"},
    )

    # April and May lie in the first year, June, July and August in the second.
    results = run(agreed.kpis[0], [MISS] * 5, first=4)

    assert [each.fired_at for each in fire(timeline(agreed), results)[0]] == [day("2027-09-01")]


def test_the_dates_of_every_trigger_that_fired_are_told_in_their_order() -> None:
    agreed = triggered(
        trigger(
            key="late",
            when={"count": 1, "of": "missed"},
            steps=[{"key": "plan", "after": "9 days"}],
        ),
        trigger(
            key="soon",
            when={"count": 1, "of": "missed"},
            steps=[{"key": "call", "after": "1 day"}],
        ),
    )

    _, _, dated = fire(timeline(agreed), run(agreed.kpis[0], [MISS]))

    assert [each.key for each in dated] == ["soon/call", "late/plan"]


# --- dates


def test_steps_may_stand_in_any_order_and_count_the_agreed_working_days() -> None:
    steps = [
        {"key": "revised", "after": "5 working days", "follows": "draft"},
        {"key": "draft", "after": "1 working day"},
    ]
    agreed = triggered(
        trigger(when={"count": 1, "of": "missed"}, steps=steps),
        calendars={"office": {"hours": {"mon-thu": "09:00-17:00"}, "holidays": ["2027-02-02"]}},
        working_days="office",
    )

    _, _, dated = fire(timeline(agreed), run(agreed.kpis[0], [MISS]))

    # 1 February 2027 is a Monday.
    assert dated == [
        Dated(
            "chronic/draft", day("2027-02-03"), "1 working day after 2027-02-01, for uptime/2027-01"
        ),
        Dated(
            "chronic/revised",
            day("2027-02-11"),
            "5 working days after 2027-02-03, for uptime/2027-01",
        ),
    ]


# --- editions


def test_a_trigger_is_judged_by_the_edition_in_force_at_the_completing_period() -> None:
    three = triggered(trigger(when={"count": 3, "of": "missed"}, clause="old"))
    two = triggered(trigger(when={"count": 2, "of": "missed"}, clause="new"))
    editions = timeline(three, two, then=["2027-03-01"])

    early = run(three.kpis[0], [MISS, MISS])
    late = run(two.kpis[0], [MISS], first=3, edition=2)

    assert fire(editions, early)[0] == []
    assert [each.clause for each in fire(editions, [*early, *late])[0]] == ["new"]


def test_a_trigger_that_stays_as_it_is_does_not_fire_again_because_of_an_amendment() -> None:
    agreed = triggered(trigger(when={"count": 2, "of": "missed"}))
    editions = timeline(agreed, agreed, then=["2027-03-01"])
    results: list[Result] = [
        *run(agreed.kpis[0], [MISS, MISS]),
        *run(agreed.kpis[0], [MISS], first=3, edition=2),
    ]

    assert [each.fired_at for each in fire(editions, results)[0]] == [day("2027-03-01")]


def test_a_trigger_that_an_amendment_took_out_does_not_fire() -> None:
    agreed = triggered(trigger(when={"count": 2, "of": "missed"}))
    editions = timeline(agreed, terms(), then=["2027-02-01"])
    results = [
        *run(agreed.kpis[0], [MISS]),
        *run(terms().kpis[0], [MISS], first=2, edition=2),
    ]

    assert fire(editions, results)[0] == []


def test_events_go_by_the_edition_of_their_own_instant() -> None:
    agreed = triggered(trigger(when={"count": 1, "of": "event", "afterwards": "repeats"}))
    editions = timeline(terms(), agreed, then=["2027-03-01"])
    told = [event("e1", day("2027-02-28")), event("e2", day("2027-03-01"))]

    (fired,), _, _ = fire(editions, [], events=told)

    assert fired.fired_at == day("2027-03-01")
    assert fired.quantity == Decimal(2)
