"""When a period of a KPI is to be evaluated, under the edition in force as it began, and on what."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.periods import Period
from domain.results import Dim, Result, Status
from domain.spans import after
from domain.terms.measures import NoData
from domain.terms.shape import Kpi
from domain.timeline import Timeline
from domain.zones import zone_named


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """A period of a KPI, evaluated at `due_at`: its end and the cut-off for facts."""

    kpi: Kpi
    edition: int
    period: Period
    due_at: datetime


def keys_of(timeline: Timeline) -> list[str]:
    """Every KPI that some edition knows."""
    return list(
        dict.fromkeys(kpi.key for edition in timeline.editions for kpi in edition.terms.kpis)
    )


def periods_of(
    timeline: Timeline, key: str, since: datetime, until: datetime
) -> Iterator[DuePeriod]:
    """The periods of a KPI, each with the instant at which its facts are cut off."""
    for edition, period in timeline.periods(key, since, until):
        kpi = edition.terms.kpi(key)
        due_at = after(period.end, kpi.cut_off, zone_named(edition.terms.zone))
        yield DuePeriod(kpi, edition.number, period, due_at)


def rests_on(
    due: Sequence[DuePeriod],
    made: Mapping[str, Sequence[Result]],
    coming: Collection[datetime] = (),
) -> tuple[datetime, datetime]:
    """From the earliest period on whose facts these of one KPI rest, until the end of the last.

    `made` are the results that there are already, by KPI; `coming` says when the periods between
    them and these begin, if there are any.
    """
    kpi, first = due[0].kpi, min(each.period.start for each in due)
    starts = [first]
    before = [each for each in made.get(kpi.key, ()) if each.period.start < first]
    if kpi.averaging is not None:
        several = sorted({*(each.period.start for each in before), *coming})
        starts += several[1 - kpi.averaging.periods :][:1]
    if kpi.no_data == NoData.CARRIED:
        # A figure is carried on from the last period that had one of its own.
        last: dict[Dim, datetime] = {}
        for each in sorted(before, key=lambda each: each.period.start):
            if each.den and each.status != Status.EXCUSED:
                last[each.dim] = each.period.start
        starts += last.values()
    return min(starts), max(each.period.end for each in due)
