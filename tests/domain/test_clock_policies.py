"""Ticket clocks by agreed policy: who stops them, what pauses them, and what changes do."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import ClockRun, ClockStatus, SegmentKind, run
from domain.facts import Ticket, TicketEvent
from domain.terms.calendars import Closing, Policy, Start, Stop, TicketClock
from tests.domain.ticking import HOURS, LATE, LONDON, event, ran, ticket, told, utc

DAY = "2026-11-02T"
"""A Monday in London, without summer time."""


def terms(**values: Any) -> TicketClock:
    """A clock for a resolution within four hours, with other values."""
    limits = values.pop("limits", [{"within": values.pop("within", "4 h")}])
    return TicketClock.model_validate(
        {"key": "fix", "stops": "resolution", "limits": limits, **values}
    )


BY_PRIORITY = [
    {"where": {"priority": "p1"}, "within": "2 h"},
    {"where": {"priority": "p2"}, "within": "4 h"},
]


def of_priority(priority: str, **at: str) -> Ticket:
    plain = ticket(**at)
    return Ticket(
        plain.id,
        plain.opened_at,
        plain.responded_at,
        plain.resolved_at,
        plain.closed_at,
        columns={"priority": priority},
    )


def happened(at: str, said: str, actor: str = "agent", **columns: str) -> TicketEvent:
    """What was said on the day: `11:00`, `state pending`; `reason` is the event's own."""
    reason = columns.pop("reason", None)
    plain = event(f"{DAY}{at}", said, actor)
    return TicketEvent(plain.id, "t1", plain.at, plain.event, plain.value, actor, reason, columns)


def at(text: str) -> Any:
    return utc(f"{DAY}{text}")


# --- which calendar, and from when


def test_each_limit_may_count_in_hours_of_its_own() -> None:
    clock = terms(
        limits=[
            {"where": {"priority": "p1"}, "within": "4 h", "calendar": "berlin-17"},
            {"within": "4 h"},
        ],
        calendar="office",
    )

    other = ran(clock, of_priority("p3", opened=f"{DAY}15:00"))

    assert "This limit is for tickets that no limit before it fits." in other.reason
    assert other.deadline == utc("2026-11-03T10:00")
    assert ran(clock, of_priority("p1", opened=f"{DAY}15:00")).deadline == utc("2026-11-03T11:00")


@pytest.mark.parametrize(
    ("starts", "due"),
    [(Start.OPENED, "2026-11-08T20:00"), (Start.NEXT_OPEN_HOUR, "2026-11-11T08:00")],
)
def test_a_clock_may_start_with_the_next_open_hour(starts: Start, due: str) -> None:
    """Opened on a Friday evening, due after two days."""
    clock = terms(within="2 days", calendar="office", starts=starts)

    result = ran(clock, ticket("2026-11-06T20:00"), now="2026-11-06T21:00")

    assert result.deadline == utc(due)


def test_before_the_first_open_hour_nothing_has_counted() -> None:
    clock = terms(within="2 days", calendar="office", starts="next_open_hour")

    waiting = ran(clock, ticket("2026-11-06T20:00"), now="2026-11-07T09:00")
    done = ran(clock, ticket("2026-11-06T20:00", resolved="2026-11-07T09:00"))

    assert told(waiting, "status", "elapsed") == (ClockStatus.RUNNING, 0)
    assert {segment.kind for segment in waiting.segments} == {SegmentKind.CLOSED_HOURS}
    assert "from the first open hour after the opening at 2026-11-09 08:00" in waiting.reason[0]
    assert told(done, "status", "elapsed", "until") == (
        ClockStatus.MET,
        0,
        utc("2026-11-07T09:00"),
    )


