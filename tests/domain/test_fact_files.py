"""The strict reading of files of facts: every problem at its place, and all or nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import Fact, FactKind, Sample, Ticket
from domain.facts.files import FactFileError, FactIds, open_facts
from domain.facts.formats import MOST_PROBLEMS
from domain.zones import zone_named

BERLIN = zone_named("Europe/Berlin")

TICKETS = "id,opened,closed,priority\nT1,2027-01-04 09:30,,high\nT2,2027-01-04 10:00,,low\n"
SAMPLES = "id,series,at,value\nS1,arrivals,2027-01-04 09:30,5\n"
EVENTS = "id,ticket,at,event,actor\nE1,T1,2027-01-04 09:30,closed,agent\n"


def read(
    text: str | bytes,
    name: str = "facts-ticket.csv",
    kind: FactKind | None = None,
    untaken: tuple[str, ...] = (),
) -> list[Fact]:
    raw = text.encode() if isinstance(text, str) else text
    lines = raw.splitlines(keepends=True)
    return list(open_facts(lines, name, BERLIN, kind, untaken=untaken).facts)


def problems(
    text: str | bytes, name: str = "facts-ticket.csv", untaken: tuple[str, ...] = ()
) -> list[tuple[int, int, str, str]]:
    with pytest.raises(FactFileError) as refusal:
        read(text, name, untaken=untaken)
    return [(each.line, each.column, each.path, each.rule) for each in refusal.value.problems]


def test_a_file_of_tickets_is_read() -> None:
    facts = read(TICKETS)

    assert [fact.id for fact in facts] == ["T1", "T2"]
    assert [fact.columns for fact in facts] == [{"priority": "high"}, {"priority": "low"}]


def test_facts_come_one_by_one() -> None:
    def lines() -> Iterator[bytes]:
        yield b"id,opened\n"
        yield b"T1,2027-01-04 09:30\n"
        pytest.fail("the whole file was read before the first fact came")

    facts = open_facts(lines(), "facts-ticket.csv", BERLIN).facts

    assert next(facts).id == "T1"


def test_a_header_without_rows_has_no_facts() -> None:
    assert read("id,opened\n") == []


def test_json_lines_say_the_same_as_csv() -> None:
    lines = [
        {"id": "T1", "opened": "2027-01-04 09:30", "closed": None, "priority": "high"},
        {"priority": "low", "id": "T2", "opened": "2027-01-04 10:00"},
    ]
    text = "\n\n".join(json.dumps(line) for line in lines)

    assert read(text, "facts-ticket.jsonl") == read(TICKETS)


def test_numbers_and_truths_of_json_are_kept_as_written() -> None:
    text = '{"id": 7, "opened": "2027-01-04 09:30", "cost": 1.50, "made_sla": true, "vip": false}'

    (fact,) = read(text, "facts-ticket.jsonl")

    assert fact.id == "7"
    assert fact.columns == {"cost": "1.50", "made_sla": "true", "vip": "false"}


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("facts-ticket.csv", TICKETS, FactKind.TICKET),
        ("inbox/facts-ticket-2027-01.csv", TICKETS, FactKind.TICKET),
        ("facts-sample_ev.csv", SAMPLES, FactKind.SAMPLE),
        ("january.csv", TICKETS, FactKind.TICKET),
        ("january.csv", SAMPLES, FactKind.SAMPLE),
        ("january.jsonl", '{"id": "T", "opened": "2027-01-04 09:30"}', FactKind.TICKET),
        ("facts-ticket_event.csv", EVENTS, FactKind.TICKET_EVENT),
        ("facts-ticket-events-2027.csv", EVENTS, FactKind.TICKET_EVENT),
        ("facts-tickets.csv", TICKETS, FactKind.TICKET),
        ("facts-ticketing.csv", SAMPLES, FactKind.SAMPLE),
        ("facts-country.csv", SAMPLES, FactKind.SAMPLE),
    ],
)
def test_the_kind_is_in_the_name_or_in_the_columns(name: str, text: str, kind: FactKind) -> None:
    lines = text.encode().splitlines(keepends=True)

    assert open_facts(lines, name, BERLIN).kind == kind


def test_the_kind_may_be_given() -> None:
    text = "id,opened,series,at\nS1,,arrivals,2027-01-04 09:30\n"

    (fact,) = read(text, "january.csv", FactKind.SAMPLE)

    assert fact.id == "S1"


@pytest.mark.parametrize(
    "header",
    ["id,opened,series,at\n", "id,start\n", "id,kpi,start,end,points,percent\n", "kind,id\n"],
)
def test_a_kind_is_never_guessed(header: str) -> None:
    assert problems(header, "january.csv") == [(1, 1, "", "unknown-kind")]


def test_the_kinds_that_columns_may_mean_are_told() -> None:
    with pytest.raises(FactFileError, match="of which kind these facts are: `sample` or `event`"):
        read("id,series,at,type\n", "january.csv")


def test_a_format_is_never_guessed() -> None:
    assert problems(TICKETS, "facts-ticket.xlsx") == [(1, 1, "", "unknown-format")]


@pytest.mark.parametrize("name", ["facts-ticket.csv", "facts-ticket.jsonl"])
@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_refused(name: str, text: str) -> None:
    assert problems(text, name) == [(1, 1, "", "empty-file")]


def test_every_problem_is_told_at_its_line_and_column() -> None:
    text = (
        "id,opened,closed,due\n"
        "T1,yesterday,,\n"
        "T2,2027-01-04 09:30,2027-01-04 09:29,soon\n"
        "\n"
        "T3,2027-01-04 09:30\n"
        ",2027-01-04 09:30,,\n"
        "T4,2027-01-04 09:30,,,x\n"
    )

    assert problems(text) == [
        (2, 2, "opened", "not-a-time"),
        (3, 3, "closed", "before-opened"),
        (3, 4, "due", "not-a-time"),
        (5, 3, "", "ragged-row"),
        (6, 1, "id", "empty-value"),
        (7, 5, "", "ragged-row"),
    ]


def test_a_problem_reads_like_a_compilers() -> None:
    with pytest.raises(FactFileError) as refusal:
        read("id,opened\nT1,yesterday\n")

    assert str(refusal.value) == (
        "facts-ticket.csv:2:2: 'yesterday' is not a time (not-a-time) → write year-month-day and "
        "the time, for example `2027-01-04 09:30` in the agreement's zone, or with an offset, "
        "`2027-01-04T09:30:00+01:00`"
    )


def test_after_the_first_hundred_problems_the_rest_is_counted() -> None:
    text = "id,opened\n" + "".join(f"T{number},never\n" for number in range(150))

    with pytest.raises(FactFileError) as refusal:
        read(text)

    assert len(refusal.value.problems) == MOST_PROBLEMS
    assert refusal.value.more == 50
    assert str(refusal.value).endswith("\nand 50 more")


def test_no_fact_follows_the_first_problem() -> None:
    lines = b"id,opened\nT1,2027-01-04 09:30\nT2,never\nT3,2027-01-04 09:30\n".splitlines()
    facts = open_facts(lines, "facts-ticket.csv", BERLIN).facts

    assert next(facts).id == "T1"
    with pytest.raises(FactFileError):
        next(facts)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("facts-ticket.csv", "x," * 500_000 + "x\n"),
        ("facts-ticket.jsonl", json.dumps({f"x{number}": "" for number in range(60_000)})),
    ],
)
def test_a_file_has_200_columns_at_most(name: str, text: str) -> None:
    assert [rule for *_, rule in problems(text, name)] == ["too-many-columns"]


def test_a_file_may_say_the_same_twice() -> None:
    text = "id,opened,team\nT1,2027-01-04 09:30,a\nT1,2027-01-04T09:30:00+01:00,a\n"

    assert [fact.id for fact in read(text)] == ["T1", "T1"]


def test_a_file_does_not_say_two_things_about_one_fact() -> None:
    text = "id,opened,team\nT1,2027-01-04 09:30,a\nT2,2027-01-04 09:30,a\nT1,2027-01-04 09:30,b\n"

    assert problems(text) == [(4, 1, "id", "duplicate-id")]


def test_a_quoted_cell_may_hold_commas_and_lines() -> None:
    text = 'id,opened,note\nT1,2027-01-04 09:30,"one, ""two""\nthree"\nT2,never,\n'

    assert problems(text) == [(4, 2, "opened", "not-a-time")]


@pytest.mark.parametrize(
    ("row", "line"),
    [('T2,"2027-01-04 09:30\nT3,2027-01-04 09:30\n', 3), ('T2,"2027-01-04 09:30"x\n', 3)],
)
def test_a_broken_quotation_ends_the_reading(row: str, line: int) -> None:
    assert problems(f"id,opened\nT1,never\n{row}") == [
        (2, 2, "opened", "not-a-time"),
        (line, 1, "", "csv-syntax"),
    ]


def test_a_broken_header_is_told_as_such() -> None:
    assert problems('id,"opened') == [(1, 1, "", "csv-syntax")]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_columns_are_separated_by_commas(separator: str) -> None:
    text = TICKETS.replace(",", separator)

    assert problems(text) == [(1, 1, "", "wrong-separator")]


def test_what_is_wrong_with_the_header_is_told_before_any_row_is_read() -> None:
    text = "id,opened,Closed,received_at,team,team\nT1,never,,,,\n"

    assert problems(text, untaken=("received_at", "corrects")) == [
        (1, 3, "Closed", "unknown-column"),
        (1, 4, "received_at", "not-yet-taken"),
        (1, 5, "team", "duplicate-column"),
    ]


def test_a_missing_column_is_told_at_the_header() -> None:
    assert problems("id,closed\nT1,\n") == [(1, 1, "opened", "missing-column")]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert len(read("\ufeff" + TICKETS)) == 2


def test_bytes_that_are_not_utf8_are_told_at_their_place() -> None:
    text = b"id,opened,team\nT1,2027-01-04 09:30,caf\xe9\nT2,2027-01-04 09:30,x\n"

    assert problems(text) == [(2, 24, "", "not-utf8")]


def test_a_nul_byte_is_told_at_its_place() -> None:
    assert problems(TICKETS.replace("high", "hi\0gh")) == [(2, 24, "", "nul-byte")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_wide_encoding_is_refused(encoding: str) -> None:
    assert {rule for *_, rule in problems(TICKETS.encode(encoding))} <= {"not-utf8", "nul-byte"}


@pytest.mark.parametrize("character", ["x", "é"])
def test_a_cell_holds_64_kb(character: str) -> None:
    most = character * (65_536 // len(character.encode()))
    text = "id,opened,note\nT1,2027-01-04 09:30,{}\n"

    assert len(read(text.format(most))) == 1
    assert problems(text.format(most + "x")) == [(2, 3, "note", "cell-too-long")]


def test_a_cell_that_is_far_too_long_ends_the_reading() -> None:
    assert problems(f"id,opened,note\nT1,2027-01-04 09:30,{'x' * 200_000}\n") == [
        (2, 1, "", "csv-syntax")
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", (1, 2, "", "json-syntax")),
        ('["id"]', (1, 1, "", "json-syntax")),
        ("7", (1, 1, "", "json-syntax")),
        ("[" * 100_000, (1, 1, "", "json-syntax")),
        ('{"id": NaN}', (1, 1, "", "json-syntax")),
        ('{"id": "T1", "id": "T2"}', (1, 1, "id", "duplicate-column")),
        ('{"id": ["T1"]}', (1, 1, "id", "not-a-cell")),
        ('{"id": {"a": 1}}', (1, 1, "id", "not-a-cell")),
        ('{"id": "\\ud83d"}', (1, 1, "", "not-a-cell")),
        ('{"id": "\\u0000"}', (1, 1, "", "not-a-cell")),
        ('{"\\udc00": "x"}', (1, 1, "", "not-a-cell")),
    ],
)
def test_a_line_that_is_not_an_object_of_cells_is_refused(
    line: str, problem: tuple[int, int, str, str]
) -> None:
    found = problems(line, "facts-ticket.jsonl")

    assert [problem[:1] + problem[2:]] == [each[:1] + each[2:] for each in found]


def test_every_line_of_json_is_checked() -> None:
    text = (
        '{"id": "T1", "opened": "2027-01-04 09:30"}\n'
        '{"id": "T2", "opened": "2027-01-04 09:30", "Closed": ""}\n'
        '{"id": "T3"}\n'
        '{"id": "T4", "opened": \n'
        '{"id": "T1", "opened": "2027-01-04 09:31"}\n'
    )

    assert [(line, path, rule) for line, _, path, rule in problems(text, "facts-ticket.jsonl")] == [
        (2, "Closed", "unknown-column"),
        (3, "opened", "empty-value"),
        (4, "", "json-syntax"),
        (5, "id", "duplicate-id"),
    ]


def test_an_escaped_emoji_is_a_whole_character() -> None:
    text = '{"id": "T1", "opened": "2027-01-04 09:30", "note": "\\ud83d\\ude00"}'

    (fact,) = read(text, "facts-ticket.jsonl")

    assert fact.columns == {"note": "😀"}


MIXED = """\
{"kind": "ticket", "id": "1", "opened": "2027-01-04 09:30", "type": "incident"}
{"kind": "sample", "id": "1", "series": "arrivals", "at": "2027-01-04", "value": 5}
"""


def test_lines_of_json_may_each_say_their_kind() -> None:
    file = open_facts(MIXED.encode().splitlines(), "january.jsonl", BERLIN)

    assert file.kind is None
    ticket, sample = file.facts
    assert isinstance(ticket, Ticket)
    assert ticket.columns == {"type": "incident"}
    assert isinstance(sample, Sample)
    assert sample.columns == {}


def test_a_kind_that_is_in_the_files_name_goes_before_a_column_called_kind() -> None:
    line = '{"kind": "sample", "id": "T1", "opened": "2027-01-04 09:30"}'

    (fact,) = read(line, "facts-ticket.jsonl")

    assert fact.columns == {"kind": "sample"}


def test_every_line_of_a_mixed_file_says_its_kind() -> None:
    text = MIXED + '{"id": "3"}\n{"kind": "incident", "id": "4"}\n{"kind": "event", "id": "5"}\n'

    assert problems(text, "january.jsonl") == [
        (3, 1, "kind", "unknown-kind"),
        (4, 1, "kind", "unknown-kind"),
        (5, 1, "at", "empty-value"),
        (5, 1, "type", "empty-value"),
    ]


def test_untaken_columns_are_refused_in_lines_of_json_too() -> None:
    line = '{"id": "T1", "opened": "2027-01-04 09:30", "corrects": "T0"}'

    assert problems(line, "facts-ticket.jsonl", ("corrects",)) == [
        (1, 1, "corrects", "not-yet-taken")
    ]


def test_problems_of_one_row_are_told_from_left_to_right() -> None:
    text = "end,start,cause,service,id\n2027-01-04,2027-01-04,,Mail,\n"

    assert problems(text, "facts-outage.csv") == [
        (2, 1, "end", "end-not-after-start"),
        (2, 3, "cause", "empty-value"),
        (2, 4, "service", "not-a-key"),
        (2, 5, "id", "empty-value"),
    ]


REVISED = "id,series,at,value,received_at,corrects\n"


def test_an_id_is_told_again_with_another_receipt() -> None:
    text = f"{REVISED}S1,a,2027-01-04 09:30,5,2027-01-05,\nS1,a,2027-01-04 09:30,6,2027-01-06 12:00Z,\n"

    first, second = read(text, "facts-sample.csv")

    assert first.received_at == datetime(2027, 1, 4, 23, tzinfo=UTC)
    assert second.received_at == datetime(2027, 1, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("S1,a,2027-01-04,5,,\nS1,a,2027-01-04,6,2027-01-05,\n", (3, 1, "id", "duplicate-id")),
        ("S1,a,2027-01-04,5,2027-01-05,\nS1,a,2027-01-04,6,,\n", (2, 1, "id", "duplicate-id")),
        (
            "S1,a,2027-01-04,5,2027-01-05,\nS1,a,2027-01-04,6,2027-01-05,\n",
            (3, 1, "id", "duplicate-id"),
        ),
        ("S1,a,2027-01-04,-1,,\nS1,a,2027-01-04,-2,,\n", (3, 1, "id", "duplicate-id")),
        ("S1,a,2027-01-04,5,,S0\n", (2, 6, "corrects", "unknown-correction")),
        ("S1,a,2027-01-04,5,,S1\n", (2, 6, "corrects", "circular-correction")),
        (
            "S1,a,2027-01-04,5,,\nS2,a,2027-01-04,6,,S1\nS3,a,2027-01-04,7,,S1\n",
            (4, 6, "corrects", "ambiguous-correction"),
        ),
        (
            "S1,a,2027-01-04,5,,\nS2,a,2027-01-04,6,,\nS3,a,2027-01-04,7,2027-01-05,S1\n"
            "S3,a,2027-01-04,7,2027-01-06,S2\n",
            (5, 6, "corrects", "ambiguous-correction"),
        ),
    ],
)
def test_what_facts_say_about_each_other_must_be_clear(
    rows: str, found: tuple[int, int, str, str]
) -> None:
    assert problems(REVISED + rows, "facts-sample.csv") == [found]


def test_numbers_that_are_equal_are_the_same_however_they_are_written() -> None:
    text = f"{REVISED}S1,a,2027-01-04,10,,\nS1,a,2027-01-04,10.00,,\nS1,a,2027-01-04,10.0,,\n"

    assert len(read(text, "facts-sample.csv")) == 3


def test_a_correction_may_name_a_record_that_is_broken_itself() -> None:
    text = f"{REVISED}S1,a,never,5,,\nS2,a,2027-01-04,5,,S1\n"

    assert problems(text, "facts-sample.csv") == [(2, 3, "at", "not-a-time")]


def read_together(**texts: str) -> FactIds:
    ids = FactIds()
    for name, text in texts.items():
        lines = text.encode().splitlines()
        list(open_facts(lines, f"{name}.csv", BERLIN, FactKind.SAMPLE, ids=ids).facts)
    return ids


def test_files_that_are_read_together_may_say_the_same_and_correct_each_other() -> None:
    later = f"{REVISED}S1,a,2027-01-04,5,,\nS2,a,2027-01-04,6,,S1\n"

    read_together(later=later, first=f"{REVISED}S1,a,2027-01-04,5,,\n").check()


def test_both_places_of_a_contradiction_are_named() -> None:
    ids = read_together(
        one=f"{REVISED}S1,a,2027-01-04,5,,\n", two=f"{REVISED}S1,a,2027-01-04,6,,\n"
    )

    with pytest.raises(FactFileError, match=r"^two\.csv:2:1: 'S1' is at one\.csv:2 too"):
        ids.check()


def test_ids_of_different_kinds_have_nothing_to_do_with_each_other() -> None:
    assert len(read(MIXED, "january.jsonl")) == 2


# Pieces that are nearly right, so that chance reaches every rule.
pieces = st.sampled_from(
    [
        *'{}[]:,\n\r\0"',
        "id,series,start,end,good,total,repeat,corrects",
        '"id"',
        '"kind"',
        '"index"',
    ]
).map(str.encode) | st.sampled_from(
    [b"id", b"1", b"-1", b"2027-01-04", b"9999-12-31", b"true", b"null", b"1e999", b"\xff"]
)


@given(
    st.lists(pieces, max_size=40).map(b"".join) | st.binary(max_size=200),
    st.sampled_from(["facts-interval.csv", "facts-index.jsonl", "january.csv", "january.jsonl"]),
)
def test_whatever_a_file_holds_it_is_read_or_refused(content: bytes, name: str) -> None:
    try:
        outcome = len(read(content, name))
    except FactFileError as refusal:
        outcome = -len(refusal.problems)

    assert outcome != 0 or b"id" in content


def test_times_are_read_in_the_zone_of_the_agreement() -> None:
    lines = TICKETS.encode().splitlines()

    (first, _) = open_facts(lines, "facts-ticket.csv", zone_named("America/New_York")).facts

    assert getattr(first, "opened_at", None) == datetime(2027, 1, 4, 14, 30, tzinfo=UTC)
