"""Mapping files: any table's columns as facts, and what is wrong with a mapping or a cell."""

from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from domain.facts import Fact, FactKind, Ticket
from domain.facts.files import FactFileError, open_facts
from domain.facts.mapped import Mapper
from domain.facts.mapping import Mapping, read_mapping
from domain.facts.proposing import propose
from domain.facts.sniffing import Begun
from domain.facts.times import TimeFormError, time_form
from domain.zones import zone_named

UTC = zone_named("Etc/UTC")

TICKET: dict[str, Any] = {"kind": "ticket", "columns": {"id": "number", "opened": "opened_at"}}


def mapping(*facts: dict[str, Any], **more: Any) -> Mapping:
    raw = yaml.safe_dump({"mapping": "desk", "facts": list(facts)} | more, sort_keys=False)
    reading = read_mapping(raw.encode(), "desk.yaml")
    assert reading.value is not None, [str(each) for each in reading.problems]
    return reading.value


def wrong(*facts: dict[str, Any], **more: Any) -> list[str]:
    raw = yaml.safe_dump({"mapping": "desk", "facts": list(facts)} | more)
    return [str(each.rule) for each in read_mapping(raw.encode(), "desk.yaml").problems]


def read(by: Mapping, text: str, name: str = "export.csv") -> list[Fact]:
    lines = text.encode().splitlines(keepends=True)
    return list(open_facts(lines, name, UTC, mapping=by).facts)


