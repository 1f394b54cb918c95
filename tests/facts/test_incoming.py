"""Files as they come: streamed in little memory, whatever their size, lines and endings."""

import gzip
from pathlib import Path

import pytest

from domain.facts import FactKind
from domain.facts.files import FactFileError
from domain.facts.sniffing import Begun
from domain.zones import zone_named
from incoming import Bytes, Given, Stored, first_rows, on_disk, open_source
from incoming import files as incoming_files
from incoming.doubtful import Doubts
from incoming.files import digest_of, lines_of
from incoming.packed import unpacked_size

LONDON = zone_named("Europe/London")


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "raw",
    [
        b"a\nb\r\nc\rd\n\ne",
        b"\r\r\n\n\r",
        b"",
        b"no end",
        b"\n",
        "\u2028 is no end, \x0b\x0c\x1c\x85 are none\n".encode(),
    ],
)
def test_lines_are_the_same_however_the_file_is_cut(
    raw: bytes, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming_files, "BLOCK", block)

    assert list(lines_of(Bytes("f.csv", raw))) == raw.splitlines(keepends=True)


def test_whoever_waits_is_told_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming_files, "BLOCK", 4)
    told: list[int] = []

    list(lines_of(Bytes("f.csv", b"a\nb\nc\nd\ne\n"), told.append))

    assert told == [4, 4, 2]


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming_files, "MOST_BYTES", 3)

    with pytest.raises(FactFileError, match=r"f\.csv:1:1: .*too-large"):
        digest_of(Bytes("f.csv", b"four"))


def test_a_packed_file_may_hold_no_more_than_any_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(incoming_files, "MOST_BYTES", 1_000_000)
    path = tmp_path / "f.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" * 100_000_000))

    with pytest.raises(FactFileError, match=r"f\.jsonl:1:1: .*too-large"):
        list(lines_of(on_disk(path)))

    assert path.stat().st_size < 100_000
    assert unpacked_size(path) == 100_000_000


def test_a_line_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming_files, "LONGEST_LINE", 100)
    monkeypatch.setattr(incoming_files, "BLOCK", 50)

    with pytest.raises(FactFileError, match=r"f\.csv:2:1: .*line-too-long"):
        list(lines_of(Bytes("f.csv", b"short\n" + b"x" * 200)))


def test_a_file_on_a_disk_is_read_as_one_in_memory(tmp_path: Path) -> None:
    raw = b"id,opened\nT1,2027-01-04 09:00\n"
    path = tmp_path / "tickets.csv"
    path.write_bytes(raw)

    stored, inside = Stored("tickets.csv", path), Bytes("tickets.csv", raw)

    assert digest_of(stored) == digest_of(inside)
    assert first_rows(stored) == Begun(["id", "opened"], [["T1", "2027-01-04 09:00"]])
    (fact,) = open_source(stored, LONDON, Given(FactKind.TICKET)).facts
    assert fact.id == "T1"


def test_a_packed_file_is_to_be_unpacked() -> None:
    with pytest.raises(FactFileError, match=r"the file is packed .* → unpack it first"):
        open_source(Bytes("facts-ticket.csv.gz", b""), LONDON)


# --- ids that are told of twice


def test_only_ids_of_which_something_else_is_said_are_doubtful() -> None:
    doubts = Doubts()
    for name, content in (("a", 1), ("b", 1), ("a", 1), ("b", 2), ("c", 3)):
        doubts.add(name, content)

    assert doubts.doubtful() == {hash("b")}
    assert doubts.doubtful() == frozenset()


def test_many_ids_go_to_disk_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incoming.doubtful.IN_MEMORY", 8)
    doubts = Doubts()
    for number in range(3000):
        doubts.add(number, "first")
    for number in range(0, 3000, 1000):
        doubts.add(number, "other")

    assert doubts.doubtful() == {hash(0), hash(1000), hash(2000)}
