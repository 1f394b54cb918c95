"""The life of an agreement: its phases, what moves it on, and the rows of what is due next."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.plan import Plan, PlannedMilestone


class Phase(StrEnum):
    """Where an agreement stands."""

    ONBOARDING = "onboarding"
    LIVE = "live"
    RENEWING = "renewing"
    RENEWED = "renewed"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    CLOSED = "closed"


class Move(StrEnum):
    """What changes a phase."""

    WENT_LIVE = "went_live"
    RENEWAL_OPENED = "renewal_opened"
    RENEWAL_AGREED = "renewal_agreed"
    RENEWAL_LAPSED = "renewal_lapsed"
    TERM_RENEWED = "term_renewed"
    RENEWED_BEFORE_LIVE = "renewed_before_live"
    TERM_ENDED = "term_ended"
    ACCOUNTS_SETTLED = "accounts_settled"


OVER = frozenset({Phase.EXPIRED, Phase.CLOSED})
"""Phases in which it is settled that no further term follows."""

TRANSITIONS: dict[Phase, dict[Move, Phase]] = {
    Phase.ONBOARDING: {
        Move.WENT_LIVE: Phase.LIVE,
        # Onboarding so late that the renewal window opens first still ends as its term does.
        Move.RENEWAL_OPENED: Phase.RENEWING,
    },
    Phase.LIVE: {Move.RENEWAL_OPENED: Phase.RENEWING},
    Phase.RENEWING: {
        Move.WENT_LIVE: Phase.RENEWING,
        Move.RENEWAL_AGREED: Phase.RENEWED,
        Move.RENEWAL_LAPSED: Phase.EXPIRING,
    },
    Phase.RENEWED: {
        Move.WENT_LIVE: Phase.RENEWED,
        Move.TERM_RENEWED: Phase.LIVE,
        Move.RENEWED_BEFORE_LIVE: Phase.ONBOARDING,
    },
    Phase.EXPIRING: {Move.WENT_LIVE: Phase.EXPIRING, Move.TERM_ENDED: Phase.EXPIRED},
    Phase.EXPIRED: {Move.ACCOUNTS_SETTLED: Phase.CLOSED},
    Phase.CLOSED: {},
}


class IllegalMoveError(Exception):
    """The phase does not allow this move; the message says which it allows."""

    def __init__(self, phase: Phase, move: Move) -> None:
        possible = ", ".join(TRANSITIONS[phase]) or "nothing"
        super().__init__(
            f"{move} is not possible while the agreement is {phase}; possible now: {possible}"
        )


def advance(phase: Phase, move: Move) -> Phase:
    """The phase after a move, or IllegalMoveError."""
    if move not in TRANSITIONS[phase]:
        raise IllegalMoveError(phase, move)
    return TRANSITIONS[phase][move]


def renewed(phase: Phase, live_from: datetime | None, at: datetime) -> Phase:
    """The phase once the next term begins at `at`: live, unless service has yet to begin."""
    live = live_from is not None and live_from <= at
    return advance(phase, Move.TERM_RENEWED if live else Move.RENEWED_BEFORE_LIVE)


class DueKind(StrEnum):
    """What an agreement's own clock brings. At one instant they happen in this order."""

    WARN_MILESTONE = "warn_milestone"
    MILESTONE_OVERDUE = "milestone_overdue"
    ENTER_LIVE = "enter_live"
    EDITION_EFFECT = "edition_effect"
    OPEN_REVIEW = "open_review"
    OPEN_RENEWAL = "open_renewal"
    END_TERM = "end_term"
    CLOSE = "close"


ORDER = {kind: place for place, kind in enumerate(DueKind)}


@dataclass(frozen=True, slots=True)
class Due:
    """One row of what is due."""

    kind: DueKind
    key: str
    at: datetime


def in_order(rows: tuple[Due, ...]) -> tuple[Due, ...]:
    """The rows by instant; at one instant in the order of DueKind."""
    return tuple(sorted(rows, key=lambda due: (due.at, ORDER[due.kind], due.key)))


