"""Rows that were set aside, and what a person decides: release, correct or discard them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.changing import party_of
from domain.events import Event
from domain.facts import Fact, FactKind, ReliefFact
from domain.facts.book import SHELVES
from domain.facts.chains import Name, Telling
from domain.facts.columns import KNOWN
from domain.facts.files import FactFileError, How, open_rows
from domain.facts.formats import Problems
from domain.facts.ids import FactIds
from domain.facts.judging import archived, others
from domain.facts.mapping import Mapping as FactMapping
from domain.facts.mapping import read_mapping
from domain.facts.rules import OF_JUDGEMENT
from domain.identifiers import effect_key
from domain.zones import zone_named
from gateway.correcting import resolved
from gateway.handing_in import UNTAKEN
from gateway.lookups import must_be_contact
from gateway.requests import ConflictError, InvalidError, NotFoundError
from store import journal
from store.aliases import aliases_of, keep_aliases
from store.archived import FactsGoneError
from store.editions import read_document
from store.facts import take_in
from store.known import claims_of
from store.quarantine import Choice, Fate, decide, find_held

EVENTS = {
    Choice.RELEASED: Event.FACTS_RELEASED,
    Choice.CORRECTED: Event.FACTS_CORRECTED,
    Choice.DISCARDED: Event.FACTS_DISCARDED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody makes of some rows, and why; `cells` are those that are corrected."""

    choice: Choice
    numbers: tuple[int, ...]
    note: str
    cells: Mapping[str, str] = field(default_factory=dict)


async def decide_rows(
    connection: AsyncConnection, agreement: str, actor: str, decision: Decision, at: datetime
) -> list[int]:
    """Decide rows in the caller's transaction; how many facts each of them was."""
    terms = await must_be_contact(connection, agreement, actor, at)
    if not decision.note.strip():
        msg = 'a decision about held rows needs a reason: add --note "…"'
        raise ConflictError(msg)
    return [
        await _decide(connection, agreement, actor, decision, number, terms.zone, at)
        for number in dict.fromkeys(decision.numbers)
    ]


async def _decide(
    connection: AsyncConnection,
    agreement: str,
    actor: str,
    decision: Decision,
    number: int,
    zone: str,
    at: datetime,
) -> int:
    row = await find_held(connection, agreement, number)
    if row is None:
        msg = f"no row {number} is held of {agreement}; see `covenant facts held {agreement}`"
        raise NotFoundError(msg)
    _must_be_possible(row, decision)
    decided = await decide(
        connection,
        number,
        decision.choice,
        decision.cells,
        note=decision.note,
        actor=actor,
        decided_at=at,
    )
    if not decided:
        await _refuse_second(connection, agreement, number)
    taken = 0
    if decision.choice != Choice.DISCARDED:
        taken = await _take(connection, agreement, actor, decision, row, zone, at)
    event = EVENTS[decision.choice]
    entry = journal.Entry(
        effect_key(agreement, event, str(number)),
        agreement,
        event,
        f"{row.file}:{row.line}",
        at,
        at,
        actor,
        {
            "row": number,
            "note": decision.note,
            "rules": [each["rule"] for each in row.problems],
            "set": dict(decision.cells),
            "facts": taken,
        },
    )
    await journal.note(connection, entry)
    return taken


async def _refuse_second(connection: AsyncConnection, agreement: str, number: int) -> None:
    """Somebody was quicker, in a transaction that ended while this one waited."""
    row = await find_held(connection, agreement, number)
    raise ConflictError(_decided(row))


def _decided(row: Any) -> str:  # noqa: ANN401 - a row of the view
    return (
        f"row {row.number} was already {row.choice} by {row.decided_by} "
        f"at {row.decided_at:%Y-%m-%d %H:%M} UTC; a decision is never changed"
    )


def _must_be_possible(row: Any, decision: Decision) -> None:  # noqa: ANN401 - a row of the view
    if row.choice is not None:
        raise ConflictError(_decided(row))
    if decision.choice == Choice.DISCARDED:
        return
    if row.fate == Fate.REJECTED:
        msg = (
            f"row {row.number} holds no record; possible: hand in the mended row in a file of its "
            "own, or discard it"
        )
        raise ConflictError(msg)
    broken = [each["rule"] for each in row.problems if each["rule"] not in OF_JUDGEMENT]
    if decision.choice == Choice.RELEASED and broken:
        msg = (
            f"row {row.number} cannot be taken in as it is ({', '.join(broken)}); possible: "
            "`covenant facts correct`, or `covenant facts discard`"
        )
        raise ConflictError(msg)


