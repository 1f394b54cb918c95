"""KPI evaluation: all that is due in a shard, each agreement in a transaction of its own."""

from asyncio import Semaphore
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.service import RPCError

from activities.asking import Asking
from activities.evaluating import Counted, count, count_due, due_until, measure
from activities.following import follow_up, status_of
from activities.ledgering import Account, Instant, account_of, settle
from activities.restating import Restating
from activities.starting import start_once
from activities.warning import Lookout
from activities.world import Happening, World, is_gone, note
from domain.asking import lacking
from domain.events import Event
from domain.identifiers import agreement_workflow
from domain.schedule import DuePeriod, keys_of
from store import outbox, restating, tables, watching
from store.editions import Edition, all_editions, in_force, timeline_of
from store.engine import is_outage
from store.measuring import AT_ONCE
from store.outbox import Message
from store.restating import Late
from store.results import evaluated_until

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(minutes=15)
"""An agreement that cannot be evaluated is tried again so much later; others go on meanwhile."""


class MonitoringActivities:
    """Verbs upon the measured periods of a shard."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world; all shards count through one gate."""
        self.world, self.gate = world, Semaphore(AT_ONCE)

    @activity.defn
    async def evaluate_due(self, shard: int, now: datetime) -> datetime | None:
        """Evaluate every period due by `now`; answers when the next is, None when none ever is."""
        await self._tell(shard)
        due = select(tables.agreement.c.id).where(
            tables.agreement.c.shard == shard, tables.agreement.c.next_due_at <= now
        )
        async with self.world.engine.connect() as connection:
            agreements = list(await connection.scalars(due.order_by(tables.agreement.c.id)))
        for agreement_id in agreements:
            activity.heartbeat(agreement_id)
            try:
                await self._count_due(agreement_id, now)
                async with self.world.engine.begin() as connection:
                    to_tell = await self._evaluate(connection, agreement_id, now)
                if to_tell:
                    await self.world.post.send(agreement_id)
            except Exception as fault:  # one bad agreement never holds up another
                if is_outage(fault):  # that is nothing about this agreement: all of it again
                    raise
                log.exception("evaluation_failed", agreement=agreement_id)
                await self._put_off(agreement_id, now, fault)
        await self._tell(shard)
        upcoming = select(func.min(tables.agreement.c.next_due_at)).where(
            tables.agreement.c.shard == shard
        )
        async with self.world.engine.connect() as connection:
            next_due_at: datetime | None = await connection.scalar(upcoming)
            return next_due_at

    async def _count_due(self, agreement_id: str, now: datetime) -> None:
        """Count what is due before anything is locked: millions of facts take their time."""
        query = select(tables.agreement).where(tables.agreement.c.id == agreement_id)
        async with self.world.engine.connect() as connection:
            row = (await connection.execute(query)).one()
            timeline = timeline_of(await all_editions(connection, agreement_id))
            evaluated = await evaluated_until(connection, agreement_id, keys_of(timeline))
        due, _ = due_until(now, timeline, row, evaluated)
        await count_due(self.world.engine, agreement_id, due, self.gate)

    async def _evaluate(
        self, connection: AsyncConnection, agreement_id: str, now: datetime
    ) -> bool:
        """Evaluate what is due of one agreement, and restate what late facts touch, instant by instant.

        Returns whether somebody has to be told.
        """
        query = select(tables.agreement).where(tables.agreement.c.id == agreement_id)
        # `key_share`, so that whoever writes about the agreement meanwhile need not wait: with a
        # case's row locked, he and this would wait for each other.
        row = (await connection.execute(query.with_for_update(key_share=True))).one()
        editions = await all_editions(connection, agreement_id)
        timeline = timeline_of(editions)
        evaluated = await evaluated_until(connection, agreement_id, keys_of(timeline))
        due, next_due_at = due_until(now, timeline, row, evaluated)
        # What is left for the next transaction goes before what came after it.
        until = now if next_due_at is None else min(now, next_due_at - datetime.resolution)
        word = await restating.waiting(connection, agreement_id)
        late = [each for each in word if each.received_at <= until]
        ends = max(evaluated.values(), default=None)
        to_tell = False
        asking = Asking(connection, row, editions, timeline, now)
        account: Account | None = None
        if due or any(restating.reaches_back(each.touched, ends) for each in late):
            account = await account_of(connection, agreement_id, timeline, row.ends_at)
            work = Restating(self.world, row, editions, account)
            counted = await count(connection, agreement_id, due)
            last = await restating.last_done(connection, agreement_id)
            for each in in_time(due, late):
                if isinstance(each, Late):
                    activity.heartbeat(agreement_id, each.intake)
                    last = max(filter(None, (each.received_at, last)))
                    to_tell |= await asking.remind(last)
                    to_tell |= await work.take(connection, each, last, now)
                else:
                    activity.heartbeat(agreement_id, each[0].due_at.isoformat())
                    to_tell |= await self._settle(connection, work, each, counted, asking)
        to_tell |= await asking.remind(until)
        for each in late:
            await restating.done(connection, agreement_id, each.intake, each.received_at)
        left: list[datetime | None] = [each.received_at for each in word[len(late) :]]
        left.append(await asking.next_reminder())
        if row.live_from is not None and row.closed_at is None:
            to_tell |= await self._look_out(connection, row, editions, now, account)
            left.append(await watching.next_look(connection, agreement_id))
        next_due_at = min(filter(None, (next_due_at, *left)), default=None)
        await connection.execute(
            update(tables.agreement)
            .where(tables.agreement.c.id == agreement_id)
            .values(next_due_at=next_due_at)
        )
        return to_tell

    async def _look_out(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401 - a row of `agreement`
        editions: list[Edition],
        now: datetime,
        account: Account | None,
    ) -> bool:
        """Warn of what is at risk, as everything stands now; the account is read unless it was."""
        if not await watching.to_look_at(connection, row.id, now, 1):
            return False
        timeline = timeline_of(editions)
        evaluated = await evaluated_until(connection, row.id, keys_of(timeline))
        account = account or await account_of(connection, row.id, timeline, row.ends_at)
        lookout = Lookout(connection, row, editions, timeline, now)
        return await lookout.look(evaluated, account.results)

    async def _settle(
        self,
        connection: AsyncConnection,
        work: Restating,
        periods: list[DuePeriod],
        counted: Counted,
        asking: Asking,
    ) -> bool:
        """Evaluate the periods due at one instant, with all that follows from them."""
        row, account, due_at, now = work.row, work.account, periods[0].due_at, asking.now
        measured, known = await measure(
            connection, row, account.timeline, periods, counted, account.results
        )
        terms = in_force(work.editions, due_at).terms
        to_tell = await settle(connection, account, measured, Instant(due_at, now, known), terms)
        for each in periods:
            results = [
                found.result
                for found in measured
                if (found.result.kpi.key, found.result.period) == (each.kpi.key, each.period)
            ]
            status = status_of(result.status for result in results)
            await follow_up(connection, self.world, row, each, status, now)
            if wanting := lacking(results):
                await asking.ask(each, due_at, wanting, 1)
                to_tell = True
        return to_tell

    async def _put_off(self, agreement_id: str, now: datetime, fault: Exception) -> None:
        """Note what went wrong, and try this agreement again later."""
        async with self.world.engine.begin() as connection:
            await connection.execute(
                update(tables.agreement)
                .where(tables.agreement.c.id == agreement_id)
                .values(next_due_at=now + AGAIN_AFTER)
            )
            subject = agreement_workflow(agreement_id)
            failed = Happening(
                agreement_id, Event.EVALUATION_FAILED, subject, now, (f"{now:%Y-%m-%dT%H}",)
            )
            await note(connection, failed, now, fault=f"{type(fault).__name__}: {fault}"[:2000])

    async def _tell(self, shard: int) -> None:
        """Tell Temporal what was written down for it; what it knows already changes nothing."""
        async with self.world.engine.connect() as connection:
            messages = await outbox.untold(connection, shard)
        for message in messages:
            activity.heartbeat(message.key)
            if message.starts:
                await start_once(self.world, message.name, message.workflow, message.argument)
            else:
                await self._send(message)
            async with self.world.engine.begin() as connection:
                await outbox.told(connection, message.key)

    async def _send(self, message: Message) -> None:
        handle = self.world.temporal.get_workflow_handle(message.workflow)
        try:
            await handle.signal(message.name, message.argument)
        except RPCError as error:
            if not is_gone(error):
                raise


def in_time(due: list[DuePeriod], late: list[Late]) -> list[list[DuePeriod] | Late]:
    """The periods due at each instant and the facts that came late, one after the other.

    What is due at the instant of a receipt goes first: its facts are those that were there before.
    """
    steps: list[tuple[datetime, int, list[DuePeriod] | Late]] = [
        (due_at, 0, list(group)) for due_at, group in groupby(due, key=lambda each: each.due_at)
    ]
    steps += [(each.received_at, 1, each) for each in late]
    return [step for _, _, step in sorted(steps, key=lambda each: each[:2])]