def test_a_deadline_that_was_told_stays_when_work_is_done_before_the_first_open_hour() -> None:
    clock = terms(within="2 days", calendar="office", starts="next_open_hour")

    waiting = ran(clock, ticket("2026-11-06T20:00"), now="2026-11-07T09:00")
    done = ran(clock, ticket("2026-11-06T20:00", resolved="2026-11-07T09:00"))

    assert told(done, "deadline", "begun_at", "budget") == told(
        waiting, "deadline", "begun_at", "budget"
    )
    assert done.deadline == utc("2026-11-11T08:00")
    assert [each.kind for each in done.ledger] == [SegmentKind.CLOSED_HOURS] * 2


def test_a_ticket_may_wait_before_its_clock_has_begun() -> None:
    clock = terms(within="2 days", calendar="office", starts="next_open_hour", pauses=["pending"])
    waits = event("2026-11-06T20:30", "state pending")

    result = ran(clock, ticket("2026-11-06T20:00"), [waits], now="2026-11-07T09:00")

    assert told(result, "status", "deadline", "elapsed") == (ClockStatus.PAUSED, None, 0)
    assert result.ledger[-1].end == utc("2026-11-07T09:00")


def test_without_a_next_open_hour_a_clock_starts_with_the_opening() -> None:
    clock = terms(calendar="never", starts="next_open_hour")

    assert ran(clock, ticket(), now=f"{DAY}11:00").begun_at == at("10:00")


# --- pauses


AGREED = {"states": ["pending"], "reasons": ["customer"], "by": ["Agent"]}


def test_no_agreed_reason_no_pause() -> None:
    """What users miss elsewhere: reasons for a pause are terms, and who may set it too."""
    clock = terms(pauses=[AGREED])

    def deadline(reason: str, actor: str) -> Any:
        events = [
            happened("11:00", "state pending", actor, reason=reason),
            happened("12:00", "state open"),
        ]
        return ran(clock, ticket(), events).deadline

    assert deadline("customer", "agent") == at("15:00")
    assert deadline("lunch", "agent") == at("14:00")
    assert deadline("customer", "customer") == at("14:00")
    assert deadline("", "agent") == at("14:00")


def test_what_did_not_pause_is_told_with_the_reason() -> None:
    clock = terms(pauses=["waiting", AGREED], robots=["bot"])
    events = [
        happened("10:30", "state pending", reason="lunch"),
        happened("11:00", "state pending"),
        happened("11:15", "state pending", "customer", reason="customer"),
        happened("11:30", "state pending", reason="customer"),
        happened("11:45", "state open"),
        happened("12:00", "resolved", "bot"),
        happened("12:30", "priority p1"),
    ]

    result = ran(clock, ticket(), events)

    assert [(each.at, why) for each, why in result.ignored] == [
        (at("10:30"), "it did not pause: the reason `lunch` is not among `customer`"),
        (at("11:00"), "it did not pause: no reason is not among `customer`"),
        (at("11:15"), "it did not pause: customer is not among `Agent`"),
        (at("12:00"), "a robot's deed never stops a clock"),
    ]


def test_a_pause_may_have_an_end_of_its_own() -> None:
    clock = terms(pauses=[{"states": ["pending"], "at_most": "1 h"}])
    waiting = [happened("10:30", "state pending")]
    again = [*waiting, happened("11:00", "state pending"), happened("11:40", "state pending")]
    over = [*waiting, happened("10:45", "state open")]

    assert ran(clock, ticket(), waiting, f"{DAY}11:29").status == ClockStatus.PAUSED
    assert ran(clock, ticket(), waiting, f"{DAY}11:30").deadline == at("15:00")
    assert ran(clock, ticket(), again, f"{DAY}13:00").deadline == at("15:00")
    assert ran(clock, ticket(), over, f"{DAY}13:00").deadline == at("14:15")


def test_a_paused_clock_is_not_missed_however_long_it_waits() -> None:
    """Elsewhere a breach is told in a pause."""
    result = ran(terms(pauses=["pending"]), ticket(), [happened("11:00", "state pending")], LATE)

    assert told(result, "status", "deadline", "elapsed") == (ClockStatus.PAUSED, None, 3600)


