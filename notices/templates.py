"""The words of each notice. Fields in braces are filled in by the activity that prepares it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.zones import zone_named

LATE_AFTER = timedelta(seconds=60)
"""A notice prepared this much after it was due says so."""


class Template(StrEnum):
    """What a notice is about; docs/notices.md says when each is sent and to whom."""

    MILESTONE_ASSIGNED = "milestone_assigned"
    MILESTONE_AT_RISK = "milestone_at_risk"
    MILESTONE_OVERDUE = "milestone_overdue"
    MILESTONE_TO_ACCEPT = "milestone_to_accept"
    MILESTONE_REPLANNED = "milestone_replanned"
    MILESTONE_REJECTED = "milestone_rejected"
    WENT_LIVE = "went_live"
    RIGHT_ARISEN = "right_arisen"
    PERIOD_RESTATED = "period_restated"
    FACTS_WANTED = "facts_wanted"
    FACTS_NOT_SUPPLIED = "facts_not_supplied"
    CLOCKS_AT_RISK = "clocks_at_risk"
    KPI_AT_RISK = "kpi_at_risk"
    BREACH = "breach"
    LADDER_EXHAUSTED = "ladder_exhausted"
    PLAN_WANTED = "plan_wanted"
    PLAN_OVERDUE = "plan_overdue"
    PLAN_TO_JUDGE = "plan_to_judge"
    PLAN_ACCEPTED = "plan_accepted"
    PLAN_UNJUDGED = "plan_unjudged"
    CASE_CLOSED = "case_closed"
    REVIEW_OPENED = "review_opened"
    REVIEW_REMINDER = "review_reminder"
    REVIEW_ESCALATED = "review_escalated"
    REVIEW_CLOSED = "review_closed"
    CHANGE_TO_ANSWER = "change_to_answer"
    CHANGE_CLOSED = "change_closed"
    RENEWAL_TO_DECIDE = "renewal_to_decide"
    RENEWAL_TO_CONFIRM = "renewal_to_confirm"
    RENEWAL_SETTLED = "renewal_settled"
    AGREEMENT_CLOSED = "agreement_closed"


@dataclass(frozen=True, slots=True)
class Wording:
    """A title and a body."""

    title: str
    body: str


WORDINGS: dict[Template, Wording] = {
    Template.MILESTONE_ASSIGNED: Wording(
        "Milestone to deliver: {milestone}",
        "The milestone “{milestone}” is yours to deliver by {until}.",
    ),
    Template.MILESTONE_AT_RISK: Wording(
        "Early warning: {milestone} is due soon",
        "The milestone “{milestone}” is due by {until} and has not been reported as delivered.\n"
        "If the date cannot be kept, re-plan it now, with the reason.",
    ),
    Template.MILESTONE_OVERDUE: Wording(
        "Overdue: {milestone}",
        "The milestone “{milestone}” was due by {until} and has not been delivered.",
    ),
    Template.MILESTONE_TO_ACCEPT: Wording(
        "Milestone to accept: {milestone}",
        "{actor} reports the milestone “{milestone}” as delivered.\nEvidence: {note}",
    ),
    Template.MILESTONE_REPLANNED: Wording(
        "Re-planned: {milestone}",
        "{actor} moved the milestone “{milestone}” to {until}.\nReason: {note}",
    ),
    Template.MILESTONE_REJECTED: Wording(
        "Sent back: {milestone}",
        "{actor} did not accept the milestone “{milestone}”.\nReason: {note}",
    ),
    Template.WENT_LIVE: Wording(
        "{title} is live",
        "Every gate is passed. The service is measured from {until}.",
    ),
    Template.RIGHT_ARISEN: Wording(
        "A right has arisen: {right}",
        "The trigger “{trigger}” of {title} has fired.\n{reason}\n\n"
        "It gives a right: {right}. {note}",
    ),
    Template.PERIOD_RESTATED: Wording(
        "Restated: {kpi}, {period}",
        "{kpi} was {before} in {period} and is now {after}.\n{reason}\n\n"
        "The file {file} ({facts} facts), received {received}, touched the period after its "
        "figures were due. The earlier figure is kept as an earlier revision.",
    ),
    Template.FACTS_WANTED: Wording(
        "Facts wanted: {kpi}, {period}",
        "{kpi} has no figure in {period}.\n{reason}\n\n"
        "Hand in the facts by {until}; that answers this by itself. If there was nothing to "
        "measure, choose none, and say why.",
    ),
    Template.FACTS_NOT_SUPPLIED: Wording(
        "Still without facts: {kpi}, {period}",
        "The facts of {kpi} in {period} were wanted by {until}. None came that give a figure, and "
        "nobody said that there was nothing to measure.\nThe period stays without a figure. Facts "
        "that come now count as long as the terms let them restate it.",
    ),
    Template.CLOCKS_AT_RISK: Wording(
        "At risk: {tickets} open tickets",
        "Of {title} the time of {tickets} open tickets runs out:\n{reason}\n\n"
        "Each ticket is told of once for each agreed share of its time.",
    ),
    Template.KPI_AT_RISK: Wording(
        "At risk: {kpi}, {period}",
        "{kpi} is at risk in {period}, which still runs.\n{reason}\n\n"
        "Nothing is missed yet by this: it is judged after the period, with all facts of it.",
    ),
    Template.BREACH: Wording(
        "{severity} non-compliance, level {level}: {kpi}",
        "{kpi} missed its target in {period}.\n{reason}\n\n"
        "This is level {level} of the escalation. Unanswered until {climbs}, {next}.\n"
        "What to do: {playbook}",
    ),
    Template.LADDER_EXHAUSTED: Wording(
        "Nobody answered: {kpi}",
        "The non-compliance of {kpi} in {period} went unanswered on every level of its ladder.",
    ),
    Template.PLAN_WANTED: Wording(
        "Corrective action plan wanted: {kpi}",
        "{kpi} missed its target in {period}. A plan with its root cause, actions, owners and "
        "dates is due by {until}.\n{note}",
    ),
    Template.PLAN_OVERDUE: Wording(
        "Overdue: corrective action plan for {kpi}",
        "The corrective action plan for {kpi} in {period} was due by {until}.",
    ),
    Template.PLAN_TO_JUDGE: Wording(
        "Plan to judge: {kpi}",
        "{actor} submitted a corrective action plan for {kpi} in {period}:\n{note}\n\n"
        "Judge it by {until}.",
    ),
    Template.PLAN_ACCEPTED: Wording(
        "Plan accepted: {kpi}",
        "The corrective action plan for {kpi} in {period} is accepted ({note}).\n"
        "The next {verify} periods have to prove it.",
    ),
    Template.PLAN_UNJUDGED: Wording(
        "Plan without judgement: {kpi}",
        "The corrective action plan for {kpi} in {period} was to be judged by {until}.",
    ),
    Template.CASE_CLOSED: Wording(
        "Closed: non-compliance of {kpi}",
        "The non-compliance of {kpi} in {period} is closed: {note}.",
    ),
    Template.REVIEW_OPENED: Wording(
        "Review to complete: {review}",
        "The {review} of {title} is open. The report is frozen, the same for both parties:\n"
        "{note}\n\nPlease answer by {until}.",
    ),
    Template.REVIEW_REMINDER: Wording(
        "Reminder: {review}",
        "Your answer to the {review} of {title} is wanted by {until}.",
    ),
    Template.REVIEW_ESCALATED: Wording(
        "Unanswered: {review}",
        "{note} did not answer the {review} of {title} by {until}.",
    ),
    Template.REVIEW_CLOSED: Wording(
        "Closed: {review}",
        "The {review} of {title} is closed: {note}.",
    ),
    Template.CHANGE_TO_ANSWER: Wording(
        "Change {number} to answer, round {round}",
        "{actor} proposes to change {title} from {from}:\n{note}\n\n"
        "Approve, counter or reject it by {until}.",
    ),
    Template.CHANGE_CLOSED: Wording(
        "Change {number} {outcome}",
        "The proposed change {number} of {title} is {outcome}. {note}",
    ),
    Template.RENEWAL_TO_DECIDE: Wording(
        "Renewal to decide",
        "The term of {title} ends on {ends}. Decide by {until} whether it is renewed.\n{note}",
    ),
    Template.RENEWAL_TO_CONFIRM: Wording(
        "Renewal to confirm",
        "{actor} decided to renew {title}. Confirm or decline by {until}.",
    ),
    Template.RENEWAL_SETTLED: Wording(
        "Renewal of {title}: {outcome}",
        "The renewal of {title} is settled: {outcome}. {note}",
    ),
    Template.AGREEMENT_CLOSED: Wording(
        "{title} is closed",
        "The last period is evaluated and the agreement is closed.",
    ),
}


def local_time(at: datetime, zone: str) -> str:
    """An instant for a reader: `2027-01-04 09:00 Europe/London`."""
    return f"{at.astimezone(zone_named(zone)):%Y-%m-%d %H:%M} {zone}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice before it has a reader. `until` and the instants in `times` become local times."""

    template: Template
    fields: dict[str, str]
    times: dict[str, datetime]
    due_at: datetime
    prepared_at: datetime
    task: str | None = None


def compose(draft: Draft, *, title: str, reader: str, zone: str) -> tuple[str, str]:
    """Title and body for the contact `reader` in `zone`. A late notice says how late."""
    wording = WORDINGS[draft.template]
    fields = {"title": title, **draft.fields}
    fields |= {name: local_time(at, zone) for name, at in draft.times.items()}
    body = wording.body.format_map(fields)
    if draft.task is not None:
        body += f"\n\nTo answer: covenant answer {draft.task} --as {reader} --choose …"
    lateness = draft.prepared_at - draft.due_at
    if lateness > LATE_AFTER:
        body += (
            f"\n\nThis notice is late: it was due {local_time(draft.due_at, zone)} and was "
            f"prepared {local_time(draft.prepared_at, zone)}. Deadlines count from when it was due."
        )
    return wording.title.format_map(fields), f"{body}\n\n{title}\n"
