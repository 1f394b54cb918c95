"""Verbs that write the facts of past months into files of their own, and take them out then."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commandline.acting import AS
from commandline.session import Exit, fail, is_terminal, ownership, print_json, record, verb

if TYPE_CHECKING:
    from gateway.dropping import Dropped
    from incoming.archives import Writer

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON; instants are UTC.")
FOLDER = click.Path(file_okay=True, path_type=Path)

TOLD_EVERY = 50_000
"""Rows after which whoever waits is told how many there are."""


@click.group("archive", no_args_is_help=True)
def archive_verb() -> None:
    """Write facts of past months into an archive, verify one, and take archived facts out."""


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
    from store.archived import gone_before
    from store.archiving import editions_of

    until, folder = _month(before), folder.resolve()
    async with record() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        editions = await editions_of(connection, agreement)
        if editions is None:
            fail(Exit.NOT_FOUND, f"there is no agreement '{agreement}'; see `covenant list`")
        gone = await gone_before(connection, agreement)
        if gone is not None and until < gone:
            fail(
                Exit.REFUSED,
                f"facts of {agreement} before {gone:%Y-%m} are archived already, and gone; name "
                f"{gone:%Y-%m} or a later month",
            )
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


@archive_verb.command("due")
@click.argument("agreement")
@JSON
@verb
async def due_verb(agreement: str, *, as_json: bool) -> None:
    """Tell which facts of AGREEMENT may be taken out now, what the others are needed for, what is gone."""
    from activities.retention import needs_of
    from domain.retention import EVER
    from store.archived import drops
    from store.archiving import editions_of

    now = datetime.now(UTC)  # noqa: TID251 - what may go is asked at an instant
    async with record() as connection:
        if await editions_of(connection, agreement) is None:
            fail(Exit.NOT_FOUND, f"there is no agreement '{agreement}'; see `covenant list`")
        needs = await needs_of(connection, agreement, now)
        gone = await drops(connection, agreement)
    if as_json:
        needed = [{"since": each.since, "why": each.why} for each in needs]
        print_json({"agreement": agreement, "needed": needed, "archived": gone})
        return
    if not needs:
        click.echo(f"{agreement}: all facts may go once they are archived")
    elif needs[0].since == EVER:
        click.echo(f"{agreement}: no facts may go: {needs[0].why}")
    else:
        click.echo(
            f"{agreement}: facts before {needs[0].since:%Y-%m} may go once they are archived; those "
            f"from {needs[0].since:%Y-%m-%d %H:%M} UTC on are needed, for {needs[0].why}"
        )
    for each in gone:
        click.echo(f"gone: {_gone(each)}")


def _gone(row: dict[str, Any]) -> str:
    """What was taken out once."""
    return (
        f"before {row['before_at']:%Y-%m}, {sum(row['rows'].values()):,} rows, by {row['actor']} at "
        f"{row['at']:%Y-%m-%d %H:%M} UTC; archive {row['manifest']}"
    )


@archive_verb.command("drop")
@click.argument("agreement")
@click.argument("folder", type=FOLDER)
@click.option(
    "--before", metavar="YYYY-MM", help="Only facts before this UTC month; all of the archive's."
)
@AS
@click.option("--note", required=True, help="Why.")
@click.option("--preview", "only_preview", is_flag=True, help="Tell what would go, and end.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@verb
async def drop_verb(
    agreement: str,
    folder: Path,
    before: str | None,
    actor: str,
    note: str,
    *,
    only_preview: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Take facts of AGREEMENT out of the record that the archive in FOLDER holds. This cannot be undone.

    Archive and record are compared line by line first. What may still be needed is refused, with the
    month that may go. Signs in at COVENANT_OWNER_URL; all of it is done or nothing.
    """
    from gateway.dropping import Request, drop, preview

    now = datetime.now(UTC)  # noqa: TID251 - whoever signs in as the owner acts at an instant
    until = None if before is None else _month(before)
    request = Request(agreement, folder.resolve(), until, actor, note)
    async with ownership() as engine:
        if only_preview or not yes:
            async with engine.connect() as connection:
                found = await preview(connection, request, now, _watch)
            if only_preview or not as_json:
                _tell_drop(agreement, found, "would go", as_json=as_json)
            if only_preview:
                return
            if click.prompt(f"To take them out, type {agreement}", err=True) != agreement:
                fail(Exit.REFUSED, "nothing was taken out")
        async with engine.begin() as connection:
            found = await drop(connection, request, now, _watch)
    _tell_drop(agreement, found, "gone", as_json=as_json)


def _watch(rows: int) -> None:
    if is_terminal():
        click.echo(f"\r{rows:,} rows compared", err=True, nl=False)


def _tell_drop(agreement: str, found: "Dropped", said: str, *, as_json: bool) -> None:
    """Print what goes and what stays of the same months."""
    from dataclasses import asdict

    if as_json:
        print_json({"agreement": agreement, **asdict(found)})
        return
    if is_terminal():
        click.echo("\r", err=True, nl=False)
    click.echo(f"{agreement} before {found.before:%Y-%m}, archive {found.manifest}")
    for words, rows in ((said, found.going), ("stay, for they matter later", found.staying)):
        told = ", ".join(f"{kind} {several:,}" for kind, several in sorted(rows.items()))
        click.echo(f"{words}: {sum(rows.values()):,} rows{f' ({told})' if told else ''}")
    if said == "gone":
        click.echo(f"files whose bytes are gone: {found.files:,}")
        if found.months is None:
            click.echo("empty months stay for now: others were at them; the next drop takes them")
        elif found.months:
            click.echo(f"months that were empty: {', '.join(found.months)}")


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
