"""Files of facts as a live agreement takes them: checked, counted row by row, kept byte for byte."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.changing import party_of
from domain.events import Event
from domain.facts import Fact, FactKind
from domain.facts.chains import Chains, Name, Telling
from domain.facts.fates import Fates
from domain.facts.files import FactFile, FactFileError, Told
from domain.facts.formats import Rejected
from domain.facts.judging import COLUMN, Judge, late, names_in
from domain.facts.mapping import read_mapping
from domain.facts.rules import LONGEST_CELL, MOST_ROWS, OF_JUDGEMENT, FactRule, Wrong
from domain.identifiers import effect_key
from domain.lateness import may_be_late, reaches, surely_in_time
from domain.terms.problems import clipped
from domain.zones import midnight, zone_named
from gateway.correcting import resolved
from gateway.lookups import must_be_contact
from gateway.requests import ConflictError, Document, InvalidError
from incoming import Given, Source, open_source
from incoming.doubtful import Doubts, hashed
from incoming.files import Watch, blocks, digest_of, unwatched
from store import journal, tables
from store.aliases import aliases_of, keep_aliases
from store.archived import FactsGoneError
from store.editions import Edition, all_editions, keep_document, timeline_of
from store.facts import MIXED, Intake, known_intake, take_in
from store.known import claims_of
from store.lateness import late_facts, lifetime
from store.quarantine import Fate, Held, hold
from store.raw_files import keep_raw
from store.touching import touched_by

UNTAKEN = ("received_at",)
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


@dataclass(frozen=True, slots=True)
class Learnt:
    """What earlier readings of the same file have shown, by the hashes of kind and id.

    Of `doubtful` ids two rows may say different things; None before anybody has looked. What is
    `late` could be restated until the instant that it has here. What is `over` would lie in months
    that are gone before the instant that it has here, or change what went with them. `corrected` are
    the names of facts of which the file tells corrections, `tellings` all that it tells of these.
    """

    doubtful: frozenset[int] | None = None
    late: Mapping[int, datetime] = field(default_factory=dict)
    over: Mapping[int, datetime] = field(default_factory=dict)
    corrected: frozenset[Name] = frozenset()
    tellings: tuple[Telling, ...] | None = None


class ReadAgainError(Exception):
    """Something is known now that asks for another reading."""

    def __init__(self, learnt: Learnt) -> None:
        """Keep it for the next reading."""
        super().__init__("the file is read again")
        self.learnt = learnt


Numbered: TypeAlias = tuple[int, Wrong]
"""What is wrong with a row, and the number of the column in which it is."""


def _numbered(told: Told) -> list[Numbered]:
    return [(told.columns.get(each.column, 1), each) for each in told.wrong]


class Handed:
    """The facts of a file on their way in, and what becomes of each row."""

    def __init__(
        self, file: FactFile, judge: Judge, mapping: str | None, learnt: Learnt, chains: Chains
    ) -> None:
        """A judge that sets rows aside has those with problems held; else they refuse the file."""
        self.fates = Fates()
        self.held: list[Held] = []
        self._file, self._judge, self._mapping = file, judge, mapping
        self._learnt, self._chains = learnt, chains
        facts = ((kind, of) for (kind, _), of in chains.names.items())
        self._watched = {*learnt.corrected, *chains.names, *facts}
        self._looks_back = bool(chains.names or chains.wrong or learnt.late or learnt.over)
        self._tellings: list[Telling] = []
        self._doubts = Doubts()
        self._first: dict[tuple[FactKind, str], tuple[Fact, int]] = {}

    def facts(self) -> Iterator[Fact]:
        """The facts to take in; FactFileError at the end when the file is refused."""
        problems = self._file.problems
        for told in self._file.told:
            if problems.rejected:
                self._reject()
            wrong = _numbered(told) or self._wrong(told)
            if wrong:
                self._set_aside(told, wrong)
            else:
                counted = self._without_passed(told)
                self.fates.count(counted, held=False)
                if not problems.told:
                    for kind, fact in counted.facts:
                        yield self._chains.kept(kind, fact)
            if self.fates.rows > MOST_ROWS:
                message, remedy = f"there are more than {MOST_ROWS:,} rows", "divide the file"
                self._refuse(told.line, FactRule.TOO_MANY_ROWS, message, remedy)
        self._reject()
        if problems.found():
            problems.refuse()
        doubtful = self._doubts.doubtful()
        if doubtful:
            raise ReadAgainError(replace(self._learnt, doubtful=doubtful, tellings=None))
        if self._tellings and self._learnt.tellings is None:
            corrected = {(each.kind, each.fact.corrects or each.fact.id) for each in self._tellings}
            unseen = corrected - self._watched
            tellings = None if unseen else tuple(self._tellings)
            corrected |= self._learnt.corrected
            raise ReadAgainError(
                replace(self._learnt, corrected=frozenset(corrected), tellings=tellings)
            )

    def _set_aside(self, told: Told, wrong: Sequence[Numbered]) -> None:
        """Hold a row, or let it refuse the file."""
        self.fates.count(told, held=True)
        if self._judge.sets_aside:
            self._hold(told, wrong)
            return
        for number, each in wrong:
            said = _or_aside(each) if each.rule in OF_JUDGEMENT else each
            self._file.problems.add(told.line, number, said)

    def account(self, read: int) -> dict[str, Any]:
        """What became of the rows, of which every one has been counted."""
        self.fates.check()
        counting = self.fates.accepted - self.fates.passed
        if self._mapping is None and read != counting:
            msg = f"{read} facts came of {counting} rows"
            raise AssertionError(msg)
        counts = asdict(self.fates)
        said = {name: counts[name] for name in ("rows", "passed", "quarantined", "rejected")}
        return {**said, "unread": dict(self._judge.unread)}

    def _wrong(self, told: Told) -> list[Numbered]:
        """What is wrong with facts that are well written."""
        found: list[Numbered] = []
        for kind, fact in told.facts:
            name = hashed((kind, fact.id))
            wrong = self._judge.judge(kind, fact)
            if self._learnt.doubtful is None:
                self._doubts.add(name, hashed(tuple(told.row)))
            elif name in self._learnt.doubtful:
                first, line = self._first.setdefault((kind, fact.id), (fact, told.line))
                if first != fact:
                    wrong.insert(0, _told_twice(fact, line))
            if self._looks_back:
                wrong += self._seen_before(kind, fact)
            if not wrong and (fact.corrects is not None or (kind, fact.id) in self._watched):
                self._tellings.append(Telling(kind, fact, told.line))
            found += ((told.number_of(kind, each.column), each) for each in wrong)
        return found

    def _seen_before(self, kind: FactKind, fact: Fact) -> Iterator[Wrong]:
        """What earlier readings have shown to be wrong with a fact."""
        if (broken := self._chains.wrong.get((kind, fact.id))) is not None:
            yield broken
        name = hashed((kind, self._chains.kept(kind, fact).id))
        if (until := self._learnt.late.get(name)) is not None:
            yield late(kind, until)
        if (gone := self._learnt.over.get(name)) is not None:
            yield archived(kind, fact.id, gone)

    def _without_passed(self, told: Told) -> Told:
        """The row without facts that the same file corrects: the correction counts in their place."""
        passed = self._chains.passed
        if not passed:
            return told
        facts = tuple(each for each in told.facts if (each[0], each[1].id) not in passed)
        return told if facts == told.facts else told._replace(facts=facts, silent=False)

    def _hold(self, told: Told, wrong: Sequence[Numbered]) -> None:
        problems = [_problem(each, number) for number, each in wrong]
        self._keep(
            Held(
                Fate.QUARANTINED,
                told.line,
                told.kind,
                self._mapping,
                told.rule,
                problems,
                told.cells(),
                told.places,
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


def archived(kind: FactKind, name: str, gone: datetime) -> Wrong:
    """What is wrong with a fact that lies in months that are gone, or changes what went with them."""
    return Wrong(
        COLUMN[kind],
        FactRule.ARCHIVED,
        f"'{clipped(name)}' lies before {gone:%Y-%m}, or changes what did or befalls it; these facts "
        "are archived and are judged no more",
        "leave it out; an assessment of the archive together with this file tells what it changes",
    )


def _or_aside(wrong: Wrong) -> Wrong:
    return replace(wrong, remedy=f"{wrong.remedy}; `--quarantine` sets such rows aside")


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
                over = {hashed(each): gone.before for each in gone.ids}
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
        late_ids = {hashed((each.kind, each.id)): each.until for each in found}
        raise ReadAgainError(replace(learnt, late={**learnt.late, **late_ids}, tellings=None))