def test_paused_straight_to_resolved_keeps_the_hold() -> None:
    """Held from February to August, and not reported as 42 days."""
    held = [event("2026-02-02T10:10", "state pending"), event("2026-08-03T10:00", "resolved")]

    result = ran(terms(pauses=["pending"]), ticket("2026-02-02T10:00"), held)

    assert told(result, "status", "elapsed") == (ClockStatus.MET, 600)
    assert [pause.end for pause in result.pauses] == [utc("2026-08-03T10:00")]


def test_a_hold_is_added_to_the_deadline_once_and_only_in_open_hours() -> None:
    """From Friday 16:00 to Monday 09:00: two open hours, whatever lies between."""
    held = [event("2026-11-06T16:00", "state pending"), event("2026-11-09T09:00", "state open")]

    result = ran(terms(pauses=["pending"], calendar="office"), ticket("2026-11-06T15:00"), held)

    assert result.deadline == utc("2026-11-09T12:00")


# --- who stops a clock


@pytest.mark.parametrize("stops", [Stop.RESPONSE, Stop.RESOLUTION, Stop.CLOSURE])
def test_a_robot_never_meets_a_clock(stops: Stop) -> None:
    name = {"response": "responded", "resolution": "resolved", "closure": "closed"}[stops]
    clock = terms(stops=stops)

    by_robot = ran(clock, ticket(), [happened("11:00", name, "system")])
    by_agent = ran(clock, ticket(), [happened("11:00", name, "agent")])

    assert (by_robot.status, by_agent.status) == (ClockStatus.MISSED, ClockStatus.MET)


def test_a_robot_may_count_where_that_is_agreed() -> None:
    closed = [happened("11:00", "closed", "system")]

    assert ran(terms(robots=[]), ticket(), closed).status == ClockStatus.MET


@pytest.mark.parametrize(("actor", "status"), [("Agent ", "met"), ("customer", "missed")])
def test_only_who_may_answer_stops_a_response(actor: str, status: str) -> None:
    clock = terms(stops="response", answered_by=["agent"])

    result = ran(clock, ticket(), [happened("11:00", "responded", actor)])

    assert result.status == status
    assert [why for _, why in result.ignored] == ["only `agent` stops it"][: status == "missed"]


def test_anybody_may_close_a_ticket_although_only_some_resolve_it() -> None:
    clock = terms(answered_by=["agent"])
    closed = happened("11:00", "closed", "customer")
    resolved = happened("10:30", "resolved", "customer")

    assert ran(clock, ticket(), [resolved, closed]).stopped_at == at("11:00")


# --- updates


UPDATES = [
    happened("11:00", "updated"),
    happened("11:30", "updated", "system"),
    happened("13:30", "responded"),
    happened("14:00", "resolved"),
    happened("14:30", "updated"),
]


def outcomes(result: ClockRun) -> list[tuple[str, int]]:
    return [(str(each.status), int(each.elapsed / 60)) for each in result.cycles]


def test_an_update_clock_begins_anew_with_each_update_until_it_is_resolved() -> None:
    result = ran(terms(stops="update", within="2 h"), ticket(), UPDATES)

    assert outcomes(result) == [("met", 60), ("missed", 150), ("met", 30)]
    assert result.why == "the update"
    assert not result.kept


def test_the_cycle_that_runs_has_the_deadline() -> None:
    result = ran(terms(stops="update", within="2 h"), ticket(), UPDATES, f"{DAY}12:00")

    assert outcomes(result) == [("met", 60), ("running", 60)]
    assert result.deadline == at("13:00")
    assert [segment.start for segment in result.ledger] == [at("10:00"), at("11:00")]


