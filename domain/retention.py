"""How far back the facts of an agreement are still needed, and for what.

Pure: what is known of its periods in, needs out. Facts from the earliest need on stay; of those
before it some stay too, because they reach further than their own instants (`store.dropping`).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.restating import due_of, restated_until
from domain.results import Result
from domain.schedule import DuePeriod, keys_of, periods_of, rests_on
from domain.spans import before
from domain.timeline import Timeline
from domain.zones import zone_named

EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Need:
    """Facts from this instant on are needed, and why."""

    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Course:
    """How far an agreement has come: live since when, until when, and when its record was closed."""

    live_from: datetime | None
    ends_at: datetime
    closed_at: datetime | None


def needs(
    timeline: Timeline,
    results: Sequence[Result],
    course: Course,
    cases: Collection[tuple[str, str]],
    now: datetime,
) -> list[Need]:
    """What facts are needed for, the earliest first; `cases` are KPI and period of open ones.

    Once the record is closed nothing is judged again, and only what the terms keep is needed.
    """
    found = list(_kept(timeline, now))
    if course.closed_at is None and course.live_from is None:
        found.append(Need(EVER, "the agreement is not live yet"))
    elif course.closed_at is None:
        for key in keys_of(timeline):
            found += _judged(timeline, key, results, course, cases, now)
    return sorted(found, key=lambda need: need.since)


def reach_of(
    timeline: Timeline, number: int, results: Sequence[Result], course: Course
) -> Need | None:
    """From where on the first periods under an edition to come will read facts; None: nowhere."""
    found = [
        need
        for key in keys_of(timeline)
        if (need := _first_under(timeline, number, key, results, course)) is not None
    ]
    return min(found, key=lambda need: need.since, default=None)


def _first_under(
    timeline: Timeline, number: int, key: str, results: Sequence[Result], course: Course
) -> Need | None:
    mine = [each for each in results if each.kpi.key == key]
    since = max((each.period.end for each in mine), default=course.live_from)
    coming: list[datetime] = []
    for due in () if since is None else periods_of(timeline, key, since, course.ends_at):
        if due.edition == number:
            reach, _ = rests_on([due], {key: mine}, coming)
            return Need(reach, f"{key}/{due.period.key}")
        coming.append(due.period.start)
    return None


def _kept(timeline: Timeline, now: datetime) -> Iterator[Need]:
    """What each edition keeps of the facts of its own time; the first also of those before it."""
    ends = [*(edition.starts_at for edition in timeline.editions[1:]), None]
    for number, (edition, end) in enumerate(zip(timeline.editions, ends, strict=True)):
        if edition.terms.facts is None:
            continue
        keep = edition.terms.facts.keep
        since = before(now, keep, zone_named(edition.terms.zone))
        since = max(since, edition.starts_at) if number else since
        if end is None or since < end:
            yield Need(since, f"edition {edition.number} keeps facts for {keep}")


def _judged(
    timeline: Timeline,
    key: str,
    results: Iterable[Result],
    course: Course,
    cases: Collection[tuple[str, str]],
    now: datetime,
) -> Iterator[Need]:
    """For which periods of a KPI facts may still be read, and from where on."""
    mine = [each for each in results if each.kpi.key == key]
    evaluated = {each.period.start: due_of(each, timeline) for each in mine}
    for due in evaluated.values():
        until = restated_until(due, timeline, None)
        if until is None:
            said = "can be restated until the agreement is closed, for want of `restate_within`"
            yield _need(due, said, mine)
        elif now <= until:
            yield _need(due, f"can be restated until {until:%Y-%m-%d %H:%M} UTC", mine)
        elif (key, due.period.key) in cases:
            yield _need(due, "has a case that is open", mine)
    since = max((due.period.end for due in evaluated.values()), default=course.live_from)
    if since is not None and (following := _first(timeline, key, since, course.ends_at)):
        yield _need(following, "is not evaluated yet", mine)


def _first(timeline: Timeline, key: str, since: datetime, until: datetime) -> DuePeriod | None:
    return next(periods_of(timeline, key, since, until), None)


def _need(due: DuePeriod, said: str, made: Sequence[Result]) -> Need:
    since, _ = rests_on([due], {due.kpi.key: made})
    return Need(since, f"{due.kpi.key}/{due.period.key} {said}")
