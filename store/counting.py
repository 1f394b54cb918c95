"""What comes in is counted as it comes, so that the end of a period need not read it all.

Of each period that is still to be evaluated those days are counted that nothing had touched before,
and with the first facts of a day the day before it, which is over: no fact is counted more than twice
here, however many intakes a day has. Days that are touched again later wait until somebody asks for
them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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
from store.measuring import aggregate, count_new, is_counted
from store.results import evaluated_until
from store.statistics import Place, key_of
from store.tables import agreement
from store.windows import adds_up

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
    """Count the days that an intake touched as the first, for every KPI that can be counted so.

    The agreement's row is locked by then, as it is for all who keep statistics while they hold
    anything else: nobody waits for one who waits for him.
    """
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
    touched_days: dict[bytes, tuple[Measure, dict[Window, Window | None]]] = {}
    for key in keys:
        since = evaluated.get(key, row.live_from)
        for due in periods_of(timeline, key, since, row.ends_at):
            if due.period.start > new[-1].start:
                break
            measure = due.kpi.measure
            if is_counted(due.kpi) and adds_up(measure):
                _, days = touched_days.setdefault(key_of(measure), (measure, {}))
                days |= _days(due, new, known_at)
    if not touched_days:
        return
    runs = [(measure, list(days)) for measure, days in touched_days.values()]
    counted = await count_new(connection, agreement_id, runs)
    over = [(measure, _over(key, days, counted)) for key, (measure, days) in touched_days.items()]
    await aggregate(connection, agreement_id, over)


def _over(
    key: bytes, days: Mapping[Window, Window | None], counted: Container[Place]
) -> list[Window]:
    """The days before those that were counted now, unless they were too."""
    return [
        before
        for day, before in days.items()
        if before and (key, day) in counted and (key, before) not in counted
    ]


def _days(
    due: DuePeriod, touched: Sequence[Touched], known_at: datetime
) -> Iterator[tuple[Window, Window | None]]:
    """The days of a period, each 24 hours from its start on, that its facts touched.

    With each the day before it, where that is in the period.
    """
    starts_at, ends_at = due.period.start, due.period.end
    first = bisect_right(touched, starts_at - DAY, key=BEGINS)
    last = bisect_left(touched, ends_at, key=BEGINS)
    for each in touched[first:last]:
        if takes(due.kpi, each):
            start, end = max(each.start, starts_at), min(each.end, ends_at)
            for day in range((start - starts_at) // DAY, -((starts_at - end) // DAY)):
                begins = starts_at + day * DAY
                before = Window(begins - DAY, begins, known_at) if day else None
                yield Window(begins, min(begins + DAY, ends_at), known_at), before
