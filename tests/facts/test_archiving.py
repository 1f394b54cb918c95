"""An archive holds every revision of the facts of past months, and says what the record says."""

import asyncio
import gzip
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.ext.asyncio import AsyncEngine

from commandline.assessing import _facts, _files
from domain.assessment import Assessment, Limits, assess
from domain.facts import Fact, FactKind
from domain.facts.book import SHELVES, book
from domain.terms_check import validate
from domain.timeline import Edition, Timeline, term_starts_at
from gateway import Document
from incoming import archives
from starter import main
from tests.facts.test_keeping import DAY, EVERY, RECEIVED, SAMPLE, START, SURVEY, take
from tests.lives import Life, at, helpdesk

APRIL = datetime(2027, 4, 1, tzinfo=UTC)

Archive = Callable[..., "asyncio.Future[Result]"]


@pytest.fixture
def archive(database: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Run a verb of `covenant archive` against the test's database."""
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("COVENANT_DATABASE_URL", url)

    def run(*words: object) -> "asyncio.Future[Result]":
        given = ["archive", *map(str, words)]
        return asyncio.ensure_future(asyncio.to_thread(CliRunner().invoke, main, given))

    return run


def timeline(document: str = helpdesk()) -> Timeline:
    terms = validate(document.encode(), "agreement.yaml").value
    assert terms is not None
    return Timeline((Edition(1, terms, term_starts_at(terms)),))


def read(folder: Path) -> list[Fact]:
    return _facts([folder], timeline())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def by_kind(facts: Iterator[Fact] | list[Fact]) -> dict[FactKind, list[Fact]]:
    found: dict[FactKind, list[Fact]] = {}
    for fact in facts:
        found.setdefault(SHELVES[type(fact)].kind, []).append(fact)
    return found


@pytest.mark.usefixtures("agreed")
async def test_facts_of_every_kind_come_back_from_the_archive_as_they_were(
    database: AsyncEngine, archive: Archive, tmp_path: Path
) -> None:
    await take(database, EVERY)

    result = await archive("write", "helpdesk", "--before", "2027-04", "--to", tmp_path / "out")

    assert result.exit_code == 0, result.output
    found = read(tmp_path / "out")
    assert by_kind(found) == by_kind(list(EVERY))
    assert {each.received_at for each in found} == {RECEIVED}
    assert "helpdesk before 2027-04: 13 rows in 13 files" in result.stdout


@pytest.mark.usefixtures("agreed")
async def test_only_what_stands_before_the_month_is_archived_and_again_gives_the_same_bytes(
    database: AsyncEngine, archive: Archive, tmp_path: Path
) -> None:
    march = [replace(SAMPLE, id=f"S{n}", at=APRIL - n * timedelta(seconds=1)) for n in range(3)]
    await take(database, march)

    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other, one):
        result = await archive("write", "helpdesk", "--before", "2027-04", "--to", folder, "--json")
        assert result.exit_code == 0, result.output

    assert contents(one) == contents(other)
    told = json.loads(result.stdout)
    assert [(each["month"], each["rows"]) for each in told["files"]] == [("2027-03", 2)]
    assert told["registered"] == {"sample": 2}
    assert (told["files"][0]["first"], told["files"][0]["last"]) == (
        "2027-03-31T23:59:58Z",
        "2027-03-31T23:59:59Z",
    )


@pytest.mark.usefixtures("agreed")
async def test_every_revision_is_there_and_is_known_as_the_record_knew_it(
    database: AsyncEngine, archive: Archive, tmp_path: Path
) -> None:
    # Corrected and corrected back; moved into a later month; moved out of one.
    later = replace(SURVEY, id="Q2", at=APRIL + DAY)
    await take(database, [SAMPLE, SURVEY, later])
    second: list[Fact] = [
        replace(SAMPLE, value=Decimal(9)),
        replace(SURVEY, at=APRIL + DAY),
        replace(later, at=START),
    ]
    await take(database, second, "second", RECEIVED + DAY)
    await take(database, [SAMPLE], "third", RECEIVED + 2 * DAY)

    for month, name in (("2027-04", "out"), ("2027-05", "more")):
        await archive("write", "helpdesk", "--before", month, "--to", tmp_path / name)

    facts = read(tmp_path / "out")
    assert len(facts) == 7
    # Archives that overlap say some things twice, and the same.
    both = _facts([tmp_path / "out", tmp_path / "more"], timeline())
    assert book(both) == book(facts)
    for days, sample, surveys in (
        (1, "1.5", {("Q1", START), ("Q2", APRIL + DAY)}),
        (2, "9", {("Q1", APRIL + DAY), ("Q2", START)}),
        (3, "1.5", {("Q1", APRIL + DAY), ("Q2", START)}),
    ):
        known = book(facts, RECEIVED + days * DAY)
        assert [str(each.value) for each in known.samples] == [sample]
        assert {(each.id, each.at) for each in known.surveys} == surveys


