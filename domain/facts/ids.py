"""The ids of facts over one or several files: what is told twice, and what corrects what."""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

from domain.facts import Fact, FactKind
from domain.facts.cells import NUMBERS
from domain.facts.columns import OWN
from domain.facts.formats import Problems
from domain.facts.rules import Wrong
from domain.facts.versions import Claim, Versions, told


class Place(NamedTuple):
    """Where a fact is told: in which file, on which line, and the numbers of its columns."""

    file: str
    line: int
    columns: Mapping[str, int]

    def number(self, column: str) -> int:
        """The number of a column, the first where the form has none."""
        return self.columns.get(column, 1)


class FactIds:
    """The ids of the facts of files that are read together.

    Only 64 bits of what a fact says are kept: what they confuse, the book or the table's key would
    refuse.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._versions: dict[FactKind, Versions[Place]] = {kind: Versions() for kind in FactKind}

    def add(self, kind: FactKind, fact: Fact, place: Place) -> None:
        """Add a fact that was read."""
        claim = Claim(fact.id, fact.corrects, fact.received_at, _content(kind, fact), place)
        self._versions[kind].add(claim)

    def wrong(self) -> list[tuple[Place, Wrong]]:
        """What cannot stand beside something else, in the order of files and lines."""
        return sorted(self._wrong(), key=lambda each: each[0][:2])

    def _wrong(self) -> Iterator[tuple[Place, Wrong]]:
        for kind, versions in self._versions.items():
            for misfit in versions.misfits():
                where = ""
                if misfit.other is not None:
                    where = f"at {misfit.other.place.file}:{misfit.other.place.line}"
                yield misfit.claim.place, told(kind, misfit, where)

    def check(self) -> None:
        """FactFileError when something cannot stand beside something else."""
        problems = Problems("")
        for place, wrong in self.wrong():
            problems.file = place.file
            problems.add(place.line, place.number(wrong.column), wrong)
        if problems.found():
            problems.refuse()


EXACT = {
    kind: tuple(attrgetter(column.name) for column in own if column.read in NUMBERS)
    for kind, own in OWN.items()
}
"""The exact numbers of a fact."""


def _content(kind: FactKind, fact: Fact) -> int:
    """What a fact says, in 64 bits; equal facts have equal content."""
    # Numbers with equal hashes are easily found, -1 and -2 among them; texts are not.
    numbers = [_plainly(number) for get in EXACT[kind] if (number := get(fact)) is not None]
    return hash((fact, frozenset(fact.columns.items()), *numbers))


def _plainly(number: object) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
