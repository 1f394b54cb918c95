"""Ticket clocks for programs and for people: the limit, the ledger, the deadline, and why."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from domain.at_risk import ClockWarning, warnings_of
from domain.clocks.runs import ClockRun, Stage, local_text
from domain.clocks.segments import Segment
from domain.numbers import RoundingMode, rounded
from domain.terms.calendars import Limits

FORMAT = "covenant-ticket/1"

PREFIX = "ticket/"
"""How a ticket is asked for: `ticket/T1`."""

PLACES = 12


def document(ticket: str, runs: Iterable[ClockRun], why_none: Iterable[str] = ()) -> dict[str, Any]:
    """Everything about the clocks of one ticket, or why it has none."""
    clocks = [clock_document(run) for run in runs]
    return {"format": FORMAT, "ticket": ticket, "clocks": clocks, "why_none": [*why_none]}


def clock_document(run: ClockRun) -> dict[str, Any]:
    """A clock of the JSON document; keys only grow."""
    return {
        "ticket": run.ticket,
        "clock": run.clock,
        **_figures(run),
        "segments": [_segment(each) for each in run.ledger],
        "reason": list(run.reason),
        "zone": run.zone.key,
        "stops": run.terms.stops,
        "clause": run.limits.clause or run.terms.clause,
        "limit": _limit(run, run.stages[-1]),
        "changes": [
            {"at": _utc(each.start), "why": each.why, "limit": _limit(run, each)}
            for each in run.stages
        ],
        "pauses": [
            {
                "start": _utc(each.start),
                "end": _utc(each.end),
                "why": each.why,
                "taken_s": _text(run.seconds_in(each)),
            }
            for each in run.pauses
        ],
        "earlier": [
            {**_figures(each), "limit": _limit(each, each.stages[-1]), "reason": list(each.reason)}
            for each in run.earlier
        ],
        "ignored": [
            {"event": event.id, "at": _utc(event.at), "what": event.event, "why": why}
            for event, why in run.ignored
        ],
        "warnings": [_warning(each) for each in warnings_of(run)],
    }


def _figures(run: ClockRun) -> dict[str, Any]:
    """Where one run of a clock stands."""
    return {
        "deadline": _utc(run.deadline),
        "deadline_local": None if run.deadline is None else local_text(run.deadline, run.zone),
        "elapsed_s": _text(run.elapsed),
        "left_s": _text(run.left),
        "budget_s": _text(run.budget),
        "status": run.status,
        "since": _utc(run.since),
        "begun": _utc(run.begun_at),
        "stopped": _utc(run.stopped_at),
        "until": _utc(run.until),
        "superseded": run.superseded,
        "closing": run.closing,
        "counts": run.counts,
    }


def _limit(run: ClockRun, stage: Stage) -> dict[str, Any]:
    limits: Limits = stage.limits
    return {
        "number": run.terms.limits.index(limits) + 1,
        "where": {
            column: [values] if isinstance(values, str) else list(values)
            for column, values in limits.where.items()
        },
        "within": str(limits.within),
        "calendar": limits.calendar or run.terms.calendar,
        "counts": stage.basis.how,
        "clause": limits.clause,
    }


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "start": _utc(segment.start),
        "end": _utc(segment.end),
        "kind": segment.kind,
        "why": segment.why,
    }


def _warning(warning: ClockWarning) -> dict[str, Any]:
    return {
        "key": warning.key,
        "share": f"{warning.share.normalize():f}",
        "due_at": _utc(warning.due_at),
        "reached": warning.reached,
        "said": warning.said,
    }


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(value: Fraction) -> str:
    text = f"{rounded(value, PLACES, RoundingMode.DOWN):f}"
    return text.rstrip("0").rstrip(".") or "0"


def told(ticket: str, runs: Iterable[ClockRun], why_none: Iterable[str] = ()) -> list[str]:
    """The same as lines of text; times in the agreement's zone."""
    lines = [line for run in runs for line in _told(ticket, run)]
    return lines or without_clock(ticket, why_none)


def without_clock(ticket: str, why_none: Iterable[str]) -> list[str]:
    """What is told of a ticket on which no clock runs; nothing where there is no reason."""
    why = [f"  {sentence}" for sentence in why_none]
    return [f"Ticket {ticket} has no clock", *why] if why else []


def _told(ticket: str, run: ClockRun) -> Iterator[str]:
    clause = run.limits.clause or run.terms.clause
    cited = f", clause {clause}" if clause else ""
    yield f"Ticket {ticket}, clock {run.clock}{cited}: {run.status}"
    for each in (*run.earlier, run):
        yield from (f"  {sentence}" for sentence in each.reason)
    yield f"  What it did ({run.zone.key}):"
    for segment in run.ledger:
        start, end = (local_text(at, run.zone) for at in (segment.start, segment.end))
        yield f"    {start} to {end}: {segment.kind}, {segment.why}"
    for event, why in run.ignored:
        what = event.event if event.value is None else f"{event.event} `{event.value}`"
        yield (
            f"  {what} at {local_text(event.at, run.zone)} through {event.actor} "
            f"did not count: {why}."
        )
    yield from (f"  {each.said}" for each in warnings_of(run))
