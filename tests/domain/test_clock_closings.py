"""A ticket that is closed while its clock waits, by agreed policy; and all that happens at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import ClockRun, ClockStatus, run
from domain.facts import Ticket, TicketEvent
from domain.terms.calendars import Closing, Policy, Stop, TicketClock
from reports.clocks import clock_document
from tests.domain.ticking import HOURS, LATE, LONDON, event, ran, ticket, told, utc

DAY = "2026-11-02T"


def terms(**values: Any) -> TicketClock:
    limits = [
        {"where": {"priority": "p1"}, "within": "2 h"},
        {"within": "4 h", "calendar": "office"},
    ]
    return TicketClock.model_validate(
        {"key": "fix", "stops": "resolution", "limits": limits, "pauses": ["pending"], **values}
    )


def happened(at: str, said: str, actor: str = "agent", reason: str | None = None) -> TicketEvent:
    return replace(event(f"{DAY}{at}", said, actor), reason=reason)


# --- one closing


@pytest.mark.parametrize("stops", [Stop.RESPONSE, Stop.RESOLUTION, Stop.UPDATE])
@pytest.mark.parametrize(
    ("closing", "in_time", "late"),
    [
        (Closing.STOPS, ClockStatus.MET, ClockStatus.MISSED),
        (Closing.MISSED, ClockStatus.MISSED, ClockStatus.MISSED),
        (Closing.LAPSES, ClockStatus.LEFT_OUT, ClockStatus.MISSED),
        (Closing.LEFT_OUT, ClockStatus.LEFT_OUT, ClockStatus.LEFT_OUT),
    ],
)
def test_a_closing_means_what_was_agreed(
    stops: Stop, closing: Closing, in_time: ClockStatus, late: ClockStatus
) -> None:
    clock = terms(stops=stops, on_close=closing)

    for at, status in (("14:00", in_time), ("14:01", late)):
        result = ran(clock, ticket(), [happened(at, "closed")])
        assert told(result, "status", "stopped_at", "closing") == (
            status,
            utc(f"{DAY}{at}"),
            closing,
        )
        assert bool(result.judged) == (status != ClockStatus.LEFT_OUT)


@pytest.mark.parametrize("stops", [Stop.RESPONSE, Stop.RESOLUTION])
def test_a_clock_that_runs_on_is_stopped_by_an_answer_after_the_closing(stops: Stop) -> None:
    clock = terms(stops=stops, on_close="runs_on")
    answer = "responded" if stops == Stop.RESPONSE else "resolved"
    closed = [happened("11:00", "closed")]

    assert ran(clock, ticket(), closed).status == ClockStatus.MISSED
    assert ran(clock, ticket(), [*closed, happened("13:00", answer)]).status == ClockStatus.MET


@pytest.mark.parametrize("on_reopen", [Policy.CARRY, Policy.RESTART])
@pytest.mark.parametrize("stops", [Stop.RESPONSE, Stop.RESOLUTION])
def test_what_was_answered_by_the_instant_of_the_closing_is_answered(
    stops: Stop, on_reopen: Policy
) -> None:
    clock = terms(stops=stops, on_close="left_out", on_reopen=on_reopen)
    answer = "responded" if stops == Stop.RESPONSE else "resolved"
    events = [happened("11:00", "closed"), happened("11:00", answer)]

    assert told(ran(clock, ticket(), events), "status", "closing") == (ClockStatus.MET, None)


def test_an_update_at_the_instant_of_the_closing_is_the_last_one() -> None:
    clock = terms(stops="update", on_close="missed")
    events = [happened("11:00", "updated"), happened("11:00", "closed")]

    assert ran(clock, ticket(), events).status == ClockStatus.MET
    assert ran(clock, ticket(), events[1:]).status == ClockStatus.MISSED


def test_a_closure_clock_leaves_out_the_closings_that_the_terms_name() -> None:
    """A resolution at the same instant makes it no other closing."""
    clock = terms(stops="closure", on_close=[{"reasons": ["duplicate"], "then": "left_out"}])
    done = happened("11:00", "resolved")

    duplicate = ran(clock, ticket(), [done, happened("11:00", "closed", reason="duplicate")])

    assert duplicate.status == ClockStatus.LEFT_OUT
    assert "It was closed at 2026-11-02 11:00; agreed of that is left_out" in duplicate.reason[-1]
    assert ran(clock, ticket(), [done, happened("11:00", "closed")]).status == ClockStatus.MET


def test_only_people_close_a_ticket_that_waits() -> None:
    """A response clock with a robot's closing before that of a person."""
    clock = terms(stops="response", on_close="left_out")
    robot = happened("10:30", "closed", "system")

    alone = ran(clock, ticket(), [robot])
    both = ran(clock, ticket(), [robot, happened("11:00", "closed")])

    assert told(alone, "status", "stopped_at") == (ClockStatus.MISSED, None)
    assert [why for _, why in alone.ignored] == ["a robot's deed never stops a clock"]
    assert told(both, "status", "stopped_at") == (ClockStatus.LEFT_OUT, utc(f"{DAY}11:00"))


