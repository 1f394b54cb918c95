"""What happens in a case of non-compliance: rungs, acknowledgement, closure."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.case_rows import Case, is_restated, load_case, set_case
from activities.opening import Miss, add_period, as_json, missed_periods, open_case
from activities.plans import plan_due, want_plan
from activities.starting import nudge_monitoring
from activities.world import (
    Happening,
    World,
    by,
    note,
    said,
    tell,
    this_attempt,
    this_workflow,
)
from domain.commands import CommandKind, Order, Refused
from domain.evaluation import Status
from domain.events import Event
from domain.identifiers import effect_key, task_id
from domain.lifecycle import OVER
from domain.noncompliance import (
    Acknowledged,
    CaseOpened,
    CaseOutcome,
    CaseState,
    Forestalled,
    PeriodRestated,
    PeriodsMet,
    RungFired,
)
from domain.plan import closing_at, raise_ladder
from domain.spans import after
from domain.tasks import TaskKind
from domain.terms.shape import Level
from domain.zones import zone_named
from notices.templates import Draft, Template
from store import outbox, tables
from store.agreements import agreement_row
from store.commands import answered_before, take
from store.tasks import NewTask, close_tasks, open_task, widen

RESTATED = "restated figures"
"""What forestalls a rung where nobody answered: by then it was known that nothing was missed."""

SETTLES_WITHIN = timedelta(hours=1)
"""When an outage hid the end of the term, a case asks again so much later whether it was renewed."""


class CaseActivities:
    """Verbs upon a case."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def open_case(self, case_id: str, now: datetime) -> CaseOpened:
        """Ask for an acknowledgement, fire the first rung, and fix the instants of the others."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            opened_at = case.row.opened_at
            ladder = raise_ladder(case.levels, opened_at, case.terms.zone)
            first = case.levels[0]
            await open_task(
                connection,
                NewTask(
                    task_id(case_id, TaskKind.ACKNOWLEDGE_BREACH),
                    case.row.agreement,
                    TaskKind.ACKNOWLEDGE_BREACH,
                    case_id,
                    case_id,
                    providers(first.to),
                    f"Acknowledge {case.row.severity} non-compliance of {case.kpi.title}",
                    opened_at,
                    ladder.exhausted_at,
                ),
            )
            await self._fire(connection, case, first, opened_at, this_attempt(self.world, now))
            row = await agreement_row(connection, case.row.agreement)
        await self.world.post.send(case.row.agreement)
        return CaseOpened(ladder, closing_at(case.terms, row.ends_at))

    @activity.defn
    async def fire_rung(
        self, case_id: str, level: int, due_at: datetime, now: datetime
    ) -> RungFired | Forestalled:
        """Fire a rung once, unless an acknowledgement was received before the instant it was due."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            answered = await answered_before(
                connection, task_id(case_id, TaskKind.ACKNOWLEDGE_BREACH), due_at
            )
            if answered is None and await is_restated(connection, case_id, due_at):
                answered = RESTATED
            # An answer may come to light after an attempt that fired: what was said stays said.
            if answered is not None and not await has_fired(connection, case_id, level):
                happening = Happening(
                    case.row.agreement, Event.RUNG_FORESTALLED, case_id, due_at, (level,)
                )
                await note(connection, happening, now, level=level, by=answered)
                return Forestalled(answered)
            rung = case.levels[level - 1]
            await self._fire(connection, case, rung, due_at, this_attempt(self.world, now))
        await self.world.post.send(case.row.agreement)
        return RungFired(level)

    async def _fire(
        self, connection: AsyncConnection, case: Case, level: Level, due_at: datetime, now: datetime
    ) -> None:
        """Write the rung under its key and tell everybody on it, once each."""
        case_id, agreement = case.row.id, case.row.agreement
        values = {"case_id": case_id, "level": level.level, "due_at": due_at, "fired_at": now}
        await connection.execute(insert(tables.rung).values(values).on_conflict_do_nothing())
        await connection.execute(
            update(tables.noncompliance)
            .where(tables.noncompliance.c.id == case_id)
            .values(level=level.level)
        )
        task = task_id(case_id, TaskKind.ACKNOWLEDGE_BREACH)
        await widen(connection, task, providers(level.to))
        happening = Happening(agreement, Event.RUNG_FIRED, case_id, due_at, (level.level,))
        await note(connection, happening, now, level=level.level, to=list(level.to))
        zone = zone_named(case.terms.zone)
        last = level is case.levels[-1]
        draft = Draft(
            Template.BREACH,
            case.fields(
                level=str(level.level),
                playbook=level.playbook,
                next="the ladder ends" if last else f"it climbs to level {level.level + 1}",
            ),
            {"climbs": after(due_at, level.answer_within, zone)},
            due_at,
            now,
            task,
        )
        await tell(connection, agreement, case_id, level.level, level.to, draft)

    @activity.defn
    async def exhaust_ladder(
        self, case_id: str, due_at: datetime, now: datetime
    ) -> RungFired | Forestalled:
        """Nobody answered on any level: say so to everybody who heard."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            answered = await answered_before(
                connection, task_id(case_id, TaskKind.ACKNOWLEDGE_BREACH), due_at
            )
            if answered is None and await is_restated(connection, case_id, due_at):
                answered = RESTATED
            if answered is not None:
                return Forestalled(answered)
            await set_case(connection, case_id, state=CaseState.UNANSWERED)
            agreement = case.row.agreement
            happening = Happening(agreement, Event.LADDER_EXHAUSTED, case_id, due_at)
            await note(connection, happening, now, levels=len(case.levels))
            task = task_id(case_id, TaskKind.ACKNOWLEDGE_BREACH)
            draft = Draft(Template.LADDER_EXHAUSTED, case.fields(), {}, due_at, now, task)
            await tell(connection, agreement, case_id, "end", case.reached(), draft)
        await self.world.post.send(case.row.agreement)
        return RungFired(len(case.levels))

    @activity.defn
    async def record_acknowledgement(self, order: Order, now: datetime) -> Acknowledged | Refused:
        """Somebody answers for the breach: the climb stops and a plan is wanted."""
        case_id = this_workflow()
        async with self.world.engine.begin() as connection:
            command = await take(connection, order, case_id, CommandKind.ACKNOWLEDGE_BREACH)
            if isinstance(command, Refused):
                return command
            case = await load_case(connection, case_id)
            cycle = max(1, case.row.cycle)
            due_at = plan_due(case, command.received_at)
            await set_case(
                connection,
                case_id,
                state=CaseState.PLANNING,
                acknowledged_at=command.received_at,
                cycle=cycle,
            )
            await note(connection, by(command, Event.BREACH_ACKNOWLEDGED), now, **said(command))
            await want_plan(connection, case, cycle, command.received_at, due_at, now)
        await self.world.post.send(case.row.agreement)
        return Acknowledged(due_at)

    @activity.defn
    async def close_case(
        self, case_id: str, outcome: CaseOutcome, met: PeriodsMet, now: datetime
    ) -> bool:
        """The case is over if Monitoring found so; a later miss opens another."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            key = effect_key(case_id, "figures_recovered", met.period, 1)
            if await outbox.said(connection, key) != as_json(met):
                return False
            later = await self._close_as_of(connection, case, outcome, met.at, now)
        await self._closed(case, now, later=later)
        return True

    @activity.defn
    async def close_restated(self, case_id: str, news: PeriodRestated, now: datetime) -> bool:
        """The case is over if Monitoring found so and no period has joined it by then."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            key = effect_key(case_id, "figures_restated", news.period, news.revision)
            if await outbox.said(connection, key) != as_json(news):
                return False
            missed = await missed_periods(connection, case_id)
            if any(each.joined_at <= news.at for each in missed):
                return False
            outcome = CaseOutcome.RESTATED
            later = await self._close_as_of(connection, case, outcome, news.at, now)
        await self._closed(case, now, later=later)
        return True

    async def _close_as_of(
        self,
        connection: AsyncConnection,
        case: Case,
        outcome: CaseOutcome,
        at: datetime,
        now: datetime,
    ) -> bool:
        """Close a case; whether periods that were missed after that instant are another's."""
        await self._close(connection, case, outcome, at, now)
        misses = await self._missed_since(connection, case, at)
        if misses and case.row.closed_at is None:
            await self._open_next(connection, misses, now)
        return bool(misses)

    async def _closed(self, case: Case, now: datetime, *, later: bool) -> None:
        """Send what there is to tell; Monitoring starts what was opened."""
        await self.world.post.send(case.row.agreement)
        if later:
            await nudge_monitoring(self.world, case.row.agreement, now)

    async def _missed_since(
        self, connection: AsyncConnection, case: Case, closed_at: datetime
    ) -> list[Miss]:
        """Periods missed after the recovery, found with it after an outage, are another case's."""
        shard = (await agreement_row(connection, case.row.agreement)).shard
        return [
            Miss(
                case.row.agreement,
                shard,
                case.row.kpi,
                each.period,
                Status(each.status),
                each.joined_at,
            )
            for each in await missed_periods(connection, case.row.id)
            if each.joined_at > closed_at
        ]

    async def _open_next(
        self, connection: AsyncConnection, misses: list[Miss], now: datetime
    ) -> None:
        """Open a case with the first of these periods; the others join it."""
        later = await open_case(connection, self.world, misses[0], now)
        for miss in misses[1:]:
            await add_period(connection, later, miss)

    @activity.defn
    async def end_case(self, case_id: str, due_at: datetime, now: datetime) -> datetime | None:
        """Close the case with its agreement; when that was renewed, answer with its later end."""
        async with self.world.engine.begin() as connection:
            case = await load_case(connection, case_id)
            row = await agreement_row(connection, case.row.agreement)
            ends_at = closing_at(case.terms, row.ends_at)
            if ends_at > due_at:
                return ends_at
            if row.phase not in OVER:
                return now + SETTLES_WITHIN
            await self._close(connection, case, CaseOutcome.AGREEMENT_ENDED, due_at, now)
        await self.world.post.send(case.row.agreement)
        return None

    async def _close(
        self,
        connection: AsyncConnection,
        case: Case,
        outcome: CaseOutcome,
        at: datetime,
        now: datetime,
    ) -> None:
        case_id, agreement = case.row.id, case.row.agreement
        await set_case(connection, case_id, state=CaseState.CLOSED, closed_at=at, outcome=outcome)
        await close_tasks(connection, case_id, at)
        await note(
            connection,
            Happening(agreement, Event.CASE_CLOSED, case_id, at),
            now,
            outcome=outcome,
        )
        owners = case.kpi.owners
        draft = Draft(Template.CASE_CLOSED, case.fields(note=OUTCOMES[outcome]), {}, at, now)
        to = dict.fromkeys((*case.reached(), owners.client, owners.provider))
        await tell(connection, agreement, case_id, "closed", to, draft)


OUTCOMES = {
    CaseOutcome.VERIFIED: "later periods proved the plan",
    CaseOutcome.RECOVERED_UNANSWERED: "the figures recovered although nobody ever answered",
    CaseOutcome.RESTATED: "late or corrected facts show that nothing was missed",
    CaseOutcome.AGREEMENT_ENDED: "the agreement has ended",
}


def providers(refs: tuple[str, ...]) -> tuple[str, ...]:
    """Those who can answer for a breach: the provider's contacts."""
    return tuple(ref for ref in refs if ref.startswith("provider."))


async def has_fired(connection: AsyncConnection, case_id: str, level: int) -> bool:
    """Whether the rung of this level fired on an earlier attempt."""
    rung = tables.rung
    query = select(rung.c.level).where(rung.c.case_id == case_id, rung.c.level == level)
    return await connection.scalar(query) is not None
