"""The strict reading of one record as a fact: tickets and samples above all."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.facts import FactKind, Sample, Ticket
from domain.facts.columns import wrong_columns
from domain.facts.records import read_record
from domain.facts.rules import FactRule, Wrong
from domain.zones import zone_named

BERLIN = zone_named("Europe/Berlin")


def read_ticket(cells: dict[str, str], wrong: list[Wrong]) -> Ticket | None:
    ticket = read_record(FactKind.TICKET, cells, BERLIN, wrong)
    assert ticket is None or isinstance(ticket, Ticket)
    return ticket


def read_sample(cells: dict[str, str], wrong: list[Wrong]) -> Sample | None:
    sample = read_record(FactKind.SAMPLE, cells, BERLIN, wrong)
    assert sample is None or isinstance(sample, Sample)
    return sample


def ticket_rules(**cells: str) -> list[tuple[str, FactRule]]:
    wrong: list[Wrong] = []
    assert read_ticket({"id": "T1", "opened": "2027-01-04 09:30"} | cells, wrong) is None
    return [(each.column, each.rule) for each in wrong]


def sample_rules(**cells: str) -> list[tuple[str, FactRule]]:
    wrong: list[Wrong] = []
    sound = {"id": "S1", "series": "arrivals", "at": "2027-01-04 09:30"}
    assert read_sample(sound | cells, wrong) is None
    return [(each.column, each.rule) for each in wrong]


def opened_at(text: str) -> datetime:
    ticket = read_ticket({"id": "T1", "opened": text}, [])
    assert ticket is not None
    return ticket.opened_at


def test_a_ticket_has_its_instants_and_keeps_what_else_was_said() -> None:
    cells = {
        "id": "T1",
        "opened": "2027-01-04 09:30",
        "responded": "2027-01-04 09:31:15",
        "resolved": "",
        "closed": "2027-01-05T00:00",
        "due": "2027-01-04T12:00Z",
        "priority": "1 - Critical",
        "team": "",
    }

    ticket = read_ticket(cells, [])

    assert ticket is not None
    assert ticket.id == "T1"
    assert ticket.opened_at == datetime(2027, 1, 4, 8, 30, tzinfo=UTC)
    assert ticket.responded_at == datetime(2027, 1, 4, 8, 31, 15, tzinfo=UTC)
    assert ticket.resolved_at is None
    assert ticket.closed_at == datetime(2027, 1, 4, 23, 0, tzinfo=UTC)
    assert ticket.due_at == datetime(2027, 1, 4, 12, 0, tzinfo=UTC)
    assert ticket.columns == {"priority": "1 - Critical"}


def test_a_sample_has_an_exact_value() -> None:
    cells = {"id": "S1", "series": "arrivals", "at": "2027-01-04 09:30", "value": "-12.50"}

    sample = read_sample(cells, [])

    assert sample is not None
    assert sample.value == Decimal("-12.50")
    assert str(sample.value) == "-12.50"


def test_a_sample_may_have_no_value() -> None:
    cells = {"id": "S1", "series": "arrivals", "at": "2027-01-04 09:30", "carrier": "EV"}

    sample = read_sample(cells, [])

    assert sample is not None
    assert sample.value is None
    assert sample.columns == {"carrier": "EV"}


def test_zero_has_no_sign() -> None:
    cells = {"id": "S1", "series": "arrivals", "at": "2027-01-04 09:30", "value": "-0.00"}

    sample = read_sample(cells, [])

    assert sample is not None
    assert str(sample.value) == "0"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-07-04 09:30", datetime(2027, 7, 4, 7, 30, tzinfo=UTC)),
        ("2027-07-04T09:30:01.25", datetime(2027, 7, 4, 7, 30, 1, 250_000, tzinfo=UTC)),
        ("2027-07-04 09:30-05:00", datetime(2027, 7, 4, 14, 30, tzinfo=UTC)),
        ("2024-02-29 00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        # Clocks go forward at 02:00 and back at 03:00.
        ("2027-03-28 02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        ("2027-10-31 02:30", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        ("2027-10-31 02:30+01:00", datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_local_to_the_agreement_unless_it_has_an_offset(
    text: str, instant: datetime
) -> None:
    assert opened_at(text) == instant
    assert opened_at(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-04",
        "04.01.2027 09:30",
        "1/4/2027 09:30",
        "2027-1-4 09:30",
        "20270104T0930",
        "2027-W01-1T09:30",
        "2027-02-29 09:30",
        "2027-01-04 24:00",
        "2027-01-04 09:60",
        "2027-01-04 09:30:60",
        "2027-01-04 9:30",
        "2027-01-04  09:30",
        " 2027-01-04 09:30",
        "2027-01-04 09:30 PM",
        "2027-01-04t09:30z",
        "2027-01-04 09:30+99:00",
        "2027-01-04 09:30 Europe/Berlin",
        "٢٠٢٧-01-04 09:30",
        "0000-01-01 00:00",
        "0001-01-01 00:00",
        "9999-12-31 23:59-10:00",
        "now",
    ],
)
def test_what_is_not_plainly_a_time_is_refused(text: str) -> None:
    assert ticket_rules(opened=text) == [("opened", FactRule.NOT_A_TIME)]


@pytest.mark.parametrize(
    "text", ["1,5", "1e3", "NaN", "Infinity", "1_000", "+5", ".5", "٣", "5 min"]
)
def test_what_is_not_plainly_a_number_is_refused(text: str) -> None:
    assert sample_rules(value=text) == [("value", FactRule.NOT_A_NUMBER)]


@pytest.mark.parametrize("event", ["responded", "resolved", "closed"])
def test_nothing_happens_to_a_ticket_before_it_is_opened(event: str) -> None:
    assert ticket_rules(**{event: "2027-01-04 09:29:59"}) == [(event, FactRule.BEFORE_OPENED)]


def test_a_ticket_may_be_closed_as_it_is_opened_and_be_due_before() -> None:
    cells = {"id": "T1", "opened": "2027-01-04 09:30", "closed": "2027-01-04 09:30"}

    assert read_ticket(cells | {"due": "2027-01-01 00:00"}, []) is not None


@pytest.mark.parametrize("text", [" T1", "T1 ", "T\t1", "T\n1", "x" * 201, "T\u200b1"])
def test_an_id_is_visible_text(text: str) -> None:
    assert ticket_rules(id=text) == [("id", FactRule.NOT_AN_ID)]


def test_every_problem_of_a_record_is_told() -> None:
    assert ticket_rules(id="", opened="", due="soon", closed="later") == [
        ("id", FactRule.EMPTY_VALUE),
        ("opened", FactRule.EMPTY_VALUE),
        ("closed", FactRule.NOT_A_TIME),
        ("due", FactRule.NOT_A_TIME),
    ]


def test_a_sample_needs_a_series_and_a_time() -> None:
    assert sample_rules(series="", at="") == [
        ("series", FactRule.EMPTY_VALUE),
        ("at", FactRule.EMPTY_VALUE),
    ]


def test_a_series_is_named_as_the_terms_can_name_it() -> None:
    assert sample_rules(series="Arrivals EV") == [("series", FactRule.NOT_A_SERIES)]


def column_rules(*names: str) -> list[tuple[str, FactRule]]:
    return [(each.column, each.rule) for each in wrong_columns(names, FactKind.TICKET)]


def test_further_columns_are_welcome() -> None:
    assert column_rules("id", "opened", "closed", "priority", "made_sla", "type") == []


@pytest.mark.parametrize("name", ["closed_at", "Closed", "CLOSED_DT", "due_date", "resolved on"])
def test_a_column_that_is_nearly_a_known_one_is_not_taken_for_another(name: str) -> None:
    assert column_rules("id", "opened", name) == [(name, FactRule.UNKNOWN_COLUMN)]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("recieved_at", "received_at"),
        ("resovled", "resolved"),
        ("respnded", "responded"),
        ("clossed", "closed"),
        ("corects", "corrects"),
    ],
)
def test_a_slip_of_the_pen_is_not_taken_for_a_further_column(name: str, meant: str) -> None:
    (wrong,) = wrong_columns(["id", "opened", name], FactKind.TICKET)

    assert (wrong.column, wrong.rule) == (name, FactRule.UNKNOWN_COLUMN)
    assert wrong.remedy.startswith(f"call it `{meant}`")
    assert column_rules("id", "opened", name, meant) == [], "both are there, so it is no slip"


@pytest.mark.parametrize("name", ["opener", "closer", "correct", "resolver", "resolution", "de"])
def test_a_word_of_its_own_is_no_slip(name: str) -> None:
    assert column_rules("id", "opened", name) == []


@pytest.mark.parametrize("name", ["", "Priority", "1st", "größe", "a b", "x" * 64])
def test_a_column_has_a_name_that_the_terms_can_say(name: str) -> None:
    assert column_rules("id", "opened", name) == [(name, FactRule.UNKNOWN_COLUMN)]


@pytest.mark.parametrize("name", ["received_at", "corrects"])
def test_what_a_caller_stamps_itself_is_not_taken(name: str) -> None:
    wrong = wrong_columns(["id", "opened", name], FactKind.TICKET, ("received_at", "corrects"))

    assert [(each.column, each.rule) for each in wrong] == [(name, FactRule.NOT_YET_TAKEN)]


def test_a_column_is_there_once() -> None:
    assert column_rules("id", "opened", "due", "due", "due") == [("due", FactRule.DUPLICATE_COLUMN)]


def test_what_every_ticket_needs_is_asked_for() -> None:
    assert column_rules("priority") == [
        ("id", FactRule.MISSING_COLUMN),
        ("opened", FactRule.MISSING_COLUMN),
    ]
