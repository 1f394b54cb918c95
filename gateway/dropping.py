"""Facts taken out of the record, once their archive is proven to hold every one of them.

One transaction of the schema's owner does all of it, or nothing. Files of facts of the agreement
wait meanwhile; its periods go on being judged, from facts that stay.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.retention import needs_of, states_of
from domain.events import Event
from domain.facts import FactKind
from domain.facts.writing import line_of
from domain.identifiers import effect_key
from domain.retention import EVER, Need
from gateway.lookups import must_be_contact
from gateway.requests import ConflictError, ForbiddenError
from incoming.archives import ArchiveError, Entry, lines, manifest_of, problems
from store import dropping, journal, restating
from store.archived import drops
from store.archiving import revisions
from store.editions import all_editions, timeline_of
from store.facts import LOCK
from store.tables import agreement

Watch = Callable[[int], None]
"""Is told how many rows have been compared."""

TOLD_EVERY = 50_000


@dataclass(frozen=True, slots=True)
class Request:
    """Whose facts are to go, after which archive, before which UTC month, by whom and why."""

    agreement: str
    folder: Path
    before: datetime | None
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """What goes, or went: revisions by kind, what stays of the same months, files and months."""

    before: datetime
    manifest: str
    going: Mapping[str, int]
    staying: Mapping[str, int]
    files: int = 0
    months: tuple[str, ...] | None = ()
    """Tables of months that were empty and are gone; None when others were at them."""


async def preview(
    connection: AsyncConnection, request: Request, now: datetime, watch: Watch
) -> Dropped:
    """What would go; ConflictError with what is possible. The caller ends the transaction unsaved."""
    if not request.note.strip():
        msg = 'taking facts out of the record needs a reason: add --note "…"'
        raise ConflictError(msg)
    if not await dropping.may_delete(connection):
        msg = "this sign-in may delete nothing; COVENANT_OWNER_URL has to name the schema's owner"
        raise ForbiddenError(msg)
    key = request.agreement
    await must_be_contact(connection, key, request.actor, now)
    await connection.execute(LOCK, {"agreement": key})
    archive = await _archive(connection, request)
    before = archive.before
    await _must_be_possible(connection, key, before, now)
    # Cursors end with what they were opened in; a month at which one still is could not go.
    reading = await connection.begin_nested()
    await _must_be_the_same(connection, request, archive, watch)
    await reading.rollback()
    states = states_of(timeline_of(await all_editions(connection, key)))
    going, staying = await dropping.choose(connection, key, before, states)
    if not going:
        msg = f"{key} has no facts that lie wholly before {before:%Y-%m}; nothing to do"
        raise ConflictError(msg)
    return Dropped(before, archive.manifest, going, staying)


async def drop(
    connection: AsyncConnection, request: Request, now: datetime, watch: Watch
) -> Dropped:
    """Take facts out in the caller's transaction; ConflictError with what is possible."""
    found = await preview(connection, request, now, watch)
    key, before, going = request.agreement, found.before, dict(found.going)
    rows, files = await dropping.delete(connection, key, before)
    if rows != sum(going.values()):
        msg = f"{sum(going.values())} rows were to go, and {rows} went"
        raise AssertionError(msg)
    # From here on nobody evaluates, and what was allowed has to be so still.
    locked = select(agreement.c.id).where(agreement.c.id == key).with_for_update(key_share=True)
    await connection.execute(locked)
    await _must_be_possible(connection, key, before, now)
    said = {"actor": request.actor, "note": request.note, "at": now}
    number = await dropping.note_drop(connection, key, before, found.manifest, going, files, **said)
    detail: dict[str, Any] = {
        "before": before.isoformat(),
        "manifest": found.manifest,
        "rows": going,
        "stay": dict(found.staying),
        "files": files,
        "note": request.note,
    }
    entry = journal.Entry(
        effect_key(key, Event.FACTS_ARCHIVED, str(number)),
        key,
        Event.FACTS_ARCHIVED,
        f"{key}/facts",
        now,
        now,
        request.actor,
        detail,
    )
    await journal.note(connection, entry)
    months = await dropping.drop_empty_months(connection, before)
    empty = None if months is None else tuple(months)
    return Dropped(before, found.manifest, going, found.staying, files, empty)