def test_a_reopened_ticket_is_to_be_updated_again() -> None:
    events = [happened("10:30", "closed"), happened("12:00", "reopened")]

    result = ran(terms(stops="update", within="2 h"), ticket(), events, f"{DAY}13:00")

    assert outcomes(result) == [("met", 30), ("running", 60)]
    assert [(each.start, each.kind) for each in result.ledger] == [
        (at("10:00"), "open"),
        (at("10:30"), "no clock"),
        (at("12:00"), "open"),
    ]


def test_the_terms_say_what_an_update_is() -> None:
    clock = terms(stops="update", within="2 h", updates=["note"])

    result = ran(clock, ticket(), [*UPDATES[:1], happened("11:30", "note")], f"{DAY}12:00")

    assert outcomes(result) == [("met", 90), ("running", 30)]


# --- a reopening


CLOSED = [
    happened("11:00", "resolved"),
    happened("12:00", "reopened"),
    happened("15:30", "resolved"),
]


@pytest.mark.parametrize(
    ("policy", "status", "elapsed", "deadline"),
    [
        (Policy.CARRY, "missed", Fraction(9, 2), "15:00"),
        (Policy.RETROACTIVE, "missed", Fraction(11, 2), "14:00"),
        (Policy.RESTART, "met", Fraction(7, 2), "16:00"),
    ],
)
def test_a_reopened_ticket_goes_on_by_the_agreed_policy(
    policy: Policy, status: str, elapsed: Fraction, deadline: str
) -> None:
    result = ran(terms(on_reopen=policy), ticket(), CLOSED)

    assert told(result, "status", "elapsed", "deadline") == (status, elapsed * 3600, at(deadline))


def test_what_was_missed_before_a_restart_stays_missed() -> None:
    late = [
        happened("15:00", "resolved"),
        happened("16:00", "reopened"),
        happened("16:30", "resolved"),
    ]

    result = ran(terms(on_reopen="restart"), ticket(), late)

    assert [each.status for each in result.judged] == ["missed", "met"]
    assert not result.kept


@pytest.mark.parametrize(
    ("answer", "statuses"),
    [("12:30", ["superseded", "met"]), ("10:30", ["met", "running"])],
)
def test_a_reopened_ticket_is_to_be_answered_again_under_restart(
    answer: str, statuses: list[str]
) -> None:
    """One that was closed without an answer ends as it is reopened, neither met nor missed."""
    events = [
        happened("11:00", "closed", "customer"),
        happened("12:00", "reopened"),
        happened(answer, "responded"),
    ]

    result = ran(terms(stops="response", on_reopen="restart"), ticket(), events, f"{DAY}13:00")

    assert [each.status for each in (*result.earlier, result)] == statuses


def test_a_change_at_the_instant_of_a_reopening_leaves_the_run_before_alone() -> None:
    events = [
        happened("11:00", "closed", "customer"),
        happened("12:00", "reopened"),
        happened("12:00", "priority p1"),
    ]
    clock = terms(stops="response", limits=BY_PRIORITY, on_reopen="restart", on_change="carry")

    result = ran(clock, of_priority("p2"), events, f"{DAY}12:00")

    assert [each.limits.within.amount for each in (*result.earlier, result)] == [4, 2]
    assert (
        result.earlier[0]
        .reason[-1]
        .startswith("It was superseded at 2026-11-02 12:00 because the ticket was reopened")
    )


# --- another priority


RAISED = [happened("11:00", "priority p1")]


@pytest.mark.parametrize(
    ("policy", "now", "deadline", "elapsed", "status"),
    [
        (Policy.RESTART, "12:00", "13:00", 1, "running"),
        (Policy.CARRY, "11:30", "12:00", Fraction(3, 2), "running"),
        (Policy.RETROACTIVE, "12:00", "12:00", 2, "missed"),
        (None, "12:00", "14:00", 2, "running"),
    ],
)
def test_another_priority_counts_by_the_agreed_policy(
    policy: Policy | None, now: str, deadline: str, elapsed: Fraction, status: str
) -> None:
    clock = terms(limits=BY_PRIORITY, on_change=policy)

    result = ran(clock, of_priority("p2"), RAISED, f"{DAY}{now}")

    assert told(result, "deadline", "elapsed", "status") == (at(deadline), elapsed * 3600, status)
    assert result.budget == result.elapsed + result.left


