"""Ticket clocks: until when they may run, what pauses them, and how they end."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import ClockStatus, Segment, SegmentKind, run
from domain.clocks.runs import local_text
from domain.facts import Ticket, TicketEvent
from domain.spans import parse_span
from domain.terms.calendars import Limits, Stop, TicketClock
from tests.domain.ticking import BERLIN, HOURS, LATE, LONDON, clock, event, ran, ticket, told, utc

# --- cases with known answers


@pytest.mark.parametrize(("minutes", "due"), [(60, "10:30"), (180, "12:30"), (240, "13:30")])
def test_the_deadline_of_a_ticket_within_one_day(minutes: int, due: str) -> None:
    result = ran(clock(f"{minutes} min", "berlin-17"), ticket("2013-03-21T09:30"))

    assert result.deadline == utc(f"2013-03-21T{due}")


@pytest.mark.parametrize(
    ("replied", "used", "left", "status"),
    [("10:00", 30, 30, ClockStatus.MET), ("14:00", 270, -210, ClockStatus.MISSED)],
)
def test_what_a_reply_used_and_left(replied: str, used: int, left: int, status: str) -> None:
    answered = ticket("2013-03-21T09:30", responded=f"2013-03-21T{replied}")

    result = ran(clock("60 min", "berlin-8", Stop.RESPONSE), answered)

    assert told(result, "elapsed", "left", "status") == (used * 60, left * 60, status)


def test_pending_and_closed_time_move_the_deadline() -> None:
    events = [
        event("2013-06-04T09:30", "state pending"),
        event("2013-06-04T09:45", "state open"),
        event("2013-06-04T10:00", "closed"),
        event("2013-06-04T10:30", "reopened"),
    ]

    result = ran(clock("120 min", "berlin-18"), ticket("2013-06-04T09:00"), events)

    assert result.deadline == utc("2013-06-04T11:45")


def test_a_pause_from_noon_for_five_days_has_six_daily_segments() -> None:
    events = [event("2026-11-02T12:00", "state pending"), event("2026-11-07T12:00", "state open")]

    result = ran(clock("9 h"), ticket("2026-11-02T12:00"), events, now="2026-11-07T12:00")

    assert [(each.start, each.end, each.kind) for each in result.segments] == [
        (utc("2026-11-02T12:00"), utc("2026-11-03"), "pause"),
        *((utc(f"2026-11-0{day}"), utc(f"2026-11-0{day + 1}"), "pause") for day in (3, 4, 5, 6)),
        (utc("2026-11-07"), utc("2026-11-07T12:00"), "pause"),
    ]


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-06T16:00", "2026-11-09T11:00"),
        ("2026-11-06T13:00", "2026-11-06T17:00"),
        ("2026-11-07T03:00", "2026-11-09T12:00"),
    ],
)
def test_business_hours_end_at_closing_and_go_on_at_opening(opened: str, due: str) -> None:
    assert ran(clock("4 h", "office"), ticket(opened), now=opened).deadline == utc(due)


@pytest.mark.parametrize(
    ("opened", "resolved", "elapsed"),
    [
        ("2026-11-06T20:49", "2026-11-09T09:44", 104 * 60),
        ("2026-11-02T08:00", "2026-11-02T08:00:00.000001", Fraction(1, 1_000_000)),
    ],
)
def test_only_open_hours_elapse(opened: str, resolved: str, elapsed: Fraction) -> None:
    assert ran(clock("4 h", "office"), ticket(opened, resolved=resolved)).elapsed == elapsed


# --- which limit


def test_the_first_limit_that_fits_counts() -> None:
    terms = TicketClock(
        key="fix",
        stops=Stop.RESOLUTION,
        limits=(
            Limits(where={"priority": "p1", "site": ("leeds", "york")}, within=parse_span("1 h")),
            Limits(where={"priority": ("p1", "p2")}, within=parse_span("2 h")),
            Limits(where={"priority": "p2"}, within=parse_span("9 h")),
        ),
    )

    def allowed(**columns: str) -> Fraction | None:
        of = Ticket("t1", utc("2026-11-02T10:00"), columns=columns)
        result = run(terms, of, (), HOURS, LONDON, utc(LATE))
        return None if result is None else (result.elapsed + result.left) / 3600

    assert allowed(priority="p1", site="york") == 1
    assert allowed(priority="p1", site="hull") == 2
    assert allowed(priority="p2") == 2
    assert allowed(priority="p3") is None
    assert allowed() is None


def test_a_ticket_that_is_not_yet_opened_has_no_clock() -> None:
    assert run(clock(), ticket(), (), HOURS, LONDON, utc("2026-11-02T09:59")) is None


# --- lengths


@pytest.mark.parametrize("calendar", [None, "office"])
@pytest.mark.parametrize(
    ("within", "due"),
    [
        ("2 days", "2026-10-26T10:00"),
        ("1 week", "2026-10-31T10:00"),
        ("1 month", "2026-11-24T10:00"),
    ],
)
def test_days_keep_the_local_clock_time_whatever_the_calendar(
    within: str, due: str, calendar: str | None
) -> None:
    """Opened at ten in London, in summer time that ends on the next day."""
    result = ran(clock(within, calendar), ticket("2026-10-24T09:00"), now="2026-10-24T10:00")

    assert result.deadline == utc(due)
    assert result.elapsed == 3600


def test_a_pause_moves_a_deadline_in_days_by_its_own_length() -> None:
    events = [event("2026-10-24T12:00", "state pending"), event("2026-10-24T12:30", "state open")]

    result = ran(clock("2 days"), ticket("2026-10-24T09:00"), events)

    assert result.deadline == utc("2026-10-26T10:30")


@pytest.mark.parametrize(
    ("calendar", "due"),
    [
        (None, "2026-11-05T10:00"),
        ("office", "2026-11-05T10:00"),
        ("closed-tuesday", "2026-11-06T10:00"),
    ],
)
def test_working_days_are_those_of_the_calendar(calendar: str | None, due: str) -> None:
    assert ran(clock("3 working days", calendar), ticket()).deadline == utc(due)


def test_working_days_of_a_clock_without_a_calendar_may_be_given() -> None:
    result = run(
        clock("3 working days"),
        ticket(),
        (),
        HOURS,
        LONDON,
        utc(LATE),
        working=HOURS["closed-tuesday"],
    )

    assert result is not None
    assert result.deadline == utc("2026-11-06T10:00")


def test_a_pause_over_a_week_end_takes_one_working_day() -> None:
    """Friday at ten to Monday at ten: the days between do not count, paused or not."""
    events = [event("2026-11-06T10:00", "state pending"), event("2026-11-09T10:00", "state open")]

    result = ran(clock("10 working days"), ticket(), events)

    assert result.deadline == utc("2026-11-17T10:00")
    assert result.elapsed + result.left == 10 * 86_400


def test_a_limit_that_no_calendar_reaches_has_no_deadline() -> None:
    running, done = ran(clock("4 h", "never"), ticket()), ticket(resolved="2026-11-03T10:00")

    assert told(running, "deadline", "status", "left") == (None, ClockStatus.RUNNING, 4 * 3600)
    assert "There is no deadline: the calendar is not open for so long." in running.reason
    assert ran(clock("4 h", "never"), done).status == ClockStatus.MET


# --- how it stands


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("2026-11-02T10:00", ClockStatus.RUNNING),
        ("2026-11-02T13:59:59", ClockStatus.RUNNING),
        ("2026-11-02T14:00", ClockStatus.MISSED),
    ],
)
def test_a_clock_runs_until_its_deadline(now: str, status: ClockStatus) -> None:
    assert ran(clock(), ticket(), now=now).status == status


@pytest.mark.parametrize(
    ("resolved", "status"),
    [
        ("2026-11-02T14:00", ClockStatus.MET),
        ("2026-11-02T14:00:00.000001", ClockStatus.MISSED),
        ("2026-11-02T10:00", ClockStatus.MET),
    ],
)
def test_a_clock_that_stops_exactly_at_its_deadline_is_met(
    resolved: str, status: ClockStatus
) -> None:
    result = ran(clock(), ticket(resolved=resolved))

    assert result.status == status
    assert result.stopped_at == result.until == utc(resolved)


def test_what_is_due_at_closing_and_done_in_the_evening_is_missed() -> None:
    result = ran(clock("4 h", "office"), ticket("2026-11-02T13:00", resolved="2026-11-02T20:00"))

    assert told(result, "status", "left") == (ClockStatus.MISSED, 0)


def test_what_happens_later_is_not_known_yet() -> None:
    later = ticket(responded="2026-11-02T12:00", resolved="2026-11-02T12:00")
    events = [event("2026-11-02T11:30", "state pending")]

    result = ran(clock(), later, events, now="2026-11-02T11:00")

    assert told(result, "status", "elapsed") == (ClockStatus.RUNNING, 3600)
    assert result.deadline == utc("2026-11-02T14:00")


# --- pauses


def test_a_paused_clock_has_no_deadline() -> None:
    result = ran(clock(), ticket(), [event("2026-11-02T11:00", "state pending")])

    assert told(result, "status", "deadline") == (ClockStatus.PAUSED, None)
    assert told(result, "elapsed", "left") == (3600, 3 * 3600)
    assert "It is paused, so there is no deadline." in result.reason


def test_a_pause_that_begins_now_has_begun() -> None:
    paused = [event("2026-11-02T11:00", "state pending")]

    assert ran(clock(), ticket(), paused, now="2026-11-02T11:00").status == ClockStatus.PAUSED


def test_a_pause_after_the_deadline_mends_nothing() -> None:
    late, at_once = (
        event("2026-11-02T14:30", "state pending"),
        event("2026-11-02T14:00", "state pending"),
    )

    for pause in (late, at_once):
        result = ran(clock(), ticket(), [pause])
        assert told(result, "status", "deadline") == (ClockStatus.MISSED, utc("2026-11-02T14:00"))


def test_a_pause_in_closed_hours_takes_nothing() -> None:
    events = [event("2026-11-02T17:00", "state pending"), event("2026-11-03T08:00", "state open")]

    result = ran(clock("9 h", "office"), ticket(), events)

    assert result.deadline == utc("2026-11-03T10:00")


def test_only_another_state_ends_a_pause() -> None:
    events = [
        event("2026-11-02T11:00", "state pending"),
        event("2026-11-02T11:10", "responded"),
        event("2026-11-02T11:20", "state pending"),
        event("2026-11-02T11:30", "pending"),
        event("2026-11-02T12:00", "state open"),
    ]

    assert ran(clock(), ticket(), events).deadline == utc("2026-11-02T15:00")


def test_states_in_which_it_pauses_follow_each_other() -> None:
    events = [
        event("2026-11-02T11:00", "state pending"),
        event("2026-11-02T11:30", "state customer"),
        event("2026-11-02T12:00", "state open"),
    ]

    result = ran(clock(pauses=("pending", "customer")), ticket(), events)

    assert result.deadline == utc("2026-11-02T15:00")
    assert [pause.why for pause in result.pauses] == ["state `pending`", "state `customer`"]


def test_a_ticket_resolved_in_a_pause_pauses_until_then() -> None:
    events = [event("2026-11-02T11:00", "state pending"), event("2026-11-02T19:00", "state open")]

    result = ran(clock(), ticket(resolved="2026-11-02T18:00"), events)

    assert told(result, "status", "elapsed") == (ClockStatus.MET, 3600)
    assert result.deadline == utc("2026-11-02T21:00")


def test_a_state_from_before_the_opening_counts_from_the_opening() -> None:
    events = [
        event("2026-11-02T08:00", "state pending"),
        event("2026-11-02T09:00", "state open"),
        event("2026-11-02T09:30", "state pending"),
        event("2026-11-02T10:30", "state open"),
    ]

    assert ran(clock(), ticket(), events).deadline == utc("2026-11-02T14:30")


def test_events_of_other_tickets_do_not_matter() -> None:
    events = [
        event("2026-11-02T11:00", "state pending", of="t2"),
        event("2026-11-02T11:00", "resolved", of="t2"),
    ]

    assert ran(clock(), ticket(), events).status == ClockStatus.MISSED


# --- the same instant


def test_a_pause_and_its_end_at_the_same_instant_leave_it_running() -> None:
    events = [
        event("2026-11-02T11:00", "state open", key="1"),
        event("2026-11-02T11:00", "state pending", key="2"),
    ]

    for order in (events, events[::-1]):
        assert ran(clock(), ticket(), order).deadline == utc("2026-11-02T14:00")


def test_a_resolution_and_a_reopening_at_the_same_instant_leave_it_running() -> None:
    events = [event("2026-11-02T11:00", "reopened"), event("2026-11-02T11:00", "resolved")]

    for order in (events, events[::-1]):
        result = ran(clock(), ticket(), order, now="2026-11-02T12:00")
        assert told(result, "status", "elapsed") == (ClockStatus.RUNNING, 2 * 3600)


def test_a_resolution_at_the_instant_of_a_pause_stops() -> None:
    events = [event("2026-11-02T14:00", "state pending"), event("2026-11-02T14:00", "resolved")]

    result = ran(clock(), ticket(), events)

    assert told(result, "status", "deadline", "pauses") == (
        ClockStatus.MET,
        utc("2026-11-02T14:00"),
        (),
    )


# --- what stops


REOPENED = [
    event("2026-11-02T11:00", "resolved"),
    event("2026-11-02T11:30", "closed"),
    event("2026-11-02T13:00", "reopened"),
]


@pytest.mark.parametrize(
    ("stops", "elapsed", "deadline"),
    [
        (Stop.RESOLUTION, 2, "2026-11-02T16:00"),
        (Stop.CLOSURE, Fraction(7, 2), "2026-11-02T15:30"),
        (Stop.RESPONSE, Fraction(1, 2), "2026-11-02T15:30"),
    ],
)
def test_the_last_stop_counts_and_the_time_before_a_reopening_is_a_pause(
    stops: Stop, elapsed: Fraction, deadline: str
) -> None:
    done = ticket(
        responded="2026-11-02T10:30", resolved="2026-11-02T14:00", closed="2026-11-02T15:00"
    )

    result = ran(clock(stops=stops), done, REOPENED)

    assert told(result, "status", "elapsed") == (ClockStatus.MET, elapsed * 3600)
    assert stops == Stop.RESPONSE or result.deadline == utc(deadline)


def test_a_closed_ticket_pauses_a_response_too_until_it_is_reopened() -> None:
    result = ran(clock(stops=Stop.RESPONSE), ticket(), REOPENED, now="2026-11-02T14:00")

    assert told(result, "status", "elapsed") == (ClockStatus.RUNNING, Fraction(5, 2) * 3600)


def test_without_agreement_closed_time_before_a_reopening_counts() -> None:
    done = ticket(resolved="2026-11-02T14:00:01")

    result = ran(clock(reopening_continues=False), done, REOPENED)

    assert told(result, "status", "left", "pauses") == (ClockStatus.MISSED, -1, ())


def test_a_reopened_ticket_runs_again() -> None:
    result = ran(clock(), ticket(resolved="2026-11-02T11:00"), REOPENED, now="2026-11-02T13:30")

    assert told(result, "status", "deadline") == (ClockStatus.RUNNING, utc("2026-11-02T16:00"))


def test_a_resolution_is_not_moved_by_what_follows_it() -> None:
    events = [
        event("2026-11-02T10:30", "reopened"),
        event("2026-11-02T11:00", "resolved"),
        event("2026-11-02T12:00", "resolved"),
        event("2026-11-02T13:00", "closed"),
    ]

    assert ran(clock(), ticket(), events).stopped_at == utc("2026-11-02T11:00")


def test_closing_an_unresolved_ticket_stops_the_clock_of_its_resolution() -> None:
    assert ran(clock(), ticket(closed="2026-11-02T11:00")).stopped_at == utc("2026-11-02T11:00")


def test_a_resolution_does_not_stop_the_clock_of_a_closure() -> None:
    assert ran(clock(stops=Stop.CLOSURE), ticket(resolved="2026-11-02T11:00")).stopped_at is None


def test_a_stop_before_the_opening_is_at_the_opening() -> None:
    result = ran(clock(), ticket(), [event("2026-11-02T09:00", "resolved")])

    assert told(result, "status", "elapsed", "segments") == (ClockStatus.MET, 0, ())


@pytest.mark.parametrize("robot", ["system", "robot", " System "])
def test_a_robot_does_not_respond(robot: str) -> None:
    events = [
        event("2026-11-02T10:01", "responded", actor=robot),
        event("2026-11-02T11:00", "responded"),
        event("2026-11-02T11:30", "responded"),
    ]

    own = ticket(responded="2026-11-02T10:01")

    assert ran(clock(stops=Stop.RESPONSE), own, events[:1]).stopped_at is None
    assert ran(clock(stops=Stop.RESPONSE), own, events).stopped_at == utc("2026-11-02T11:00")


def test_the_first_response_by_a_person_counts() -> None:
    events = [event("2026-11-02T10:30", "responded", actor="ann")]

    result = ran(clock(stops=Stop.RESPONSE), ticket(responded="2026-11-02T11:00"), events)

    assert result.stopped_at == utc("2026-11-02T10:30")


# --- what is told


def test_segments_are_cut_at_midnight_and_say_why() -> None:
    """A Friday in London, on which it was pending from before closing until Saturday noon."""
    events = [event("2026-11-06T16:00", "state pending"), event("2026-11-07T12:00", "state open")]

    result = ran(clock("9 h", "office"), ticket("2026-11-06T15:00"), events, now="2026-11-09T08:30")

    runs, rests = (
        "it counts in the open hours of `office`",
        "it counts only in the open hours of `office`",
    )
    pause = "state `pending`"
    assert result.segments == tuple(
        Segment(utc(f"2026-11-{start}"), utc(f"2026-11-{end}"), SegmentKind(kind), why)
        for start, end, kind, why in [
            ("06T15:00", "06T16:00", "open", runs),
            ("06T16:00", "07T00:00", "pause", pause),
            ("07T00:00", "07T12:00", "pause", pause),
            ("07T12:00", "08T00:00", "closed hours", rests),
            ("08T00:00", "09T00:00", "closed hours", rests),
            ("09T00:00", "09T08:00", "closed hours", rests),
            ("09T08:00", "09T08:30", "open", runs),
        ]
    )


def test_midnight_is_that_of_the_agreement() -> None:
    result = run(clock(), ticket("2026-07-01T20:00"), (), HOURS, BERLIN, utc("2026-07-02T00:00"))

    assert result is not None
    assert [each.end for each in result.segments] == [
        utc("2026-07-01T22:00"),
        utc("2026-07-02T00:00"),
    ]


def test_the_reason_can_be_followed_with_a_pencil() -> None:
    events = [event("2013-06-04T09:30", "state pending"), event("2013-06-04T09:45", "state open")]
    of = ticket("2013-06-04T09:00", resolved="2013-06-04T11:16")

    result = run(clock("120 min", "berlin-18", clause="4.2"), of, events, HOURS, BERLIN, utc(LATE))

    assert result is not None
    assert result.reason == (
        "The clock `fix` allows 120 min in the open hours of `berlin-18` (clause 4.2), "
        "2 h from the opening at 2013-06-04 11:00 (Europe/Berlin).",
        "It paused from 2013-06-04 11:30 to 2013-06-04 11:45 (state `pending`), "
        "15 min of the time that counts.",
        "Its deadline is 2013-06-04 13:15.",
        "It stopped at 2013-06-04 13:16, 2 h 1 min used, 1 min over: missed.",
    )


def test_the_reason_of_a_running_clock_says_what_is_left() -> None:
    result = ran(clock("3 working days"), ticket(), now="2026-11-03T10:00")

    assert result.reason == (
        "The clock `fix` allows 3 working days on working days, "
        "72 h from the opening at 2026-11-02 10:00 (Europe/London).",
        "Its deadline is 2026-11-05 10:00.",
        "It had not stopped at 2026-11-03 10:00, 24 h used, 48 h left: running.",
    )


# --- properties

STATES = (
    "state pending",
    "state open",
    "state customer",
    "resolved",
    "closed",
    "reopened",
    "responded",
)
moments = st.integers(0, 9 * 24 * 60).map(
    lambda minute: (utc("2026-10-23T10:00") + timedelta(minutes=minute)).isoformat()[:16]
)
histories = st.lists(
    st.builds(event, moments, st.sampled_from(STATES), st.sampled_from(["ann", "system"])),
    max_size=8,
)
clocks = st.builds(
    clock,
    st.sampled_from(["30 min", "4 h", "20 h", "2 days", "1 month", "3 working days"]),
    st.sampled_from([None, "office", "berlin-18", "closed-tuesday"]),
    st.sampled_from(Stop),
    st.sampled_from([(), ("pending",), ("pending", "customer")]),
    st.booleans(),
)


@settings(deadline=None)
@given(clocks, histories)
def test_the_order_of_events_changes_nothing(
    terms: TicketClock, events: Sequence[TicketEvent]
) -> None:
    of = ticket("2026-10-23T10:00")

    assert ran(terms, of, events) == ran(terms, of, events[::-1])


@settings(deadline=None)
@given(clocks, histories, moments)
def test_segments_cover_the_run_and_add_up(
    terms: TicketClock, events: Sequence[TicketEvent], now: str
) -> None:
    result = ran(terms, ticket("2026-10-23T10:00"), events, now)
    bounds = [(each.start, each.end) for each in result.ledger]
    counted = [each.end - each.start for each in result.segments if each.kind == SegmentKind.OPEN]

    assert [start for start, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    assert not bounds or (bounds[0][0], bounds[-1][1]) == (result.opened_at, result.until)
    assert all(start < end for start, end in bounds)
    assert result.elapsed == sum(counted, timedelta()) // timedelta(seconds=1)


@settings(deadline=None)
@given(clocks, histories, moments)
def test_a_deadline_is_where_nothing_is_left(
    terms: TicketClock, events: Sequence[TicketEvent], now: str
) -> None:
    result = ran(terms, ticket("2026-10-23T10:00"), events, now)

    if result.deadline is not None:
        if result.until <= result.deadline:
            assert result.left == result.basis.hours.elapsed(result.until, result.deadline)
        late = result.until > result.deadline or (
            result.until == result.deadline and result.stopped_at is None
        )
        assert late == (result.status == ClockStatus.MISSED)
    else:
        assert result.status == ClockStatus.PAUSED


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-10-25T00:30", "2026-10-25 01:30+01:00"),
        ("2026-10-25T01:10:05", "2026-10-25 01:10:05+00:00"),
        ("2026-10-25T02:00", "2026-10-25 02:00"),
        ("2026-10-24T23:59", "2026-10-25 00:59"),
        ("2026-03-29T00:59", "2026-03-29 00:59"),
        ("2026-03-29T01:00", "2026-03-29 02:00"),
    ],
)
def test_a_local_time_is_told_with_its_offset_where_the_clock_shows_it_twice(
    at: str, said: str
) -> None:
    assert local_text(utc(at), LONDON) == said
