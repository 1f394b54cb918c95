"""Workbooks (XLSX) as tables of strict text, row by row.

A cell says what its sheet shows: numbers to the 15 digits that a spreadsheet keeps, times to the
second where they have no fraction. Nothing is computed: a formula counts by the value that was
saved with it, and one without is refused.
"""

import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from domain.facts.formats import FactFileError, Problems, Row
from domain.facts.rules import MOST_COLUMNS, FactRule, Wrong
from domain.terms.problems import clipped

if TYPE_CHECKING:
    from incoming.files import Source, Watch

MOST_UNPACKED = 2 * 1024**3
"""Bytes that all parts of a workbook may have together."""

MOST_TEXTS = 64 * 1024**2
"""Bytes of the parts that are kept in memory: shared texts, styles, the list of sheets."""

MOST_PARTS = 10_000

MOST_RATIO = 250
"""So many times its packed size may a large part have; sheets of numbers have about ten."""

SMALL = 1024 * 1024


def sheet_rows(
    source: "Source", sheet: str | None, problems: Problems, watch: "Watch"
) -> Iterator[Row]:
    """The rows of a sheet, the first one if none is named; row numbers are the sheet's."""
    with source.open() as file:
        _check_size(file, problems)
        book = _opened(file, problems)
        with closing(book):
            yield from _rows(book, sheet, problems, watch)


def _refuse(problems: Problems, rule: FactRule, message: str, remedy: str) -> NoReturn:
    problems.add(1, 1, Wrong("", rule, message, remedy))
    problems.refuse()


def _not_a_workbook(problems: Problems, why: object) -> NoReturn:
    _refuse(
        problems,
        FactRule.NOT_A_WORKBOOK,
        f"the file cannot be read as a workbook: {clipped(str(why))}",
        "save it again as `.xlsx`, without a password, or save the sheet as CSV",
    )


def _check_size(file: Any, problems: Problems) -> None:  # noqa: ANN401 - a binary file
    """Look at what the parts would have unpacked, before any is."""
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        _not_a_workbook(problems, error)
    whole = sum(each.file_size for each in parts)
    texts = sum(
        each.file_size for each in parts if not each.filename.startswith("xl/worksheets/sheet")
    )
    packed_tight = any(
        each.file_size > SMALL and each.file_size > MOST_RATIO * max(each.compress_size, 1)
        for each in parts
    )
    if len(parts) > MOST_PARTS or whole > MOST_UNPACKED or texts > MOST_TEXTS or packed_tight:
        _refuse(
            problems,
            FactRule.TOO_LARGE,
            f"the workbook has {len(parts):,} parts of {whole:,} bytes when unpacked",
            "save the sheet as CSV, or divide it: pictures and other sheets count as well",
        )


def _opened(file: Any, problems: Problems) -> Any:  # noqa: ANN401 - openpyxl has no types
    import warnings

    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that say nothing of facts
            return load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - broken workbooks fail in every way there is
        _not_a_workbook(problems, error)


def _rows(
    book: Any,  # noqa: ANN401 - openpyxl has no types
    name: str | None,
    problems: Problems,
    watch: "Watch",
) -> Iterator[Row]:
    sheets = {each.title: each for each in book.worksheets}
    if name is not None and name not in sheets:
        _refuse(
            problems,
            FactRule.UNKNOWN_SHEET,
            f"there is no sheet '{clipped(name)}'",
            f"there are {', '.join(repr(clipped(each, 40)) for each in list(sheets)[:20])}",
        )
    if not sheets:
        _not_a_workbook(problems, "it has no sheet")
    sheet = sheets[name] if name is not None else next(iter(sheets.values()))
    width = 0
    try:
        for number, cells in _cells(sheet):
            watch(1)
            if number > MOST_SHEET_ROWS:
                _not_a_workbook(problems, f"it has a row {number:,}")
            row = _row(number, cells, problems)
            while row and not row[-1]:
                row.pop()
            if row:
                width = width or len(row)
                yield number, row + [""] * (width - len(row))
    except FactFileError:
        raise
    except Exception as error:  # noqa: BLE001 - broken sheets fail in every way there is
        _not_a_workbook(problems, error)


