"""Whatever is handed in: nothing crashes, and every refusal names line, rule and remedy."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from domain.facts.files import FactFileError
from domain.zones import zone_named
from incoming import Bytes, Given, open_source

BERLIN = zone_named("Europe/Berlin")

HEADER = b"id,series,at,value\n"
ROW = b"S1,checks,2027-01-04 09:30,1\n"


def workbook() -> bytes:
    out = io.BytesIO()
    made = Workbook()
    made.active.append(("id", "series", "at", "value"))
    made.active.append(("S1", "checks", "2027-01-04", 1))
    made.save(out)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    return out.getvalue()


EVIL: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("f.csv", b"", "empty-file"),
    "only a mark": ("f.csv", b"\xef\xbb\xbf", "empty-file"),
    "only blank lines": ("f.csv", b"\n\r\n\n", "empty-file"),
    "binary": ("f.csv", bytes(range(256)) * 40, "nul-byte"),
    "a picture": ("f.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not-utf8"),
    "a workbook under another name": ("f.csv", workbook(), "not-utf8"),
    "text under another name": ("f.xlsx", HEADER + ROW, "not-a-workbook"),
    "UTF-16": ("f.csv", (HEADER + ROW).decode().encode("utf-16"), "not-utf8"),
    "UTF-32": ("f.csv", (HEADER + ROW).decode().encode("utf-32-be"), "nul-byte"),
    "Latin 1": ("f.csv", HEADER + "Sä,checks,2027-01-04,1\n".encode("latin-1"), "not-utf8"),
    "NUL": ("f.csv", HEADER + b"S\0,checks,2027-01-04,1\n", "nul-byte"),
    "a huge cell": ("f.csv", HEADER + b"S1,checks,2027-01-04," + b"1" * 100_000, "cell-too-long"),
    "a cell beyond CSV": ("f.csv", HEADER + b"S1," + b"x" * 200_000 + b",,", "csv-syntax"),
    "an open quotation": ("f.csv", HEADER + b'"S1,checks,2027-01-04,1\n', "csv-syntax"),
    "a broken quotation": ("f.csv", HEADER + b'"S1"x,checks,2027-01-04,1\n', "csv-syntax"),
    "semicolons": ("f.csv", b"id;series;at;value\n", "wrong-separator"),
    "double header": ("f.csv", b"id,series,at,at,value\n", "duplicate-column"),
    "no header": ("f.csv", ROW, "unknown-kind"),
    "201 columns": ("f.csv", b",".join(b"c%d" % n for n in range(201)), "too-many-columns"),
    "a short row": ("f.csv", HEADER + b"S1,checks\n", "ragged-row"),
    "an exponent": ("f.csv", HEADER + b"S1,checks,2027-01-04,1e400\n", "not-a-number"),
    "not a number": ("f.csv", HEADER + b"S1,checks,2027-01-04,NaN\n", "not-a-number"),
    "infinity": ("f.csv", HEADER + b"S1,checks,2027-01-04,Infinity\n", "not-a-number"),
    "underscores": ("f.csv", HEADER + b"S1,checks,2027-01-04,1_000\n", "not-a-number"),
    "a decimal comma": ("f.csv", HEADER + b'S1,checks,2027-01-04,"1,5"\n', "not-a-number"),
    "Arabic digits": ("f.csv", HEADER + "S1,checks,2027-01-04,\u0661\n".encode(), "not-a-number"),
    "Arabic dates": (
        "f.csv",
        HEADER + "S1,checks,\u0662\u0660\u0662\u0667-01-04,1\n".encode(),
        "not-a-time",
    ),
    "no such day": ("f.csv", HEADER + b"S1,checks,2027-02-29,1\n", "not-a-time"),
    "hour 24": ("f.csv", HEADER + b"S1,checks,2027-01-04 24:00,1\n", "not-a-time"),
    "an American date": ("f.csv", HEADER + b"S1,checks,1/4/2027 9:30,1\n", "not-a-time"),
    "the end of time": ("f.csv", HEADER + b"S1,checks,9999-12-31T23:59-23:59,1\n", "not-a-time"),
    "an id with a line in it": ("f.csv", HEADER + b'"S\n1",checks,2027-01-04,1\n', "not-an-id"),
    "two contents": ("f.csv", HEADER + ROW + b"S1,checks,2027-01-04 09:30,2\n", "duplicate-id"),
    "deep JSON": ("f.jsonl", b"[" * 100_000, "json-syntax"),
    "a list": ("f.jsonl", b"[1, 2]\n", "json-syntax"),
    "twice in JSON": ("f.jsonl", b'{"id": "a", "id": "b"}\n', "duplicate-column"),
    "NaN in JSON": ("f.jsonl", b'{"id": "a", "value": NaN}\n', "json-syntax"),
    "half a character": ("f.jsonl", b'{"id": "\\ud83d"}\n', "not-a-cell"),
    "an object in a cell": ("f.jsonl", b'{"id": {"a": 1}}\n', "not-a-cell"),
    "a zip bomb": ("f.xlsx", bomb(), "too-large"),
    "half a workbook": ("f.xlsx", workbook()[:1000], "not-a-workbook"),
    "another form": ("f.pdf", b"%PDF-1.7", "unknown-format"),
    "packed": ("f.csv.gz", b"\x1f\x8b", "unknown-format"),
}


@pytest.mark.parametrize(("name", "raw", "rule"), EVIL.values(), ids=EVIL)
def test_evil_files_are_refused_by_name(name: str, raw: bytes, rule: str) -> None:
    with pytest.raises(FactFileError) as refusal:
        list(open_source(Bytes(name, raw), BERLIN).facts)

    problems = refusal.value.problems
    assert rule in {each.rule for each in problems}
    assert all(each.message and each.remedy and each.line >= 1 for each in problems)


GOOD: dict[str, bytes] = {
    "mixed line ends": HEADER.replace(b"\n", b"\r\n") + ROW + ROW.replace(b"\n", b"\r"),
    "no last line end": HEADER + ROW.rstrip(),
    "a byte order mark": b"\xef\xbb\xbf" + HEADER + ROW,
    "a gap": HEADER + b"S1,checks,2027-03-28 02:30,1\n",
    "blank lines": HEADER + b"\n\n" + ROW + b"\n",
}


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD)
def test_what_is_only_untidy_is_read(raw: bytes) -> None:
    assert {fact.id for fact in open_source(Bytes("f.csv", raw), BERLIN).facts} == {"S1"}


def pieces() -> st.SearchStrategy[bytes]:
    evil = [raw for name, raw, _ in EVIL.values() if len(raw) < 2000]
    return st.lists(
        st.one_of(
            st.sampled_from([HEADER, ROW, b",", b"\n", b'"', b"\r", b"\0", b"\xff", *evil]),
            st.binary(max_size=20),
            st.text(max_size=20).map(lambda text: text.encode(errors="surrogatepass")),
        ),
        max_size=12,
    ).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(raw=pieces(), form=st.sampled_from(["csv", "jsonl", "xlsx"]), aside=st.booleans())
def test_no_bytes_crash_the_reader(raw: bytes, form: str, *, aside: bool) -> None:
    problems: tuple[object, ...] = (True,)
    try:
        list(open_source(Bytes(f"f.{form}", raw), BERLIN, Given(sets_aside=aside)).facts)
    except FactFileError as error:
        problems = error.problems

    assert problems
