"""A fact that is written as a line is read as the same fact."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from domain.facts import Fact, Interval, PeriodResult, Sample, Ticket, TicketEvent
from domain.facts.book import SHELVES
from domain.facts.files import open_facts
from domain.facts.writing import line_of

AT = datetime(2027, 3, 28, 0, 59, 59, 1, UTC)


@pytest.mark.parametrize(
    "fact",
    [
        Ticket(
            "T 1", AT, due_at=AT, columns={"kind": "incident", "b": 'a "quoted"\nline', "a": "ü"}
        ),
        Ticket("T2", AT, AT, AT, AT, AT, received_at=AT + timedelta(days=1), corrects="T 1"),
        TicketEvent("E", "T 1", AT, "state", None, "client"),
        Sample("S1", "load", AT),
        Sample("S2", "load", AT, Decimal("100.000000000001"), received_at=AT),
        Sample("S3", "load", AT, Decimal(0)),
        Interval("I", "api", AT, AT + timedelta(hours=1), None, Decimal(0), Decimal(0), 24),
        PeriodResult("R1", "uptime", AT, AT + timedelta(days=1), met=False),
        PeriodResult("R2", "uptime", AT, AT + timedelta(days=1), met=True, points=Decimal(2)),
    ],
)
def test_whatever_a_fact_says_is_read_again(fact: Fact) -> None:
    line = f"{line_of(fact)}\n".encode()
    kind = SHELVES[type(fact)].kind

    # A zone far away: every instant says its own offset.
    told = open_facts([line], f"facts-{kind}-2027-03.jsonl", ZoneInfo("Pacific/Kiritimati")).told

    [(_, facts, wrong, *_)] = told
    assert not wrong
    assert facts == ((kind, fact),)
    assert facts[0][1].received_at == fact.received_at
    assert dict(facts[0][1].columns) == dict(fact.columns)