@pytest.mark.usefixtures("agreed")
async def test_what_was_superseded_at_once_was_never_known_and_is_kept_beside(
    database: AsyncEngine, archive: Archive, tmp_path: Path
) -> None:
    await take(database, [SAMPLE])
    await take(database, [replace(SAMPLE, value=Decimal(9))], "second")

    result = await archive("write", "helpdesk", "--before", "2027-04", "--to", tmp_path / "out")

    assert result.exit_code == 0, result.output
    assert [str(each.value) for each in book(read(tmp_path / "out")).samples] == ["9"]
    unseen = gzip.decompress((tmp_path / "out" / "unseen-sample-2027-03.jsonl.gz").read_bytes())
    assert json.loads(unseen)["value"] == "1.5"


async def test_the_archive_of_a_live_agreement_gives_its_figures_as_they_were_known(
    life: Life, archive: Archive, tmp_path: Path
) -> None:
    await life.launch()
    await life.go_live()
    for day in (6, 13, 20):
        await life.until(f"2027-01-{day:02}")
        await life.samples(*((f"2027-01-{day - 1:02} 12:00", value) for value in (0, 1, 0)))
    await life.until("2027-02-08")
    before = life.stage.now
    correction = b"id,series,at,value\nerror-2027-01-05 12:00-1,error,2027-01-05 12:00,0\n"
    await life.gateway.hand_in(
        "helpdesk",
        "provider.service_manager",
        Document("facts-sample-late.csv", correction),
        now=life.stage.now,
    )
    await life.until("2027-02-12")

    await archive("write", "helpdesk", "--before", "2027-02", "--to", tmp_path / "out")

    facts = read(tmp_path / "out")
    told = {known_at: figures(facts, known_at) for known_at in (before, life.stage.now)}
    record = {
        known_at: {
            (row.kpi, row.period): (row.status, row.num, row.den, row.inputs_digest)
            for row in await life.rows(
                "SELECT DISTINCT ON (kpi, period) kpi, period, status, num, den, inputs_digest "
                "FROM evaluation WHERE end_at <= '2027-02-01' AND evaluated_at <= :known_at "
                "ORDER BY kpi, period, revision DESC",
                known_at=known_at,
            )
        }
        for known_at in told
    }
    assert told == record
    assert told[before] != told[life.stage.now]


def figures(facts: list[Fact], known_at: datetime) -> dict[tuple[str, str], tuple[object, ...]]:
    """What is assessed over an archive for the periods before February."""
    limits = Limits(until=at("2027-02-01"), known_at=known_at)
    found: Assessment = assess(timeline(), facts, limits, digest="")
    return {
        (each.kpi.key, each.period.key): (each.status, each.num, each.den, each.inputs_digest)
        for each in found.results
        if each.period.end <= at("2027-02-01")
    }


# --- faults


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """An archive of two files, written by the product's own writer."""
    folder = tmp_path / "sound"
    with archives.writing(folder) as writer:
        for kind in (FactKind.SAMPLE, FactKind.SURVEY):
            writer.write(kind, START, '{"id":"1"}', unseen=False)
        counted = {"sample": 1, "survey": 1}
        assert archives.place(writer, writer.finish(archives.Contents("a", "2027-04", [], counted)))
    return folder


