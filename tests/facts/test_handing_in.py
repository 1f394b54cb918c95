"""Which files of facts a live agreement takes."""

import pytest

from domain.facts import EventFact, FactKind, Ticket
from domain.facts.files import FactFileError
from domain.zones import zone_named
from gateway.handing_in import open_handed_in
from gateway.requests import Document

LONDON = zone_named("Europe/London")

TICKET = b"id,opened\nT1,2027-01-04 09:30\n"


def refused(name: str, content: bytes) -> list[tuple[int, int, str]]:
    with pytest.raises(FactFileError) as refusal:
        list(open_handed_in(Document(name, content), LONDON).facts)
    return [(each.line, each.column, each.rule) for each in refusal.value.problems]


def test_a_file_says_its_kind() -> None:
    file = open_handed_in(Document("facts-ticket.csv", TICKET), LONDON)

    assert file.kind == FactKind.TICKET
    assert [fact.id for fact in file.facts] == ["T1"]


def test_of_mixed_kinds_each_line_says_its_own() -> None:
    lines = (
        b'{"kind": "ticket", "id": "T1", "opened": "2027-01-04 09:30"}\n'
        b'{"kind": "event", "id": "E1", "at": "2027-01-04", "type": "audit"}\n'
    )
    file = open_handed_in(Document("january.jsonl", lines), LONDON)

    assert file.kind is None
    assert [type(fact) for fact in file.facts] == [Ticket, EventFact]


def test_the_receipt_of_facts_is_the_gateways_to_say() -> None:
    csv = TICKET.replace(b"opened", b"opened,received_at")
    line = b'{"id": "T1", "opened": "2027-01-04 09:30", "received_at": ""}\n'

    assert refused("facts-ticket.csv", csv) == [(1, 3, "not-yet-taken")]
    # All lines of an archive have it: once is enough.
    assert refused("facts-ticket.jsonl", line * 3) == [(1, 1, "not-yet-taken")]
