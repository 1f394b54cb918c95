"""Files of facts as a live agreement takes them: checked, counted row by row, kept byte for byte."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.events import Event
from domain.facts import Fact, FactKind
from domain.facts.columns import RECEIPT
from domain.facts.fates import Fates
from domain.facts.files import FactFile, FactFileError, Told
from domain.facts.formats import Rejected
from domain.facts.judging import Judge, names_in
from domain.facts.mapping import read_mapping
from domain.facts.rules import LONGEST_CELL, MOST_ROWS, FactRule, Wrong
from domain.identifiers import effect_key
from domain.terms.problems import clipped
from domain.zones import midnight, zone_named
from gateway.lookups import must_be_contact
from gateway.requests import ConflictError, Document, InvalidError
from incoming import Given, Source, open_source
from incoming.doubtful import Doubts, hashed
from incoming.files import Watch, blocks, digest_of, unwatched
from store import journal, tables
from store.editions import all_editions, keep_document
from store.facts import MIXED, Intake, known_intake, take_in
from store.quarantine import Fate, Held, hold
from store.raw_files import keep_raw

UNTAKEN = tuple(column.name for column in RECEIPT)
"""Columns that facts cannot have here: the gateway stamps their receipt."""

MOST_HELD = 50_000
"""So many rows of one file may be set aside."""


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


class ReadAgainError(Exception):
    """Some ids may be told of twice, with other content: they are compared in another reading."""

    def __init__(self, ids: frozenset[int]) -> None:
        """Keep their hashes."""
        super().__init__(f"{len(ids)} ids are doubtful")
        self.ids = ids


class Handed:
    """The facts of a file on their way in, and what becomes of each row."""

    def __init__(
        self, file: FactFile, judge: Judge | None, mapping: str | None, ids: frozenset[int] | None
    ) -> None:
        """With a judge, rows with problems are set aside; `ids` are doubtful since a first reading."""
        self.fates = Fates()
        self.held: list[Held] = []
        self._file, self._judge, self._mapping = file, judge, mapping
        self._ids = ids
        self._doubts = Doubts()
        self._first: dict[tuple[FactKind, str], tuple[Fact, int]] = {}

    def facts(self) -> Iterator[Fact]:
        """The facts to take in; FactFileError at the end when the file is refused."""
        problems = self._file.problems
        for told in self._file.told:
            if problems.rejected:
                self._reject()
            wrong = told.wrong or self._wrong(told)
            if wrong:
                self._set_aside(told, wrong)
            else:
                self.fates.count(told, held=False)
                if not problems.told:
                    for _, fact in told.facts:
                        yield fact
            if self.fates.rows > MOST_ROWS:
                message, remedy = f"there are more than {MOST_ROWS:,} rows", "divide the file"
                self._refuse(told.line, FactRule.TOO_MANY_ROWS, message, remedy)
        self._reject()
        if problems.found():
            problems.refuse()
        doubtful = self._doubts.doubtful()
        if doubtful:
            raise ReadAgainError(doubtful)

    def _set_aside(self, told: Told, wrong: Sequence[Wrong]) -> None:
        """Hold a row, or let it refuse the file."""
        self.fates.count(told, held=True)
        for each in () if self._judge is not None else wrong:
            self._file.problems.add(told.line, told.columns.get(each.column, 1), each)
        if self._judge is not None:
            self._hold(told, wrong)

    def account(self, read: int) -> dict[str, int]:
        """What became of the rows, of which every one has been counted."""
        self.fates.check()
        if self._mapping is None and read != self.fates.accepted:
            msg = f"{read} facts came of {self.fates.accepted} rows"
            raise AssertionError(msg)
        counts = asdict(self.fates)
        return {name: counts[name] for name in ("rows", "passed", "quarantined", "rejected")}

    def _wrong(self, told: Told) -> list[Wrong]:
        """What is wrong with facts that are well written."""
        wrong: list[Wrong] = []
        for kind, fact in told.facts:
            name = hashed((kind, fact.id))
            if self._ids is None:
                self._doubts.add(name, hashed(tuple(told.row)))
            elif name in self._ids:
                first, line = self._first.setdefault((kind, fact.id), (fact, told.line))
                if first != fact:
                    wrong.append(_told_twice(fact, line))
            if self._judge is not None:
                wrong += self._judge.judge(kind, fact)
        return wrong

    def _hold(self, told: Told, wrong: Sequence[Wrong]) -> None:
        problems = [_problem(each, told.columns.get(each.column, 1)) for each in wrong]
        self._keep(
            Held(
                Fate.QUARANTINED,
                told.line,
                told.kind,
                self._mapping,
                told.rule,
                problems,
                told.cells(),
            )
        )

    def _reject(self) -> None:
        for each in self._file.problems.rejected:
            self.fates.reject()
            self._keep(self._rejected(each))
        self._file.problems.rejected.clear()

    def _rejected(self, each: Rejected) -> Held:
        # With a mapping, what stands there may hold columns that are to be dropped.
        cells = {} if self._mapping is not None else {"": each.text[:LONGEST_CELL]}
        problems = [_problem(each.wrong, each.number)]
        return Held(Fate.REJECTED, each.line, None, self._mapping, None, problems, cells)

    def _keep(self, row: Held) -> None:
        if len(self.held) == MOST_HELD:
            message = f"more than {MOST_HELD:,} rows would be set aside"
            remedy = "look at the first problems: most rows of the file may have the same one"
            self._refuse(row.line, FactRule.TOO_MANY_ROWS, message, remedy)
        self.held.append(row)

    def _refuse(self, line: int, rule: FactRule, message: str, remedy: str) -> None:
        self._file.problems.add(line, 1, Wrong("", rule, message, remedy))
        self._file.problems.refuse()


def _told_twice(fact: Fact, line: int) -> Wrong:
    return Wrong(
        "id",
        FactRule.DUPLICATE_ID,
        f"'{clipped(fact.id)}' is on line {line} too, with other content",
        "keep the right one; what was right in turn comes in one file after the other",
    )


def _problem(wrong: Wrong, number: int) -> dict[str, Any]:
    return {
        "column": wrong.column,
        "number": number,
        "rule": wrong.rule,
        "message": wrong.message,
        "remedy": wrong.remedy,
    }


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
    doubtful: frozenset[int] | None = None
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
                        doubtful,
                    )
            except ReadAgainError as again:
                doubtful = again.ids
    except FactFileError as error:
        raise InvalidError(error.problems, error.more) from error


async def _take_in(
    connection: AsyncConnection,
    agreement: str,
    actor: str,
    source: Source,
    handed: tuple[Way, Given, str],
    received_at: datetime,
    doubtful: frozenset[int] | None,
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
    judge = await _judge(connection, agreement, received_at, way) if way.quarantine else None
    file = open_handed_in(source, zone_named(terms.zone), given, way.watch)
    reading = Handed(file, judge, mapped, doubtful)
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
    await hold(connection, agreement, identity, reading.held, actor, received_at)
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
        for name in ("read", "accepted", "repeated", "rows", "passed", "quarantined", "rejected")
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
    connection: AsyncConnection, agreement: str, received_at: datetime, way: Way
) -> Judge:
    editions = [each.terms for each in await all_editions(connection, agreement)]
    query = select(tables.agreement.c.ends_at).where(tables.agreement.c.id == agreement)
    ends_at = (await connection.execute(query)).scalar_one()
    first = editions[0]
    starts_at = midnight(first.term.starts_on, zone_named(first.zone))
    return Judge(received_at, starts_at, ends_at, names_in(editions), way.in_order)
