"""Facts are late when nothing that they touch can be restated any more."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.facts import FactKind
from domain.lateness import Lifetime, Reach, may_be_late, reaches, surely_in_time
from domain.restating import Touched
from domain.terms.shape import Terms
from domain.timeline import Edition, Timeline
from domain.zones import zone_named
from tests.domain.runs import day, kpi, terms, timeline

LIFE = Lifetime(day("2027-01-01"), day("2028-01-01"))
SAMPLES = {"kind": "mean", "series": "wait"}
NOW = day("2027-05-10")
LONDON = zone_named("Europe/London")


def measured(key: str, measure: dict[str, Any], within: str | None = None, **more: Any) -> Any:
    said = {} if within is None else {"restate_within": within}
    target = {"expected": "at least 10"}
    return kpi(key, unit="points", measure=measure, target=target, cut_off="0 days", **said, **more)


def found(
    agreed: Terms, kind: FactKind, name: str, now: datetime = NOW, life: Lifetime = LIFE
) -> list[tuple[str, str, str]]:
    def local(at: datetime | None) -> str:
        return "" if at is None else f"{at.astimezone(LONDON):%m-%d}"

    return sorted(
        (local(each.start), local(each.end), local(each.until))
        for each in reaches(timeline(agreed), life, now)
        if (each.kind, each.name) == (kind, name)
    )


def test_periods_are_settled_when_their_window_has_passed() -> None:
    agreed = terms(measured("it", SAMPLES, "30 days"))

    assert found(agreed, FactKind.SAMPLE, "wait") == [
        ("01-01", "02-01", "03-03"),
        ("02-01", "03-01", "03-31"),
        ("03-01", "04-01", "05-01"),
        ("04-01", "06-01", ""),
    ]
    assert found(agreed, FactKind.PERIOD_RESULT, "it") == found(agreed, FactKind.SAMPLE, "wait")
    assert found(agreed, FactKind.RELIEF, "") == found(agreed, FactKind.RELIEF, "it")
    assert found(agreed, FactKind.SURVEY, "wait") == []


def test_what_is_received_as_the_window_ends_still_counts() -> None:
    agreed = terms(measured("it", SAMPLES, "30 days"))

    assert found(agreed, FactKind.SAMPLE, "wait", day("2027-05-01"))[-1][0] == "03-01"


def test_another_kpi_that_can_be_restated_keeps_facts_in_time() -> None:
    agreed = terms(measured("it", SAMPLES, "30 days"), measured("that", SAMPLES, "60 days"))

    assert found(agreed, FactKind.SAMPLE, "wait")[-2:] == [
        ("03-01", "04-01", "05-01"),
        ("03-01", "06-01", ""),
    ]


def test_a_kpi_without_a_window_takes_facts_until_the_agreement_is_closed() -> None:
    agreed = terms(measured("it", SAMPLES))
    closed = Lifetime(LIFE.live_from, LIFE.ends_at, day("2027-05-09"))

    assert found(agreed, FactKind.SAMPLE, "wait") == [("01-01", "06-01", "")]
    assert found(agreed, FactKind.SAMPLE, "wait", life=closed) == [("01-01", "06-01", "05-09")]


def test_tickets_are_told_apart_by_the_instant_by_which_they_belong() -> None:
    tickets = {"kind": "mean", "tickets": "response"}
    agreed = terms(measured("it", tickets, "30 days"))

    assert found(agreed, FactKind.TICKET, "opened")
    assert found(agreed, FactKind.TICKET, "") == []


def test_events_are_never_late_because_claims_and_triggers_look_at_them() -> None:
    agreed = terms(measured("it", {"kind": "delay", "events": "report"}, "30 days"))

    assert found(agreed, FactKind.EVENT, "report") == []


@pytest.mark.parametrize(
    ("more", "settled_to"),
    [
        ({"averaging": {"periods": "2"}}, "03-01"),
        ({"averaging": {"periods": "4"}}, "01-01"),
        ({"no_data": "carried"}, "01-01"),
    ],
)
def test_what_rests_on_a_period_keeps_its_facts_in_time(
    more: dict[str, Any], settled_to: str
) -> None:
    agreed = terms(measured("it", SAMPLES, "30 days", **more))

    assert found(agreed, FactKind.SAMPLE, "wait")[-1] == (settled_to, "06-01", "")


def test_a_state_may_hold_until_now() -> None:
    states = {"kind": "availability", "series": "check", "good": "above 0"}
    agreed = terms(measured("it", states, "30 days"))

    assert found(agreed, FactKind.SAMPLE, "check") == [("01-01", "06-01", "")]


def test_composites_keep_the_facts_of_their_parts_in_time() -> None:
    whole = {"kind": "composite", "combine": "lowest", "parts": {"part": "100 %"}}
    agreed = terms(
        measured("whole", whole, "30 days", every="quarter"),
        measured("part", SAMPLES, "1 day", averaging={"periods": "2"}),
    )

    # March goes into the average of April, whose quarter is not over.
    assert ("03-01", "07-01", "") in found(agreed, FactKind.SAMPLE, "wait", day("2027-05-10"))
    assert ("01-01", "07-01", "") in found(agreed, FactKind.SAMPLE, "wait", day("2027-04-20"))


def test_a_kpi_that_an_edition_drops_goes_on_by_its_own_terms() -> None:
    first, second = terms(measured("it", SAMPLES, "30 days")), terms(measured("that", SAMPLES))
    line = Timeline((Edition(1, first, day("2027-01-01")), Edition(2, second, day("2027-03-01"))))

    of_it = [each for each in reaches(line, LIFE, NOW) if each.name == "it"]

    assert max(each.end for each in of_it) == day("2027-03-01")


def test_most_intakes_are_surely_in_time() -> None:
    none, some = terms(measured("it", SAMPLES)), terms(measured("it", SAMPLES, "30 days"))
    closed = Lifetime(LIFE.live_from, LIFE.ends_at, NOW - timedelta(days=1))

    assert surely_in_time(timeline(none), LIFE, NOW) is None
    assert surely_in_time(timeline(some), LIFE, NOW) == NOW - timedelta(days=30)
    assert surely_in_time(timeline(none), closed, NOW) == NOW


def test_an_intake_may_be_late_where_it_touches_what_is_settled() -> None:
    reach = Reach(FactKind.SAMPLE, "wait", day("2027-01-01"), day("2027-02-01"), NOW)

    def touch(kind: FactKind, start: str) -> list[Touched]:
        return [Touched(kind, "wait", day(start), day(start) + timedelta(hours=1), revises=False)]

    since = day("2027-04-01")
    assert may_be_late(touch(FactKind.SAMPLE, "2027-01-31"), [reach], since)
    assert not may_be_late(touch(FactKind.SAMPLE, "2027-02-01"), [reach], since)
    assert not may_be_late(touch(FactKind.SURVEY, "2027-01-31"), [reach], since)
    assert not may_be_late(touch(FactKind.SAMPLE, "2027-01-31"), [reach], day("2027-01-31"))
    assert not may_be_late(
        touch(FactKind.SAMPLE, "2027-01-31"), [reach._replace(until=None)], since
    )