def milestone_rows(milestone: PlannedMilestone) -> tuple[Due, ...]:
    """The early warning and the lateness of a milestone that is still to be delivered."""
    late = Due(DueKind.MILESTONE_OVERDUE, milestone.key, milestone.due_at)
    if milestone.warn_at >= milestone.due_at:
        return (late,)
    return (Due(DueKind.WARN_MILESTONE, milestone.key, milestone.warn_at), late)


def term_rows(plan: Plan) -> tuple[Due, ...]:
    """What the term brings by itself: reviews, the renewal window, its end."""
    return (
        *(Due(DueKind.OPEN_REVIEW, str(each.number), each.opens_at) for each in plan.reviews),
        Due(DueKind.OPEN_RENEWAL, str(plan.term), plan.renewal_opens_at),
        Due(DueKind.END_TERM, str(plan.term), plan.term_ends_at),
    )


def first_rows(plan: Plan) -> tuple[Due, ...]:
    """What is due in an agreement that was just launched."""
    milestones = (row for each in plan.milestones for row in milestone_rows(each))
    return in_order((*milestones, *term_rows(plan)))


def without(rows: tuple[Due, ...], *kinds: DueKind, key: str | None = None) -> tuple[Due, ...]:
    """The rows less those of some kinds (and of one key, if given)."""
    return tuple(row for row in rows if row.kind not in kinds or (key and row.key != key))


MILESTONE_KINDS = (DueKind.WARN_MILESTONE, DueKind.MILESTONE_OVERDUE)


def delivered(rows: tuple[Due, ...], key: str) -> tuple[Due, ...]:
    """The rows after a milestone was delivered: nothing warns of it any more."""
    return without(rows, *MILESTONE_KINDS, key=key)


def replanned(rows: tuple[Due, ...], milestone: PlannedMilestone) -> tuple[Due, ...]:
    """The rows after a milestone got another date."""
    return in_order((*delivered(rows, milestone.key), *milestone_rows(milestone)))


def redrawn(rows: tuple[Due, ...], plan: Plan) -> tuple[Due, ...]:
    """The rows under a plan drawn anew: milestones and what was already passed stay as they are."""
    kept = without(rows, DueKind.OPEN_REVIEW)
    open_term = {(row.kind, row.key) for row in kept}
    renewed = tuple(
        row
        for row in term_rows(plan)
        if row.kind is DueKind.OPEN_REVIEW or (row.kind, row.key) in open_term
    )
    others = tuple(row for row in kept if row.kind not in {DueKind.OPEN_RENEWAL, DueKind.END_TERM})
    return in_order((*others, *renewed))


class MilestoneStatus(StrEnum):
    """Where a milestone stands."""

    OPEN = "open"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class MilestoneStep:
    """What an answer to a milestone's task came to."""

    key: str
    answer: str
    replanned: PlannedMilestone | None = None
    live_plan: Plan | None = None
    """Drawn when this was the last gate: the agreement goes live at `live_plan.live_from`."""


@dataclass(frozen=True, slots=True)
class TermEnd:
    """What the end of a term came to: renewed with a plan, or over, with the date of the close."""

    renewed: Plan | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agreement stands, in one glance; the same for query and projection."""

    agreement: str
    phase: Phase
    term: int
    edition: int
    live_from: datetime | None
    term_ends_at: datetime
    next_due: Due | None
    milestones: dict[str, MilestoneStatus]


def standing(
    phase: Phase, plan: Plan, rows: tuple[Due, ...], milestones: dict[str, MilestoneStatus]
) -> Standing:
    """Render the standing of an agreement from what its workflow knows."""
    return Standing(
        agreement=plan.agreement,
        phase=phase,
        term=plan.term,
        edition=plan.edition,
        live_from=plan.live_from,
        term_ends_at=plan.term_ends_at,
        next_due=rows[0] if rows else None,
        milestones=milestones,
    )
