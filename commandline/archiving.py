"""Verbs that write the facts of past months into files of their own, and look at such files."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commandline.session import Exit, fail, is_terminal, print_json, record, verb

if TYPE_CHECKING:
    from incoming.archives import Writer

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON; instants are UTC.")
FOLDER = click.Path(file_okay=True, path_type=Path)

TOLD_EVERY = 50_000
"""Rows after which whoever waits is told how many there are."""


@click.group("archive", no_args_is_help=True)
def archive_verb() -> None:
    """Write facts of past months into an archive, and verify one."""


@archive_verb.command("write")
@click.argument("agreement")
@click.option(
    "--before", required=True, metavar="YYYY-MM", help="All facts that stand before this UTC month."
)
@click.option("--to", "folder", type=FOLDER, required=True, help="A new folder, for the archive.")
@JSON
@verb
async def write_verb(agreement: str, before: str, folder: Path, *, as_json: bool) -> None:
    """Write the facts of AGREEMENT before a month into a folder; the record keeps them.

    Every revision with its receipt, packed, a file for each kind and month, and `manifest.json`
    with their digests. `covenant assess --facts FOLDER --known-at …` reads it. Written whole or
    not at all; the same facts give the same bytes.
    """
    from incoming.archives import ArchiveError, place, problems, writing
    from store.archiving import editions_of

    until, folder = _month(before), folder.resolve()
    async with record() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        editions = await editions_of(connection, agreement)
        if editions is None:
            fail(Exit.NOT_FOUND, f"there is no agreement '{agreement}'; see `covenant list`")
        try:
            with writing(folder) as writer:
                manifest = await _written(connection, writer, agreement, until, editions)
                if manifest is None:
                    fail(Exit.REFUSED, f"{agreement} has no facts before {before}; nothing to do")
                new = place(writer, manifest)
        except ArchiveError as error:
            fail(Exit.REFUSED, str(error))
    _tell(folder, problems(folder), as_json=as_json, said="written" if new else "there already")


async def _written(
    connection: Any,  # noqa: ANN401
    writer: "Writer",
    agreement: str,
    until: datetime,
    editions: list[dict[str, Any]],
) -> bytes | None:
    """Write every revision; the manifest, or None where there is none."""
    from domain.facts.writing import line_of
    from incoming.archives import Contents
    from store.archiving import registered, revisions

    counts = await registered(connection, agreement, until)
    if not counts:
        return None
    total, done = sum(counts.values()), 0
    for kind in counts:
        async for each in revisions(connection, agreement, kind, until):
            writer.write(kind, each.at, line_of(each.fact), unseen=each.unseen)
            done += 1
            if done % TOLD_EVERY == 0 and is_terminal():
                click.echo(f"\r{done:,} of {total:,} rows", err=True, nl=False)
    if done >= TOLD_EVERY and is_terminal():
        click.echo(f"\r{done:,} of {total:,} rows", err=True)
    told = [{**each, "effective_at": each["effective_at"].isoformat()} for each in editions]
    by_kind = {str(kind): several for kind, several in counts.items()}
    return writer.finish(Contents(agreement, f"{until:%Y-%m}", told, by_kind))


@archive_verb.command("verify")
@click.argument("folder", type=FOLDER)
@JSON
def check_verb(folder: Path, *, as_json: bool) -> None:
    """Verify the archive in FOLDER, offline: every digest and count of its manifest.

    Compare the digest of the manifest with the one that was noted when it was written.
    """
    from incoming.archives import ArchiveError, problems

    try:
        wrong = problems(folder)
    except ArchiveError as error:
        fail(Exit.INVALID, str(error))
    _tell(folder, wrong, as_json=as_json, said="sound")


def _tell(folder: Path, wrong: list[str], *, as_json: bool, said: str) -> None:
    """Print what is in an archive; what is wrong with it ends the verb."""
    from dataclasses import asdict

    from incoming.archives import manifest_of

    told, digest = manifest_of(folder)
    files = told["files"]
    rows = sum(each.rows for each in files)
    if as_json:
        listed = [asdict(each) for each in files]
        print_json({**told, "files": listed, "manifest": digest, "problems": wrong})
    elif not wrong:
        click.echo(
            f"{folder}: {said}. {told['agreement']} before {told['before']}: {rows:,} rows in "
            f"{len(files)} files\nmanifest, SHA-256: {digest}"
        )
    if wrong:
        fail(Exit.INVALID, "\n".join(wrong))


def _month(text: str) -> datetime:
    if re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text, re.ASCII) is None or text < "0001":
        fail(Exit.USAGE, f"--before '{text}' is not a month; write for example 2027-03")
    return datetime.fromisoformat(f"{text}-01").replace(tzinfo=UTC)
