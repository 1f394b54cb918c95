"""What becomes of every row of a file: accepted, passed over, held for a person, or rejected."""

from dataclasses import dataclass, field

from domain.facts.telling import Told


@dataclass(slots=True)
class Fates:
    """The rows of a file by what became of each. Every row has one fate.

    `passed` are rows of which a mapping makes nothing, because another row of the same id counts
    or because it does not ask for such rows; they are among the accepted.
    """

    rows: int = 0
    accepted: int = 0
    passed: int = 0
    quarantined: int = 0
    rejected: int = 0
    _held_lines: set[int] = field(default_factory=set)

    def count(self, told: Told, *, held: bool) -> None:
        """Count a row, or what became of it in the end."""
        if not told.again:
            self.rows += 1
            if held:
                self.quarantined += 1
                self._held_lines.add(told.line)
            else:
                self.accepted += 1
                self.passed += not told.facts
        elif told.line not in self._held_lines:
            if held:
                self.accepted -= 1
                self.quarantined += 1
                self._held_lines.add(told.line)
            self.passed -= told.silent

    def reject(self) -> None:
        """Count a line that holds no record."""
        self.rows += 1
        self.rejected += 1

    def check(self) -> None:
        """Nothing is lost and nothing doubled."""
        if self.rows != self.accepted + self.quarantined + self.rejected:
            msg = f"rows were lost or doubled on the way in: {self}"
            raise AssertionError(msg)
