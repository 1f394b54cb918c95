"""A review: who still has to answer, and what the answers come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReviewOutcome(StrEnum):
    """What a review came to, from mildest to weightiest."""

    CONTINUE = "continue"
    CORRECT = "correct"
    RENEGOTIATE = "renegotiate"
    INCOMPLETE = "incomplete"


WEIGHT = {outcome: place for place, outcome in enumerate(ReviewOutcome)}


def outcome_of(answers: Iterable[str], *, complete: bool) -> ReviewOutcome:
    """The weightiest answer decides; a review that somebody never answered is incomplete."""
    if not complete:
        return ReviewOutcome.INCOMPLETE
    return max(map(ReviewOutcome, answers), key=WEIGHT.__getitem__)


class ReviewDueKind(StrEnum):
    """What a review's own clock brings."""

    REMIND = "remind"
    ESCALATE = "escalate"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class ReviewDue:
    """One row of what is due in a review."""

    kind: ReviewDueKind
    at: datetime


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """The instants of a review, fixed when it opens."""

    remind_at: datetime
    due_at: datetime
    close_at: datetime

    def rows(self) -> tuple[ReviewDue, ...]:
        """The rows of what is due, in order."""
        return (
            ReviewDue(ReviewDueKind.REMIND, self.remind_at),
            ReviewDue(ReviewDueKind.ESCALATE, self.due_at),
            ReviewDue(ReviewDueKind.CLOSE, self.close_at),
        )


@dataclass(frozen=True, slots=True)
class ReviewStart:
    """What a review is started with, once its reviewers are asked."""

    subject: str
    agreement: str
    plan: ReviewPlan
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ReviewClosed:
    """A review has closed, with what its answers come to."""

    review: str
    outcome: ReviewOutcome


@dataclass(frozen=True, slots=True)
class ReviewAnswered:
    """An answer is recorded; so many reviewers are still to answer. The last one closes it."""

    waiting_for: int
    closed: ReviewClosed | None = None
