"""Tasks: what somebody must do, the answers that are possible, and the signal that carries them."""

from dataclasses import dataclass
from enum import StrEnum


class TaskKind(StrEnum):
    """What is asked of somebody."""

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


@dataclass(frozen=True, slots=True)
class TaskRule:
    """The answers to a kind of task; those in `needs_note` must say why, others need more."""

    asks: str
    choices: tuple[str, ...]
    needs_note: tuple[str, ...] = ()
    needs_file: tuple[str, ...] = ()
    needs_date: tuple[str, ...] = ()


TASKS = {
    TaskKind.DELIVER_MILESTONE: TaskRule(
        "Report the milestone as delivered, or re-plan it with a reason",
        ("delivered", "replan"),
        needs_note=("replan",),
        needs_date=("replan",),
    ),
    TaskKind.ACCEPT_MILESTONE: TaskRule(
        "Accept the milestone, or send it back with a reason",
        ("accept", "reject"),
        needs_note=("reject",),
    ),
    TaskKind.ACKNOWLEDGE_BREACH: TaskRule(
        "Acknowledge the breach; that stops the escalation",
        ("acknowledge",),
    ),
    TaskKind.SUBMIT_PLAN: TaskRule(
        "Submit the corrective action plan with its root cause",
        ("submit",),
        needs_note=("submit",),
    ),
    TaskKind.JUDGE_PLAN: TaskRule(
        "Accept the corrective action plan, or reject it with a reason",
        ("accept", "reject"),
        needs_note=("reject",),
    ),
    TaskKind.COMPLETE_REVIEW: TaskRule(
        "Review the report and say what follows from it",
        ("continue", "correct", "renegotiate"),
        needs_note=("correct", "renegotiate"),
    ),
    TaskKind.ANSWER_CHANGE: TaskRule(
        "Approve the proposed change, counter it with another, or reject it",
        ("approve", "counter", "reject"),
        needs_note=("reject",),
        needs_file=("counter",),
    ),
    TaskKind.DECIDE_RENEWAL: TaskRule(
        "Decide whether the agreement is renewed",
        ("renew", "expire"),
    ),
    TaskKind.CONFIRM_RENEWAL: TaskRule(
        "Confirm or decline the renewal that the client decided",
        ("confirm", "decline"),
        needs_note=("decline",),
    ),
    TaskKind.SUPPLY_FACTS: TaskRule(
        "Hand in the facts of the period, which closes this; or say why there was nothing to measure",
        ("none",),
        needs_note=("none",),
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answers: a choice, and what that choice needs."""

    choice: str
    note: str = ""
    has_file: bool = False
    has_date: bool = False


def objection(kind: TaskKind, answer: Answer) -> str | None:
    """Why the answer is not possible, and what is; None when it is."""
    rule = TASKS[kind]
    if answer.choice not in rule.choices:
        possible = ", ".join(rule.choices)
        return f"'{answer.choice}' is not an answer to this task; possible now: {possible}"
    if answer.choice in rule.needs_note and not answer.note.strip():
        return f"'{answer.choice}' needs a reason: add --note \"…\""
    if answer.choice in rule.needs_file and not answer.has_file:
        return f"'{answer.choice}' needs a document: add --file FILE"
    if answer.has_date and answer.choice not in rule.needs_date:
        return f"'{answer.choice}' names no date: leave --on out"
    if answer.has_file and rule.needs_file and answer.choice not in rule.needs_file:
        possible = ", ".join(rule.needs_file)
        return f"'{answer.choice}' takes no document; to answer with one choose {possible}"
    if answer.choice in rule.needs_date and not answer.has_date:
        return f"'{answer.choice}' needs a date: add --on YYYY-MM-DD"
    return None
