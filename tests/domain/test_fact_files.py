"""The strict reading of files of facts: every problem at its place, and all or nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from domain.fact_files import FactFileError, open_facts
from domain.fact_formats import MOST_PROBLEMS
from domain.facts import Fact, FactKind
from domain.zones import zone_named

BERLIN = zone_named("Europe/Berlin")

TICKETS = "id,opened,closed,priority\nT1,2027-01-04 09:30,,high\nT2,2027-01-04 10:00,,low\n"
SAMPLES = "id,series,at,value\nS1,arrivals,2027-01-04 09:30,5\n"


def read(
    text: str | bytes, name: str = "facts-ticket.csv", kind: FactKind | None = None
) -> list[Fact]:
    raw = text.encode() if isinstance(text, str) else text
    return list(open_facts(raw.splitlines(keepends=True), name, BERLIN, kind).facts)


def problems(text: str | bytes, name: str = "facts-ticket.csv") -> list[tuple[int, int, str, str]]:
    with pytest.raises(FactFileError) as refusal:
        read(text, name)
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
    ],
)
def test_the_kind_is_in_the_name_or_in_the_columns(name: str, text: str, kind: FactKind) -> None:
    lines = text.encode().splitlines(keepends=True)

    assert open_facts(lines, name, BERLIN).kind == kind


def test_the_kind_may_be_given() -> None:
    text = "id,opened,series,at\nS1,,arrivals,2027-01-04 09:30\n"

    (fact,) = read(text, "january.csv", FactKind.SAMPLE)

    assert fact.id == "S1"


@pytest.mark.parametrize("header", ["id,opened,series,at\n", "id,start\n"])
def test_a_kind_is_never_guessed(header: str) -> None:
    assert problems(header, "january.csv") == [(1, 1, "", "unknown-kind")]


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

    assert problems(text) == [
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


def test_times_are_read_in_the_zone_of_the_agreement() -> None:
    lines = TICKETS.encode().splitlines()

    (first, _) = open_facts(lines, "facts-ticket.csv", zone_named("America/New_York")).facts

    assert getattr(first, "opened_at", None) == datetime(2027, 1, 4, 14, 30, tzinfo=UTC)
