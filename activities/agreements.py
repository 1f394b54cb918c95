"""What happens to an agreement itself: launch, going live, its term and its end."""

from datetime import datetime

from sqlalchemy import func, select, update
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
from domain.lifecycle import Phase, TermEnd
from domain.plan import Plan, closing_at, draw_plan
from domain.renewing import RenewalOutcome
from notices.templates import Draft, Template
from store import tables
from store.agreements import agreement_row, set_phase
from store.commands import load, settle
from store.editions import all_editions, edition_at, in_force
from store.tasks import close_tasks


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
        return draw_plan(edition.terms, edition.number, 1)

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
    ) -> Plan:
        """An adopted edition takes effect: draw the plan under it."""
        async with self.world.engine.begin() as connection:
            edition = in_force(await all_editions(connection, agreement_id), due_at)
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
            live_from=row.live_from,
            after_review=after_review,
        )

    @activity.defn
    async def note_phase(self, agreement_id: str, phase: Phase) -> None:
        """Project a phase that another workflow's news brought about."""
        async with self.world.engine.begin() as connection:
            await set_phase(connection, agreement_id, phase)

    @activity.defn
    async def end_term(
        self, agreement_id: str, term: int, after_review: int, due_at: datetime, now: datetime
    ) -> TermEnd:
        """The term is over: begin the next, or say when the last figures will be in."""
        async with self.world.engine.begin() as connection:
            outcome = await connection.scalar(
                select(tables.renewal.c.outcome).where(
                    tables.renewal.c.id == renewal_id(agreement_id, term)
                )
            )
            edition = await edition_at(connection, agreement_id, due_at)
            row = await agreement_row(connection, agreement_id)
            if outcome != RenewalOutcome.RENEWED:
                await set_phase(connection, agreement_id, Phase.EXPIRED)
                return TermEnd(closes_at=closing_at(edition.terms, due_at))
            plan = draw_plan(
                edition.terms,
                edition.number,
                term + 1,
                live_from=row.live_from,
                after_review=after_review,
            )
            await connection.execute(
                update(tables.agreement)
                .where(tables.agreement.c.id == agreement_id)
                .values(
                    term=term + 1,
                    ends_at=plan.term_ends_at,
                    phase=Phase.LIVE,
                    next_due_at=func.coalesce(tables.agreement.c.next_due_at, due_at),
                )
            )
            subject = agreement_workflow(agreement_id)
            happening = Happening(agreement_id, Event.TERM_RENEWED, subject, due_at, (term + 1,))
            await note(connection, happening, now, ends_at=plan.term_ends_at.isoformat())
        await nudge_monitoring(self.world, agreement_id)
        return TermEnd(renewed=plan)

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
            await note(
                connection, Happening(agreement_id, Event.AGREEMENT_CLOSED, subject, due_at), now
            )
            draft = Draft(Template.AGREEMENT_CLOSED, {}, {}, due_at, now)
            changes = edition.terms.changes
            to = (changes.client, changes.provider)
            await tell(connection, agreement_id, subject, "closed", to, draft)
        await self.world.post.send(agreement_id)