@pytest.mark.parametrize("policy", Policy)
def test_a_superseded_clock_is_kept_as_it_stood(policy: Policy) -> None:
    """Supersede, never edit: what came later changes nothing of it."""
    clock = terms(limits=BY_PRIORITY, on_change=policy)
    of = of_priority("p2")

    (then,) = ran(clock, of, RAISED, f"{DAY}11:00").earlier
    (later,) = ran(clock, of, [*RAISED, happened("11:30", "resolved")]).earlier

    assert then == later
    assert told(then, "status", "elapsed", "left", "until", "superseded") == (
        ClockStatus.SUPERSEDED,
        3600,
        3 * 3600,
        at("11:00"),
        "`priority` became `p1` through agent",
    )
    assert then.reason[-1] == (
        "It was superseded at 2026-11-02 11:00 because `priority` became `p1` through agent, "
        "1 h used, 3 h left: superseded."
    )
    assert [(each.start, each.end) for each in then.segments] == [(at("10:00"), at("11:00"))]
    assert then.counts == (policy == Policy.RESTART)


def test_a_met_clock_is_not_judged_again_by_a_later_priority() -> None:
    """Elsewhere a met four-hour target is judged again at two."""
    for policy in Policy:
        clock = terms(limits=BY_PRIORITY, on_change=policy)
        done = of_priority("p2", resolved=f"{DAY}13:00")

        result = ran(clock, done, [happened("13:00", "priority p1"), happened("15:00", "type x")])

        assert told(result, "status", "earlier") == (ClockStatus.MET, ())


def test_a_miss_before_a_restart_by_another_priority_stays() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="restart")
    lowered = happened("12:30", "priority p2")

    result = ran(clock, of_priority("p1"), [lowered, happened("13:00", "resolved")])

    assert [each.status for each in result.judged] == ["missed", "met"]


def test_a_limit_that_is_used_up_when_it_comes_is_due_at_once() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="carry")

    result = ran(clock, of_priority("p2"), [happened("13:00", "priority p1")], f"{DAY}13:10")

    assert told(result, "deadline", "left", "status") == (at("13:00"), -70 * 60, "missed")


def test_what_was_used_in_other_hours_is_carried_on() -> None:
    """Three hours of the office until closing; from Tuesday on around the clock."""
    clock = terms(
        limits=[
            {"where": {"type": "incident"}, "within": "5 h"},
            {"within": "9 h", "calendar": "office"},
        ],
        on_change="carry",
        pauses=["pending"],
    )
    events = [
        event("2026-11-02T15:00", "state pending"),
        event("2026-11-02T16:00", "state open"),
        event("2026-11-03T06:00", "type incident"),
        event("2026-11-03T07:00", "state pending"),
        event("2026-11-03T07:30", "state open"),
    ]

    result = ran(clock, ticket(f"{DAY}13:00"), events, "2026-11-03T08:00")

    assert result.elapsed == 3 * 3600 + 90 * 60
    assert result.deadline == utc("2026-11-03T08:30")
    assert [result.seconds_in(pause) for pause in result.pauses] == [3600, 1800]
    assert (
        "It applies because `type` became `incident` through agent at 2026-11-03 06:00; "
        "agreed is carry: what was used before counts on."
    ) in result.reason


def test_a_pause_over_a_change_counts_under_both_limits() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="carry", pauses=["pending"])
    events = [
        happened("10:30", "state pending"),
        happened("11:00", "priority p1"),
        happened("11:30", "state open"),
    ]

    assert ran(clock, of_priority("p2"), events, f"{DAY}11:30").deadline == at("13:00")
    assert ran(clock, of_priority("p2"), events, f"{DAY}11:10").status == ClockStatus.PAUSED