def test_a_resolution_by_somebody_who_may_not_is_none_and_the_closing_counts_as_agreed() -> None:
    clock = terms(answered_by=["agent"], on_close="missed")
    events = [happened("11:00", "resolved", "vendor"), happened("11:30", "closed", "vendor")]

    assert told(ran(clock, ticket(), events), "status", "closing") == (
        ClockStatus.MISSED,
        Closing.MISSED,
    )


def test_the_ticket_s_own_closing_and_its_columns_count_too() -> None:
    rules = [{"where": {"code": "spam"}, "then": "left_out"}]
    clock = terms(on_close=rules)
    plain = ticket(closed=f"{DAY}11:00")
    said = replace(happened("11:00", "closed"), columns={"code": "spam"})

    assert ran(clock, plain).status == ClockStatus.MET
    assert ran(clock, replace(plain, columns={"code": "spam"})).status == ClockStatus.LEFT_OUT
    assert ran(clock, plain, [said]).status == ClockStatus.LEFT_OUT


def test_a_reopening_undoes_the_closing_but_for_a_run_that_began_anew() -> None:
    events = [
        happened("11:00", "closed"),
        happened("12:00", "reopened"),
        happened("12:30", "resolved"),
    ]

    carried = ran(terms(on_close="missed", on_reopen="carry"), ticket(), events)
    anew = ran(terms(on_close="missed", on_reopen="restart"), ticket(), events)

    assert told(carried, "status", "kept") == (ClockStatus.MET, True)
    assert told(anew, "status", "kept") == (ClockStatus.MET, False)


def test_what_lapses_leaves_earlier_runs_as_they_were_and_what_is_left_out_does_not() -> None:
    events = [
        happened("15:00", "resolved"),
        happened("15:30", "reopened"),
        happened("15:40", "closed"),
    ]

    lapsed = ran(terms(on_close="lapses", on_reopen="restart"), ticket(), events)
    out = ran(terms(on_close="left_out", on_reopen="restart"), ticket(), events)

    assert [each.status for each in lapsed.judged] == [ClockStatus.MISSED]
    assert out.judged == ()


def test_a_closing_before_the_opening_closes_at_the_opening() -> None:
    clock = terms(on_close="runs_on")
    early = [happened("09:00", "closed"), happened("09:30", "resolved")]

    assert ran(clock, ticket(), early).stopped_at == utc(f"{DAY}10:00")


# --- everything at once

HAPPENINGS = (
    "state pending",
    "state waiting",
    "state open",
    "responded",
    "updated",
    "resolved",
    "closed",
    "reopened",
    "priority p1",
    "priority p2",
)
INSTANTS = [utc(f"{DAY}{at}") for at in ("10:00", "10:37", "11:41", "13:13")]
RULES = [{"reasons": ["duplicate"], "then": "left_out"}, {"then": "missed"}]

crowded = st.lists(
    st.builds(
        lambda at, said, actor, reason, number: replace(
            event("2026-11-02T10:00", said, actor, key=f"e{number}"), at=at, reason=reason
        ),
        st.sampled_from(INSTANTS),
        st.sampled_from(HAPPENINGS),
        st.sampled_from(["agent", "agent", "vendor", "system"]),
        st.sampled_from([None, "duplicate"]),
        st.integers(0, 99),
    ),
    min_size=2,
    max_size=9,
    unique_by=lambda each: each.id,
)
clocks = st.builds(
    terms,
    stops=st.sampled_from(Stop),
    on_change=st.sampled_from([None, *Policy]),
    on_reopen=st.sampled_from([None, *Policy]),
    on_close=st.sampled_from([None, RULES, *Closing]),
    pauses=st.sampled_from(
        [["pending"], ["pending", {"states": ["waiting"], "by": ["agent"], "at_most": "1 h"}]]
    ),
    answered_by=st.sampled_from([(), ("agent",)]),
)
OF = Ticket("t1", INSTANTS[0], columns={"priority": "p2"})


def account(clock: TicketClock, events: Sequence[TicketEvent], now: str = LATE) -> ClockRun:
    result = run(clock, OF, events, HOURS, LONDON, utc(now))
    assert result is not None
    return result


@settings(deadline=None)
@given(clocks, crowded, st.data())
def test_any_order_of_what_happens_at_once_gives_the_same_account(
    clock: TicketClock, events: list[TicketEvent], data: st.DataObject
) -> None:
    """Every figure, segment, sentence and warning, of this run and of those before it."""
    shuffled = data.draw(st.permutations(events))

    assert clock_document(account(clock, shuffled)) == clock_document(account(clock, events))


