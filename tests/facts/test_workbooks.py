"""Workbooks as files of facts: what a cell shows is what is read, and nothing unpacks for ever."""

import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from openpyxl import Workbook

from domain.facts import FactKind
from domain.facts.files import FactFileError
from domain.facts.sniffing import Begun
from domain.zones import zone_named
from incoming import Bytes, Given, first_rows, open_source
from incoming.workbooks import text_of

LONDON = zone_named("Europe/London")

HEADER = ("id", "series", "at", "value", "note")


def book(*rows: tuple[Any, ...], formats: dict[str, str] | None = None) -> bytes:
    made = Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(row)
    for cell, form in (formats or {}).items():
        sheet[cell].number_format = form
    made.create_sheet("other").append(("id", "opened"))
    made["other"].append(("T1", datetime(2027, 1, 4, 9, 30)))  # noqa: DTZ001 - of a spreadsheet
    return saved(made)


def saved(made: Workbook) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(raw: bytes, given: Given | None = None, name: str = "facts.xlsx") -> list[Any]:
    return list(open_source(Bytes(name, raw), LONDON, given or Given()).facts)


def refused(raw: bytes, given: Given | None = None) -> list[tuple[int, int, str]]:
    with pytest.raises(FactFileError) as refusal:
        read(raw, given)
    return [(each.line, each.column, str(each.rule)) for each in refusal.value.problems]


def test_a_sheet_is_read_as_it_shows_its_cells() -> None:
    at = datetime(2027, 1, 4, 9, 30, 15)  # noqa: DTZ001
    raw = book(HEADER, ("S1", "checks", at, 0.1 + 0.2, True), ("S2", "checks", at, 12, None))

    one, two = read(raw)

    assert (one.id, str(one.value), one.columns) == ("S1", "0.3", {"note": "true"})
    assert one.at.isoformat() == "2027-01-04T09:30:15+00:00"
    assert (str(two.value), two.columns) == ("12", {})


def test_another_sheet_is_read_by_its_name() -> None:
    (ticket,) = read(book(HEADER), Given(sheet="other"))

    assert ticket.id == "T1"


def test_the_kind_is_in_the_name_or_given() -> None:
    raw = book(("id", "start", "end", "amount", "percent"), ("K1", "2027-01-01", "2027-02-01", 5))

    (named,) = read(raw, name="facts-credit.xlsx")
    (given,) = read(raw, Given(kind=FactKind.CREDIT))

    assert named == given


def test_rows_are_numbered_as_in_the_sheet() -> None:
    raw = book(HEADER, (), ("S1", "checks", "2027-01-04", 1), (), (), ("S2", "checks", "never", 1))

    assert refused(raw) == [(6, 3, "not-a-time")]


def test_an_unknown_sheet_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(FactFileError, match="there are 'Sheet', 'other'"):
        read(book(HEADER), Given(sheet="facts"))


def test_a_formula_without_a_value_is_refused() -> None:
    raw = book(HEADER, ("S1", "checks", "2027-01-04", "=1+1"))

    assert refused(raw) == [(2, 4, "formula-without-value")]


def test_an_error_in_a_cell_is_refused() -> None:
    raw = book(HEADER, ("S1", "checks", "2027-01-04", "#DIV/0!"))

    assert refused(raw) == [(2, 4, "error-in-cell")]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (99.95, "General", "99.95"),
        (99.950000000000003, "0.00", "99.95"),
        (1e-7, "General", "0.0000001"),
        (1e20, "General", "100000000000000000000"),
        (0.995, "0.0%", "99.5%"),
        (1, "0%", "100%"),
        (3, "General", "3"),
        (float("inf"), "General", "inf"),
        (False, "General", "false"),
        (datetime(2027, 1, 4), "yyyy-mm-dd", "2027-01-04"),  # noqa: DTZ001
        (datetime(2027, 1, 4), "yyyy-mm-dd hh:mm", "2027-01-04 00:00:00"),  # noqa: DTZ001
        (datetime(2027, 1, 4, 9, 29, 59, 999_990), "h:mm", "2027-01-04 09:30:00"),  # noqa: DTZ001
        (date(2027, 1, 4), "", "2027-01-04"),
        (time(9, 30), "h:mm", "09:30:00"),
        (timedelta(hours=30), "[h]:mm", "1 day, 6:00:00"),
        ("=text", "@", "=text"),
    ],
)
def test_a_cell_says_what_its_sheet_shows(value: object, form: str, text: str) -> None:
    assert text_of(value, form) == text