@pytest.mark.parametrize(
    ("policy", "deadline", "first"),
    [
        (Policy.RESTART, "13:00", "no clock"),
        (Policy.CARRY, "13:00", "no clock"),
        (Policy.RETROACTIVE, "12:00", "open"),
    ],
)
def test_a_ticket_that_comes_to_have_a_limit(policy: Policy, deadline: str, first: str) -> None:
    clock = terms(limits=BY_PRIORITY, on_change=policy)

    result = ran(clock, of_priority("p3"), RAISED, f"{DAY}11:30")

    assert result.deadline == at(deadline)
    assert result.ledger[0].kind == first
    assert run(clock, of_priority("p3"), (), HOURS, LONDON, at("11:30")) is None


@pytest.mark.parametrize("policy", Policy)
def test_a_ticket_that_no_limit_fits_any_longer_has_a_superseded_clock(policy: Policy) -> None:
    clock = terms(limits=BY_PRIORITY, on_change=policy)

    result = ran(clock, of_priority("p2"), [happened("11:00", "priority p9")])

    assert told(result, "status", "until", "judged") == (ClockStatus.SUPERSEDED, at("11:00"), ())


def test_a_limit_may_go_and_come_again() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="carry", pauses=["pending"])
    events = [
        happened("10:30", "priority p9"),
        happened("11:00", "priority p1"),
        happened("11:15", "state pending"),
        happened("11:20", "state open"),
    ]

    result = ran(clock, of_priority("p2"), events, f"{DAY}11:30")

    assert told(result, "elapsed", "deadline") == (55 * 60, at("12:35"))
    assert [segment.kind for segment in result.ledger] == [
        "open",
        "no clock",
        "open",
        "pause",
        "open",
    ]


def test_a_pause_while_no_limit_fits_ends_with_no_clock_too() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="carry", pauses=["pending"])
    events = [
        happened("10:30", "priority p9"),
        happened("10:45", "state pending"),
        happened("10:50", "state open"),
        happened("11:00", "priority p1"),
    ]

    result = ran(clock, of_priority("p2"), events, f"{DAY}11:30")

    assert result.elapsed == 3600
    kinds = [segment.kind for segment in result.ledger]
    assert kinds == ["open", "no clock", "pause", "no clock", "open"]


def test_what_a_ticket_was_before_may_be_told_by_the_event() -> None:
    """A ticket that is handed over with its last priority."""
    clock = terms(limits=BY_PRIORITY, on_change="restart")
    raised = happened("11:00", "priority p1", **{"from": "p2"})

    result = ran(clock, of_priority("p1"), [raised], f"{DAY}11:30")

    assert [each.limits.within.amount for each in (*result.earlier, result)] == [4, 2]


def test_a_change_up_to_the_opening_is_how_it_was_opened() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="restart")

    result = ran(clock, of_priority("p2"), [happened("10:00", "priority p1")], f"{DAY}11:00")

    assert told(result, "deadline", "earlier") == (at("12:00"), ())


def test_a_change_that_the_same_limit_fits_changes_nothing() -> None:
    clock = terms(limits=[{"where": {"priority": ["p1", "p2"]}, "within": "2 h"}, *BY_PRIORITY[1:]])
    clock = clock.model_copy(update={"on_change": Policy.RESTART})

    assert ran(clock, of_priority("p2"), RAISED, f"{DAY}11:30").earlier == ()


def test_a_change_for_which_nothing_is_agreed_is_told() -> None:
    (found,) = ran(terms(limits=BY_PRIORITY), of_priority("p2"), RAISED).ignored

    assert found[1] == "nothing is agreed for a change, so that the ticket's own columns count"


def test_a_clock_that_is_superseded_in_a_pause_has_no_deadline() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="restart", pauses=["pending"])
    paused = happened("10:30", "state pending")

    (first,) = ran(clock, of_priority("p2"), [paused, *RAISED]).earlier

    assert told(first, "status", "deadline") == (ClockStatus.SUPERSEDED, None)
    assert not any("deadline" in sentence for sentence in first.reason)


