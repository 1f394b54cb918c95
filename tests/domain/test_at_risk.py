"""Open tickets at risk: which share of a limit is used when, and what is due next."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.at_risk import next_due, warnings_of
from domain.terms.calendars import TicketClock
from tests.domain.ticking import event, ran, ticket, utc

DAY = "2026-11-02T"


def warned(**values: Any) -> TicketClock:
    limits = [{"within": values.pop("within", "4 h")}]
    return TicketClock.model_validate(
        {"key": "fix", "stops": "resolution", "limits": limits, "pauses": ["pending"], **values}
        | {"warn_at": values.get("warn_at", ["80 %", "50 %"])}
    )


def dues(clock: TicketClock, now: str, *events: Any, **at: str) -> list[Any]:
    found = warnings_of(ran(clock, ticket(**at), events, f"{DAY}{now}"))
    return [(str(each.share), each.due_at, each.reached) for each in found]


def test_the_instants_at_which_shares_will_be_used_if_nothing_changes() -> None:
    assert dues(warned(), "11:00") == [
        ("50", utc(f"{DAY}12:00"), False),
        ("80", utc(f"{DAY}13:12"), False),
    ]


def test_a_share_that_is_used_keeps_the_instant_at_which_it_was() -> None:
    pause = (event(f"{DAY}11:00", "state pending"), event(f"{DAY}11:30", "state open"))

    assert dues(warned(), "13:00", *pause) == [
        ("50", utc(f"{DAY}12:30"), True),
        ("80", utc(f"{DAY}13:42"), False),
    ]
    assert dues(warned(), "15:00", *pause)[1] == ("80", utc(f"{DAY}13:42"), True)


def test_in_a_pause_nothing_is_due() -> None:
    pause = event(f"{DAY}12:30", "state pending")

    assert dues(warned(), "13:00", pause) == [
        ("50", utc(f"{DAY}12:00"), True),
        ("80", None, False),
    ]


def test_only_open_hours_use_a_limit() -> None:
    assert dues(warned(within="9 h", calendar="office"), "16:00")[1][1] == utc("2026-11-03T08:12")


def test_a_clock_that_has_not_begun_warns_from_its_beginning_on() -> None:
    clock = warned(within="2 days", calendar="office", starts="next_open_hour")

    found = warnings_of(ran(clock, ticket("2026-11-07T10:00"), [], "2026-11-07T11:00"))

    assert [each.due_at for each in found] == [utc("2026-11-10T08:00"), utc("2026-11-10T22:24")]


def test_a_limit_of_working_days_is_warned_of_on_working_days() -> None:
    found = warnings_of(
        ran(warned(within="2 working days"), ticket("2026-11-06T12:00"), [], "2026-11-06T13:00")
    )

    assert found[0].due_at == utc("2026-11-09T12:00")


def test_a_limit_that_no_calendar_reaches_is_never_used() -> None:
    assert [due for _, due, _ in dues(warned(calendar="never"), "11:00")] == [None, None]


def test_a_clock_that_has_ended_warns_no_more() -> None:
    assert dues(warned(), "11:00", resolved=f"{DAY}10:30") == []
    assert warnings_of(ran(warned(warn_at=[]), ticket())) == ()


def test_a_limit_of_nothing_is_used_at_once() -> None:
    assert dues(warned(within="0 h"), "10:00") == [
        ("50", utc(f"{DAY}10:00"), True),
        ("80", utc(f"{DAY}10:00"), True),
    ]


def test_a_warning_has_a_key_and_a_sentence_of_its_own() -> None:
    pause = event(f"{DAY}12:30", "state pending")
    half, most = warnings_of(ran(warned(), ticket(), [pause], f"{DAY}13:00"))
    ahead = warnings_of(ran(warned(), ticket(), [], f"{DAY}11:00"))[1]

    assert half.key == "t1/fix/1/50"
    assert half.said == "Ticket t1 had used 50 % of the 4 h of clock `fix` at 2026-11-02 12:00."
    assert most.said == "Ticket t1 uses 80 % of the 4 h of clock `fix` only when its pause is over."
    assert ahead.said == (
        "Ticket t1 will have used 80 % of the 4 h of clock `fix` at 2026-11-02 13:12 "
        "if nothing changes; its deadline is 2026-11-02 14:00."
    )


def test_a_clock_that_began_anew_warns_again() -> None:
    events = [event(f"{DAY}11:00", "resolved"), event(f"{DAY}12:00", "reopened")]

    found = warnings_of(ran(warned(on_reopen="restart"), ticket(), events, f"{DAY}12:30"))

    assert [each.key for each in found] == ["t1/fix/2/50", "t1/fix/2/80"]


def test_what_is_due_next_comes_in_order_with_the_deadlines() -> None:
    paused = event(f"{DAY}10:30", "state pending")
    runs = [
        ran(warned(), ticket(), [], f"{DAY}12:00"),
        ran(warned(key="answer", stops="response", within="3 h"), ticket(), [], f"{DAY}12:00"),
        ran(warned(key="other"), ticket(), [paused], f"{DAY}12:00"),
        ran(warned(key="done"), ticket(resolved=f"{DAY}11:00"), [], f"{DAY}12:00"),
        ran(warned(key="late", within="1 h"), ticket(), [], f"{DAY}12:00"),
    ]

    found = next_due(runs)

    assert [(each.clock, each.share, each.due_at) for each in found] == [
        ("answer", Decimal(80), utc(f"{DAY}12:24")),
        ("answer", None, utc(f"{DAY}13:00")),
        ("fix", Decimal(80), utc(f"{DAY}13:12")),
        ("fix", None, utc(f"{DAY}14:00")),
    ]
    assert found[-1].key == "t1/fix/1/deadline"


@settings(deadline=None)
@given(
    st.sampled_from([None, "office", "berlin-18"]),
    st.sampled_from(["3 h", "40 h", "2 days", "3 working days"]),
    st.integers(0, 4000),
    st.sampled_from(["1 %", "50 %", "99.9 %"]),
)
def test_when_the_instant_comes_the_share_is_used_and_not_before(
    calendar: str | None, within: str, minutes: int, share: str
) -> None:
    clock = warned(within=within, calendar=calendar, warn_at=[share])
    now = datetime.fromtimestamp(utc(f"{DAY}10:00").timestamp() + minutes * 60, utc(LATER).tzinfo)

    run = ran(clock, ticket(), [], now.isoformat()[:16])
    (warning,) = warnings_of(run)
    assert warning.due_at is not None

    used = run.basis.hours.elapsed(run.begun_at, warning.due_at)
    wanted = (
        run.budget
        * Decimal(share.split(maxsplit=1)[0]).as_integer_ratio()[0]
        / (100 * Decimal(share.split(maxsplit=1)[0]).as_integer_ratio()[1])
    )
    assert used == wanted
    assert warning.reached == (run.elapsed >= wanted)


LATER = "2026-12-01T00:00"
