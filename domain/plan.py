"""The plan that steers an agreement: instants only, drawn from an edition by an activity.

A workflow receives this and never the terms. Fields are only ever added, last and with a default:
histories and carried states of many years are read with them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from domain.spans import Span, add_months, after, before
from domain.terms.shape import Agreement, Level
from domain.zones import local_date, midnight, zone_named


@dataclass(frozen=True, slots=True)
class PlannedMilestone:
    """A milestone: warned of at `warn_at`, overdue from `due_at`."""

    key: str
    warn_at: datetime
    due_at: datetime
    gate: bool = False


@dataclass(frozen=True, slots=True)
class PlannedReview:
    """A regular review, opened by itself at `opens_at`."""

    number: int
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What is due in an agreement's current term, in UTC."""

    agreement: str
    edition: int
    term: int
    term_ends_at: datetime
    renewal_opens_at: datetime
    milestones: tuple[PlannedMilestone, ...] = ()
    live_from: datetime | None = None
    reviews: tuple[PlannedReview, ...] = ()
    title: str = ""
    client: str = ""
    provider: str = ""


def first_term_ends_at(terms: Agreement) -> datetime:
    """The instant at which the first term is over."""
    last = add_months(terms.term.starts_on, terms.term.months)
    return midnight(last, zone_named(terms.zone))


def next_term_ends_at(terms: Agreement, ended_at: datetime) -> datetime:
    """The end of the term after the one that ended: what was served stays, whatever changed.

    Months are counted from the first day, so that clamped month ends do not drift.
    """
    zone = zone_named(terms.zone)
    first, last = terms.term.starts_on, local_date(ended_at, zone)
    served = 12 * (last.year - first.year) + last.month - first.month
    return midnight(add_months(first, served + terms.renewal.renews_for), zone)


def asked(milestone: PlannedMilestone, at: datetime) -> PlannedMilestone:
    """The milestone as somebody is asked for it at `at`: nobody is chased before he was asked."""
    warn_at, due_at = max(milestone.warn_at, at), max(milestone.due_at, at)
    return replace(milestone, warn_at=warn_at, due_at=due_at)


def milestone_due(on: date, terms: Agreement) -> datetime:
    """The instant after which a milestone is late: the end of its local day."""
    return midnight(on + timedelta(days=1), zone_named(terms.zone))


def plan_milestone(key: str, on: date, terms: Agreement) -> PlannedMilestone:
    """The instants of a milestone that is due on `on`."""
    zone = zone_named(terms.zone)
    milestone = next(each for each in terms.milestones if each.key == key)
    return PlannedMilestone(
        key,
        warn_at=before(midnight(on, zone), milestone.warn, zone),
        due_at=milestone_due(on, terms),
        gate=milestone.gate,
    )


def draw_plan(
    terms: Agreement,
    edition: int,
    term: int,
    *,
    ends_at: datetime | None = None,
    live_from: datetime | None = None,
    since: datetime | None = None,
    after_review: int = 0,
) -> Plan:
    """The plan of a term (the first, if no end is given) under an edition.

    Reviews appear once the agreement is live: those from `since`, numbered on from `after_review`.
    """
    zone = zone_named(terms.zone)
    ends_at = ends_at or first_term_ends_at(terms)
    openings = review_openings(terms, live_from, ends_at) if live_from else ()
    coming = (at for at in openings if since is None or at >= since)
    return Plan(
        agreement=terms.agreement,
        edition=edition,
        term=term,
        term_ends_at=ends_at,
        renewal_opens_at=before(ends_at, terms.renewal.notice, zone),
        milestones=tuple(plan_milestone(each.key, each.on, terms) for each in terms.milestones),
        live_from=live_from,
        reviews=tuple(
            PlannedReview(number, opens_at)
            for number, opens_at in enumerate(coming, after_review + 1)
        ),
        title=terms.title,
        client=terms.parties.client.name,
        provider=terms.parties.provider.name,
    )


def review_openings(terms: Agreement, live_from: datetime, ends_at: datetime) -> Iterator[datetime]:
    """When regular reviews open, up to term end: whole intervals after the anchor."""
    zone = zone_named(terms.zone)
    anchor = (
        live_from
        if terms.reviews.first_after == "go_live"
        else midnight(terms.reviews.first_after, zone)
    )
    every = terms.reviews.every
    # Each is counted from the anchor, so that clamped month ends do not drift.
    times = 1
    while (opens_at := after(anchor, Span(every.amount * times, every.unit), zone)) <= ends_at:
        if opens_at >= live_from:
            yield opens_at
        times += 1


def go_live_at(planned_on: date, accepted_at: datetime, terms: Agreement) -> datetime:
    """When service begins: the start of the planned day, or of the day of a later acceptance."""
    zone = zone_named(terms.zone)
    day = max(planned_on, terms.term.starts_on, accepted_at.astimezone(zone).date())
    return midnight(day, zone)


@dataclass(frozen=True, slots=True)
class PlannedRung:
    """A rung of a ladder: fires at `due_at` unless somebody answered before."""

    level: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Ladder:
    """All rungs, fixed when the case opens, and the instant at which the last goes unanswered."""

    rungs: tuple[PlannedRung, ...]
    exhausted_at: datetime


def raise_ladder(levels: tuple[Level, ...], opened_at: datetime, zone_name: str) -> Ladder:
    """The ladder of a case opened at `opened_at`: each level waits its own answering time."""
    zone = zone_named(zone_name)
    rungs: list[PlannedRung] = []
    due_at = opened_at.astimezone(UTC)
    for level in levels:
        rungs.append(PlannedRung(level.level, due_at))
        due_at = after(due_at, level.answer_within, zone)
    return Ladder(tuple(rungs), due_at)


def first_figures_at(terms: Agreement, ends_at: datetime) -> datetime:
    """When the first of the term's last figures is in."""
    zone = zone_named(terms.zone)
    return min(after(ends_at, kpi.cut_off, zone) for kpi in terms.kpis)


def closing_at(terms: Agreement, ends_at: datetime) -> datetime:
    """When the last figures of the term are in: a day after its end and the longest cut-off."""
    zone = zone_named(terms.zone)
    figures_at = max(after(ends_at, kpi.cut_off, zone) for kpi in terms.kpis)
    return figures_at + timedelta(days=1)
