"""An agreement moves as the table says and no other way; its rows stay in order and lose nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.lifecycle import (
    OVER,
    TRANSITIONS,
    Due,
    DueKind,
    IllegalMoveError,
    MilestoneStatus,
    Move,
    Phase,
    Standing,
    advance,
    delivered,
    first_rows,
    in_order,
    milestone_rows,
    redrawn,
    renewed,
    replanned,
    standing,
    term_rows,
    without,
)
from domain.plan import Plan, PlannedMilestone, PlannedReview

KEYS = ("kickoff", "training", "go_live")


def day(number: int) -> datetime:
    return datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=number)


def milestone(key: str, on: int, warn: int = 5) -> PlannedMilestone:
    return PlannedMilestone(key, day(on - warn), day(on))


def planned(term: int = 1, ends: int = 400, edition: int = 1) -> Plan:
    return Plan(
        "helpdesk",
        edition,
        term,
        term_ends_at=day(ends),
        renewal_opens_at=day(ends - 90),
        milestones=tuple(milestone(key, 10 * place) for place, key in enumerate(KEYS, 1)),
    )


def with_reviews(plan: Plan, live_from: int, every: int, since: int, after: int) -> Plan:
    last = (plan.term_ends_at - day(0)).days
    opens = [at for at in range(live_from + every, last + 1, every) if at >= since]
    reviews = tuple(PlannedReview(number, day(at)) for number, at in enumerate(opens, after + 1))
    return replace(plan, live_from=day(live_from), reviews=reviews)


PLAN = planned()
ROWS = first_rows(PLAN)
LIVE_PLAN = with_reviews(PLAN, live_from=40, every=60, since=0, after=0)

ALL_STEPS = {(phase, move) for phase, moves in TRANSITIONS.items() for move in moves}


# --- the table


def test_every_phase_has_its_moves() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert {move for _, move in ALL_STEPS} == set(Move)


@pytest.mark.parametrize("phase", Phase)
def test_the_end_can_be_reached_from_every_phase(phase: Phase) -> None:
    reached = {phase}
    for _ in Phase:
        reached |= {after for each in reached for after in TRANSITIONS[each].values()}

    assert Phase.CLOSED in reached


def test_every_phase_can_be_reached() -> None:
    reached = {Phase.ONBOARDING}
    for _ in Phase:
        reached |= {after for each in reached for after in TRANSITIONS[each].values()}

    assert reached == set(Phase)


def test_nothing_moves_a_closed_agreement() -> None:
    assert TRANSITIONS[Phase.CLOSED] == {}
    with pytest.raises(IllegalMoveError, match="possible now: nothing"):
        advance(Phase.CLOSED, Move.WENT_LIVE)


def test_no_term_follows_once_the_last_is_over() -> None:
    reached = set(OVER)
    for _ in Phase:
        reached |= {after for each in reached for after in TRANSITIONS[each].values()}

    assert reached == OVER


def test_a_refused_move_says_what_is_possible() -> None:
    with pytest.raises(IllegalMoveError) as caught:
        advance(Phase.LIVE, Move.TERM_ENDED)

    assert str(caught.value) == (
        "term_ended is not possible while the agreement is live; possible now: renewal_opened"
    )


@pytest.mark.parametrize(
    ("live_from", "phase"),
    [
        (day(40), Phase.LIVE),
        (day(400), Phase.LIVE),
        (day(401), Phase.ONBOARDING),
        (None, Phase.ONBOARDING),
    ],
    ids=["long live", "live that day", "live tomorrow", "not accepted"],
)
def test_a_renewed_agreement_is_live_unless_service_has_yet_to_begin(
    live_from: datetime | None, phase: Phase
) -> None:
    assert renewed(Phase.RENEWED, live_from, day(400)) is phase


def test_only_a_renewed_agreement_has_a_next_term() -> None:
    with pytest.raises(IllegalMoveError):
        renewed(Phase.EXPIRING, day(40), day(400))


# --- rows


def kinds(rows: tuple[Due, ...], key: str | None = None) -> list[DueKind]:
    return [row.kind for row in rows if key in {None, row.key}]


def test_at_one_instant_things_happen_in_the_order_of_their_kinds() -> None:
    rows = tuple(Due(kind, "", day(1)) for kind in reversed(DueKind))

    assert kinds(in_order(rows)) == list(DueKind)


def test_earlier_things_happen_first() -> None:
    close, warn = Due(DueKind.CLOSE, "", day(1)), Due(DueKind.WARN_MILESTONE, "", day(2))

    assert in_order((warn, close)) == (close, warn)


def test_an_agreement_begins_with_its_milestones_and_the_end_of_its_term() -> None:
    assert [(row.kind.value, row.key) for row in ROWS] == [
        ("warn_milestone", "kickoff"),
        ("milestone_overdue", "kickoff"),
        ("warn_milestone", "training"),
        ("milestone_overdue", "training"),
        ("warn_milestone", "go_live"),
        ("milestone_overdue", "go_live"),
        ("open_renewal", "1"),
        ("end_term", "1"),
    ]


@pytest.mark.parametrize(("warn", "rows"), [(1, 2), (0, 1), (-1, 1)])
def test_nobody_is_warned_of_what_is_late_already(warn: int, rows: int) -> None:
    found = milestone_rows(milestone("kickoff", 10, warn))

    assert len(found) == rows
    assert found[-1] == Due(DueKind.MILESTONE_OVERDUE, "kickoff", day(10))


def test_nothing_warns_of_a_delivered_milestone() -> None:
    assert set(ROWS) - set(delivered(ROWS, "training")) == set(
        milestone_rows(milestone("training", 20))
    )


def test_a_replanned_milestone_has_its_new_instants_only() -> None:
    moved = milestone("kickoff", 25)

    rows = replanned(ROWS, moved)

    assert tuple(row for row in rows if row.key == "kickoff") == milestone_rows(moved)
    assert set(delivered(rows, "kickoff")) == set(delivered(ROWS, "kickoff"))


def test_replanning_twice_is_replanning_once() -> None:
    moved = milestone("kickoff", 25)

    assert replanned(replanned(ROWS, moved), moved) == replanned(ROWS, moved)


def test_without_a_key_all_rows_of_a_kind_go() -> None:
    assert DueKind.WARN_MILESTONE not in kinds(without(ROWS, DueKind.WARN_MILESTONE))


def test_going_live_brings_the_reviews_and_leaves_the_rest() -> None:
    rows = redrawn(ROWS, LIVE_PLAN)

    assert without(rows, DueKind.OPEN_REVIEW) == ROWS
    assert kinds(rows).count(DueKind.OPEN_REVIEW) == 6


def test_a_new_edition_replaces_the_reviews_to_come() -> None:
    again = with_reviews(PLAN, live_from=40, every=30, since=200, after=2)

    rows = redrawn(redrawn(ROWS, LIVE_PLAN), again)

    reviews = [row for row in rows if row.kind is DueKind.OPEN_REVIEW]
    assert (reviews[0].key, reviews[0].at) == ("3", day(220))


def test_a_new_notice_moves_a_renewal_that_has_not_opened() -> None:
    plan = replace(PLAN, renewal_opens_at=day(200))

    assert Due(DueKind.OPEN_RENEWAL, "1", day(200)) in redrawn(ROWS, plan)
    assert kinds(redrawn(ROWS, plan)).count(DueKind.OPEN_RENEWAL) == 1


@pytest.mark.parametrize("passed", [DueKind.OPEN_RENEWAL, DueKind.END_TERM])
def test_what_has_passed_does_not_come_again(passed: DueKind) -> None:
    rows = without(ROWS, passed)

    assert passed not in kinds(redrawn(rows, LIVE_PLAN))


def test_the_standing_tells_what_is_due_next() -> None:
    milestones = {"kickoff": MilestoneStatus.DELIVERED}

    assert standing(Phase.LIVE, LIVE_PLAN, ROWS, milestones) == Standing(
        "helpdesk", Phase.LIVE, 1, 1, day(40), day(400), ROWS[0], milestones
    )


def test_a_closed_agreement_has_nothing_due() -> None:
    assert standing(Phase.CLOSED, PLAN, (), {}).next_due is None


# --- whole lives


class Life(RuleBasedStateMachine):
    """An agreement as its workflow moves it, with decisions at any time."""

    steps: set[tuple[Phase, Move]] = set()  # noqa: RUF012 - over all lives

    def __init__(self) -> None:
        super().__init__()
        self.phase = Phase.ONBOARDING
        self.plan = planned(ends=120)
        self.rows = first_rows(self.plan)
        self.today = 0
        self.every = 60
        self.reviews = 0
        self.term_over = False

    def move(self, move: Move) -> None:
        self.steps.add((self.phase, move))
        self.phase = advance(self.phase, move)

    def draw(self, plan: Plan, since: int) -> Plan:
        if plan.live_from is None:
            return plan
        return with_reviews(plan, (plan.live_from - day(0)).days, self.every, since, self.reviews)

    @precondition(lambda self: self.rows)
    @rule()
    def do_what_is_due(self) -> None:
        due = self.rows[0]
        self.today = max(self.today, (due.at - day(0)).days)
        match due.kind:
            case DueKind.ENTER_LIVE:
                self.move(Move.WENT_LIVE)
            case DueKind.EDITION_EFFECT:
                self.plan = self.draw(replace(self.plan, edition=int(due.key)), self.today)
                self.rows = redrawn(self.rows, self.plan)
            case DueKind.OPEN_REVIEW:
                assert int(due.key) == self.reviews + 1
                self.reviews += 1
            case DueKind.OPEN_RENEWAL:
                self.move(Move.RENEWAL_OPENED)
            case DueKind.END_TERM:
                self.end_term(due)
            case DueKind.CLOSE:
                self.move(Move.ACCOUNTS_SETTLED)
            case _:
                pass
        self.rows = tuple(row for row in self.rows if row != due)

    def end_term(self, due: Due) -> None:
        if self.phase is Phase.RENEWING:
            self.term_over = True
        elif self.phase is Phase.EXPIRING:
            self.rows = (Due(DueKind.CLOSE, "", due.at + timedelta(days=30)),)
            self.move(Move.TERM_ENDED)
        else:
            ended = (due.at - day(0)).days
            plan = planned(self.plan.term + 1, ended + 200, self.plan.edition)
            self.plan = self.draw(replace(plan, live_from=self.plan.live_from), ended + 1)
            self.rows = in_order((*self.rows, *term_rows(self.plan)))
            before = self.phase
            self.phase = renewed(before, self.plan.live_from, due.at)
            self.steps |= {
                (before, move) for move, to in TRANSITIONS[before].items() if to is self.phase
            }

    @rule(key=st.sampled_from(KEYS))
    def deliver(self, key: str) -> None:
        self.rows = delivered(self.rows, key)

    @precondition(lambda self: self.phase not in OVER)
    @rule(key=st.sampled_from(KEYS), within=st.integers(0, 300), warn=st.integers(0, 30))
    def replan(self, key: str, within: int, warn: int) -> None:
        self.rows = replanned(self.rows, milestone(key, self.today + within, warn))

    @precondition(lambda self: self.plan.live_from is None and self.phase not in OVER)
    @rule(within=st.sampled_from([0, 1, 20, 60, 100]))
    def accept_the_last_gate(self, within: int) -> None:
        live_from = self.today + within
        self.plan = self.draw(replace(self.plan, live_from=day(live_from)), live_from)
        live = Due(DueKind.ENTER_LIVE, "", day(live_from))
        self.rows = in_order((live, *redrawn(self.rows, self.plan)))

    @precondition(lambda self: self.phase not in OVER)
    @rule(within=st.integers(1, 90), every=st.integers(20, 90))
    def adopt_an_edition(self, within: int, every: int) -> None:
        self.every = every
        edition = Due(DueKind.EDITION_EFFECT, str(self.plan.edition + 1), day(self.today + within))
        if DueKind.EDITION_EFFECT not in kinds(self.rows):
            self.rows = in_order((*self.rows, edition))

    @precondition(lambda self: self.phase is Phase.RENEWING)
    @rule(agreed=st.booleans())
    def settle_the_renewal(self, agreed: bool) -> None:  # noqa: FBT001
        self.move(Move.RENEWAL_AGREED if agreed else Move.RENEWAL_LAPSED)
        if self.term_over:
            self.term_over = False
            due = Due(DueKind.END_TERM, str(self.plan.term), self.plan.term_ends_at)
            self.rows = in_order((*self.rows, due))

    @invariant()
    def what_is_not_possible_changes_nothing(self) -> None:
        before = (self.phase, self.rows)
        for move in set(Move) - set(TRANSITIONS[self.phase]):
            with pytest.raises(IllegalMoveError):
                advance(self.phase, move)
        assert (self.phase, self.rows) == before

    @invariant()
    def rows_are_in_order(self) -> None:
        assert self.rows == in_order(self.rows)

    @invariant()
    def nothing_is_due_twice(self) -> None:
        assert len({(row.kind, row.key) for row in self.rows}) == len(self.rows)

    @invariant()
    def the_end_of_the_term_is_never_lost(self) -> None:
        ends = [row.at for row in self.rows if row.kind is DueKind.END_TERM]
        ended = self.phase in OVER or self.term_over
        assert ends == ([] if ended else [self.plan.term_ends_at])

    @invariant()
    def the_renewal_opens_once(self) -> None:
        opens = DueKind.OPEN_RENEWAL in kinds(self.rows)
        assert opens is (self.phase in {Phase.ONBOARDING, Phase.LIVE})

    @invariant()
    def nothing_is_due_once_it_is_closed(self) -> None:
        assert self.phase is not Phase.CLOSED or not self.rows

    @invariant()
    def it_is_live_only_once_service_began(self) -> None:
        live_from = self.plan.live_from
        assert self.phase is not Phase.LIVE or (live_from and live_from <= day(self.today))


def test_whatever_happens_a_life_keeps_its_rows() -> None:
    run_state_machine_as_test(
        Life, settings=settings(max_examples=60, stateful_step_count=50, deadline=None)
    )


def live_through(accepted_in: Phase | None, *, agreed: bool) -> set[tuple[Phase, Move]]:
    """The steps of a life whose last gate is accepted in a phase, and that is renewed once or not."""
    Life.steps.clear()
    life = Life()
    while life.phase is not Phase.CLOSED:
        if life.plan.live_from is None and life.phase is accepted_in:
            life.accept_the_last_gate(within=0)
        elif life.phase is Phase.RENEWING and life.rows[0].kind is not DueKind.ENTER_LIVE:
            life.settle_the_renewal(agreed=agreed and life.plan.term == 1)
        else:
            life.do_what_is_due()
    return set(Life.steps)


def test_lives_take_every_step_of_the_table() -> None:
    steps = [
        live_through(accepted_in, agreed=agreed)
        for accepted_in in (None, Phase.ONBOARDING, Phase.RENEWING, Phase.RENEWED, Phase.EXPIRING)
        for agreed in (True, False)
    ]

    assert set.union(*steps) == ALL_STEPS


def test_an_agreement_renewed_in_onboarding_goes_live_in_its_next_term() -> None:
    life = Life()
    while life.plan.term == 1:
        if life.phase is Phase.RENEWING:
            life.settle_the_renewal(agreed=True)
        else:
            life.do_what_is_due()
    renewed_as = life.phase

    life.accept_the_last_gate(within=0)
    life.do_what_is_due()

    assert (renewed_as, life.phase) == (Phase.ONBOARDING, Phase.LIVE)