def stated(of: TicketEvent) -> tuple[int, str, str]:
    """The place of an event among those of its instant, as the reference states it."""
    match of.event:
        case "closed":
            return 1, "", ""
        case "reopened":
            return 2, "", ""
        case "priority":
            return 3, "", ""  # of several only what they come to counts
        case "state":
            return 4, of.value or "", of.id
        case _:
            return 0, "", ""


def one_after_the_other(events: Sequence[TicketEvent], pauses: set[str]) -> list[TicketEvent]:
    """The same, a microsecond apart in the stated order."""
    found: list[TicketEvent] = []
    for at in {each.at for each in events}:
        together = [each for each in events if each.at == at]
        places = {
            each.id: (each.event == "state" and each.value not in pauses, *stated(each))
            for each in together
        }
        ranks = sorted(set(places.values()))
        found += [
            replace(each, at=at + timedelta(microseconds=ranks.index(places[each.id])))
            for each in together
        ]
    return found


def seconds(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(microsecond=0)


@settings(deadline=None)
@given(clocks, crowded)
def test_what_happens_at_once_counts_as_if_it_came_one_after_the_other_in_the_stated_order(
    clock: TicketClock, events: list[TicketEvent]
) -> None:
    """But for what happens at the opening itself.

    Clocks for updates have a test of their own: an update at the instant of a closing ends the last
    cycle, and begins none of no length.
    """
    later = [each for each in events if each.at > INSTANTS[0]]
    stops = Stop.CLOSURE if clock.stops == Stop.UPDATE else clock.stops
    clock = clock.model_copy(update={"pauses": ("pending",), "stops": stops})

    at_once = account(clock, later)
    in_turn = account(clock, one_after_the_other(later, {"pending"}))

    assert told(at_once, "status", "closing", "kept") == told(in_turn, "status", "closing", "kept")
    assert at_once.limits == in_turn.limits
    assert seconds(at_once.stopped_at) == seconds(in_turn.stopped_at)
    assert abs(at_once.elapsed - in_turn.elapsed) < 1


# --- against a plain reading of the reference


def plainly(closing: Closing | None, stops: Stop, events: Sequence[TicketEvent]) -> str:
    """What a response or resolution that is owed for four hours around the clock comes to.

    It knows the events in turn, and nothing of works, laps or legs. Reopened tickets carry on.
    """
    answer = "responded" if stops == Stop.RESPONSE else "resolved"
    policy = closing or (Closing.RUNS_ON if stops == Stop.RESPONSE else Closing.STOPS)
    ended: TicketEvent | None = None
    rests: list[datetime] = []
    for each in sorted(events, key=lambda each: each.at):
        if each.event == "reopened" and ended is not None:
            rests += [ended.at, each.at]
            ended = None
        elif ended is None and each.event in ({"closed"} | {answer} - {"responded"}):
            ended = each
    answers = sorted(each.at for each in events if each.event == answer)
    how, at = "never", utc(LATE)
    if ended is not None and ended.event == "closed" and policy != Closing.RUNS_ON:
        how, at = "closed", ended.at
    if stops == Stop.RESPONSE:
        given = answers[:1] if how == "never" or answers[:1] < [at] else []
    else:
        given = [each for each in answers if ended is not None and each >= ended.at]
        given = given if how == "never" else []
    if given:
        how, at = "answer", given[0]
    spans = [(low, min(high, at)) for low, high in list(pairwise(rests))[::2] if low < at]
    used = at - INSTANTS[0] - sum((high - low for low, high in spans), timedelta())
    late = used > timedelta(hours=4)
    if how == "closed" and closing in {Closing.MISSED, Closing.LEFT_OUT}:
        return "left out" if closing == Closing.LEFT_OUT else "missed"
    if how == "closed" and closing == Closing.LAPSES and not late:
        return "left out"
    return "missed" if late or how == "never" else "met"


@settings(deadline=None)
@given(
    st.sampled_from([None, *Closing]),
    st.sampled_from([Stop.RESPONSE, Stop.RESOLUTION]),
    st.lists(
        st.builds(
            lambda minute, said: replace(
                event("2026-11-02T10:00", said, key=f"{minute}"),
                at=INSTANTS[0] + timedelta(minutes=minute),
            ),
            st.integers(1, 600),
            st.sampled_from(["responded", "resolved", "closed", "closed", "reopened"]),
        ),
        max_size=7,
        unique_by=lambda each: each.at,
    ),
)
def test_a_closed_ticket_comes_to_what_a_plain_reading_says(
    closing: Closing | None, stops: Stop, events: list[TicketEvent]
) -> None:
    clock = terms(limits=[{"within": "4 h"}], stops=stops, on_close=closing)

    result = account(clock, events)

    assert result.status == plainly(closing, stops, events)
