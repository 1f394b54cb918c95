"""A case of non-compliance: its states, its ladder, and the protocol of corrective action plans."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.plan import Ladder, PlannedRung


class CaseState(StrEnum):
    """Where a case stands."""

    CLIMBING = "climbing"
    UNANSWERED = "unanswered"
    PLANNING = "planning"
    JUDGING = "judging"
    VERIFYING = "verifying"
    CLOSED = "closed"


class CaseMove(StrEnum):
    """What moves a case."""

    ACKNOWLEDGED = "acknowledged"
    EXHAUSTED = "exhausted"
    PLAN_SUBMITTED = "plan_submitted"
    PLAN_ACCEPTED = "plan_accepted"
    PLAN_REJECTED = "plan_rejected"
    RELAPSED = "relapsed"
    RECOVERED = "recovered"
    RESTATED = "restated"
    ENDED = "ended"


TRANSITIONS: dict[CaseState, dict[CaseMove, CaseState]] = {
    CaseState.CLIMBING: {
        CaseMove.ACKNOWLEDGED: CaseState.PLANNING,
        CaseMove.EXHAUSTED: CaseState.UNANSWERED,
        CaseMove.RESTATED: CaseState.CLOSED,
        CaseMove.ENDED: CaseState.CLOSED,
    },
    CaseState.UNANSWERED: {
        CaseMove.ACKNOWLEDGED: CaseState.PLANNING,
        CaseMove.RECOVERED: CaseState.CLOSED,
        CaseMove.RESTATED: CaseState.CLOSED,
        CaseMove.ENDED: CaseState.CLOSED,
    },
    CaseState.PLANNING: {
        CaseMove.PLAN_SUBMITTED: CaseState.JUDGING,
        CaseMove.RESTATED: CaseState.CLOSED,
        CaseMove.ENDED: CaseState.CLOSED,
    },
    CaseState.JUDGING: {
        CaseMove.PLAN_ACCEPTED: CaseState.VERIFYING,
        CaseMove.PLAN_REJECTED: CaseState.PLANNING,
        CaseMove.RESTATED: CaseState.CLOSED,
        CaseMove.ENDED: CaseState.CLOSED,
    },
    CaseState.VERIFYING: {
        CaseMove.RECOVERED: CaseState.CLOSED,
        CaseMove.RELAPSED: CaseState.PLANNING,
        CaseMove.RESTATED: CaseState.CLOSED,
        CaseMove.ENDED: CaseState.CLOSED,
    },
    CaseState.CLOSED: {},
}


def moved(state: CaseState, move: CaseMove) -> CaseState | None:
    """The state after a move; None when the state does not know it (then nothing happens)."""
    return TRANSITIONS[state].get(move)


class CaseOutcome(StrEnum):
    """How a case ended."""

    VERIFIED = "verified"
    RECOVERED_UNANSWERED = "recovered_unanswered"
    RESTATED = "restated"
    AGREEMENT_ENDED = "agreement_ended"


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """What steers a case that was just opened."""

    ladder: Ladder
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class RungFired:
    """The rung fired, now or on an earlier attempt."""

    level: int


@dataclass(frozen=True, slots=True)
class Forestalled:
    """Nothing fired: an answer had been received before the instant it was due."""

    by: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The climb stops; a plan is due."""

    plan_due_at: datetime


@dataclass(frozen=True, slots=True)
class PlanSubmitted:
    """A plan lies before the client; without a word by then, silence speaks."""

    judge_due_at: datetime


@dataclass(frozen=True, slots=True)
class PlanJudged:
    """The plan is accepted, or another is due."""

    accepted: bool
    plan_due_at: datetime | None = None


class CaseDueKind(StrEnum):
    """What a case's own clock brings, in this order at one instant."""

    RUNG = "rung"
    EXHAUSTED = "exhausted"
    PLAN_OVERDUE = "plan_overdue"
    JUDGEMENT_DUE = "judgement_due"
    ENDED = "ended"


CASE_ORDER = {kind: place for place, kind in enumerate(CaseDueKind)}


@dataclass(frozen=True, slots=True)
class CaseDue:
    """One row of what is due in a case; `key` is the level or the cycle."""

    kind: CaseDueKind
    key: int
    at: datetime


def sort_rows(rows: tuple[CaseDue, ...]) -> tuple[CaseDue, ...]:
    """The rows by instant; at one instant in the order of CaseDueKind."""
    return tuple(sorted(rows, key=lambda due: (due.at, CASE_ORDER[due.kind], due.key)))


def ladder_rows(opened: CaseOpened) -> tuple[CaseDue, ...]:
    """The rungs above the first (which fired as the case opened), their end, the agreement's."""
    above: tuple[PlannedRung, ...] = opened.ladder.rungs[1:]
    return sort_rows(
        (
            *(CaseDue(CaseDueKind.RUNG, rung.level, rung.due_at) for rung in above),
            CaseDue(CaseDueKind.EXHAUSTED, 0, opened.ladder.exhausted_at),
            CaseDue(CaseDueKind.ENDED, 0, opened.ends_at),
        )
    )


def only_end(rows: tuple[CaseDue, ...], *others: CaseDue) -> tuple[CaseDue, ...]:
    """The rows once an answer came: the ladder is gone, the agreement's end stays."""
    end = tuple(row for row in rows if row.kind is CaseDueKind.ENDED)
    return sort_rows((*end, *others))


@dataclass(frozen=True, slots=True)
class PeriodMissed:
    """What a case hears of a further missed period."""

    period: str
    start_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class PeriodsMet:
    """What a case hears when enough periods in a row were met."""

    period: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PeriodRestated:
    """What a case hears when the last of its missed periods turned out not to be missed."""

    period: str
    at: datetime
    revision: int
