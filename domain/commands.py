"""Commands: what a person asks for, and what became of it.

A command is a row that a gateway wrote after authorising it; a signal carries only its id and
digest. The activity that records the effect answers with what came of it, or with Refused, never
with an error.
"""

from dataclasses import dataclass
from enum import StrEnum


class CommandKind(StrEnum):
    """What may be asked. Each is also the name of the signal that carries it."""

    LAUNCH_AGREEMENT = "launch_agreement"
    DELIVER_MILESTONE = "deliver_milestone"
    ACCEPT_MILESTONE = "accept_milestone"
    ACKNOWLEDGE_BREACH = "acknowledge_breach"
    SUBMIT_PLAN = "submit_plan"
    JUDGE_PLAN = "judge_plan"
    COMPLETE_REVIEW = "complete_review"
    ANSWER_CHANGE = "answer_change"
    DECIDE_RENEWAL = "decide_renewal"
    CONFIRM_RENEWAL = "confirm_renewal"
    SUPPLY_FACTS = "supply_facts"
    CALL_REVIEW = "call_review"
    PROPOSE_CHANGE = "propose_change"
    WITHDRAW_CHANGE = "withdraw_change"


class Outcome(StrEnum):
    """What became of a command."""

    RECORDED = "recorded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Order:
    """What a signal carries: which command, and the digest of what was authorised."""

    command: str
    digest: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The command took no effect; the reason says what is possible now."""

    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class Start:
    """What a workflow is started with: what it is about, and business time less real time."""

    subject: str
    agreement: str
    offset_s: float = 0.0
