"""Files of facts as a live agreement takes them: checked, counted row by row, kept byte for byte."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.changing import party_of
from domain.events import Event
from domain.facts import FactKind
from domain.facts.chains import Chains
from domain.facts.files import FactFile, FactFileError
from domain.facts.judging import Judge, names_in
from domain.facts.mapping import read_mapping
from domain.identifiers import effect_key
from domain.lateness import may_be_late, reaches, surely_in_time
from domain.zones import midnight, zone_named
from gateway.correcting import resolved
from gateway.lookups import must_be_contact
from gateway.requests import ConflictError, Document, InvalidError
from gateway.rows import MOST_HELD, Handed, Learnt, ReadAgainError
from incoming import Given, Source, open_source
from incoming.files import Watch, blocks, digest_of, unwatched
from store import journal, tables
from store.aliases import aliases_of, keep_aliases
from store.archived import FactsGoneError
from store.editions import Edition, all_editions, keep_document, timeline_of
from store.facts import MIXED, Intake, known_intake, take_in
from store.known import claims_of
from store.lateness import late_facts, lifetime
from store.quarantine import hold
from store.raw_files import keep_raw
from store.touching import touched_by

UNTAKEN = ("received_at",)
"""Columns that facts cannot have here: the gateway stamps their receipt."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a file is handed in: by which mapping, and whether rows with problems are set aside."""

    mapping: Document | None = None
    kind: FactKind | None = None
    sheet: str | None = None
    quarantine: bool = False
    in_order: bool = False
    watch: Watch = unwatched

    def given(self) -> Given:
        """What it says about the reading; InvalidError for a mapping that does not hold."""
        if self.mapping is None:
            return Given(self.kind, None, self.sheet, self.quarantine)
        reading = read_mapping(self.mapping.raw, self.mapping.name)
        if reading.value is None:
            raise InvalidError(reading.problems)
        return Given(self.kind, reading.value, self.sheet, self.quarantine)

    def identity(self, digest: str) -> str:
        """The digest of a file and of how it is read; that of the file if nothing is said."""
        if (self.mapping, self.kind, self.sheet) == (None, None, None):
            return digest
        said = [digest, self.mapping and self.mapping.raw.decode(), self.kind, self.sheet]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


AS_IT_IS = Way()


def open_handed_in(
    source: Source, zone: ZoneInfo, given: Given | None = None, watch: Watch = unwatched
) -> FactFile:
    """Begin to read what was handed in; FactFileError when it cannot be read at all."""
    return open_source(source, zone, given or Given(), untaken=UNTAKEN, watch=watch)


async def hand_in(
    engine: AsyncEngine,
    agreement: str,
    actor: str,
    source: Source,
    way: Way,
    received_at: datetime,
) -> Intake:
    """Take in a file in one transaction; InvalidError when it is refused."""
    given = way.given()
    learnt = Learnt()
    try:
        digest = digest_of(source)[0]
        while True:
            try:
                async with engine.begin() as connection:
                    return await _take_in(
                        connection,
                        agreement,
                        actor,
                        source,
                        (way, given, digest),
                        received_at,
                        learnt,
                    )
            except ReadAgainError as again:
                learnt = again.learnt
            except FactsGoneError as gone:
                over = {hash(each): gone.before for each in gone.ids}
                learnt = replace(learnt, over={**learnt.over, **over}, tellings=None)
    except FactFileError as error:
        raise InvalidError(error.problems, error.more) from error


async def _take_in(
    connection: AsyncConnection,
    agreement: str,
    actor: str,
    source: Source,
    handed: tuple[Way, Given, str],
    received_at: datetime,
    learnt: Learnt,
) -> Intake:
    way, given, digest = handed
    terms = await must_be_contact(connection, agreement, actor, received_at)
    identity = way.identity(digest)
    if (known := await known_intake(connection, agreement, identity)) is not None:
        return known
    mapped: str | None = None
    if way.mapping is not None:
        mapped = await keep_document(connection, way.mapping.name, way.mapping.raw)
    await keep_raw(connection, digest, blocks(source))
    adopted = await all_editions(connection, agreement)
    judge = await _judge(connection, agreement, adopted, actor, received_at, way)
    file = open_handed_in(source, zone_named(terms.zone), given, way.watch)
    aliases = await aliases_of(connection, agreement)
    chains = Chains(aliases)
    if learnt.tellings is not None:
        chains = await resolved(connection, agreement, learnt.tellings, aliases)
    reading = Handed(file, judge, mapped, learnt, chains)
    further = {"raw": digest, "mapping": mapped}
    intake = await take_in(
        connection,
        agreement,
        source.name,
        identity,
        file.kind,
        reading.facts(),
        actor,
        received_at,
        lambda read: {**reading.account(read), **further},
    )
    if intake.again:
        return intake
    await _must_be_in_time(connection, agreement, adopted, identity, received_at, learnt)
    await hold(connection, agreement, identity, reading.held, actor, received_at)
    await keep_aliases(connection, agreement, chains.new(aliases), identity, received_at)
    if digest_of(source)[0] != digest:
        msg = f"{source.name} was changed while it was read; nothing was taken, hand it in again"
        raise ConflictError(msg)
    await journal.note(
        connection, _entry(agreement, actor, source.name, identity, file, intake, received_at)
    )
    return intake


def _entry(
    agreement: str,
    actor: str,
    name: str,
    identity: str,
    file: FactFile,
    intake: Intake,
    at: datetime,
) -> journal.Entry:
    counts: Mapping[str, Any] = {
        name: getattr(intake, name)
        for name in (
            "read",
            "accepted",
            "repeated",
            "rows",
            "passed",
            "quarantined",
            "rejected",
            "unread",
        )
    }
    return journal.Entry(
        effect_key(agreement, Event.FACTS_RECEIVED, identity),
        agreement,
        Event.FACTS_RECEIVED,
        name,
        at,
        at,
        actor,
        {**counts, "kind": file.kind or MIXED, "digest": identity},
    )


async def _judge(
    connection: AsyncConnection,
    agreement: str,
    adopted: Sequence[Edition],
    actor: str,
    received_at: datetime,
    way: Way,
) -> Judge:
    editions = [each.terms for each in adopted]
    query = select(tables.agreement.c.ends_at).where(tables.agreement.c.id == agreement)
    ends_at = (await connection.execute(query)).scalar_one()
    first = editions[0]
    starts_at = midnight(first.term.starts_on, zone_named(first.zone))
    names = names_in(editions)
    return Judge(
        received_at,
        starts_at,
        ends_at,
        names,
        party_of(actor),
        await claims_of(connection, agreement),
        way.in_order,
        sets_aside=way.quarantine,
    )


async def _must_be_in_time(
    connection: AsyncConnection,
    agreement: str,
    adopted: Sequence[Edition],
    digest: str,
    received_at: datetime,
    learnt: Learnt,
) -> None:
    """Have the file read again if it brought facts that can have no effect any more."""
    life = await lifetime(connection, agreement)
    if life is None:
        return
    line = timeline_of(adopted)
    since = surely_in_time(line, life, received_at)
    if since is None:
        return
    touched = await touched_by(connection, agreement, digest)
    if not any(each.start < since for each in touched):
        return
    reached = reaches(line, life, received_at)
    if not may_be_late(touched, reached, since):
        return
    between = min(each.start for each in touched), since
    found = await late_facts(connection, agreement, digest, reached, between, MOST_HELD + 1)
    if found:
        late_ids = {hash((each.kind, each.id)): each.until for each in found}
        raise ReadAgainError(replace(learnt, late={**learnt.late, **late_ids}, tellings=None))