def refused(by: Mapping, text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(FactFileError) as refusal:
        read(by, text)
    return [(each.line, each.column, str(each.rule)) for each in refusal.value.problems]


def ticket(**cells: Any) -> dict[str, Any]:
    return TICKET | {"columns": TICKET["columns"] | cells}


# --- what a mapping makes of rows


def test_columns_are_renamed_and_all_others_dropped() -> None:
    by = mapping(ticket(site="Location"))

    (fact,) = read(by, "number,opened_at,caller,Location\nT1,2027-01-04 09:00,Ann,Leeds\n")

    assert isinstance(fact, Ticket)
    assert (fact.id, fact.columns) == ("T1", {"site": "Leeds"})


def test_times_missing_marks_and_the_zone_are_those_of_the_file() -> None:
    by = mapping(
        ticket(closed="closed_at"),
        times=["D/M/YYYY H:MM", "YYYY-MM-DD"],
        missing=["?"],
        zone="America/New_York",
    )

    (fact,) = read(by, "number,opened_at,closed_at\nT1,4/1/2027 9:05,?\n")

    assert isinstance(fact, Ticket)
    assert fact.opened_at.isoformat() == "2027-01-04T14:05:00+00:00"
    assert fact.closed_at is None


def test_values_are_translated_and_unknown_ones_told() -> None:
    refuse = mapping(ticket(p={"column": "prio", "values": {"1": "high"}}))
    keep = mapping(ticket(p={"column": "prio", "values": {"1": "high"}, "otherwise": "keep"}))
    text = "number,opened_at,prio\nT1,2027-01-04 09:00,1\nT2,2027-01-04 09:00,\n"
    more = "T3,2027-01-04 09:00,2\n"

    assert [fact.columns for fact in read(refuse, text)] == [{"p": "high"}, {}]
    assert [fact.columns for fact in read(keep, text + more)][2] == {"p": "2"}
    assert refused(refuse, text + more) == [(4, 3, "unmapped-value")]


def test_numbers_have_a_comma_where_the_mapping_says_so() -> None:
    sample = {
        "kind": "sample",
        "columns": {"id": "n", "series": {"text": "checks"}, "at": "t", "value": "v"},
    }
    by = mapping(sample, decimal="comma")

    (fact,) = read(by, 'n,t,v\nS1,2027-01-04,"99,95"\n')

    assert str(fact.value) == "99.95"  # type: ignore[union-attr]
    assert refused(by, "n,t,v\nS1,2027-01-04,1.234\n") == [(2, 3, "not-a-number")]


def test_one_row_may_tell_of_several_facts() -> None:
    event = {
        "kind": "ticket_event",
        "when": {"state": ["New", "Closed"]},
        "columns": {
            "id": {"join": ["number", "state"], "between": "/"},
            "ticket": "number",
            "at": "opened_at",
            "event": {"text": "state"},
            "value": "state",
            "actor": {"text": "desk"},
        },
    }
    by = mapping(ticket(), event)

    facts = read(
        by,
        "number,opened_at,state\nT1,2027-01-04 09:00,New\nT2,2027-01-04 09:00,Old\n",
    )

    assert [fact.id for fact in facts] == ["T1", "T1/New", "T2"]


def test_a_joined_text_needs_all_its_parts() -> None:
    by = mapping(ticket(ref={"join": ["a", "b"]}))

    facts = read(by, "number,opened_at,a,b\nT1,2027-01-04 09:00,x,y\nT2,2027-01-04 09:00,x,\n")

    assert [fact.columns for fact in facts] == [{"ref": "x-y"}, {}]


LOG = (
    "number,opened_at,state,at\n"
    "T1,2027-01-04 09:00,new,2027-01-04 09:00\n"
    "T2,2027-01-04 09:05,new,2027-01-04 09:05\n"
    "T1,2027-01-04 09:00,done,2027-01-04 12:00\n"
    "T1,2027-01-04 09:00,late,2027-01-04 11:00\n"
)


@pytest.mark.parametrize(
    ("more", "states"),
    [
        ({"rows": "last"}, {"T1": "late", "T2": "new"}),
        ({"rows": "last", "by": "at"}, {"T1": "done", "T2": "new"}),
        ({"rows": "first"}, {"T1": "new", "T2": "new"}),
        ({"rows": "first", "by": "at"}, {"T1": "new", "T2": "new"}),
        ({"rows": "last", "when": {"state": ["new", "done"]}}, {"T1": "done", "T2": "new"}),
    ],
)
def test_the_first_or_last_row_of_an_id_counts(
    more: dict[str, Any], states: dict[str, str]
) -> None:
    facts = read(mapping(ticket(state="state") | more), LOG)

    assert {fact.id: fact.columns["state"] for fact in facts} == states


def test_rows_that_stand_together_are_told_as_soon_as_the_next_id_comes() -> None:
    by = mapping(ticket(state="state") | {"rows": "last", "grouped": "true"})
    grouped = "".join(sorted(LOG.splitlines(keepends=True)[1:], key=lambda line: line[:2]))

    facts = read(by, LOG.splitlines(keepends=True)[0] + grouped)

    assert [(fact.id, fact.columns["state"]) for fact in facts] == [("T1", "late"), ("T2", "new")]
    assert refused(by, LOG) == [(5, 1, "duplicate-id")]


def test_the_last_row_is_told_at_its_own_line() -> None:
    by = mapping(ticket(closed="closed") | {"rows": "last"})
    text = "number,opened_at,closed\nT1,2027-01-04 09:00,\nT1,2027-01-04 09:00,never\n"

    assert refused(by, text) == [(3, 3, "not-a-time")]


def test_a_winner_without_a_readable_id_is_told_too() -> None:
    by = mapping(ticket(id={"column": "number", "values": {"1": "T1"}}) | {"rows": "last"})

    assert refused(by, "number,opened_at\n2,2027-01-04 09:00\n") == [(2, 1, "unmapped-value")]


def test_too_many_ids_cannot_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.facts.mapped.MOST_WAITING", 1)

    assert refused(mapping(ticket() | {"rows": "last"}), LOG) == [(3, 1, "too-many-waiting")]


@pytest.mark.parametrize(
    ("closed", "problems"),
    [
        ("2027-01-04 08:59:02", []),
        ("2027-01-04 08:59:01", [(2, 3, "before-opened")]),
        ("2027-01-04 09:00:00", []),
        ("", []),
        ("soon", [(2, 3, "not-a-time")]),
        ("2027-01-04T08:59:30Z", [(2, 3, "before-opened")]),
    ],
)
def test_two_clocks_may_disagree_a_little(
    closed: str, problems: list[tuple[int, int, str]]
) -> None:
    by = mapping(ticket(closed={"column": "closed", "not_before": "opened_at", "within": "58 s"}))
    text = f"number,opened_at,closed\nT1,2027-01-04 09:00:00,{closed}\n"

    if problems:
        assert refused(by, text) == problems
    else:
        (fact,) = read(by, text)
        assert isinstance(fact, Ticket)
        assert fact.closed_at in {None, fact.opened_at}


def test_leeway_is_in_seconds_or_minutes() -> None:
    cells = mapping(ticket(closed={"column": "c", "not_before": "o", "within": "2min"})).facts[0]

    assert cells.cells()["closed"].leeway.total_seconds() == 120


def test_json_lines_are_mapped_by_the_names_in_each_line() -> None:
    text = '{"number": "T1", "opened_at": "2027-01-04 09:00", "caller": "Ann"}\n'

    (fact,) = read(mapping(ticket()), text, "export.jsonl")

    assert (fact.id, fact.columns) == ("T1", {})


# --- a header that is another one


def test_columns_that_the_file_lacks_or_has_twice_refuse_it() -> None:
    assert refused(mapping(ticket()), "number,opened\nT1,x\n") == [(1, 1, "missing-column")]
    twice = "number,number,opened_at\nT1,T1,2027-01-04 09:00\n"
    assert refused(mapping(ticket()), twice) == [(1, 1, "duplicate-column")]


def test_columns_that_are_not_taken_live_cannot_be_mapped() -> None:
    by = mapping(ticket(received_at="opened_at"))
    lines = [b"number,opened_at\n", b"T1,2027-01-04 09:00\n"]

    with pytest.raises(FactFileError, match="not-yet-taken"):
        open_facts(lines, "export.csv", UTC, mapping=by, untaken=("received_at", "corrects"))


def test_a_mapper_names_its_columns_in_order() -> None:
    from domain.facts.formats import Problems

    by = mapping(ticket(closed={"column": "c", "not_before": "o"}) | {"when": {"w": "x"}})
    header = ["o", "c", "number", "opened_at", "w", "more"]

    mapper = Mapper(by, header, Problems("f"))

    assert mapper.kept(["1", "2", "3", "4", "5", "6"]) == ["3", "4", "2", "1", "5"]


# --- a mapping that contradicts itself


@pytest.mark.parametrize(
    ("fact", "more", "rules"),
    [
        ({"kind": "ticket", "columns": {"id": "n"}}, {}, ["missing-key"]),
        (ticket(closed_at="c"), {}, ["unknown-key"]),
        (ticket(closed={"column": "c", "text": "t"}), {}, ["exactly-one"]),
        (ticket(closed={"within": "5 s"}), {}, ["exactly-one"]),
        (ticket() | {"by": "at"}, {}, ["key-without-use"]),
        (ticket() | {"grouped": "true"}, {}, ["key-without-use"]),
        (ticket(), {"times": ["D/M"]}, ["wrong-shape"]),
        (ticket() | {"kind": "fish"}, {}, ["unknown-word"]),
        (ticket(), {"zone": "Mars"}, ["not-a-zone"]),
        (ticket(), {"columns": {}}, ["unknown-key"]),
    ],
)
def test_what_cannot_be_meant_is_refused(
    fact: dict[str, Any], more: dict[str, Any], rules: list[str]
) -> None:
    assert wrong(fact, **more) == rules


# --- times


@pytest.mark.parametrize(
    ("form", "text", "plain"),
    [
        ("D/M/YYYY H:MM", "4/1/2027 9:05", "2027-01-04 09:05"),
        ("D/M/YYYY H:MM", "29/2/2016 01:16", "2016-02-29 01:16"),
        ("M/D/YYYY H:MM AM", "1/4/2027 12:05 am", "2027-01-04 00:05"),
        ("M/D/YYYY H:MM AM", "1/4/2027 1:05 P.M.", "2027-01-04 13:05"),
        ("M/D/YYYY H:MM AM", "1/4/2027 13:05 PM", None),
        ("YYYY-MM-DDTHH:MM:SS", "2027-01-04T09:05:07", "2027-01-04 09:05:07"),
        ("YYYYMMDD", "20270104", "2027-01-04"),
        ("DD.MM.YYYY HH.mm", "04.01.2027 09.05", "2027-01-04 09:05"),
        ("DD.MM.YYYY", "4.1.2027", None),
        ("DD.MM.YYYY", "\u0660\u0664.01.2027", None),
    ],
)
def test_times_are_written_plainly(form: str, text: str, plain: str | None) -> None:
    assert time_form(form)(text) == plain


@pytest.mark.parametrize(
    "form",
    ["D/M", "YYYY-MM-DD HH", "YYYY-MM-DD SS", "YYYY-MM-DD AM", "YYYY-MM-DD DD", "DD MON YYYY", ""],
)
def test_forms_in_which_no_time_can_be_written_are_refused(form: str) -> None:
    with pytest.raises(TimeFormError):
        time_form(form)


# --- proposals


def proposed(header: str, rows: Iterable[str], kind: FactKind = FactKind.TICKET) -> str:
    begun = Begun(header.split(","), [row.split(",") for row in rows])
    return propose("exports/Desk March.csv", begun, kind)


def test_a_proposal_can_be_read_as_a_mapping() -> None:
    text = proposed(
        "Number,Opened At,Closed,Caller Name,Priority,Site: Main",
        ["T1,14/1/2027 9:05,?,Ann,high,a", "T1,14/1/2027 9:05,5/2/2027 10:00,Bob,low,b"],
    )

    reading = read_mapping(text.encode(), "proposed.yaml")

    assert reading.value is not None, reading.problems
    assert reading.value.times == ("D/M/YYYY H:MM",)
    assert reading.value.missing == ("?",)
    (fact,) = reading.value.facts
    assert (fact.kind, fact.rows) == (FactKind.TICKET, "last")
    assert fact.columns == {"id": "Number", "opened": "Opened At", "closed": "Closed"}
    assert "# priority: Priority" in text
    assert '# site_main: "Site: Main"' in text
    assert "Caller" not in text


def test_a_proposal_says_what_it_cannot_know() -> None:
    text = proposed("case_id,open_dt", ["1,3/4/2027 9:05"])

    assert 'times: ["D/M/YYYY H:MM"]' in text
    assert '# the times fit as well: "M/D/YYYY H:MM"' in text
    assert "# closed: CHOOSE A COLUMN" in text


def test_a_needed_column_is_to_be_chosen() -> None:
    text = proposed("when,what", ["2027-01-04 09:00,x"], FactKind.EVENT)

    assert "id: CHOOSE A COLUMN  # needed" in text
    assert "times:" not in text


def test_dates_that_are_none_fit_no_form() -> None:
    assert "times:" not in proposed("id,opened", ["1,31/2/2027 9:05"])
    assert "mapping: proposed" in propose("3.csv", Begun(["id"], []), FactKind.TICKET)
