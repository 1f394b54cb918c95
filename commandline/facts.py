"""Verbs about facts: hand in files, propose a mapping, and decide about rows that were held."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commandline.acting import AS, FILE, document_of
from commandline.session import Exit, fail, gateway, is_terminal, print_json, record, verb

if TYPE_CHECKING:
    from domain.facts import FactKind

MAPPING = click.option(
    "--mapping", type=FILE, help="How the columns of the files become facts; see docs/mapping.md."
)
SHEET = click.option("--sheet", help="The sheet of a workbook; the first one.")
KIND = click.option("--kind", help="The kind of the facts, where neither name nor columns say it.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON; instants are UTC.")
NOTE = click.option("--note", required=True, help="Why.")
NUMBERS = click.argument("rows", type=int, nargs=-1, required=True, metavar="ROW...")


@click.group("facts", no_args_is_help=True)
def facts_verb() -> None:
    """Hand in files of facts, and look after the rows of them that were set aside."""


@facts_verb.command("add")
@click.argument("agreement")
@click.argument("files", type=FILE, nargs=-1, required=True)
@AS
@MAPPING
@KIND
@SHEET
@click.option(
    "--quarantine", is_flag=True, help="Set aside rows with problems; take in all the others."
)
@click.option(
    "--in-order", is_flag=True, help="Also look for rows that are older than those above them."
)
@verb
async def add_verb(
    agreement: str,
    files: tuple[Path, ...],
    actor: str,
    mapping: Path | None,
    kind: str | None,
    sheet: str | None,
    *,
    quarantine: bool,
    in_order: bool,
) -> None:
    """Hand in FILES of facts for AGREEMENT: CSV, JSON Lines, or workbooks (.xlsx).

    A file is taken whole or not at all, unless --quarantine sets aside the rows that are wrong,
    in the future, too late to have any effect, outside the term, told twice, or of a name that no
    edition knows. The same file or row twice changes nothing; a load that was interrupted can be
    repeated.
    """
    from gateway import Way
    from incoming import Stored

    async with gateway() as door:
        for file in files:
            with progress(file) as watch:
                way = Way(
                    document_of(mapping), kind_named(kind), sheet, quarantine, in_order, watch
                )
                intake = await door.hand_in(agreement, actor, Stored(file.name, file), way=way)
            click.echo(f"{file.name}: {_told(intake)}")
            if intake.unread:
                click.echo(f"{file.name}: read by no term: {_unread(intake.unread)}")
            if not intake.again and intake.quarantined + intake.rejected:
                click.echo(f"see `covenant facts held {agreement}`")


def _told(intake: Any) -> str:  # noqa: ANN401 - store.facts.Intake, imported lazily
    """What became of the rows of a file, and of the facts in them."""
    if intake.again:
        return f"handed in before, {intake.read:,} facts; nothing changed"
    taken = intake.rows - intake.quarantined - intake.rejected
    passed = f" ({intake.passed:,} passed over)" if intake.passed else ""
    return (
        f"read {intake.rows:,} = accepted {taken:,}{passed} + quarantined {intake.quarantined:,} "
        f"+ rejected {intake.rejected:,}; facts {intake.read:,} = new {intake.accepted:,} "
        f"+ known already {intake.repeated:,}"
    )


def _unread(counts: Mapping[str, int]) -> str:
    """Facts that nothing reads, by what they are of: the most first."""
    most_first = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{count:,} {what}" for what, count in most_first)


def kind_named(name: str | None) -> "FactKind | None":
    """The kind of that name; ends with what is possible where there is none."""
    from domain.facts import FactKind

    if name is None:
        return None
    try:
        return FactKind(name.replace("-", "_"))
    except ValueError:
        fail(Exit.USAGE, f"'{name}' is no kind of facts; there are {', '.join(FactKind)}")


LARGE = 20_000_000
"""Bytes from which reading a file takes over two seconds."""


@contextmanager
def progress(path: Path) -> Iterator[Callable[[int], None]]:
    """Tell whoever waits for a large file how far its reading is."""
    from incoming.packed import PACKED, unpacked_size

    size = unpacked_size(path) if path.suffix == PACKED else path.stat().st_size
    if not is_terminal() or (size < LARGE and path.suffix != ".xlsx"):
        yield lambda _: None
    elif path.suffix == ".xlsx":
        done = 0

        def count(rows: int) -> None:
            nonlocal done
            done += rows
            if done % 1000 == 0:
                click.echo(f"\r{path.name}: {done:,} rows", err=True, nl=False)

        yield count
        if done >= 1000:  # noqa: PLR2004 - as above
            click.echo(err=True)
    else:
        with click.progressbar(length=size, label=path.name, file=sys.stderr) as bar:
            yield bar.update


@facts_verb.command("map")
@click.argument("file", type=FILE)
@click.option("--kind", default="ticket", show_default=True, help="The kind of facts in it.")
@SHEET
def map_verb(file: Path, kind: str, sheet: str | None) -> None:
    """Propose a mapping for FILE, from its header and first rows, as YAML to edit."""
    from domain.facts.files import FactFileError
    from domain.facts.proposing import propose
    from incoming import Stored, first_rows

    named = kind_named(kind)
    assert named is not None  # noqa: S101 - there is a default
    try:
        begun = first_rows(Stored(file.name, file), sheet)
    except FactFileError as error:
        fail(Exit.INVALID, str(error))
    click.echo(propose(file.name, begun, named))


@facts_verb.command("files")
@click.argument("agreement")
@JSON
@verb
async def files_verb(agreement: str, *, as_json: bool) -> None:
    """List the files that were handed in for AGREEMENT, with what became of their rows."""
    from store.views.intakes import intakes

    async with record() as connection:
        await _must_exist(connection, agreement)
        rows = await intakes(connection, agreement)
    if as_json:
        print_json({"agreement": agreement, "files": rows})
        return
    for row in rows:
        taken = row["rows"] - row["quarantined"] - row["rejected"]
        click.echo(
            f"{row['received_at']:%Y-%m-%d %H:%M}Z  {row['name']}  {row['rows']:,} rows = "
            f"accepted {taken:,} + quarantined {row['quarantined']:,} + rejected "
            f"{row['rejected']:,}; {row['read']:,} facts  {row['digest'][:16]}"
        )


@facts_verb.command("held")
@click.argument("agreement")
@click.option("--all", "decided", is_flag=True, help="Also rows that were decided.")
@JSON
@verb
async def held_verb(agreement: str, *, decided: bool, as_json: bool) -> None:
    """List the rows of AGREEMENT's files that were set aside, with what is wrong and what to do."""
    from store.views.intakes import held

    async with record() as connection:
        await _must_exist(connection, agreement)
        rows = await held(connection, agreement, decided=decided)
    if as_json:
        print_json({"agreement": agreement, "held": rows})
        return
    for row in rows:
        where = f"{row['number']}: {row['file']}:{row['line']}"
        for each in row["problems"]:
            column = f" {each['column']}:" if each["column"] else ""
            click.echo(
                f"{where}:{each['number']}:{column} {each['message']} ({each['rule']}) "
                f"→ {each['remedy']}"
            )
        if row["choice"] is not None:
            click.echo(
                f"{row['number']}: {row['choice']} by {row['decided_by']} "
                f"at {row['decided_at']:%Y-%m-%d %H:%M}Z: {row['note']}"
            )
    click.echo(f"{len(rows):,} row{'s' if len(rows) != 1 else ''}", err=True)


