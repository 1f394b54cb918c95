"""The strict reading of one record, for each kind of fact."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from domain.facts import (
    ChargeFact,
    CountFact,
    CreditFact,
    Decision,
    EventFact,
    Fact,
    FactKind,
    IndexFact,
    Interval,
    Outage,
    PeriodResult,
    ReliefFact,
    Sample,
    Survey,
    Ticket,
    TicketEvent,
)
from domain.facts.columns import OWN, kinds_by, wrong_columns
from domain.facts.records import read_record
from domain.facts.rules import FactRule, Wrong
from domain.zones import zone_named

BERLIN = zone_named("Europe/Berlin")

NEW_YEAR = datetime(2026, 12, 31, 23, tzinfo=UTC)
FEBRUARY = datetime(2027, 1, 31, 23, tzinfo=UTC)
JANUARY = {"start": "2027-01-01", "end": "2027-02-01 00:00"}
SPAN = (NEW_YEAR, FEBRUARY)

# Of each kind the least that it needs, and all that it can say.
LEAST: dict[FactKind, tuple[dict[str, str], Fact]] = {
    FactKind.TICKET: ({"opened": "2027-01-01 00:00"}, Ticket("1", NEW_YEAR)),
    FactKind.TICKET_EVENT: (
        {"ticket": "T 1", "at": "2027-01-01", "event": "closed", "actor": "Ann"},
        TicketEvent("1", "T 1", NEW_YEAR, "closed", None, "Ann"),
    ),
    FactKind.SAMPLE: (
        {"series": "a", "at": "2027-01-01"},
        Sample("1", "a", NEW_YEAR),
    ),
    FactKind.INTERVAL: (
        {"series": "a", **JANUARY, "total": "0"},
        Interval("1", "a", *SPAN, None, None, Decimal(0), 1),
    ),
    FactKind.OUTAGE: (
        {"service": "mail", **JANUARY, "cause": "Fibre cut, again"},
        Outage("1", "mail", *SPAN, "Fibre cut, again"),
    ),
    FactKind.SURVEY: (
        {"at": "2027-01-01", "instrument": "csat", "score": "0", "scale": "5"},
        Survey("1", NEW_YEAR, "csat", Decimal(0), Decimal(5)),
    ),
    FactKind.COUNT: (
        {"series": "calls", **JANUARY, "name": "answered", "value": "860"},
        CountFact("1", "calls", *SPAN, "answered", Decimal(860)),
    ),
    FactKind.CHARGE: (
        {"line": "run", **JANUARY, "amount": "-10.505", "currency": "GBP"},
        ChargeFact("1", "run", *SPAN, Decimal("-10.505"), "GBP"),
    ),
    FactKind.PERIOD_RESULT: (
        {"kpi": "uptime", **JANUARY, "met": "FALSE"},
        PeriodResult("1", "uptime", *SPAN, met=False),
    ),
    FactKind.CREDIT: (
        {**JANUARY, "percent": "2.5 %"},
        CreditFact("1", *SPAN, percent=Decimal("2.5")),
    ),
    FactKind.EVENT: (
        {"at": "2027-01-01", "type": "Stage 3 complaint"},
        EventFact("1", NEW_YEAR, "Stage 3 complaint"),
    ),
    FactKind.INDEX: (
        {"series": "cpi", "period": "2026-11", "value": "118.5", "published": "2027-01-01"},
        IndexFact("1", "cpi", "2026-11", Decimal("118.5"), NEW_YEAR),
    ),
    FactKind.RELIEF: (
        {**JANUARY, "ground": "Customer", "claimed_by": "provider", "decision": "pending"},
        ReliefFact("1", None, *SPAN, "Customer", "provider", Decision.PENDING),
    ),
}

MOST: dict[FactKind, tuple[dict[str, str], Fact]] = {
    FactKind.TICKET: (
        {
            "opened": "2027-01-01 00:00",
            "responded": "2027-01-01 00:00",
            "resolved": "2027-01-01 00:00",
            "closed": "2027-02-01 00:00",
            "due": "2027-02-01",
        },
        Ticket("1", NEW_YEAR, NEW_YEAR, NEW_YEAR, FEBRUARY, FEBRUARY),
    ),
    FactKind.TICKET_EVENT: (
        {
            "ticket": "T1",
            "at": "2027-01-01",
            "event": "state",
            "value": "on hold",
            "actor": "Ann",
            "reason": "parts",
        },
        TicketEvent("1", "T1", NEW_YEAR, "state", "on hold", "Ann", "parts"),
    ),
    FactKind.SAMPLE: (
        {"series": "a", "at": "2027-01-01 00:00", "value": "-5"},
        Sample("1", "a", NEW_YEAR, Decimal(-5)),
    ),
    FactKind.INTERVAL: (
        {"series": "a", **JANUARY, "good": "4", "bad": "1", "total": "5", "repeat": "1000"},
        Interval("1", "a", *SPAN, Decimal(4), Decimal(1), Decimal(5), 1000),
    ),
    FactKind.OUTAGE: (
        {"service": "mail", **JANUARY, "cause": "power", "users": "0.5"},
        Outage("1", "mail", *SPAN, "power", Decimal("0.5")),
    ),
    FactKind.SURVEY: (
        {"at": "2027-01-01", "instrument": "csat", "score": "5.0", "scale": "5"},
        Survey("1", NEW_YEAR, "csat", Decimal(5), Decimal(5)),
    ),
    FactKind.COUNT: LEAST[FactKind.COUNT],
    FactKind.CHARGE: LEAST[FactKind.CHARGE],
    FactKind.PERIOD_RESULT: (
        {
            "kpi": "uptime",
            **JANUARY,
            "value": "99",
            "num": "99",
            "den": "100",
            "met": "true",
            "points": "2",
            "source": "monthly report",
        },
        PeriodResult(
            "1",
            "uptime",
            *SPAN,
            value=Decimal(99),
            num=Decimal(99),
            den=Decimal(100),
            met=True,
            points=Decimal(2),
            source="monthly report",
        ),
    ),
    FactKind.CREDIT: (
        {**JANUARY, "kpi": "uptime", "amount": "100.00", "currency": "JPY"},
        CreditFact("1", *SPAN, "uptime", Decimal(100), None, "JPY"),
    ),
    FactKind.EVENT: (
        {
            "at": "2027-01-01",
            "type": "delivery",
            "ref": "order 7",
            "due": "2027-02-01",
            "value": "-0",
        },
        EventFact("1", NEW_YEAR, "delivery", "order 7", FEBRUARY, Decimal(0)),
    ),
    FactKind.INDEX: LEAST[FactKind.INDEX],
    FactKind.RELIEF: (
        {
            "kpi": "uptime",
            **JANUARY,
            "ground": "Customer",
            "claimed_by": "provider",
            "decision": "approved",
            "decided_at": "2027-02-01",
        },
        ReliefFact("1", "uptime", *SPAN, "Customer", "provider", Decision.APPROVED, FEBRUARY),
    ),
}


def rules(kind: FactKind, **cells: str) -> list[tuple[str, FactRule]]:
    """What is wrong with the least record of a kind once these cells are in it."""
    wrong: list[Wrong] = []
    least, _ = LEAST[kind]
    assert read_record(kind, {"id": "1", **least, **cells}, BERLIN, wrong) is None
    return [(each.column, each.rule) for each in wrong]


@pytest.mark.parametrize("records", [LEAST, MOST], ids=["least", "most"])
@pytest.mark.parametrize("kind", FactKind)
def test_a_record_is_read_as_a_fact(
    kind: FactKind, records: dict[FactKind, tuple[dict[str, str], Fact]]
) -> None:
    cells, fact = records[kind]
    wrong: list[Wrong] = []

    assert read_record(kind, {"id": "1", **cells}, BERLIN, wrong) == fact
    assert wrong == []


@pytest.mark.parametrize("kind", FactKind)
def test_every_fact_may_say_when_it_was_received_what_it_corrects_and_more(kind: FactKind) -> None:
    cells = {"id": "2", "received_at": "2027-02-01", "corrects": "1", "site": "Leeds", "note": ""}

    fact = read_record(kind, cells | LEAST[kind][0], BERLIN, [])

    assert fact is not None
    assert fact.received_at == FEBRUARY
    assert fact.corrects == "1"
    assert fact.columns == {"site": "Leeds"}


@pytest.mark.parametrize(
    ("kind", "column"),
    [(kind, each.name) for kind, own in OWN.items() for each in own if each.required],
)
def test_what_is_required_is_asked_for(kind: FactKind, column: str) -> None:
    wrong: list[Wrong] = []
    assert read_record(kind, {"id": "1", **LEAST[kind][0], column: ""}, BERLIN, wrong) is None

    assert [(each.column, each.rule) for each in wrong] == [(column, FactRule.EMPTY_VALUE)]
    missing = wrong_columns([name for name in LEAST[kind][0] if name != column], kind)
    assert (column, FactRule.MISSING_COLUMN) in [(each.column, each.rule) for each in missing]


@pytest.mark.parametrize("kind", FactKind)
def test_a_kind_is_known_by_its_columns(kind: FactKind) -> None:
    for cells, _ in (LEAST[kind], MOST[kind]):
        assert kinds_by(["id", *cells]) == [kind]


@pytest.mark.parametrize(
    ("kind", "column", "text", "rule"),
    [
        (FactKind.OUTAGE, "service", "E-Mail", FactRule.NOT_A_KEY),
        (FactKind.PERIOD_RESULT, "kpi", "Up time", FactRule.NOT_A_KEY),
        (FactKind.CHARGE, "line", "1st", FactRule.NOT_A_KEY),
        (FactKind.SURVEY, "instrument", "CSAT", FactRule.NOT_A_KEY),
        (FactKind.COUNT, "name", "in time", FactRule.NOT_A_KEY),
        (FactKind.COUNT, "series", "Calls", FactRule.NOT_A_SERIES),
        (FactKind.TICKET_EVENT, "ticket", " T1", FactRule.NOT_AN_ID),
        (FactKind.SAMPLE, "corrects", "S\n1", FactRule.NOT_AN_ID),
        (FactKind.SAMPLE, "received_at", "soon", FactRule.NOT_A_TIME),
        (FactKind.SAMPLE, "at", "2027-02-29", FactRule.NOT_A_TIME),
        (FactKind.SAMPLE, "at", "0001-01-01", FactRule.NOT_A_TIME),
        (FactKind.SAMPLE, "at", "2027-01-04Z", FactRule.NOT_A_TIME),
        (FactKind.TICKET, "opened", "2027-01-04", FactRule.NOT_A_TIME),
        (FactKind.INTERVAL, "repeat", "2.0", FactRule.NOT_A_WHOLE_NUMBER),
        (FactKind.INTERVAL, "repeat", "-1", FactRule.NOT_A_WHOLE_NUMBER),
        (FactKind.INTERVAL, "repeat", "0", FactRule.OUT_OF_RANGE),
        (FactKind.INTERVAL, "total", "-1", FactRule.OUT_OF_RANGE),
        (FactKind.OUTAGE, "users", "-1", FactRule.OUT_OF_RANGE),
        (FactKind.SURVEY, "scale", "0", FactRule.OUT_OF_RANGE),
        (FactKind.SURVEY, "scale", "five", FactRule.NOT_A_NUMBER),
        (FactKind.SURVEY, "score", "5.01", FactRule.OUT_OF_RANGE),
        (FactKind.SURVEY, "score", "-1", FactRule.OUT_OF_RANGE),
        (FactKind.CHARGE, "currency", "gbp", FactRule.NOT_A_CURRENCY),
        (FactKind.CHARGE, "currency", "XXX", FactRule.NOT_A_CURRENCY),
        (FactKind.PERIOD_RESULT, "met", "yes", FactRule.NOT_TRUE_OR_FALSE),
        (FactKind.CREDIT, "percent", "2.5 %%", FactRule.NOT_A_PERCENTAGE),
        (FactKind.CREDIT, "percent", "2,5", FactRule.NOT_A_PERCENTAGE),
        (FactKind.RELIEF, "decision", "Approved", FactRule.UNKNOWN_WORD),
        (FactKind.OUTAGE, "end", "2027-01-01", FactRule.END_NOT_AFTER_START),
        (FactKind.RELIEF, "end", "2026-12-31", FactRule.END_NOT_AFTER_START),
    ],
)
def test_what_is_not_plain_is_refused(
    kind: FactKind, column: str, text: str, rule: FactRule
) -> None:
    assert rules(kind, **{column: text}) == [(column, rule)]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"total": "5"}, [("good", FactRule.ONE_NEEDED)]),
        ({"total": "5", "good": "6"}, [("good", FactRule.OUT_OF_RANGE)]),
        ({"total": "5", "bad": "6"}, [("bad", FactRule.OUT_OF_RANGE)]),
        ({"total": "0", "bad": "1"}, [("bad", FactRule.OUT_OF_RANGE)]),
        ({"total": "5", "good": "3", "bad": "3"}, [("bad", FactRule.OUT_OF_RANGE)]),
        ({"total": "5", "good": "-1"}, [("good", FactRule.OUT_OF_RANGE)]),
        ({"total": "5", "good": "many"}, [("good", FactRule.NOT_A_NUMBER)]),
        ({"total": "many", "good": "6"}, [("total", FactRule.NOT_A_NUMBER)]),
    ],
)
def test_good_and_bad_are_parts_of_the_total(
    cells: dict[str, str], found: list[tuple[str, FactRule]]
) -> None:
    assert rules(FactKind.INTERVAL, **cells) == found


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"repeat": "2912079"}, [("repeat", FactRule.OUT_OF_RANGE)]),
        ({"repeat": "999999999"}, [("repeat", FactRule.OUT_OF_RANGE)]),
        ({"repeat": "2", "end": "9999-01-01"}, [("repeat", FactRule.OUT_OF_RANGE)]),
        ({"repeat": "999999999", "end": "2027-01-01"}, [("end", FactRule.END_NOT_AFTER_START)]),
        ({"repeat": "many"}, [("repeat", FactRule.NOT_A_WHOLE_NUMBER)]),
        ({"repeat": "2", "start": "never"}, [("start", FactRule.NOT_A_TIME)]),
        ({"repeat": "2", "end": "never"}, [("end", FactRule.NOT_A_TIME)]),
    ],
)
def test_intervals_follow_each_other_while_there_is_time(
    cells: dict[str, str], found: list[tuple[str, FactRule]]
) -> None:
    within = {"start": "2027-01-01", "end": "2027-01-02", "total": "0"}

    assert rules(FactKind.INTERVAL, **{**within, **cells}) == found
    sound = {"id": "1", **LEAST[FactKind.INTERVAL][0], **within, "repeat": "2912078"}
    assert read_record(FactKind.INTERVAL, sound, BERLIN, []) is not None


def test_a_contradiction_names_its_numbers() -> None:
    wrong: list[Wrong] = []
    cells = {"id": "1", **LEAST[FactKind.INTERVAL][0], "total": "5", "good": "3", "bad": "3"}

    read_record(FactKind.INTERVAL, cells, BERLIN, wrong)

    assert [each.message for each in wrong] == ["good 3 and bad 3 are more than the total of 5"]


@pytest.mark.parametrize("value", ["0", "-118.5"])
def test_an_index_is_above_zero(value: str) -> None:
    assert rules(FactKind.INDEX, value=value) == [("value", FactRule.OUT_OF_RANGE)]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"met": ""}, [("value", FactRule.ONE_NEEDED)]),
        ({"num": "1"}, [("den", FactRule.NUM_WITHOUT_DEN)]),
        ({"den": "1"}, [("num", FactRule.NUM_WITHOUT_DEN)]),
        ({"num": "1", "den": "-1"}, [("den", FactRule.OUT_OF_RANGE)]),
        ({"value": "99 %"}, [("value", FactRule.NOT_A_NUMBER)]),
    ],
)
def test_a_result_says_something(cells: dict[str, str], found: list[tuple[str, FactRule]]) -> None:
    assert rules(FactKind.PERIOD_RESULT, **cells) == found


@pytest.mark.parametrize("said", [{"value": "1"}, {"num": "0", "den": "1"}, {"points": "0"}])
def test_one_way_to_say_a_result_is_enough(said: dict[str, str]) -> None:
    cells = {"id": "1", "kpi": "uptime", **JANUARY, **said}

    assert read_record(FactKind.PERIOD_RESULT, cells, BERLIN, []) is not None


@pytest.mark.parametrize("cells", [{"percent": ""}, {"amount": "1"}])
def test_a_credit_is_an_amount_or_a_percentage(cells: dict[str, str]) -> None:
    assert rules(FactKind.CREDIT, **cells) == [("amount", FactRule.EXACTLY_ONE)]


@pytest.mark.parametrize("text", ["2.5", "2.5%", "2.5 %", "2.50"])
def test_a_percentage_may_have_its_sign(text: str) -> None:
    fact = read_record(FactKind.CREDIT, {"id": "1", **JANUARY, "percent": text}, BERLIN, [])

    assert fact == CreditFact("1", *SPAN, percent=Decimal("2.5"))


def test_a_day_alone_is_its_beginning_where_clocks_change_at_midnight_too() -> None:
    cells = {"id": "1", "series": "a", "at": "2027-04-30"}

    fact = read_record(FactKind.SAMPLE, cells, zone_named("Africa/Cairo"), [])

    assert fact == Sample("1", "a", datetime(2027, 4, 29, 22, tzinfo=UTC))


@pytest.mark.parametrize(("kind", "name"), [(FactKind.RELIEF, "decided"), (FactKind.EVENT, "Due")])
def test_nearly_the_name_of_a_column_is_not_taken_for_another(kind: FactKind, name: str) -> None:
    wrong = wrong_columns(["id", *LEAST[kind][0], name], kind)

    assert [(each.column, each.rule) for each in wrong] == [(name, FactRule.UNKNOWN_COLUMN)]


def test_equal_facts_say_the_same_whenever_they_were_received() -> None:
    assert Sample("1", "a", NEW_YEAR) == Sample("1", "a", NEW_YEAR, received_at=FEBRUARY)
    assert Sample("1", "a", NEW_YEAR) != Sample("1", "a", NEW_YEAR, corrects="0")