# --- the same instant


def test_simultaneous_events_count_in_the_stated_order() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="retroactive", pauses=["pending"])
    resolved, raised = happened("14:00", "resolved"), happened("14:00", "priority p1")
    paused, resumed = happened("12:00", "state pending"), happened("12:00", "state open")
    reopened = happened("14:00", "reopened")

    for order in (1, -1):
        assert ran(clock, of_priority("p2"), [resolved, raised][::order]).status == "met"
        assert ran(clock, of_priority("p2"), [paused, resumed][::order]).deadline == at("14:00")
        again = ran(clock, of_priority("p2"), [resolved, reopened, raised][::order], f"{DAY}14:00")
        assert told(again, "status", "deadline") == ("missed", at("12:00"))


def test_a_change_at_the_instant_of_a_reopening_gives_the_new_run_its_limit() -> None:
    clock = terms(limits=BY_PRIORITY, on_change="restart", on_reopen="restart")
    events = [
        happened("11:00", "resolved"),
        happened("12:00", "reopened"),
        happened("12:00", "priority p1"),
    ]

    result = ran(clock, of_priority("p2"), events, f"{DAY}12:30")

    assert result.deadline == at("14:00")
    assert [each.status for each in result.earlier] == ["met"]


# --- properties


HAPPENINGS = (
    "state pending",
    "state waiting",
    "state open",
    "resolved",
    "closed",
    "reopened",
    "responded",
    "updated",
    "priority p1",
    "priority p2",
    "priority p3",
)
minutes = st.integers(0, 6 * 24 * 60)
moments = minutes.map(
    lambda minute: (utc("2026-10-23T10:00") + timedelta(minutes=minute)).isoformat()[:16]
)
histories = st.lists(
    st.builds(event, moments, st.sampled_from(HAPPENINGS), st.sampled_from(["ann", "system"])),
    max_size=9,
    unique_by=lambda each: each.id,
)
limits_of = st.tuples(
    st.sampled_from(["1 h", "30 h", "2 days", "2 working days"]),
    st.sampled_from([None, "office", "berlin-18"]),
).map(
    lambda drawn: [
        {"where": {"priority": "p1"}, "within": "4 h"},
        {"where": {"priority": "p2"}, "within": drawn[0], "calendar": drawn[1]},
    ]
)
clocks = st.builds(
    terms,
    limits=limits_of,
    stops=st.sampled_from(Stop),
    starts=st.sampled_from(Start),
    calendar=st.sampled_from([None, "office", "closed-tuesday"]),
    pauses=st.sampled_from([(), ("pending",), ({"states": ["pending"], "at_most": "5 h"},)]),
    on_change=st.sampled_from([None, *Policy]),
    on_reopen=st.sampled_from([None, *Policy]),
    on_close=st.sampled_from([None, *Closing]),
)
priorities = st.sampled_from(["p1", "p2", "p3"])


def whole(clock: TicketClock, priority: str, events: Sequence[TicketEvent], now: str) -> Any:
    of = of_priority(priority, opened="2026-10-23T10:00")
    return run(clock, of, events, HOURS, LONDON, utc(now))