@pytest.mark.parametrize("form", ["0.0%", "0%"])
def test_a_percentage_is_read_where_one_is_meant(form: str) -> None:
    raw = book(
        ("id", "start", "end", "percent"),
        ("K1", date(2027, 1, 1), date(2027, 2, 1), 0.025),
        formats={"D2": form},
    )

    (credit,) = read(raw)

    assert str(credit.percent) == "2.5"


# --- what is no workbook, or one that would unpack for ever


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def with_sheet(xml: bytes) -> bytes:
    """A workbook whose first sheet is this text."""
    whole = zipfile.ZipFile(io.BytesIO(book(HEADER)))
    parts = {name: whole.read(name) for name in whole.namelist()}
    return packed(parts | {"xl/worksheets/sheet1.xml": xml})


SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b"%s</sheetData></worksheet>"
)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"id,opened\nT1,2027-01-04\n",
        b"PK\x03\x04 and nothing more",
        packed({}),
        packed({"word/document.xml": b"<document/>"}),
        book(HEADER)[:-200],
        with_sheet(b"<worksheet"),
        with_sheet(b"\x00\xff"),
        with_sheet(SHEET % b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>'),
        with_sheet(SHEET % b'<row r="1"><c r="A1" t="s"><v>999</v></c></row>'),
        with_sheet(SHEET % b'<row r="1"><c r="A1" t="n"><v>one</v></c></row>'),
        with_sheet(
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10))
            + b"]>"
            + SHEET % b'<row r="1"><c r="A1" t="str"><v>&k;</v></c></row>'
        ),
    ],
    ids=[
        "nothing",
        "CSV",
        "half",
        "empty",
        "another document",
        "cut",
        "cut sheet",
        "binary sheet",
        "row beyond all",
        "no such text",
        "no number",
        "entities",
    ],
)
def test_what_cannot_be_read_is_no_workbook(raw: bytes) -> None:
    assert refused(raw) == [(1, 1, "not-a-workbook")]


def test_an_empty_sheet_is_an_empty_file() -> None:
    assert refused(saved(Workbook())) == [(1, 1, "empty-file")]


def test_a_workbook_that_would_unpack_too_much_is_refused_before() -> None:
    bomb = packed({"xl/worksheets/sheet1.xml": b"0" * 50_000_000})

    assert len(bomb) < 100_000
    assert refused(bomb) == [(1, 1, "too-large")]


def test_a_workbook_of_too_many_parts_is_refused() -> None:
    assert refused(packed({f"p{n}": b"" for n in range(10_001)})) == [(1, 1, "too-large")]


def test_a_cell_far_to_the_right_does_not_fill_the_row() -> None:
    raw = with_sheet(SHEET % b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>')

    assert refused(raw)[0][2] in {"unknown-kind", "too-many-columns"}


def test_first_rows_are_those_of_the_sheet() -> None:
    raw = book(HEADER, ("S1", "checks", "2027-01-04", 1, "x"))

    rows = [["S1", "checks", "2027-01-04", "1", "x"]]
    assert first_rows(Bytes("a.xlsx", raw)) == Begun(list(HEADER), rows)
    with pytest.raises(FactFileError, match="unknown-format"):
        first_rows(Bytes("a.pdf", raw))
