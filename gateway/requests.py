"""What comes to the gateway and what it answers: documents, replies, refusals."""

import io
from dataclasses import dataclass
from typing import BinaryIO

from domain.commands import Outcome
from domain.terms.problems import Problem


class GatewayError(Exception):
    """The request goes no further; the message says what is possible now."""


class NotFoundError(GatewayError):
    """There is no such thing."""


class ForbiddenError(GatewayError):
    """Not this actor's to do."""


class ConflictError(GatewayError):
    """Not possible now."""


class InvalidError(GatewayError):
    """What was handed in does not hold; `problems` names every place."""

    def __init__(self, problems: tuple[Problem, ...], more: int = 0) -> None:
        """All problems at once; `more` counts those that are too many to tell."""
        rest = [f"and {more:,} more"] if more else []
        super().__init__("\n".join([*map(str, problems), *rest]))
        self.problems = problems
        self.more = more


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes handed in under a name."""

    name: str
    raw: bytes

    def open(self) -> BinaryIO:
        """Its bytes, from the first."""
        return io.BytesIO(self.raw)


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a command so far: recorded, refused, or received and still under way."""

    command: str
    outcome: Outcome | None
    reason: str | None

    @property
    def word(self) -> str:
        """One word for it."""
        return self.outcome or "received"
