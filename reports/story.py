"""The story: each entry of the journal as one line that a governance officer reads."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.events import Event
from domain.measures.words import many
from domain.terms.amendment import change_said
from notices.templates import LATE_AFTER
from store.views.history import Told

QUIET = {Event.FACTS_RECEIVED}
"""What a story leaves out unless all is asked for, beside periods that raise no question."""


def is_quiet(entry: Told) -> bool:
    """Whether the entry is routine."""
    routine = entry.detail.get("status") in {"met", "no_data"}
    return (entry.event == Event.PERIOD_EVALUATED and routine) or entry.event in QUIET


def _last(entry: Told) -> str:
    return entry.subject.rsplit("/", 1)[-1]


def _about(entry: Told) -> str:
    """The KPI and first period of a case, the number of anything else."""
    parts = entry.subject.split("/")
    return f"{parts[2]} {parts[3]}" if parts[0] == "noncompliance" else _last(entry)


def _measured(entry: Told) -> str:
    """The KPI, its dimension if it is split, and the period."""
    return " ".join(entry.subject.split("/")[1:])


def _asked(entry: Told) -> str:
    """The KPI and the period whose facts are asked for."""
    return " ".join(entry.subject.split("/")[2:])


def _owed(entry: Told) -> str:
    """A line of the ledger: of what, and what it comes to."""
    said = entry.detail
    about, period = said.get("about"), said.get("period")
    if about is None:  # written before there was a ledger
        about, period = entry.subject.split("/")[1], _last(entry)
    figures = [f"{said['percent']} %" if said.get("percent") else None, said.get("amount")]
    what = said.get("type", "credit").replace("_", " ")
    return f"{what} for {about} {period}: {', '.join(filter(None, figures)) or 'nothing'}"


def _reason(entry: Told) -> str:
    reason = entry.detail.get("reason")
    return " ".join(reason) if isinstance(reason, list) else str(reason or "")


def _forestalled(entry: Told) -> str:
    by = entry.detail["by"]
    return "nothing was missed" if by == "restated figures" else f"{by} had answered"


def _words(status: str | None) -> str:
    return "without verdict" if status is None else status.replace("_", " ")


def _note(entry: Told) -> str:
    note = entry.detail.get("note")
    return f": “{' '.join(str(note).split())}”" if note else ""


def _list(values: Any) -> str:  # noqa: ANN401 - from the journal's JSON
    return ", ".join(map(str, values or []))


def _redline(entry: Told) -> str:
    lines = [change_said(*each) for each in entry.detail.get("redline") or []]
    return f"; from {entry.detail.get('effective_on')}: " + "; ".join(lines)


SENTENCES: dict[Event, Callable[[Told], str]] = {
    Event.AGREEMENT_LAUNCHED: lambda e: f"launched by {e.actor}",
    Event.EDITION_ADOPTED: lambda e: (
        f"edition {e.detail['edition']} adopted, from {e.detail['effective_at'][:10]}"
    ),
    Event.EDITION_TOOK_EFFECT: lambda e: f"edition {e.detail['edition']} takes effect",
    Event.MILESTONE_AT_RISK: lambda e: f"early warning: milestone {_last(e)} is not delivered yet",
    Event.MILESTONE_OVERDUE: lambda e: f"milestone {_last(e)} is overdue",
    Event.MILESTONE_DELIVERED: lambda e: f"milestone {_last(e)} delivered by {e.actor}{_note(e)}",
    Event.MILESTONE_REPLANNED: lambda e: (
        f"milestone {_last(e)} re-planned to {e.detail['planned_on']} by {e.actor}{_note(e)}"
    ),
    Event.MILESTONE_ACCEPTED: lambda e: f"milestone {_last(e)} accepted by {e.actor}",
    Event.MILESTONE_REJECTED: lambda e: f"milestone {_last(e)} sent back by {e.actor}{_note(e)}",
    Event.GATE_OPENED: lambda e: f"gate {_last(e)} opens: every milestone before it is accepted",
    Event.WENT_LIVE: lambda _: "live: the service is measured from here",
    Event.FACTS_RECEIVED: lambda e: (
        f"{e.detail['read']} facts received from {e.actor} in {e.subject}"
    ),
    Event.FACTS_RELEASED: lambda e: f"row {e.subject} released by {e.actor}{_note(e)}",
    Event.FACTS_CORRECTED: lambda e: f"row {e.subject} corrected by {e.actor}{_note(e)}",
    Event.FACTS_DISCARDED: lambda e: f"row {e.subject} discarded by {e.actor}{_note(e)}",
    Event.FACTS_ARCHIVED: lambda e: (
        f"{sum(e.detail['rows'].values()):,} rows of facts before {e.detail['before'][:7]} taken out "
        f"by {e.actor}; they are in the archive {e.detail['manifest'][:16]}{_note(e)}"
    ),
    Event.PERIOD_EVALUATED: lambda e: (
        f"{_measured(e)} {e.detail['status'].replace('_', ' ')}: {_reason(e)}"
    ),
    Event.PERIOD_RESTATED: lambda e: (
        f"{_measured(e)} restated, {_words(e.detail['restated']['before'])} before, "
        f"{_words(e.detail['status'])} now: {_reason(e)} "
        f"By {many(e.detail['restated']['facts'], 'fact')} in {e.detail['restated']['file']}."
    ),
    Event.CLOCKS_AT_RISK: lambda e: (
        f"{e.detail['tickets']} open tickets at risk: {' '.join(e.detail['said'])}"
    ),
    Event.KPI_AT_RISK: lambda e: f"{_measured(e)} at risk: {_reason(e)}",
    Event.FACTS_TOO_LATE: lambda e: (
        f"facts in {e.detail['file']} came too late to restate {_measured(e)} "
        f"{_list(e.detail['periods'])}: they are kept and change nothing"
    ),
    Event.FACTS_WANTED: lambda e: (
        f"facts of {_asked(e)} are wanted by {e.detail['until'][:10]}, there is no figure"
    ),
    Event.FACTS_SUPPLIED: lambda e: (
        f"the facts of {_asked(e)} that were wanted came in {e.detail['file']}"
    ),
    Event.FACTS_NOT_SUPPLIED: lambda e: (
        f"the facts of {_asked(e)} were wanted by now: none came, nobody answered"
    ),
    Event.NOTHING_TO_MEASURE: lambda e: (
        f"nothing to measure in {_asked(e)}, says {e.actor}{_note(e)}"
    ),
    Event.EVALUATION_FAILED: lambda e: f"evaluation failed and is tried again: {e.detail['fault']}",
    Event.CREDIT_PROPOSED: _owed,
    Event.TRIGGER_FIRED: lambda e: f"trigger {_last(e)} fires: {_reason(e)}",
    Event.RIGHT_ARISEN: lambda e: (
        f"a right arises, {e.detail['kind'].replace('_', ' ')}: {_reason(e)}"
    ),
    Event.CASE_OPENED: lambda e: f"{e.detail['severity']} non-compliance opened: {_about(e)}",
    Event.CASE_JOINED: lambda e: f"case {_about(e)}: {e.detail['period']} joins it",
    Event.CASE_LEFT: lambda e: (
        f"case {_about(e)}: {e.detail['period']} leaves it, restated as {_words(e.detail['status'])}"
    ),
    Event.RUNG_FIRED: lambda e: (
        f"case {_about(e)}: level {e.detail['level']} told: {_list(e.detail['to'])}"
    ),
    Event.RUNG_FORESTALLED: lambda e: (
        f"case {_about(e)}: level {e.detail['level']} not needed, {_forestalled(e)}"
    ),
    Event.LADDER_EXHAUSTED: lambda e: (
        f"case {_about(e)}: nobody answered on any of {e.detail['levels']} levels"
    ),
    Event.BREACH_ACKNOWLEDGED: lambda e: f"case {_about(e)}: acknowledged by {e.actor}{_note(e)}",
    Event.PLAN_SUBMITTED: lambda e: (
        f"case {_about(e)}: plan {e.detail['cycle']} submitted by {e.actor}{_note(e)}"
    ),
    Event.PLAN_OVERDUE: lambda e: f"case {_about(e)}: plan {e.detail['cycle']} is overdue",
    Event.PLAN_ACCEPTED: lambda e: (
        f"case {_about(e)}: plan {e.detail['cycle']} accepted by {e.actor}"
    ),
    Event.PLAN_DEEMED_ACCEPTED: lambda e: (
        f"case {_about(e)}: plan {e.detail['cycle']} deemed accepted, nobody judged it"
    ),
    Event.PLAN_REJECTED: lambda e: (
        f"case {_about(e)}: plan {e.detail['cycle']} rejected by {e.actor}{_note(e)}"
    ),
    Event.PLAN_UNJUDGED: lambda e: f"case {_about(e)}: plan {e.detail['cycle']} without judgement",
    Event.PLANS_EXHAUSTED: lambda e: (
        f"case {_about(e)}: {e.detail['cycles']} plans are spent, governance is told"
    ),
    Event.CASE_RELAPSED: lambda e: (
        f"case {_about(e)}: the plan did not hold, {e.detail['period']} missed again"
    ),
    Event.CASE_CLOSED: lambda e: (
        f"case {_about(e)}: closed, {e.detail['outcome'].replace('_', ' ')}"
    ),
    Event.REVIEW_CALLED: lambda e: f"review called by {e.actor}{_note(e)}",
    Event.REVIEW_OPENED: lambda e: f"review {_last(e)} opens, its report is frozen",
    Event.REVIEW_REMINDED: lambda e: f"review {_last(e)}: reminder to {_list(e.detail['to'])}",
    Event.REVIEW_ESCALATED: lambda e: (
        f"review {_last(e)}: {_list(e.detail['silent'])} did not answer; escalated to {_list(e.detail['to'])}"
    ),
    Event.REVIEW_ANSWERED: lambda e: (
        f"review {_last(e)}: {e.actor} says {e.detail['choice']}{_note(e)}"
    ),
    Event.REVIEW_CLOSED: lambda e: f"review {_last(e)} closed: {e.detail['outcome']}",
    Event.CHANGE_PROPOSED: lambda e: f"change {_last(e)} proposed by {e.actor}{_redline(e)}",
    Event.CHANGE_COUNTERED: lambda e: f"change {_last(e)} countered by {e.actor}{_redline(e)}",
    Event.CHANGE_APPROVED: lambda e: f"change {_last(e)} approved by {e.actor}",
    Event.CHANGE_REJECTED: lambda e: f"change {_last(e)} rejected by {e.actor}{_note(e)}",
    Event.CHANGE_WITHDRAWN: lambda e: f"change {_last(e)} withdrawn by {e.actor}",
    Event.CHANGE_EXPIRED: lambda e: f"change {_last(e)} expired: nobody answered",
    Event.RENEWAL_OPENED: lambda e: (
        f"renewal window opens, to be decided by {e.detail['decide_by'][:10]}"
    ),
    Event.RENEWAL_DECIDED: lambda e: f"renewal: {e.actor} decides to {e.detail['choice']}",
    Event.RENEWAL_CONFIRMED: lambda e: f"renewal confirmed by {e.actor}",
    Event.RENEWAL_DECLINED: lambda e: f"renewal declined by {e.actor}{_note(e)}",
    Event.RENEWAL_SETTLED: lambda e: f"renewal settled: {e.detail['outcome']}",
    Event.TERM_RENEWED: lambda e: f"term {_last_part(e)} begins, until {e.detail['ends_at'][:10]}",
    Event.AGREEMENT_CLOSED: lambda _: "closed: the last figures are in",
    Event.COMMAND_REFUSED: lambda e: f"refused to {e.actor}: {e.detail['reason']}",
}


def _last_part(entry: Told) -> str:
    return entry.key.rsplit("/", 1)[-1]


def lateness(entry: Told) -> str:
    """How late the engine noted what took effect earlier; nothing within a minute."""
    late = entry.noted_at - entry.at
    return f" [late by {str(late).split('.')[0]}]" if late > LATE_AFTER else ""


def line(entry: Told, zone: ZoneInfo) -> str:
    """One line: local time, sentence, lateness."""
    sentence = SENTENCES[Event(entry.event)](entry)
    return f"{stamp(entry.at, zone)}  {sentence}{lateness(entry)}"


def stamp(at: datetime, zone: ZoneInfo) -> str:
    """A local time to the minute."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
