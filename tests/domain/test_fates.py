"""Every row of a file has one fate."""

import pytest

from domain.facts.fates import Fates
from domain.facts.telling import Told


def told(line: int, *, facts: int = 1, again: bool = False, silent: bool = False) -> Told:
    return Told(line, ("fact",) * facts, (), (), (), {}, again, None, silent)  # type: ignore[arg-type]


def counts(fates: Fates) -> tuple[int, int, int, int, int]:
    fates.check()
    return fates.rows, fates.accepted, fates.passed, fates.quarantined, fates.rejected


def test_rows_are_accepted_passed_over_held_or_rejected() -> None:
    fates = Fates()
    fates.count(told(2), held=False)
    fates.count(told(3, facts=0), held=False)
    fates.count(told(4), held=True)
    fates.reject()

    assert counts(fates) == (4, 2, 1, 1, 1)


def test_a_row_that_counts_in_the_end_was_not_passed_over() -> None:
    fates = Fates()
    fates.count(told(2, facts=0), held=False)
    fates.count(told(2, again=True, silent=True), held=False)

    assert counts(fates) == (1, 1, 0, 0, 0)


def test_a_row_that_is_held_in_the_end_was_not_accepted() -> None:
    fates = Fates()
    fates.count(told(2, facts=0), held=False)
    fates.count(told(2, again=True, silent=True), held=True)
    fates.count(told(2, again=True), held=True)

    assert counts(fates) == (1, 0, 0, 1, 0)


def test_a_row_that_was_held_at_once_stays_so() -> None:
    fates = Fates()
    fates.count(told(2), held=True)
    fates.count(told(2, again=True), held=False)

    assert counts(fates) == (1, 0, 0, 1, 0)


def test_a_row_that_is_lost_is_noticed() -> None:
    with pytest.raises(AssertionError, match="lost or doubled"):
        Fates(rows=1).check()