async def _take(
    connection: AsyncConnection,
    agreement: str,
    actor: str,
    decision: Decision,
    row: Any,  # noqa: ANN401 - a row of the view
    zone: str,
    at: datetime,
) -> int:
    """Take in the facts of a row as it is, or as it was corrected; InvalidError for bad cells."""
    mapping = await _mapping(connection, row)
    _must_be_columns(row, decision, mapping)
    cells = {**row.cells, **decision.cells}
    if mapping is None:
        cells = {name: text for name, text in cells.items() if text}
    facts = _facts(row, cells, mapping, zone)
    claims = await claims_of(connection, agreement)
    for relief in (each for each in facts if isinstance(each, ReliefFact)):
        for wrong in others(relief, party_of(actor), claims):
            msg = f"row {row.number}: {wrong.message} ({wrong.rule}) → {wrong.remedy}"
            raise ConflictError(msg)
    aliases = await aliases_of(connection, agreement)
    chains = await resolved(connection, agreement, _tellings(facts, aliases, row.line), aliases)
    for wrong in chains.wrong.values():
        number = (row.places or {}).get(wrong.column, 1)
        problems = Problems(row.file)
        problems.add(row.line, number, wrong)
        raise InvalidError(tuple(problems.told))
    said = json.dumps([row.number, decision.choice, cells], sort_keys=True)
    digest = hashlib.sha256(f"held/{agreement}/{said}".encode()).hexdigest()
    name = f"{row.file}:{row.line}"
    kind = FactKind(row.kind) if row.kind else None
    named = ((SHELVES[type(fact)].kind, fact) for fact in facts)
    kept = [chains.kept(of, fact) for of, fact in named if (of, fact.id) not in chains.passed]
    try:
        intake = await take_in(
            connection, agreement, name, digest, kind, kept, actor, at, lambda _: {"rows": 1}
        )
    except FactsGoneError as error:
        wrong = archived(*min(error.ids), error.before)
        msg = (
            f"row {row.number}: {wrong.message} ({wrong.rule}); possible: `covenant facts discard`"
        )
        raise ConflictError(msg) from error
    await keep_aliases(connection, agreement, chains.new(aliases), digest, at)
    return intake.read


def _tellings(facts: Iterable[Fact], aliases: Mapping[Name, str], line: int) -> list[Telling]:
    """What a row tells of facts that it corrects, or that were corrected."""
    named = (((SHELVES[type(fact)].kind, fact.id), fact) for fact in facts)
    return [
        Telling(kind, fact, line)
        for (kind, name), fact in named
        if fact.corrects is not None or (kind, name) in aliases
    ]


def _must_be_columns(
    row: Any,  # noqa: ANN401 - a row of the view
    decision: Decision,
    mapping: FactMapping | None,
) -> None:
    """What is corrected has to be a cell of the row or a column of its kind, else it was mistyped."""
    columns = set(row.cells)
    if mapping is None and row.kind:
        columns |= KNOWN[FactKind(row.kind)] - set(UNTAKEN)
    if unknown := sorted(set(decision.cells) - columns - set(UNTAKEN)):
        msg = (
            f"row {row.number} has no column {', '.join(unknown)}; "
            f"there are {', '.join(sorted(columns))}"
        )
        raise ConflictError(msg)


async def _mapping(connection: AsyncConnection, row: Any) -> FactMapping | None:  # noqa: ANN401
    """What of its mapping the row was held by."""
    if row.mapping is None:
        return None
    reading = read_mapping(await read_document(connection, row.mapping), row.mapping)
    mapping = reading.value
    assert mapping is not None  # noqa: S101 - it was sound when the file was handed in
    if row.mapped_by is None:
        facts = tuple(each for each in mapping.facts if each.rows == "each")
    else:
        facts = (mapping.facts[row.mapped_by].model_copy(update={"rows": "each"}),)
    return mapping.model_copy(update={"facts": facts})


def _facts(
    row: Any,  # noqa: ANN401 - a row of the view
    cells: Mapping[str, str],
    mapping: FactMapping | None,
    zone: str,
) -> list[Fact]:
    """Read the cells of a row as a file of its own, and tell of it as of the file it came in."""
    problems = Problems(row.file)
    kind = FactKind(row.kind) if row.kind else None
    # What it corrects is looked for in the record, not in the row alone.
    how = How(row.file, zone_named(zone), problems, kind, FactIds(), UNTAKEN, mapping)
    places: dict[str, int] = row.places or {}
    header = list(cells) if mapping is None else _as_in_file(cells, places)
    rows = iter([(row.line, header), (row.line, [cells.get(name, "") for name in header])])
    try:
        return list(open_rows(rows, how).facts)
    except FactFileError as error:
        told = (
            replace(
                each,
                line=row.line,
                column=each.column if mapping is not None else places.get(each.path, 1),
            )
            for each in error.problems
        )
        raise InvalidError(tuple(told), error.more) from error


def _as_in_file(cells: Mapping[str, str], places: Mapping[str, int]) -> list[str]:
    """The columns that a mapping reads, each with its number in the file; the others are blank."""
    if not places:
        return list(cells)
    header = [""] * max(places.values())
    for name, number in places.items():
        header[number - 1] = name
    return header