@settings(deadline=None)
@given(clocks, priorities, histories, moments)
def test_the_segments_partition_the_time_from_the_opening(
    clock: TicketClock, priority: str, events: Sequence[TicketEvent], now: str
) -> None:
    result = whole(clock, priority, events, now)
    if result is None:
        return
    bounds = [(each.start, each.end) for each in result.ledger]

    assert [start for start, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    assert not bounds or (bounds[0][0], bounds[-1][1]) == (result.opened_at, result.until)
    assert bounds or result.opened_at == result.until


@settings(deadline=None)
@given(clocks, priorities, histories, moments)
def test_elapsed_and_left_are_the_budget_and_the_open_segments_add_up(
    clock: TicketClock, priority: str, events: Sequence[TicketEvent], now: str
) -> None:
    result = whole(clock, priority, events, now)
    if result is None:
        return
    for each in (*result.earlier, result):
        counted = [part.end - part.start for part in each.segments if part.kind == "open"]
        assert each.elapsed == sum(counted, timedelta()) // timedelta(seconds=1)
        assert each.elapsed >= 0
        assert each.budget == each.elapsed + each.left


@settings(deadline=None)
@given(clocks, priorities, histories, st.tuples(minutes, minutes))
def test_elapsed_never_falls_as_time_goes_on(
    clock: TicketClock, priority: str, events: Sequence[TicketEvent], two: tuple[int, int]
) -> None:
    """But by policy: a clock that begins anew, or is reckoned again under another limit.

    A response that is still owed when the ticket is closed runs on; once it is reopened, the time
    in which it was closed is a pause.
    """
    opened = utc("2026-10-23T10:00")
    early, late = (
        whole(clock, priority, events, (opened + timedelta(minutes=each)).isoformat()[:16])
        for each in sorted(two)
    )
    if early is None:
        return

    assert late is not None
    same_leg = len(early.earlier) == len(late.earlier) and early.since == late.since
    reopened = clock.on_reopen == Policy.RETROACTIVE or clock.stops == Stop.RESPONSE
    if same_leg and early.stopped_at is None and not reopened:
        assert late.elapsed >= early.elapsed
        assert late.budget == early.budget


@settings(deadline=None)
@given(clocks, priorities, histories, moments)
def test_the_order_of_events_changes_nothing(
    clock: TicketClock, priority: str, events: Sequence[TicketEvent], now: str
) -> None:
    assert whole(clock, priority, events, now) == whole(clock, priority, events[::-1], now)


@settings(deadline=None)
@given(
    st.sampled_from([None, "office", "berlin-18", "closed-tuesday"]),
    st.integers(1, 20),
    st.integers(0, 600),
    st.integers(1, 9000),
)
def test_a_pause_of_so_many_open_seconds_moves_the_deadline_by_exactly_as_many(
    calendar: str | None, hours: int, start: int, length: int
) -> None:
    clock = terms(within=f"{hours} h", calendar=calendar, pauses=["pending"])
    opened = utc("2026-10-23T10:00")
    bounds = [opened + timedelta(minutes=each) for each in (start, start + length)]
    states = zip(bounds, ("state pending", "state open"), strict=True)
    events = [event(when.isoformat()[:16], said) for when, said in states]
    plain = ran(clock, ticket("2026-10-23T10:00"), [], LATE)
    paused = ran(clock, ticket("2026-10-23T10:00"), events, LATE)
    assert plain.deadline is not None
    assert paused.deadline is not None

    taken = plain.basis.hours.elapsed(*bounds) if bounds[0] < plain.deadline else 0
    assert plain.basis.hours.elapsed(plain.deadline, paused.deadline) == taken


# --- every pair of states


STATES = ("new", "open", "pending", "waiting")
ENDINGS = ("resolved", "closed")


@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("second", [*STATES, *ENDINGS])
def test_every_move_from_a_state_to_another(first: str, second: str) -> None:
    """One hour before, one in the first state, one after the move: what counts is plain."""
    clock = terms(within="9 h", pauses=["pending", "waiting"])
    move = second if second in ENDINGS else f"state {second}"
    events = [happened("11:00", f"state {first}"), happened("12:00", move)]

    result = ran(clock, ticket(), events, f"{DAY}13:00")

    waits = {"pending", "waiting"}
    counted = 1 + (first not in waits) + (second not in {*waits, *ENDINGS})
    assert result.elapsed == counted * 3600
    assert result.until == at("12:00" if second in ENDINGS else "13:00")
    assert (result.status == ClockStatus.PAUSED) == (second in waits)
    assert (result.deadline is None) == (second in waits)
