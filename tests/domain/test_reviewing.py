"""What the answers to a review come to."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reviewing import ReviewDue, ReviewDueKind, ReviewOutcome, ReviewPlan, outcome_of
from domain.tasks import TASKS, TaskKind

CHOICES = TASKS[TaskKind.COMPLETE_REVIEW].choices


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        (["continue", "continue"], ReviewOutcome.CONTINUE),
        (["continue", "correct"], ReviewOutcome.CORRECT),
        (["renegotiate", "correct", "continue"], ReviewOutcome.RENEGOTIATE),
    ],
)
def test_the_weightiest_answer_decides(answers: list[str], outcome: ReviewOutcome) -> None:
    assert outcome_of(answers, complete=True) is outcome


@given(st.lists(st.sampled_from(CHOICES)))
def test_a_review_that_somebody_never_answered_is_incomplete(answers: list[str]) -> None:
    assert outcome_of(answers, complete=False) is ReviewOutcome.INCOMPLETE


@given(st.lists(st.sampled_from(CHOICES), min_size=1), st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(answers: list[str], chance: object) -> None:
    shuffled = list(answers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert outcome_of(shuffled, complete=True) is outcome_of(answers, complete=True)


def test_a_review_reminds_escalates_and_closes() -> None:
    remind, due, close = (datetime(2027, 5, day, tzinfo=UTC) for day in (7, 10, 20))

    assert ReviewPlan(remind, due, close).rows() == (
        ReviewDue(ReviewDueKind.REMIND, remind),
        ReviewDue(ReviewDueKind.ESCALATE, due),
        ReviewDue(ReviewDueKind.CLOSE, close),
    )
