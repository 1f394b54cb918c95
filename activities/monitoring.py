"""KPI evaluation: all that is due in a shard, each agreement in a transaction of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import structlog
from sqlalchemy import ARRAY, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity
from temporalio.service import RPCError

from activities.opening import Miss, add_period, as_json, open_case
from activities.starting import start_once
from activities.world import Happening, World, is_gone, note
from domain.evaluation import ENGINE_VERSION, Status, Verdict, evaluate, severity
from domain.events import Event
from domain.identifiers import agreement_workflow, effect_key
from domain.lifecycle import OVER
from domain.measurement import Aggregate, Window
from domain.money import money
from domain.noncompliance import CaseState, PeriodMissed, PeriodsMet
from domain.remedies.bands import credit_percent
from domain.schedule import DuePeriod, schedule
from domain.terms.shape import Agreement
from domain.zones import TZDATA_VERSION, zone_named
from store import outbox, tables
from store.editions import all_editions, in_force
from store.engine import is_outage
from store.measuring import aggregate
from store.outbox import Message

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""Periods of one KPI in one transaction; after a long outage the rest follows in the next."""

AGAIN_AFTER = timedelta(minutes=15)
"""An agreement that cannot be evaluated is tried again so much later; others go on meanwhile."""


@dataclass(frozen=True, slots=True)
class Result:
    """A period with what it came to."""

    due: DuePeriod
    aggregate: Aggregate
    verdict: Verdict


