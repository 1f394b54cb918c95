"""Versions of one fact: what is told again under an id, and what `corrects` another fact.

Facts of one kind that are joined by an equal id or by `corrects` are versions of one fact, and the
one received last counts. Two that differ must be told apart: by `received_at`, or because one
corrects the other.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from domain.facts import FactKind
from domain.facts.rules import FactRule, Wrong
from domain.terms.problems import clipped

Place = TypeVar("Place")


class Claim(NamedTuple, Generic[Place]):
    """One telling of a fact: what it says, in a form that can be compared, and where it stands."""

    id: str
    corrects: str | None
    received_at: datetime | None
    content: Hashable
    place: Place


class Misfit(NamedTuple, Generic[Place]):
    """A claim that cannot stand, and the other one beside which it cannot."""

    rule: FactRule
    claim: Claim[Place]
    other: Claim[Place] | None = None


class Step(NamedTuple):
    """Where an id stands in a chain of corrections: its first id, and how many steps from it."""

    first: str
    depth: int


@dataclass(slots=True)
class Versions(Generic[Place]):
    """The claims about facts of one kind, in the order in which they were told."""

    firsts: dict[str, Claim[Place]] = field(default_factory=dict)
    """The first claim of each id."""

    more: list[Claim[Place]] = field(default_factory=list)
    """Further claims of an id that are not simply the first one again."""

    corrections: list[Claim[Place]] = field(default_factory=list)

    def add(self, claim: Claim[Place]) -> None:
        """Add what was told."""
        first = self.firsts.setdefault(claim.id, claim)
        if first is not claim:
            if first.content == claim.content and first.received_at == claim.received_at:
                return
            self.more.append(claim)
        if claim.corrects is not None:
            self.corrections.append(claim)

    def joined(self) -> list[Claim[Place]]:
        """Every claim that has another beside it: of the same id, or of the same chain."""
        names = {claim.id for claim in self.more}
        for claim in self.corrections:
            names |= {claim.id, claim.corrects or ""}
        return [claim for name, claim in self.firsts.items() if name in names] + self.more

    def steps(self) -> dict[str, Step]:
        """Where each id that is joined stands."""
        chained, _ = _steps({claim.id: claim.corrects or "" for claim in self.corrections})
        return {claim.id: chained.get(claim.id, Step(claim.id, 0)) for claim in self.joined()}

    def misfits(self) -> Iterator[Misfit[Place]]:
        """Every claim that cannot stand beside the others."""
        _, circular = _steps({claim.id: claim.corrects or "" for claim in self.corrections})
        named: dict[str, Claim[Place]] = {}
        for claim in self.corrections:
            earlier = named.setdefault(claim.id, claim)
            if claim.corrects not in self.firsts:
                yield Misfit(FactRule.UNKNOWN_CORRECTION, claim)
            elif claim.id in circular:
                yield Misfit(FactRule.CIRCULAR_CORRECTION, claim)
            elif earlier.corrects != claim.corrects:
                yield Misfit(FactRule.AMBIGUOUS_CORRECTION, claim, earlier)
        steps = self.steps()
        groups: dict[Step, list[Claim[Place]]] = {}
        for claim in self.joined():
            groups.setdefault(steps[claim.id], []).append(claim)
        for group in groups.values():
            yield from _alike(group)


def _steps(corrects: Mapping[str, str]) -> tuple[dict[str, Step], set[str]]:
    """The steps of the ids that correct others, and those ids that correct each other in a ring."""
    found: dict[str, Step] = {}
    circular: set[str] = set()
    for start in corrects:
        path: dict[str, None] = {}
        name = start
        while name in corrects and name not in found and name not in path:
            path[name] = None
            name = corrects[name]
        if name in path:
            ring = list(path)
            circular.update(ring[ring.index(name) :])
        first, depth = found.get(name, Step(name, 0))
        for each in reversed(path):
            depth += 1
            found[each] = Step(first, depth)
    return found, circular


def _alike(group: list[Claim[Place]]) -> Iterator[Misfit[Place]]:
    """The claims of one step that differ, and that `received_at` does not tell apart."""
    if len({(claim.id, claim.content) for claim in group}) == 1:
        return
    silent = next((claim for claim in group if claim.received_at is None), None)
    received: dict[datetime | None, Claim[Place]] = {}
    for claim in group:
        other = silent or received.setdefault(claim.received_at, claim)
        if claim.id != other.id:
            yield Misfit(FactRule.AMBIGUOUS_CORRECTION, claim, other)
        elif claim.content != other.content:
            yield Misfit(FactRule.DUPLICATE_ID, claim, other)


def told(kind: FactKind, misfit: Misfit[Place], where: str) -> Wrong:
    """A misfit in words; `where` says where the other claim is."""
    name, other = clipped(misfit.claim.id), misfit.other
    column = "corrects"
    match misfit.rule:
        case FactRule.UNKNOWN_CORRECTION:
            message = (
                f"there is no fact of kind `{kind}` with the id "
                f"'{clipped(misfit.claim.corrects or '')}'"
            )
            remedy = "write the id of the fact that this one replaces; it may be in another file"
        case FactRule.CIRCULAR_CORRECTION:
            message = f"'{name}' corrects itself, directly or through others"
            remedy = "name the earlier fact; the same id again needs only another `received_at`"
        case FactRule.AMBIGUOUS_CORRECTION if other is not None and other.id == misfit.claim.id:
            message = f"'{name}' corrects another fact {where}"
            remedy = "let one id correct one fact, and give the other correction an id of its own"
        case FactRule.AMBIGUOUS_CORRECTION:
            message = (
                f"'{name}' corrects the same fact as '{clipped(other.id if other else '')}' {where}"
            )
            remedy = "let the later correct the earlier, or give each its own `received_at`"
        case _:
            column = "id"
            message = f"'{name}' is {where} too, with other content"
            remedy = "keep the right one; if both were right in turn, give each its `received_at`"
    return Wrong(column, misfit.rule, message, remedy)
