"""What comes in is counted as it comes, so that the end of a period need not read it all.

Of each period that is still to be evaluated those days are counted that nothing had touched before:
no fact is counted twice here, however many intakes a day has. Days that are touched again wait until
somebody asks for them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import FactKind
from domain.measurement import Window
from domain.restating import Touched, takes
from domain.schedule import DuePeriod, keys_of, periods_of
from domain.terms.shape import Measure
from store.editions import all_editions, timeline_of
from store.measuring import adds_up, count_new, is_counted
from store.results import evaluated_until
from store.statistics import key_of
from store.tables import agreement

DAY = timedelta(hours=24)
"""As long as a day of `store.statistics`; no touch is longer."""

BEGINS = attrgetter("start")

ADDING = frozenset({FactKind.SAMPLE, FactKind.TICKET})
"""The kinds of facts that statements count."""


def is_new(touched: Touched) -> bool:
    """Whether facts of a kind that is counted came, and none of them revises another."""
    return touched.kind in ADDING and not touched.revises


async def count_ahead(
    connection: AsyncConnection,
    agreement_id: str,
    touched: Iterable[Touched],
    received_at: datetime,
) -> None:
    """Count the days that an intake touched as the first, for every KPI that can be counted so."""
    row = (
        await connection.execute(
            select(agreement.c.live_from, agreement.c.ends_at).where(agreement.c.id == agreement_id)
        )
    ).one()
    new = sorted(filter(is_new, touched), key=BEGINS)
    if row.live_from is None or not new:
        return
    known_at = received_at + datetime.resolution
    timeline = timeline_of(await all_editions(connection, agreement_id))
    keys = keys_of(timeline)
    evaluated = await evaluated_until(connection, agreement_id, keys)
    days: dict[bytes, tuple[Measure, dict[Window, None]]] = {}
    for key in keys:
        since = evaluated.get(key, row.live_from)
        for due in periods_of(timeline, key, since, row.ends_at):
            if due.period.start > new[-1].start:
                break
            measure = due.kpi.measure
            if is_counted(due.kpi) and adds_up(measure):
                _, windows = days.setdefault(key_of(measure), (measure, {}))
                windows |= dict.fromkeys(_days(due, new, known_at))
    for measure, windows in days.values():
        await count_new(connection, agreement_id, measure, list(windows))


def _days(due: DuePeriod, touched: Sequence[Touched], known_at: datetime) -> Iterator[Window]:
    """The days of a period, each 24 hours from its start on, that its facts touched."""
    starts_at, ends_at = due.period.start, due.period.end
    first = bisect_right(touched, starts_at - DAY, key=BEGINS)
    last = bisect_left(touched, ends_at, key=BEGINS)
    for each in touched[first:last]:
        if takes(due.kpi, each):
            start, end = max(each.start, starts_at), min(each.end, ends_at)
            for day in range((start - starts_at) // DAY, -((starts_at - end) // DAY)):
                begins = starts_at + day * DAY
                yield Window(begins, min(begins + DAY, ends_at), known_at)
