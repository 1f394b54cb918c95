"""Clocks of many tickets without events: equal in everything to each reckoned by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.clock import run
from domain.clocks.every import FEW, Clocks
from domain.clocks.hours import Agreed, calendar_of
from domain.clocks.plain import plain_runs
from domain.facts import Ticket
from domain.facts.book import book
from domain.measures.framing import Settings, known
from domain.periods import Period
from domain.spans import Unit, parse_span
from domain.terms.calendars import (
    Closing,
    ClosingRule,
    Limits,
    Policy,
    Start,
    Stop,
    TicketClock,
)
from domain.terms.shape import Terms
from domain.terms_check import validate_terms
from domain.timeline import Edition, Timeline
from tests.domain.ticking import HOURS, LONDON, event, utc

WHEN = st.datetimes(
    datetime(2026, 10, 20),  # noqa: DTZ001 - made aware by `timezones`
    datetime(2026, 11, 10),  # noqa: DTZ001
    timezones=st.just(UTC),
)
MAYBE = st.one_of(st.none(), WHEN)
SPANS = st.sampled_from(
    [
        *("0 h", "30 min", "4 h", "9 h", "60 h", "90 s"),
        *("2 days", "1 month", "1 working days", "3 working days"),
    ]
).map(parse_span)
KEYS = st.sampled_from([None, "office", "berlin-17", "closed-tuesday", "never"])

LIMITS = st.builds(
    Limits,
    where=st.sampled_from([{}, {"priority": "high"}, {"priority": ("low", "high"), "site": "a"}]),
    within=SPANS,
    calendar=KEYS,
)
CLOCKS = st.builds(
    TicketClock,
    key=st.just("fix"),
    stops=st.sampled_from([stop for stop in Stop if stop != Stop.UPDATE]),
    limits=st.lists(LIMITS, min_size=1, max_size=3).map(tuple),
    calendar=KEYS,
    starts=st.sampled_from(Start),
    pauses=st.just(("pending",)),
    answered_by=st.sampled_from([(), ("agent",)]),
    on_reopen=st.sampled_from([None, *Policy]),
    on_change=st.sampled_from([None, *Policy]),
    on_close=st.sampled_from(
        [
            None,
            *Closing,
            (
                ClosingRule(reasons=("duplicate",), then=Closing.LEFT_OUT),
                ClosingRule(where={"priority": "high"}, then=Closing.MISSED),
            ),
        ]
    ),
)
TICKETS = st.lists(
    st.builds(
        Ticket,
        id=st.uuids().map(str),
        opened_at=WHEN,
        responded_at=MAYBE,
        resolved_at=MAYBE,
        closed_at=MAYBE,
        columns=st.sampled_from([{}, {"priority": "high"}, {"priority": "low", "site": "a"}]),
    ),
    max_size=12,
)
AGREED = Agreed(HOURS, LONDON)


@settings(deadline=None, max_examples=60)  # a first example compiles the years
@given(CLOCKS, TICKETS, WHEN)
def test_the_clocks_of_many_tickets_are_those_of_each(
    clock: TicketClock, tickets: list[Ticket], now: datetime
) -> None:
    never = {
        calendar_of(clock, each) == "never"
        for each in clock.limits
        if each.within.unit == Unit.WORKING_DAY
    }
    assume(True not in never)  # terms in which no day is a working day are refused

    found = plain_runs(clock, tickets, AGREED, now)

    assert found == {ticket.id: run(clock, ticket, (), HOURS, LONDON, now) for ticket in tickets}


@pytest.mark.parametrize("on_reopen", Policy)
@pytest.mark.parametrize(
    ("answered", "closed", "agreed"),
    [
        ("09:00", "08:00", Closing.MISSED),
        ("08:30", "08:00", Closing.MISSED),
        ("08:00", "08:30", None),
    ],
)
def test_what_was_told_earlier_came_earlier_also_before_the_opening(
    answered: str, closed: str, agreed: Closing | None, on_reopen: Policy
) -> None:
    """Both count at the opening, but only what is told of one instant happens at one instant."""
    limits = (Limits(within=parse_span("4 h")),)
    clock = TicketClock(
        key="answer",
        stops=Stop.RESPONSE,
        limits=limits,
        on_close=Closing.MISSED,
        on_reopen=on_reopen,
    )
    day = "2026-10-21T"
    ticket = Ticket(
        "t1", utc(day + "09:00"), responded_at=utc(day + answered), closed_at=utc(day + closed)
    )
    now = utc("2026-10-22T09:00")

    found = plain_runs(clock, [ticket], AGREED, now)["t1"]

    assert found == run(clock, ticket, (), HOURS, LONDON, now)
    assert found is not None
    assert found.stopped_at == ticket.opened_at
    assert found.closing == agreed


TERMS = """
agreement: desk
title: A desk
zone: Europe/London
term: {starts_on: 2026-10-01, months: 12}
calendars:
  office: {hours: {mon-fri: "08:00-17:00"}}