def test_a_long_month_goes_on_in_further_files(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with archives.writing(folder) as writer:
        writer.most = 30
        for at_ in (START, START, START, START + DAY, APRIL):
            writer.write(FactKind.SAMPLE, at_, '{"id":"12345"}', unseen=False)
        contents = archives.Contents("a", "2027-05", [], {"sample": 5})
        assert archives.place(writer, writer.finish(contents))

    told, _ = archives.manifest_of(folder)
    assert [(each.name, each.rows) for each in told["files"]] == [
        ("facts-sample-2027-03-2.jsonl.gz", 2),
        ("facts-sample-2027-03.jsonl.gz", 2),
        ("facts-sample-2027-04.jsonl.gz", 1),
    ]
    assert archives.problems(folder) == []


def verified(folder: Path) -> Result:
    return CliRunner().invoke(main, ["archive", "verify", str(folder)])


def test_a_sound_archive_is_verified_offline(sound: Path) -> None:
    result = verified(sound)

    assert result.exit_code == 0
    assert "sound. a before 2027-04: 2 rows in 2 files" in result.stdout
    assert archives.manifest_of(sound)[1] in result.stdout


def change_a_byte(folder: Path) -> None:
    path = folder / "facts-sample-2027-03.jsonl.gz"
    raw = bytearray(path.read_bytes())
    raw[20] ^= 1
    path.write_bytes(raw)


def take_a_file_away(folder: Path) -> None:
    (folder / "facts-survey-2027-03.jsonl.gz").unlink()


def add_a_file(folder: Path) -> None:
    (folder / "facts-outage.csv").write_text("id\n")


def miscount(folder: Path, old: str, new: str) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (change_a_byte, "facts-sample-2027-03.jsonl.gz: the file was changed"),
        (take_a_file_away, "facts-survey-2027-03.jsonl.gz: the file is missing"),
        (add_a_file, "facts-outage.csv: the manifest does not know this file"),
        (lambda to: miscount(to, '"rows": 1', '"rows": 2'), "1 rows and not 2"),
        (lambda to: miscount(to, '"survey": 1', '"survey": 5'), "the record counted 6"),
        (lambda to: miscount(to, "{", "["), "is no manifest of an archive"),
        (lambda to: miscount(to, '"format": 1', '"format": 2'), "format 2 is not 1"),
        (lambda to: (to / "manifest.json").unlink(), "manifest.json cannot be read"),
    ],
)
def test_what_is_wrong_with_an_archive_is_told(
    sound: Path, fault: Callable[[Path], None], said: str
) -> None:
    fault(sound)

    result = verified(sound)

    assert result.exit_code == 8
    assert said in result.stderr


@pytest.mark.usefixtures("agreed")
async def test_an_archive_takes_nobodys_place(
    database: AsyncEngine, archive: Archive, tmp_path: Path
) -> None:
    await take(database, [SAMPLE])
    folder = tmp_path / "out"
    words = ("write", "helpdesk", "--before", "2027-04", "--to")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "diary.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    await archive(*words, folder)
    kept = contents(folder)
    await take(database, [replace(SAMPLE, id="S2")], "second")

    for other, said in (
        (tmp_path / "full", "holds other files"),
        (tmp_path / "file", "is a file"),
        (folder, "holds another archive"),
        (tmp_path / "file" / "below", "cannot be written"),
    ):
        refused = await archive(*words, other)
        assert (refused.exit_code, said in refused.stderr) == (5, True), refused.output

    assert contents(folder) == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full", "out"]


@pytest.mark.usefixtures("agreed")
async def test_a_damaged_archive_is_not_taken_for_the_same(
    database: AsyncEngine, archive: Archive, tmp_path: Path
) -> None:
    await take(database, [SAMPLE])
    words = ("write", "helpdesk", "--before", "2027-04", "--to", tmp_path / "out")
    await archive(*words)
    change_a_byte(tmp_path / "out")

    refused = await archive(*words)

    assert refused.exit_code == 5
    assert "damaged" in refused.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(archives.ArchiveError, match="make room"):
        fill(tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def fill(folder: Path) -> None:
    """Write more than fits into a file on a disk that is full."""
    with archives.writing(folder) as writer:
        (writer.folder / "facts-sample-2027-03.jsonl.gz").symlink_to("/dev/full")
        for _ in range(10_000):
            writer.write(FactKind.SAMPLE, START, os.urandom(64).hex(), unseen=False)


@pytest.mark.usefixtures("agreed")
async def test_what_cannot_be_archived_is_refused(archive: Archive, tmp_path: Path) -> None:
    for words, code, said in (
        (("helpdesk", "--before", "2027-04"), 5, "no facts before 2027-04"),
        (("nobody", "--before", "2027-04"), 3, "no agreement 'nobody'"),
        (("helpdesk", "--before", "2027-13"), 2, "is not a month"),
        (("helpdesk", "--before", "0000-01"), 2, "is not a month"),
    ):
        refused = await archive("write", *words, "--to", tmp_path / "out")
        assert (refused.exit_code, said in refused.stderr) == (code, True), refused.output

    assert list(tmp_path.iterdir()) == []


def test_a_packed_file_that_was_cut_off_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "facts-sample.csv.gz"
    path.write_bytes(gzip.compress(b"id,series,at,value\n1,error,2027-01-05 12:00,1\n")[:-9])
    document = tmp_path / "agreement.yaml"
    document.write_text(helpdesk())

    result = CliRunner().invoke(main, ["assess", str(document), "--facts", str(path)])

    assert result.exit_code == 8
    assert "facts-sample.csv.gz:1:1" in result.stderr
    assert "cannot be unpacked" in result.stderr
    assert _files([tmp_path]) == [path]
