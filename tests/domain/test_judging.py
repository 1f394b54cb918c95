"""What a person should look at in facts that are well written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.facts import (
    ChargeFact,
    CreditFact,
    Decision,
    Fact,
    FactKind,
    Outage,
    ReliefFact,
    Sample,
    Ticket,
)
from domain.facts.book import SHELVES
from domain.facts.judging import MOST_UNREAD, OTHERS, TOLERANCE, Judge, late, names_in
from domain.facts.rules import FactRule
from tests.lives import helpdesk

START = datetime(2027, 1, 4, tzinfo=UTC)
END = datetime(2028, 1, 4, tzinfo=UTC)
RECEIVED = datetime(2027, 3, 1, 9, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TICK = timedelta(microseconds=1)

NAMES = {
    FactKind.SAMPLE: frozenset({"checks"}),
    FactKind.OUTAGE: frozenset({"mail"}),
    FactKind.CREDIT: frozenset({"uptime"}),
    FactKind.RELIEF: frozenset({"uptime"}),
}


def judge(*, in_order: bool = False) -> Judge:
    return Judge(RECEIVED, START, END, NAMES, "provider", in_order=in_order)


def rules(fact: Fact, by: Judge | None = None) -> list[tuple[str, str]]:
    kind = SHELVES[type(fact)].kind
    return [(each.column, each.rule) for each in (by or judge()).judge(kind, fact)]


def sample(at: datetime, series: str = "checks") -> Sample:
    return Sample("S1", series, at, Decimal(1))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (START, []),
        (START - TICK, [("at", "outside-term")]),
        (RECEIVED + TOLERANCE, []),
        (RECEIVED + TOLERANCE + TICK, [("at", "future")]),
        (END, [("at", "future"), ("at", "outside-term")]),
    ],
)
def test_a_fact_stands_within_the_term_and_before_its_receipt(
    at: datetime, expected: list[tuple[str, str]]
) -> None:
    assert rules(sample(at)) == expected


def test_every_instant_of_a_ticket_has_happened() -> None:
    ticket = Ticket("T1", START, None, RECEIVED + HOUR, RECEIVED + 2 * HOUR, END)

    assert rules(ticket) == [("resolved", "future"), ("closed", "future")]
    assert rules(replace(ticket, opened_at=START - HOUR))[-1] == ("opened", "outside-term")


def test_what_lasts_must_be_over_and_what_is_charged_may_lie_ahead() -> None:
    outage = Outage("O1", "mail", RECEIVED - HOUR, RECEIVED + HOUR, "power")
    charge = ChargeFact("B1", "service", RECEIVED + HOUR, END, Decimal(1), "GBP")

    assert rules(outage) == [("end", "future")]
    assert rules(charge) == []


def test_names_are_those_of_any_edition() -> None:
    assert rules(sample(START, "speed")) == [("series", "name-in-no-edition")]
    assert rules(CreditFact("K1", START, END, None, Decimal(1))) == []
    assert rules(CreditFact("K1", START, END, "speed", Decimal(1))) == [
        ("kpi", "name-in-no-edition")
    ]


def test_a_claim_is_decided_before_it_is_received() -> None:
    claim = ReliefFact(
        "L1", None, START, START + HOUR, "storm", "provider", Decision.APPROVED, RECEIVED + HOUR
    )

    client = Judge(RECEIVED, START, END, NAMES, "client")

    assert rules(claim, client) == [("decided_at", "future")]
    assert rules(replace(claim, decided_at=None), client) == []


def test_a_name_without_any_in_the_terms_has_another_remedy() -> None:
    bare = Judge(RECEIVED, START, END, NAMES | {FactKind.SAMPLE: frozenset()}, "provider")
    (wrong,) = bare.judge(FactKind.SAMPLE, sample(START))

    assert wrong.remedy == "discard it, or amend the agreement"


def test_what_nothing_reads_is_counted_where_a_file_is_taken_whole() -> None:
    by = Judge(RECEIVED, START, END, NAMES, "provider", sets_aside=False)
    facts: list[Fact] = [
        sample(START, "speed"),
        sample(START - TICK, "speed"),
        Outage("O1", "web", START, START + HOUR, "power"),
        ChargeFact("B1", "service", END, END + HOUR, Decimal(1), "GBP"),
    ]

    assert [rules(fact, by) for fact in facts] == [[], [], [], []]
    assert by.unread == {
        "of the series of samples 'speed'": 2,
        "before the agreement's term": 1,
        "of the service 'web'": 1,
        "after the agreement's term": 1,
    }


def test_a_kpi_that_no_edition_names_and_a_time_to_come_are_wrong_all_the_same() -> None:
    by = Judge(RECEIVED, START, END, NAMES, "provider", sets_aside=False)

    assert rules(CreditFact("K1", START, END, "speed", Decimal(1)), by) == [
        ("kpi", "name-in-no-edition")
    ]
    assert rules(sample(RECEIVED + HOUR), by) == [("at", "future")]
    assert by.unread == {}


def test_of_many_names_that_nothing_reads_some_are_told() -> None:
    by = Judge(RECEIVED, START, END, NAMES, "provider", sets_aside=False)

    for number in range(MOST_UNREAD + 5):
        rules(sample(START, f"s{number}"), by)
    rules(sample(START, "s0"), by)

    assert len(by.unread) == MOST_UNREAD + 1
    assert (by.unread["of the series of samples 's0'"], by.unread[OTHERS]) == (2, 5)


def test_what_comes_too_late_says_until_when_it_would_not_have() -> None:
    wrong = late(FactKind.TICKET, RECEIVED)

    assert (wrong.column, wrong.rule) == ("opened", "late")
    assert "until 2027-03-01 09:00 UTC" in wrong.message


def test_order_is_looked_at_by_choice_and_by_series() -> None:
    by = judge(in_order=True)

    assert rules(sample(START + HOUR), by) == []
    assert rules(sample(START + HOUR), by) == []
    assert rules(sample(START), by) == [("at", "out-of-order")]
    assert rules(sample(RECEIVED + HOUR), by) == [("at", "future")]
    assert rules(sample(START + 2 * HOUR), by) == [], "what was set aside is no measure"
    assert rules(Ticket("T1", START), by) == []
    assert rules(sample(START), judge()) == []


def test_the_names_of_terms_are_those_of_their_measures() -> None:
    from domain.terms_check import validate

    first = validate(helpdesk().encode(), "a").value
    other = validate(
        helpdesk({"kpis.errors.measure": {"kind": "availability", "outages": "mail"}}).encode(), "b"
    ).value
    assert first is not None
    assert other is not None

    names = names_in([first, other])

    assert names[FactKind.SAMPLE] == {"error"}
    assert names[FactKind.OUTAGE] == {"mail"}
    assert names[FactKind.RELIEF] == {"errors"}
    assert names[FactKind.COUNT] == frozenset()


# --- who says what of relief


def relief(claimed_by: str, decision: str) -> ReliefFact:
    return ReliefFact("L1", None, START, START + DAY, "flood", claimed_by, Decision(decision))


@pytest.mark.parametrize(
    ("claimed_by", "decision", "party", "claims", "wrong"),
    [
        ("provider", "pending", "provider", [], None),
        ("provider", "pending", "client", [], "claimed_by"),
        ("client", "pending", "client", [], None),
        ("client", "pending", "provider", [], "claimed_by"),
        ("provider", "approved", "provider", [("L1", "provider")], "decision"),
        ("provider", "rejected", "provider", [("L1", "provider")], "decision"),
        ("provider", "approved", "client", [], None),
        ("client", "approved", "client", [("L1", "client")], "decision"),
        ("client", "approved", "provider", [("L1", "client")], None),
        # A claim in the other's name, or of another, is no claim of theirs.
        ("client", "approved", "provider", [], "decision"),
        ("client", "approved", "provider", [("L1", "provider"), ("L2", "client")], "decision"),
        ("Client", "pending", "client", [], "claimed_by"),
    ],
)
def test_nobody_decides_on_a_claim_of_his_own(
    claimed_by: str, decision: str, party: str, claims: list[tuple[str, str]], wrong: str | None
) -> None:
    by = Judge(RECEIVED, START, END, NAMES, party, frozenset(claims))

    told = by.judge(FactKind.RELIEF, relief(claimed_by, decision))

    assert [(each.column, each.rule) for each in told] == (
        [] if wrong is None else [(wrong, FactRule.OTHER_PARTY)]
    )