@dataclass(frozen=True, slots=True)
class _Archive:
    """A sound archive: the digest of its manifest, until when it reaches, and its files."""

    manifest: str
    until: datetime
    files: list[Entry]
    before: datetime
    """Before which month facts are to go."""


async def _archive(connection: AsyncConnection, request: Request) -> _Archive:
    """The archive of a request; ConflictError when facts may not go by it, or went already."""
    key, folder = request.agreement, request.folder
    try:
        told, manifest = manifest_of(folder)
        wrong = problems(folder)
    except ArchiveError as error:
        raise ConflictError(str(error)) from error
    if wrong:
        raise ConflictError("\n".join(wrong))
    if told["agreement"] != key:
        msg = f"{folder} is an archive of {told['agreement']}, not of {key} → name its own"
        raise ConflictError(msg)
    until = datetime.fromisoformat(f"{told['before']}-01").replace(tzinfo=UTC)
    before = request.before or until
    if before > until:
        msg = (
            f"{folder} holds facts before {told['before']}, and not all before {before:%Y-%m} → "
            f"`covenant archive write {key} --before {before:%Y-%m}`"
        )
        raise ConflictError(msg)
    for each in await drops(connection, key):
        if each["manifest"] == manifest and each["before_at"] >= before:
            msg = (
                f"facts of {key} before {each['before_at']:%Y-%m} were taken out already, by "
                f"{each['actor']} at {each['at']:%Y-%m-%d %H:%M} UTC; nothing to do"
            )
            raise ConflictError(msg)
    return _Archive(manifest, until, told["files"], before)


async def _must_be_possible(
    connection: AsyncConnection, key: str, before: datetime, now: datetime
) -> None:
    """ConflictError while facts before the instant may still be read, with the month that may go."""
    if await restating.late_since(connection, key) is not None:
        msg = (
            f"facts of {key} came late and are not looked at yet → let a worker run, and try again"
        )
        raise ConflictError(msg)
    needs = await needs_of(connection, key, now)
    if needs and needs[0].since < before:
        raise ConflictError(still_needed(key, before, needs[0]))


def still_needed(key: str, before: datetime, need: Need) -> str:
    """Why facts before an instant may not go, and which may."""
    if need.since == EVER:
        return f"no facts of {key} may go: {need.why} (still-needed) → keep them for now"
    return (
        f"facts of {key} before {before:%Y-%m} may not go: those from "
        f"{need.since:%Y-%m-%d %H:%M} UTC on are needed, for {need.why} (still-needed) → "
        f"drop those before {need.since:%Y-%m}, or wait"
    )


async def _must_be_the_same(
    connection: AsyncConnection,
    request: Request,
    archive: _Archive,
    watch: Watch,
) -> None:
    """Compare record and archive line by line: what either has, the other has, byte for byte."""
    done = 0
    for kind in FactKind:
        told = {
            unseen: lines(request.folder, archive.files, kind, unseen=unseen)
            for unseen in (False, True)
        }
        async for each in revisions(connection, request.agreement, kind, archive.until):
            line = next(told[each.unseen], None)
            if line != line_of(each.fact).encode():
                raise ConflictError(_other(request, archive.until, kind, each.fact.id))
            done += 1
            if done % TOLD_EVERY == 0:
                watch(done)
        for rest in told.values():
            if next(rest, None) is not None:
                raise ConflictError(_other(request, archive.until, kind, None))


def _other(request: Request, until: datetime, kind: FactKind, name: str | None) -> str:
    """Where an archive and the record part."""
    where = f"at {kind} {name}" if name else f"behind the last {kind} of the record"
    return (
        f"{request.folder} is not what the record holds now, {where} (archive-differs) → write "
        f"another: `covenant archive write {request.agreement} --before {until:%Y-%m} --to …`"
    )
