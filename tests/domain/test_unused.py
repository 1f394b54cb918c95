from decimal import Decimal
from typing import Any

from domain.facts import (
    ChargeFact,
    CountFact,
    Fact,
    IndexFact,
    Interval,
    Outage,
    PeriodResult,
    Sample,
    Survey,
    Ticket,
    TicketEvent,
)
from domain.facts.book import book
from domain.unused import unused
from tests.domain.runs import day, kpi, terms, timeline

SPAN = (day("2027-01-04"), day("2027-01-05"))
AT = SPAN[0]


def told(*facts: Fact, **values: Any) -> list[tuple[str, str, str]]:
    """Where, what and the remedy, of an agreement that measures the outages of `web`."""
    measured = kpi(measure={"kind": "availability", "outages": "web"})
    found = unused(timeline(terms(measured, **values)), book(facts))
    return [(each.where, each.message, each.remedy) for each in found]


def test_a_name_written_in_two_ways_is_told() -> None:
    wrong = Outage("1", "wbe", *SPAN, "fault", None)

    assert told(wrong, Outage("2", "web", *SPAN, "fault", None)) == [
        ("outage/wbe", "1 fact of `wbe`, which nothing asks for", "did you mean `web`?")
    ]


def test_every_kind_with_a_name_is_looked_at() -> None:
    facts: list[Fact] = [
        Sample("1", "other", AT, Decimal(1)),
        Sample("2", "other", AT, Decimal(1)),
        Interval("1", "other", *SPAN, Decimal(1), None, Decimal(1)),
        CountFact("1", "other", *SPAN, "calls", Decimal(1)),
        Survey("1", AT, "other", Decimal(1), Decimal(5)),
        ChargeFact("1", "other", *SPAN, Decimal(1), "GBP"),
        IndexFact("1", "other", "2027", Decimal(100), AT),
        TicketEvent("1", "other", AT, "closed", None, "agent", ""),
    ]

    assert [where for where, _, _ in told(*facts)] == [
        "sample/other",
        "interval/other",
        "count/other",
        "survey/other",
        "charge/other",
        "index/other",
        "ticket_event/other",
    ]
    assert told(*facts)[0][1] == "2 facts of `other`, which nothing asks for"


def test_what_the_terms_ask_for_is_not_told() -> None:
    facts: list[Fact] = [
        ChargeFact("1", "hosting", *SPAN, Decimal(1), "GBP"),
        ChargeFact("2", "desk", *SPAN, Decimal(1), "GBP"),
        ChargeFact("3", "withheld", *SPAN, Decimal(1), "GBP"),
        ChargeFact("4", "capped", *SPAN, Decimal(1), "GBP"),
        IndexFact("1", "cpi", "2027", Decimal(100), AT),
        Ticket("t", AT),
        TicketEvent("1", "t", AT, "closed", None, "agent", ""),
    ]
    agreed = {
        "charges": {"currency": "GBP", "lines": {"hosting": {"amount": "5"}}},
        "remedies": [
            {
                "key": "r",
                "scheme": {"kind": "per_failure", "percent": "1 %"},
                "base": {"line": "desk"},
                "caps": [{"most": "5 %", "of": {"line": "capped"}}],
            }
        ],
        "triggers": [
            {
                "key": "t",
                "when": {"count": "1", "of": "missed"},
                "then": "critical_failure",
                "withhold": {"percent": "5 %", "base": {"line": "withheld"}},
            },
            {"key": "u", "when": {"count": "2", "of": "missed"}, "then": "warning"},
        ],
        "indexation": [
            {"key": "i", "series": "cpi", "reference": "2027", "on": "2028-01-01", "line": "desk"}
        ],
    }

    assert told(*facts, **agreed) == []


def test_facts_outside_the_term_are_counted() -> None:
    early, late = day("2026-12-31"), day("2030-01-01")
    one = PeriodResult("1", "uptime", day("2026-11-01"), day("2026-12-01"), met=True)

    assert told(Ticket("1", early), Ticket("2", late)) == [
        ("term", "2 facts lie outside the term", "correct the times, or the term")
    ]
    assert told(one)[0][1] == "1 fact lies outside the term"