MOST_SHEET_ROWS = 1_048_576
"""No spreadsheet has more."""


def _cells(sheet: Any) -> Iterator[tuple[int, list[dict[str, Any]]]]:  # noqa: ANN401
    """The rows that are there, each with the cells that are there.

    The sheet's own iteration would fill every gap, however wide, and would take a formula without
    a value for an empty cell.
    """
    from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

    book = sheet.parent

    class Parser(WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
        def parse_cell(self, element: Any) -> Any:  # noqa: ANN401
            cell = super().parse_cell(element)
            if cell["value"] is None and element.find(FORMULA_TAG) is not None:
                cell["data_type"] = NO_VALUE
            return cell

    with sheet._get_source() as xml:  # noqa: SLF001 - as the sheet's own iteration does
        parser = Parser(
            xml,
            sheet._shared_strings,  # noqa: SLF001
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        for number, cells in parser.parse():
            for cell in cells:
                cell["form"] = _form(book, cell)
            yield number, cells


NO_VALUE = "no value"


def _form(book: Any, cell: dict[str, Any]) -> str:  # noqa: ANN401
    """The number format of a cell, for example `0.0%` or `yyyy-mm-dd`."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    if not isinstance(cell["value"], int | float | datetime) or not cell["style_id"]:
        return ""
    number = book._cell_styles[cell["style_id"]].numFmtId  # noqa: SLF001
    if number < BUILTIN_FORMATS_MAX_SIZE:
        return str(BUILTIN_FORMATS.get(number, "General"))
    return str(book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE])  # noqa: SLF001


def _row(number: int, cells: list[dict[str, Any]], problems: Problems) -> list[str]:
    """The texts of a row; none when it is told of as having no record."""
    row: list[str] = []
    for cell in cells:
        place, value = cell["column"], cell["value"]
        if place > MOST_COLUMNS + 1:
            break
        row += [""] * (place - 1 - len(row))
        wrong = _wrong_cell(cell)
        if wrong is not None:
            problems.reject(number, place, wrong, str(value))
            return []
        row.append("" if value is None else text_of(value, cell["form"]))
    return row


def _wrong_cell(cell: dict[str, Any]) -> Wrong | None:
    if cell["data_type"] == "e":
        return Wrong(
            "",
            FactRule.ERROR_IN_CELL,
            f"the cell shows the error {cell['value']}",
            "mend the formula, or clear the cell",
        )
    if cell["data_type"] == NO_VALUE:
        return Wrong(
            "",
            FactRule.FORMULA_WITHOUT_VALUE,
            "the cell has a formula, and its value was not saved with it",
            "open the file in a spreadsheet and save it, or write the values themselves",
        )
    return None


WHOLE_DIGITS = 15
"""Digits that a spreadsheet keeps of a number; what follows is noise of its binary form."""


def text_of(value: object, form: str = "") -> str:
    """A cell's value, shown in a number format, in the strict writing of files of facts."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value, percent="%" in form)
        case datetime():
            return _time(value, day_alone="h" not in form.lower())
        case time():
            return value.isoformat(timespec="seconds")
        case _:
            return str(value)


def _number(value: float, *, percent: bool) -> str:
    exact = Decimal(value) if isinstance(value, int) else Decimal(f"{value:.{WHOLE_DIGITS}g}")
    if not exact.is_finite():
        return str(value)
    if percent:
        exact *= 100
    text = f"{exact:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{'%' if percent else ''}"


def _time(value: datetime, *, day_alone: bool) -> str:
    """To the second: a spreadsheet keeps days as fractions, and half a second is noise."""
    at = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    if day_alone and (at.hour, at.minute, at.second) == (0, 0, 0):
        return at.date().isoformat()
    return at.isoformat(sep=" ")
