"""What happens to an agreement itself: launch, going live, its term and its end."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.milestones import hand_out
from activities.starting import nudge_monitoring
from activities.world import Happening, World, note, tell
from domain.commands import Outcome
from domain.events import Event
from domain.identifiers import (
    agreement_workflow,
    milestone_subject,
    renewal_id,
)
from domain.lifecycle import Move, Phase, TermEnd, advance, renewed
from domain.plan import Plan, asked, closing_at, draw_plan, first_figures_at, next_term_ends_at
from domain.renewing import RenewalOutcome
from domain.tasks import TaskKind
from notices.templates import Draft, Template
from store import tables
from store.agreements import agreement_row, set_phase
from store.commands import load, settle
from store.editions import all_editions, edition_at, in_force
from store.tasks import close_kind, close_tasks


class AgreementActivities:
    """Verbs upon an agreement."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world

    @activity.defn
    async def begin_agreement(self, agreement_id: str, command_id: str, now: datetime) -> Plan:
        """Hand out the milestones of a launched agreement and say what is due in it."""
        async with self.world.engine.begin() as connection:
            launch = await load(connection, command_id)
            edition = await edition_at(connection, agreement_id, launch.received_at)
            for milestone in edition.terms.milestones:
                await hand_out(connection, edition.terms, milestone, launch.received_at, now)
            launched = Happening(
                agreement_id,
                Event.AGREEMENT_LAUNCHED,
                agreement_workflow(agreement_id),
                launch.received_at,
                actor=launch.actor,
                command=launch.id,
            )
            await note(connection, launched, now, edition=1, digest=edition.digest)
            await settle(connection, launch, Outcome.RECORDED)
        await self.world.post.send(agreement_id)
        plan = draw_plan(edition.terms, edition.number, 1)
        milestones = (asked(each, launch.received_at) for each in plan.milestones)
        return replace(plan, milestones=tuple(milestones))

    @activity.defn
    async def enter_live(
        self, agreement_id: str, phase: Phase, due_at: datetime, now: datetime
    ) -> None:
        """Service begins: it is measured from here."""
        async with self.world.engine.begin() as connection:
            edition = await edition_at(connection, agreement_id, due_at)
            await set_phase(connection, agreement_id, phase)
            subject = agreement_workflow(agreement_id)
            await note(connection, Happening(agreement_id, Event.WENT_LIVE, subject, due_at), now)
            draft = Draft(Template.WENT_LIVE, {}, {"until": due_at}, due_at, now)
            changes = edition.terms.changes
            to = (changes.client, changes.provider)
            await tell(connection, agreement_id, subject, "live", to, draft)
        await self.world.post.send(agreement_id)

    @activity.defn
    async def take_edition(
        self, agreement_id: str, number: int, after_review: int, due_at: datetime, now: datetime
    ) -> Plan | None:
        """An adopted edition takes effect: draw the plan under it. None when none was adopted."""
        async with self.world.engine.begin() as connection:
            edition = in_force(await all_editions(connection, agreement_id), due_at)
            if (edition.number, edition.effective_at) != (number, due_at):
                return None
            row = await agreement_row(connection, agreement_id)
            happening = Happening(
                agreement_id,
                Event.EDITION_TOOK_EFFECT,
                agreement_workflow(agreement_id),
                due_at,
                (number,),
            )
            await note(connection, happening, now, edition=number)
        return draw_plan(
            edition.terms,
            edition.number,
            row.term,
            ends_at=row.ends_at,
            live_from=row.live_from,
            since=due_at,
            after_review=after_review,
        )

    @activity.defn
    async def settle_renewal(self, agreement_id: str, term: int) -> Phase | None:
        """Project the phase that a term's renewal has brought; None while it is open."""
        async with self.world.engine.begin() as connection:
            outcome = await self._outcome_of(connection, agreement_id, term)
            if outcome is None:
                return None
            agreed = outcome == RenewalOutcome.RENEWED
            move = Move.RENEWAL_AGREED if agreed else Move.RENEWAL_LAPSED
            phase = advance(Phase.RENEWING, move)
            await set_phase(connection, agreement_id, phase)
        return phase

    async def _outcome_of(
        self, connection: AsyncConnection, agreement_id: str, term: int
    ) -> str | None:
        renewal = renewal_id(agreement_id, term)
        query = select(tables.renewal.c.outcome).where(tables.renewal.c.id == renewal)
        outcome: str | None = await connection.scalar(query)
        return outcome

    @activity.defn
    async def end_term(
        self, agreement_id: str, term: int, after_review: int, due_at: datetime, now: datetime
    ) -> TermEnd:
        """The term is over: begin the next, or say when the last figures will be in."""
        async with self.world.engine.begin() as connection:
            outcome = await self._outcome_of(connection, agreement_id, term)
            editions = await all_editions(connection, agreement_id)
            edition = in_force(editions, due_at)
            row = await agreement_row(connection, agreement_id)
            if outcome == RenewalOutcome.RENEWED:
                plan = draw_plan(
                    edition.terms,
                    edition.number,
                    term + 1,
                    ends_at=next_term_ends_at(edition.terms, due_at),
                    live_from=row.live_from,
                    # A review at the very end of a term was that term's last.
                    since=due_at + datetime.resolution,
                    after_review=after_review,
                )
                await self._begin_term(connection, plan, due_at, now)
                end = TermEnd(renewed=plan)
            else:
                await set_phase(connection, agreement_id, Phase.EXPIRED)
                end = TermEnd(closes_at=closing_at(edition.terms, due_at))
            # Monitoring waits with the last period until it is known whether a term follows.
            figures_at = min(first_figures_at(each.terms, due_at) for each in editions)
            await connection.execute(
                update(tables.agreement)
                .where(
                    tables.agreement.c.id == agreement_id,
                    tables.agreement.c.live_from.is_not(None),
                )
                .values(next_due_at=func.least(tables.agreement.c.next_due_at, figures_at))
            )
        await nudge_monitoring(self.world, agreement_id, figures_at)
        return end

    async def _begin_term(
        self,
        connection: AsyncConnection,
        plan: Plan,
        due_at: datetime,
        now: datetime,
    ) -> None:
        """The next term begins under its plan."""
        agreement_id = plan.agreement
        await connection.execute(
            update(tables.agreement)
            .where(tables.agreement.c.id == agreement_id)
            .values(
                term=plan.term,
                ends_at=plan.term_ends_at,
                phase=renewed(Phase.RENEWED, plan.live_from, due_at),
            )
        )
        subject = agreement_workflow(agreement_id)
        happening = Happening(agreement_id, Event.TERM_RENEWED, subject, due_at, (plan.term,))
        await note(connection, happening, now, ends_at=plan.term_ends_at.isoformat())

    @activity.defn
    async def close_agreement(self, agreement_id: str, due_at: datetime, now: datetime) -> None:
        """The last figures are in: nothing is asked of anybody any more."""
        async with self.world.engine.begin() as connection:
            edition = await edition_at(connection, agreement_id, due_at)
            await connection.execute(
                update(tables.agreement)
                .where(tables.agreement.c.id == agreement_id)
                .values(phase=Phase.CLOSED, closed_at=due_at)
            )
            subject = agreement_workflow(agreement_id)
            for milestone in edition.terms.milestones:
                await close_tasks(
                    connection, milestone_subject(agreement_id, milestone.key), due_at
                )
            await close_kind(connection, agreement_id, TaskKind.SUPPLY_FACTS, due_at)
            await note(
                connection, Happening(agreement_id, Event.AGREEMENT_CLOSED, subject, due_at), now
            )
            draft = Draft(Template.AGREEMENT_CLOSED, {}, {}, due_at, now)
            changes = edition.terms.changes
            to = (changes.client, changes.provider)
            await tell(connection, agreement_id, subject, "closed", to, draft)
        await self.world.post.send(agreement_id)
