"""Corrections on their way into a record that knows each fact by its first id.

Offline the versions of a fact stand beside each other; a record keeps them as revisions. What a
file tells of one fact is received together, so of its versions the last one counts.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from domain.facts import Fact, FactKind, TicketEvent
from domain.facts.rules import FactRule, Wrong
from domain.facts.versions import Claim, Step, Versions, told
from domain.terms.problems import clipped

Name: TypeAlias = tuple[FactKind, str]
"""The kind and the id of a fact, or of a correction of one."""


class Telling(NamedTuple):
    """What a row of a file tells of a fact that is corrected, or that corrects another."""

    kind: FactKind
    fact: Fact
    line: int

    @property
    def name(self) -> Name:
        """Its kind and id."""
        return self.kind, self.fact.id


@dataclass(frozen=True, slots=True)
class Chains:
    """What becomes of the tellings of a file.

    `names` says under which id a fact is kept that is told of under another. Those that are
    `passed` are corrected by the same file, or were known before; what is `wrong` cannot stand.
    """

    names: Mapping[Name, str] = field(default_factory=dict)
    passed: frozenset[Name] = frozenset()
    wrong: Mapping[Name, Wrong] = field(default_factory=dict)

    def new(self, known: Mapping[Name, str]) -> dict[Name, str]:
        """The names that nobody knew before."""
        return {name: fact for name, fact in self.names.items() if name not in known}

    def kept(self, kind: FactKind, fact: Fact) -> Fact:
        """The fact as it is kept; what befell a ticket befell it under its first id."""
        if not self.names:
            return fact
        if isinstance(fact, TicketEvent):
            ticket = self.names.get((FactKind.TICKET, fact.ticket))
            fact = fact if ticket is None else replace(fact, ticket=ticket)
        name = self.names.get((kind, fact.id))
        return fact if name is None else replace(fact, id=name, corrects=None)


EARLIER, NOW = datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)
"""What is known was received before what is told; when exactly plays no part."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the record knows: ids of facts, ids of corrections, and revisions of corrected facts."""

    facts: Collection[Name] = ()
    aliases: Mapping[Name, str] = field(default_factory=dict)
    revisions: Mapping[Name, Collection[Fact]] = field(default_factory=dict)


def chained(tellings: Iterable[Telling], known: Known) -> Chains:
    """What becomes of the tellings of one file."""
    by_kind: dict[FactKind, list[Telling]] = {}
    for each in tellings:
        by_kind.setdefault(each.kind, []).append(each)
    work = _Work(known, dict(known.aliases))
    for kind, several in by_kind.items():
        work.add(kind, several)
    return Chains(work.names, frozenset(work.passed), work.wrong)


IN_TURN = (
    "keep the right one, let the later correct the earlier, or hand them in one after the other"
)
"""Nobody else says when something was received here."""


@dataclass(slots=True)
class _Work:
    known: Known
    names: dict[Name, str]
    passed: set[Name] = field(default_factory=set)
    wrong: dict[Name, Wrong] = field(default_factory=dict)

    def add(self, kind: FactKind, told_of: list[Telling]) -> None:
        """Add the tellings of one kind; what is told again, word for word, says nothing new."""
        again = [each for each in told_of if self._is_known(each)]
        self.passed |= {each.name for each in again}
        several = [each for each in told_of if each not in again]
        versions = self._versions(kind, several)
        for misfit in versions.misfits():
            if misfit.rule != FactRule.DUPLICATE_ID:  # of which the intake tells by itself
                line = None if misfit.other is None else misfit.other.place
                where = "by an earlier file" if line is None else f"on line {line}"
                wrong = told(kind, misfit, where)
                if misfit.rule == FactRule.AMBIGUOUS_CORRECTION:
                    wrong = replace(wrong, remedy=IN_TURN)
                self.wrong.setdefault((kind, misfit.claim.id), wrong)
        for each in several:
            if each.fact.corrects is not None and each.name in self.known.facts:
                self.wrong.setdefault(each.name, _of_its_own(each.fact.id))
        steps = versions.steps()
        sound = [each for each in several if each.name not in self.wrong]
        deepest: dict[str, int] = {}
        for each in sound:
            first, depth = steps.get(each.fact.id, Step(each.fact.id, 0))
            deepest[first] = max(depth, deepest.get(first, depth))
        for each in sound:
            first, depth = steps.get(each.fact.id, Step(each.fact.id, 0))
            if first != each.fact.id:
                self.names[each.name] = first
            if depth < deepest[first]:
                self.passed.add(each.name)

    def _versions(self, kind: FactKind, several: list[Telling]) -> Versions[int | None]:
        """What is known and what is told, as versions of facts."""
        versions: Versions[int | None] = Versions()
        for of, name in self.known.facts:
            if of == kind:
                versions.add(Claim(name, None, EARLIER, None, None))
        for (of, name), fact in self.known.aliases.items():
            if of == kind:
                versions.add(Claim(name, fact, EARLIER, None, None))
        for each in several:
            corrects = each.fact.corrects or self.known.aliases.get(each.name)
            versions.add(Claim(each.fact.id, corrects, NOW, each.line, each.line))
        return versions

    def _is_known(self, each: Telling) -> bool:
        """Whether the very same was told before under this id, whatever has corrected it since."""
        first = self.known.aliases.get(each.name, each.fact.id)
        said = replace(each.fact, id=first, corrects=None)
        return said in self.known.revisions.get((each.kind, first), ())


def _of_its_own(name: str) -> Wrong:
    return Wrong(
        "corrects",
        FactRule.AMBIGUOUS_CORRECTION,
        f"'{clipped(name)}' is known already as a fact of its own",
        "give the correction an id of its own, or correct the fact under its own id",
    )