clocks:
  - {key: fix, stops: resolution, calendar: office, limits: [{within: 4 h}], pauses: [pending]}
  - {key: soon, stops: resolution, limits: [{within: 2 days}]}
kpis:
  - key: kept
    unit: "%"
    measure: {kind: attainment, clock: CLOCK}
    every: month
    target: {expected: at least 90 %}
"""
OCTOBER = Period("2026-10", utc("2026-09-30T23:00"), utc("2026-11-01T00:00"))


@pytest.mark.parametrize("clock", ["fix", "soon"])
@pytest.mark.parametrize("count", [FEW - 1, FEW + 20])
def test_a_figure_is_made_of_the_clocks_of_each_ticket_however_many_there_are(
    clock: str, count: int
) -> None:
    reading = validate_terms(TERMS.replace("CLOCK", clock).encode(), "desk.yaml")
    assert reading.value is not None
    terms: Terms = reading.value
    tickets = [
        Ticket(
            f"t{number}",
            opened := utc("2026-10-05T06:00") + timedelta(hours=3 * number),
            resolved_at=opened + timedelta(minutes=17 * number) if number % 5 else None,
        )
        for number in range(count)
    ]
    waits = event("2026-10-06T09:00", "state pending", of="t7")
    edition = Edition(1, terms, OCTOBER.start)
    facts = known(book([*tickets, waits]), utc("2026-11-01T00:00"))
    setting = Settings(Timeline((edition,)), facts).of(edition)

    runs = setting.frame(terms.kpi("kept"), (), OCTOBER).runs

    office = {"office": setting.calendar("office")}
    assert len(runs) == count
    assert runs == {
        each.id: run(
            next(one for one in terms.clocks if one.key == clock),
            each,
            [waits] if each.id == "t7" else [],
            office,
            LONDON,
            utc("2026-11-01T00:00"),
        )
        for each in tickets
    }


@pytest.mark.parametrize("count", [FEW - 1, FEW + 20])
def test_the_clocks_of_all_tickets_are_those_of_each(count: int) -> None:
    """With every second one waiting, and a clock for updates."""
    said = TERMS.replace("kpis:", "  - {key: news, stops: update, limits: [{within: 2 h}]}\nkpis:")
    terms = validate_terms(said.replace("CLOCK", "fix").encode(), "desk.yaml").value
    assert terms is not None
    tickets = [
        Ticket(f"t{number}", utc("2026-10-05T06:00") + timedelta(minutes=97 * number))
        for number in range(2 * count)
    ]
    events = {
        each.id: [event("2026-10-20T09:00", "state pending", of=each.id)] for each in tickets[::2]
    }
    clocks, now = Clocks(terms), utc("2026-11-01T00:00")

    found = clocks.on_each(tickets, events, now)

    assert found == {each.id: clocks.on(each, events.get(each.id, ()), now) for each in tickets}
    assert all([run.clock for run in runs] == ["fix", "soon", "news"] for runs in found.values())