@facts_verb.command("release")
@click.argument("agreement")
@NUMBERS
@AS
@NOTE
@verb
async def release_verb(agreement: str, rows: tuple[int, ...], actor: str, note: str) -> None:
    """Take in held ROWS of AGREEMENT as they are, where only judgement kept them out."""
    await _decide("released", agreement, rows, actor, note, {})


@facts_verb.command("correct")
@click.argument("agreement")
@click.argument("row", type=int)
@click.option(
    "--set",
    "cells",
    multiple=True,
    required=True,
    metavar="COLUMN=VALUE",
    help="A cell of the row as it should be; nothing after `=` clears it.",
)
@AS
@NOTE
@verb
async def correct_verb(
    agreement: str, row: int, cells: tuple[str, ...], actor: str, note: str
) -> None:
    """Take in a held ROW of AGREEMENT with some cells corrected; the row itself stays as it was."""
    pairs = [each.partition("=") for each in cells]
    if any(not equals for _, equals, _ in pairs):
        fail(Exit.USAGE, "--set is written COLUMN=VALUE")
    await _decide(
        "corrected", agreement, (row,), actor, note, {name: value for name, _, value in pairs}
    )


@facts_verb.command("discard")
@click.argument("agreement")
@NUMBERS
@AS
@NOTE
@verb
async def discard_verb(agreement: str, rows: tuple[int, ...], actor: str, note: str) -> None:
    """Decide that held ROWS of AGREEMENT are not taken in; they stay on record."""
    await _decide("discarded", agreement, rows, actor, note, {})


async def _decide(
    choice: str,
    agreement: str,
    rows: tuple[int, ...],
    actor: str,
    note: str,
    cells: dict[str, str],
) -> None:
    from gateway import Choice, Decision

    decision = Decision(Choice(choice), rows, note, cells)
    async with gateway() as door:
        facts = await door.decide_held(agreement, actor, decision)
    told = ", ".join(map(str, dict.fromkeys(rows)))
    click.echo(f"done: {told} {choice}, {sum(facts):,} facts taken in")


@facts_verb.command("raw")
@click.argument("agreement")
@click.argument("digest")
@verb
async def raw_verb(agreement: str, digest: str) -> None:
    """Write a file that was handed in for AGREEMENT, byte for byte, to standard output.

    DIGEST is its SHA-256, or the beginning of it; `covenant facts files` lists them.
    """
    from store.views.intakes import raw_digests, read_raw

    async with record() as connection:
        await _must_exist(connection, agreement)
        found = await raw_digests(connection, agreement, digest)
        if len(found) != 1:
            fail(
                Exit.NOT_FOUND,
                f"{len(found) or 'no'} files of {agreement} begin with '{digest}'; "
                f"see `covenant facts files {agreement}`",
            )
        out = sys.stdout.buffer
        async for block in read_raw(connection, found[0]):
            out.write(block)
        out.flush()


async def _must_exist(connection: Any, agreement: str) -> None:  # noqa: ANN401
    from store.views.agreements import one_agreement

    if await one_agreement(connection, agreement) is None:
        fail(Exit.NOT_FOUND, f"there is no agreement '{agreement}'; see `covenant list`")