class MonitoringActivities:
    """Verbs upon the measured periods of a shard."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

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
                async with self.world.engine.begin() as connection:
                    await self._evaluate(connection, agreement_id, now)
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

    async def _evaluate(
        self, connection: AsyncConnection, agreement_id: str, now: datetime
    ) -> None:
        """Evaluate what is due of one agreement, in order of due instants."""
        query = select(tables.agreement).where(tables.agreement.c.id == agreement_id)
        # `key_share`, so that whoever writes about the agreement meanwhile need not wait: with a
        # case's row locked, he and this would wait for each other.
        row = (await connection.execute(query.with_for_update(key_share=True))).one()
        editions = await all_editions(connection, agreement_id)

        def terms_at(at: datetime) -> tuple[int, Agreement]:
            edition = in_force(editions, at)
            return edition.number, edition.terms

        results: list[Result] = []
        next_due: list[datetime] = []
        kpis = [kpi.key for kpi in editions[-1].terms.kpis]
        evaluated = await evaluated_until(connection, agreement_id, kpis)
        for kpi in kpis:
            since = evaluated.get(kpi, row.live_from)
            coming = schedule(kpi, since, row.ends_at, terms_at)
            due: list[DuePeriod] = []
            for each in coming:
                # Only the end of the term tells whether its last period is cut short.
                if each.period.end >= row.ends_at and row.phase not in OVER:
                    break
                if each.due_at > now or len(due) == AT_ONCE:
                    next_due.append(each.due_at)
                    break
                due.append(each)
            results.extend(await measure(connection, agreement_id, due))
        results.sort(key=lambda result: (result.due.due_at, result.due.kpi.key))
        for result in results:
            await self._record(connection, agreement_id, row.zone, result, terms_at, now)
            await self._follow_up(connection, row, result, now)
        await connection.execute(
            update(tables.agreement)
            .where(tables.agreement.c.id == agreement_id)
            .values(next_due_at=min(next_due, default=None))
        )

    async def _record(
        self,
        connection: AsyncConnection,
        agreement_id: str,
        zone: str,
        result: Result,
        terms_at: Any,  # noqa: ANN401
        now: datetime,
    ) -> None:
        """Write the evaluation, the credit that its band gives, and the journal's entries."""
        due, verdict, measured = result.due, result.verdict, result.aggregate
        kpi, period = due.kpi, due.period
        key = {"agreement": agreement_id, "kpi": kpi.key, "period": period.key, "revision": 1}
        await connection.execute(
            insert(tables.evaluation).values(
                **key,
                start_at=period.start,
                end_at=period.end,
                due_at=due.due_at,
                edition=due.edition,
                status=verdict.status,
                num=verdict.num,
                den=verdict.den,
                facts=measured.facts,
                missing=measured.missing,
                reason=" ".join(verdict.reason),
                inputs_digest=measured.inputs_digest,
                engine_version=ENGINE_VERSION,
                tzdata_version=TZDATA_VERSION,
                evaluated_at=now,
            )
        )
        subject = f"{agreement_id}/{kpi.key}/{period.key}"
        evaluated = Happening(agreement_id, Event.PERIOD_EVALUATED, subject, due.due_at, (1,))
        await note(
            connection,
            evaluated,
            now,
            status=verdict.status,
            reason=list(verdict.reason),
            edition=due.edition,
            inputs=measured.inputs_digest,
        )
        percent = credit_percent(kpi, verdict)
        if not percent:
            return
        charges = terms_at(period.start)[1].charges
        monthly = money(charges.amount, charges.currency).share(percent) if charges else None
        last_day = (period.end - timedelta(microseconds=1)).astimezone(zone_named(zone))
        await connection.execute(
            insert(tables.credit).values(
                **key,
                month=f"{last_day:%Y-%m}",
                percent=percent,
                amount_minor=monthly.minor if monthly else None,
                currency=monthly.currency if monthly else None,
            )
        )
        proposed = Happening(agreement_id, Event.CREDIT_PROPOSED, subject, due.due_at, (1,))
        amount = str(monthly) if monthly else None
        await note(connection, proposed, now, percent=str(percent), amount=amount)

    async def _follow_up(
        self,
        connection: AsyncConnection,
        row: Any,  # noqa: ANN401 - a database row
        result: Result,
        now: datetime,
    ) -> None:
        """Open a case on a miss, join it to the open one, or prove the open one's plan."""
        due = result.due
        cases = tables.noncompliance
        query = select(cases).where(
            cases.c.agreement == row.id, cases.c.kpi == due.kpi.key, cases.c.closed_at.is_(None)
        )
        case = (await connection.execute(query.with_for_update(key_share=True))).one_or_none()
        missed = severity(result.verdict.status) is not None
        miss = Miss(
            row.id, row.shard, due.kpi.key, due.period.key, result.verdict.status, due.due_at
        )
        if missed and case is None:
            await open_case(connection, self.world, miss, now)
        elif missed and case is not None:
            await self._join(connection, case.id, miss, due.period.start, now)
        elif case is not None and result.verdict.status is Status.MET:
            met = await self._met_in_a_row(connection, row.id, case, due)
            if met >= due.kpi.verified_after:
                await self._signal(
                    connection,
                    row.shard,
                    case.id,
                    "figures_recovered",
                    due.period.key,
                    PeriodsMet(due.period.key, due.due_at),
                )

    async def _join(
        self,
        connection: AsyncConnection,
        case: str,
        miss: Miss,
        start_at: datetime,
        now: datetime,
    ) -> None:
        await add_period(connection, case, miss)
        joined = Happening(miss.agreement, Event.CASE_JOINED, case, miss.due_at, (miss.period, 1))
        await note(connection, joined, now, period=miss.period)
        missed = PeriodMissed(miss.period, start_at, miss.due_at)
        await self._signal(connection, miss.shard, case, "join_period", miss.period, missed)

    async def _met_in_a_row(
        self,
        connection: AsyncConnection,
        agreement_id: str,
        case: Any,  # noqa: ANN401
        due: DuePeriod,
    ) -> int:
        """Met periods since the plan was accepted (or nobody answered) and since the last miss."""
        if case.state not in {CaseState.VERIFYING, CaseState.UNANSWERED}:
            return 0
        evaluation = tables.evaluation
        mine = (evaluation.c.agreement == agreement_id) & (evaluation.c.kpi == due.kpi.key)
        missed = select(func.max(evaluation.c.end_at)).where(
            mine, evaluation.c.status.in_([Status.BELOW_EXPECTED, Status.BELOW_MINIMUM])
        )
        since = [await connection.scalar(missed), case.verify_from]
        counting = (
            select(func.count())
            .select_from(evaluation)
            .where(
                mine,
                evaluation.c.status == Status.MET,
                evaluation.c.start_at >= max(filter(None, since)),
            )
        )
        return int(await connection.scalar(counting) or 0)

    async def _signal(
        self,
        connection: AsyncConnection,
        shard: int,
        workflow: str,
        name: str,
        period: str,
        news: PeriodMissed | PeriodsMet,
    ) -> None:
        key = effect_key(workflow, name, period, 1)
        argument = as_json(news)
        message = Message(key, shard, workflow, name, starts=False, argument=argument)
        await outbox.put(connection, message)

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


async def evaluated_until(
    connection: AsyncConnection, agreement_id: str, kpis: list[str]
) -> dict[str, datetime]:
    """The end of the last period of each KPI that was evaluated."""
    evaluation = tables.evaluation
    kpi = func.unnest(bindparam("kpis", type_=ARRAY(Text))).column_valued("kpi_key")
    until = select(func.max(evaluation.c.end_at)).where(
        evaluation.c.agreement == agreement_id, evaluation.c.kpi == kpi
    )
    query = select(kpi.label("kpi"), until.scalar_subquery().label("until"))
    rows = await connection.execute(query, {"kpis": kpis})
    return {row.kpi: row.until for row in rows if row.until is not None}


async def measure(
    connection: AsyncConnection, agreement_id: str, due: list[DuePeriod]
) -> list[Result]:
    """Measure periods of one KPI: one statement for each run of periods under the same terms."""
    results: list[Result] = []
    rest = due
    while rest:
        kpi = rest[0].kpi
        run = list(takewhile(lambda each: each.kpi == kpi, rest))  # noqa: B023 - consumed at once
        windows = [Window(each.period.start, each.period.end, each.due_at) for each in run]
        measured = await aggregate(connection, agreement_id, kpi, windows)
        results += [
            Result(each, figures, evaluate(kpi, figures))
            for each, figures in zip(run, measured, strict=True)
        ]
        rest = rest[len(run) :]
    return results
