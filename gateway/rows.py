"""The rows of a file on their way in: which are taken, set aside or refused, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from domain.facts import Fact, FactKind
from domain.facts.chains import Chains, Name, Telling
from domain.facts.fates import Fates
from domain.facts.files import FactFile, Told
from domain.facts.formats import Rejected
from domain.facts.judging import Judge, archived, late
from domain.facts.rules import LONGEST_CELL, MOST_ROWS, OF_JUDGEMENT, FactRule, Wrong
from domain.terms.problems import clipped
from incoming.doubtful import Doubts
from store.quarantine import Fate, Held

MOST_HELD = 50_000
"""So many rows of one file may be set aside."""


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
            wrong = _numbered(told) if told.wrong else self._wrong(told)
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
            name = kind, fact.id
            wrong = self._judge.judge(kind, fact)
            if self._learnt.doubtful is None:
                self._doubts.add(name, tuple(told.row))
            elif hash(name) in self._learnt.doubtful:
                first, line = self._first.setdefault(name, (fact, told.line))
                if first != fact:
                    wrong.insert(0, _told_twice(fact, line))
            if self._looks_back:
                wrong += self._seen_before(kind, fact)
            if wrong:
                found += ((told.number_of(kind, each.column), each) for each in wrong)
            elif fact.corrects is not None or name in self._watched:
                self._tellings.append(Telling(kind, fact, told.line))
        return found

    def _seen_before(self, kind: FactKind, fact: Fact) -> Iterator[Wrong]:
        """What earlier readings have shown to be wrong with a fact."""
        if (broken := self._chains.wrong.get((kind, fact.id))) is not None:
            yield broken
        name = hash((kind, self._chains.kept(kind, fact).id))
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
