"""The incident to which a measured miss is due, so that it costs one credit."""

from typing import Any

import pytest

from domain.facts import CountFact, EventFact, Fact
from domain.measures.incidents import MOST, incident_of
from domain.results import Result, Status
from tests.domain.performing import (
    at,
    count,
    event,
    interval,
    outage,
    perform,
    sample,
    terms,
    ticket,
)

UPTIME = {"kind": "availability", "outages": "web"}
PROMISE = {"expected": "at least 99 %"}
HIGHEST: dict[str, Any] = {
    "remedies": [
        {
            "key": "r",
            "scheme": {"kind": "per_failure", "percent": "1 %"},
            "same_incident": "highest",
        }
    ]
}
DAY = 24 * 60


def january(kpi: dict[str, Any], *facts: Fact, **sections: Any) -> Result:
    agreed = terms({"target": PROMISE} | kpi, **(HIGHEST | sections))
    return perform(agreed, *facts).results[0]


def test_an_outage_that_alone_makes_a_period_missed_is_its_incident() -> None:
    result = january({"measure": UPTIME}, outage("o1", "01-04", DAY), outage("o2", "01-08", 1))

    assert (result.status, result.incident) == (Status.BELOW_EXPECTED, "o1")
    assert result.reason[-1] == (
        "Without the incident o1 it would not have been missed: the miss is due to that one."
    )


def test_several_facts_may_be_of_one_incident() -> None:
    result = january(
        {"measure": UPTIME},
        outage("o1", "01-04", 300, incident="INC-7"),
        outage("o2", "01-08", 300, incident="INC-7"),
    )

    assert result.incident == "INC-7"


@pytest.mark.parametrize("lengths", [(DAY, DAY), (300, 300), (300, 1)])
def test_a_miss_that_several_incidents_or_none_made_is_due_to_none(
    lengths: tuple[int, int],
) -> None:
    one, other = lengths

    result = january({"measure": UPTIME}, outage("o1", "01-04", one), outage("o2", "01-08", other))

    assert result.incident is None


def test_without_such_a_remedy_nobody_asks() -> None:
    for remedies in ([], [{**HIGHEST["remedies"][0], "same_incident": "all"}]):
        assert (
            january({"measure": UPTIME}, outage("o", "01-04", DAY), remedies=remedies).incident
            is None
        )
    other = {"remedies": [{**HIGHEST["remedies"][0], "kpis": ["other"]}]}
    own = {"remedies": [{**HIGHEST["remedies"][0], "kpis": ["k"]}]}

    assert january({"measure": UPTIME}, outage("o", "01-04", DAY), **other).incident is None
    assert january({"measure": UPTIME}, outage("o", "01-04", DAY), **own).incident == "o"


def test_a_ticket_is_an_incident_of_its_own_or_of_the_one_that_it_names() -> None:
    measure = {"kind": "proportion", "tickets": "resolution", "good": "at most 4 h"}
    tickets = [
        ticket("t1", "01-04", resolved="01-05"),
        ticket("t2", "01-06", resolved="01-06 01:00"),
    ]
    named = [ticket("t1", "01-04", resolved="01-05", incident="INC-1"), tickets[1]]

    assert january({"measure": measure}, *tickets).incident == "t1"
    assert january({"measure": measure}, *named).incident == "INC-1"


def test_a_period_of_a_single_fact_is_due_to_it_even_if_no_data_is_a_failure() -> None:
    measure = {"kind": "proportion", "tickets": "resolution", "good": "at most 4 h"}

    result = january(
        {"measure": measure, "no_data": "failed"}, ticket("t1", "01-04", resolved="01-05")
    )

    assert result.incident == "t1"


def test_intervals_of_an_incident_would_have_been_good_and_not_absent() -> None:
    measure = {
        "kind": "mean_of_rates",
        "intervals": "requests",
        "interval": "1 day",
        "empty": "bad",
        "absent": "bad",
    }
    days = [interval(f"i{day}", f"01-{day:02}", "10", "10", minutes=DAY) for day in range(2, 32)]

    result = january(
        {"measure": measure},
        *days,
        interval("i1", "01-01", "1", "10", minutes=DAY, incident="INC-3"),
    )

    assert (result.status, result.incident) == (Status.BELOW_EXPECTED, "INC-3")


def test_counts_and_their_volumes_may_name_it() -> None:
    measure = {"kind": "ratio", "counts": "calls", "of": ["answered"], "over": ["offered"]}

    result = january(
        {"measure": measure},
        count("a", "01-04", "answered", "99"),
        count("o", "01-04", "offered", "99"),
        count("x", "01-05", "offered", "9", incident="INC-4"),
    )

    assert result.incident == "INC-4"


def test_only_tickets_below_a_volume_are_left_out_of_a_rate() -> None:
    measure = {"kind": "rate", "counts": "calls", "over": ["offered"]}
    facts: list[Fact] = [
        ticket("t1", "01-04", incident="INC-5"),
        ticket("t2", "01-05", incident="INC-5"),
        count("o", "01-04", "offered", "100"),
    ]

    result = january(
        {"measure": measure, "unit": "tickets", "target": {"expected": "at most 0.01 tickets"}},
        *facts,
    )

    assert result.incident == "INC-5"


def test_what_is_met_or_names_nothing_is_due_to_no_incident() -> None:
    assert january({"measure": UPTIME}, outage("o", "01-04", 1)).incident is None
    assert january({}, sample("s", "01-04", "1")).incident is None
    assert january({}, sample("s", "01-04", "1", incident="INC-6")).incident == "INC-6"


def test_too_many_incidents_are_no_single_one() -> None:
    small = [
        outage(f"o{each}", f"01-{each % 28 + 1:02} {each // 28:02}:00", 0.5) for each in range(MOST)
    ]
    large = outage("large", "01-30", DAY)

    assert january({"measure": UPTIME}, large, *small[1:]).incident == "large"
    assert january({"measure": UPTIME}, large, *small).incident is None


def test_an_event_is_of_what_it_refers_to() -> None:
    said = EventFact("e", at("01-04"), "call", ref="INC-8")

    assert incident_of(said) == "INC-8"
    assert incident_of(event("e", "01-04")) is None
    assert (
        incident_of(EventFact("e", at("01-04"), "call", columns={"incident": "INC-9"})) == "INC-9"
    )
    assert incident_of(CountFact("c", "calls", at("01-04"), at("01-05"), "n", 1)) is None  # type: ignore[arg-type]
