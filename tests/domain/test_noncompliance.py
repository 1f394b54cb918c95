"""A case moves as the table says; its ladder is fixed, and only an answer takes it away."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.noncompliance import (
    TRANSITIONS,
    CaseDue,
    CaseDueKind,
    CaseMove,
    CaseOpened,
    CaseState,
    ladder_rows,
    moved,
    only_end,
    sort_rows,
)
from domain.plan import Ladder, PlannedRung

ALL_STEPS = {(state, move) for state, moves in TRANSITIONS.items() for move in moves}


def hour(number: int) -> datetime:
    return datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=number)


def opened(*rungs: int, exhausted: int = 100, ends: int = 1000) -> CaseOpened:
    found = tuple(PlannedRung(level, hour(at)) for level, at in enumerate(rungs, 1))
    return CaseOpened(Ladder(found, hour(exhausted)), hour(ends))


OPENED = opened(0, 4, 28)
END = CaseDue(CaseDueKind.ENDED, 0, hour(1000))


# --- the table


def test_every_state_has_its_moves() -> None:
    assert set(TRANSITIONS) == set(CaseState)
    assert {move for _, move in ALL_STEPS} == set(CaseMove)


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("move", CaseMove)
def test_a_move_that_a_state_does_not_know_is_none(state: CaseState, move: CaseMove) -> None:
    assert moved(state, move) is TRANSITIONS[state].get(move)
    assert (moved(state, move) is None) == ((state, move) not in ALL_STEPS)


@pytest.mark.parametrize("state", [state for state in CaseState if state is not CaseState.CLOSED])
def test_a_case_ends_with_its_agreement_whatever_its_state(state: CaseState) -> None:
    assert moved(state, CaseMove.ENDED) is CaseState.CLOSED


def test_a_closed_case_stays_closed() -> None:
    assert {moved(CaseState.CLOSED, move) for move in CaseMove} == {None}


def test_figures_close_a_case_only_when_its_plan_is_accepted_or_nobody_answered() -> None:
    recovering = {state for state in CaseState if moved(state, CaseMove.RECOVERED)}

    assert recovering == {CaseState.VERIFYING, CaseState.UNANSWERED}


def test_a_rejected_plan_and_a_relapse_both_ask_for_another_plan() -> None:
    assert moved(CaseState.JUDGING, CaseMove.PLAN_REJECTED) is CaseState.PLANNING
    assert moved(CaseState.VERIFYING, CaseMove.RELAPSED) is CaseState.PLANNING


# --- rows


def test_the_first_rung_has_fired_as_the_case_opened() -> None:
    assert ladder_rows(OPENED) == (
        CaseDue(CaseDueKind.RUNG, 2, hour(4)),
        CaseDue(CaseDueKind.RUNG, 3, hour(28)),
        CaseDue(CaseDueKind.EXHAUSTED, 0, hour(100)),
        END,
    )


def test_a_ladder_of_one_level_is_soon_exhausted() -> None:
    assert ladder_rows(opened(0)) == (CaseDue(CaseDueKind.EXHAUSTED, 0, hour(100)), END)


def test_an_agreement_that_ends_first_ends_the_case_first() -> None:
    assert ladder_rows(opened(0, 4, ends=2))[0] == CaseDue(CaseDueKind.ENDED, 0, hour(2))


def test_at_one_instant_things_happen_in_the_order_of_their_kinds() -> None:
    rows = tuple(CaseDue(kind, 0, hour(1)) for kind in reversed(CaseDueKind))

    assert [row.kind for row in sort_rows(rows)] == list(CaseDueKind)


def test_rungs_due_at_one_instant_fire_upwards() -> None:
    assert [row.key for row in ladder_rows(opened(0, 4, 4, 4))[:3]] == [2, 3, 4]


def test_an_answer_takes_the_ladder_away_and_leaves_the_end() -> None:
    wanted = CaseDue(CaseDueKind.PLAN_OVERDUE, 1, hour(50))

    assert only_end(ladder_rows(OPENED), wanted) == (wanted, END)


def test_an_accepted_plan_leaves_only_the_end() -> None:
    assert only_end(ladder_rows(OPENED)) == (END,)


# --- whole cases


class Case(RuleBasedStateMachine):
    """A case as its workflow moves it."""

    steps: set[tuple[CaseState, CaseMove]] = set()  # noqa: RUF012 - over all cases

    def __init__(self) -> None:
        super().__init__()
        self.state = CaseState.CLIMBING
        self.end = END
        self.rows = ladder_rows(OPENED)
        self.level = 1
        self.cycle = 0
        self.now = 0
        self.silence_accepts = True

    def move(self, move: CaseMove) -> bool:
        state = moved(self.state, move)
        if state is not None:
            self.steps.add((self.state, move))
            self.state = state
        return state is not None

    def expect(self, kind: CaseDueKind, within: int) -> None:
        self.rows = only_end(self.rows, CaseDue(kind, self.cycle, hour(self.now + within)))

    @initialize(ends=st.sampled_from([2, 40, 200, 1000]), silence=st.booleans())
    def open(self, ends: int, silence: bool) -> None:  # noqa: FBT001
        self.silence_accepts = silence
        self.end = CaseDue(CaseDueKind.ENDED, 0, hour(ends))
        self.rows = ladder_rows(opened(0, 4, 28, ends=ends))

    @precondition(lambda self: self.state is not CaseState.CLOSED)
    @rule()
    def do_what_is_due(self) -> None:
        due, *rest = self.rows
        self.rows = tuple(rest)
        self.now = max(self.now, int((due.at - hour(0)) / timedelta(hours=1)))
        match due.kind:
            case CaseDueKind.RUNG:
                assert due.key == self.level + 1
                assert due.at == OPENED.ladder.rungs[due.key - 1].due_at
                self.level = due.key
            case CaseDueKind.EXHAUSTED:
                assert self.level == len(OPENED.ladder.rungs)
                assert self.move(CaseMove.EXHAUSTED)
            case CaseDueKind.JUDGEMENT_DUE:
                assert self.state is CaseState.JUDGING
                if self.silence_accepts:
                    self.accept()
            case CaseDueKind.ENDED:
                assert self.move(CaseMove.ENDED)
            case CaseDueKind.PLAN_OVERDUE:
                assert self.state is CaseState.PLANNING

    @rule(within=st.integers(1, 300))
    def acknowledge(self, within: int) -> None:
        if self.move(CaseMove.ACKNOWLEDGED):
            self.cycle = 1
            self.expect(CaseDueKind.PLAN_OVERDUE, within)

    @rule(within=st.integers(1, 300))
    def submit(self, within: int) -> None:
        if self.move(CaseMove.PLAN_SUBMITTED):
            self.expect(CaseDueKind.JUDGEMENT_DUE, within)

    def want_another_plan(self, within: int) -> None:
        self.cycle += 1
        self.expect(CaseDueKind.PLAN_OVERDUE, within)

    @rule(within=st.integers(1, 300))
    def reject(self, within: int) -> None:
        if self.move(CaseMove.PLAN_REJECTED):
            self.want_another_plan(within)

    @rule(within=st.integers(1, 300))
    def relapse(self, within: int) -> None:
        if self.move(CaseMove.RELAPSED):
            self.want_another_plan(within)

    @rule()
    def accept(self) -> None:
        if self.move(CaseMove.PLAN_ACCEPTED):
            self.rows = only_end(self.rows)

    @rule()
    def recover(self) -> None:
        self.move(CaseMove.RECOVERED)

    @rule()
    def restate(self) -> None:
        self.move(CaseMove.RESTATED)

    @invariant()
    def rows_are_in_order_and_none_is_due_twice(self) -> None:
        assert self.rows == sort_rows(self.rows)
        assert len(set(self.rows)) == len(self.rows)

    @invariant()
    def the_end_of_the_agreement_is_never_lost(self) -> None:
        assert self.state is CaseState.CLOSED or self.end in self.rows

    @invariant()
    def only_an_unanswered_case_climbs(self) -> None:
        climbing = {CaseDueKind.RUNG, CaseDueKind.EXHAUSTED} & {row.kind for row in self.rows}
        assert not climbing or self.state in {CaseState.CLIMBING, CaseState.CLOSED}


def test_whatever_happens_a_case_keeps_its_rows() -> None:
    run_state_machine_as_test(
        Case, settings=settings(max_examples=60, stateful_step_count=25, deadline=None)
    )


PROVED = "acknowledge submit reject submit accept relapse submit accept recover"

CASES = [
    (1000, PROVED),
    (1000, "due due due recover"),
    (1000, "due due due acknowledge"),
    (2, "due"),
    (200, "due due due due"),
    (40, "acknowledge due"),
    (40, "acknowledge submit due"),
    (40, "acknowledge submit accept due"),
    (1000, "restate"),
    (1000, "due due due restate"),
    (1000, "acknowledge restate"),
    (1000, "acknowledge submit restate"),
    (1000, "acknowledge submit accept restate"),
]
"""When the agreement ends, and what happens until then."""


def live_through(ends: int, story: str) -> Case:
    case = Case()
    case.open(ends=ends, silence=True)
    for word in story.split():
        match word:
            case "due":
                case.do_what_is_due()
            case "accept" | "recover" | "restate":
                getattr(case, word)()
            case _:
                getattr(case, word)(within=300)
    return case


def test_cases_take_every_step_of_the_table() -> None:
    Case.steps.clear()

    for ends, story in CASES:
        live_through(ends, story)

    assert Case.steps == ALL_STEPS


def test_every_rejection_and_every_relapse_begins_another_cycle() -> None:
    case = live_through(1000, PROVED)

    assert (case.state, case.cycle) == (CaseState.CLOSED, 3)
