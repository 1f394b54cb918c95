"""Delivery: a command that is written is sent to its workflow, again and again if need be."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.starting import nudge_monitoring
from activities.world import World, is_gone
from domain.commands import CommandKind
from store import restating, tables
from store.commands import Command, load, refuse

log = structlog.get_logger(__name__)


PAUSE_S, LONGEST_PAUSE_S = 10.0, 3600.0
"""How long the sweep leaves a command alone that it has sent; each time twice as long."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Until when the sweep leaves a command alone, and for how long it then does."""

    until: float
    next_s: float


class Delivery:
    """Sends commands to their workflows."""

    def __init__(self, world: World) -> None:
        """Everything that is needed of the world."""
        self.world = world
        self._sent_again: dict[str, Pause] = {}

    async def deliver(self, command: Command) -> None:
        """Signal the workflow (or start it); one that has ended refuses."""
        try:
            if command.kind is CommandKind.LAUNCH_AGREEMENT:
                await self._start(command)
            else:
                handle = self.world.temporal.get_workflow_handle(command.workflow)
                await handle.signal(command.kind, command.order)
        except RPCError as error:
            if not is_gone(error):
                raise
            async with self.world.engine.begin() as connection:
                # A workflow that was not started yet, or whose engine was restored, is not over.
                if await is_over(connection, command):
                    reason = f"{command.workflow} has ended; nothing is possible on it any more"
                    await refuse(connection, command, reason, taken=False)

    async def _start(self, command: Command) -> None:
        argument = {
            "agreement": command.agreement,
            "launch": command.id,
            "offset_s": self.world.offset.total_seconds(),
        }
        try:
            await self.world.temporal.start_workflow(
                "AgreementWorkflow",
                argument,
                id=command.workflow,
                task_queue=self.world.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"Life of agreement {command.agreement}",
            )
        except WorkflowAlreadyStartedError:
            return

    async def sweep(self) -> int:
        """Send again what has had no outcome for a while; returns how many.

        Commands, and word of late facts that Monitoring may not have heard of.
        """
        waiting = (
            select(tables.command.c.id)
            .where(
                tables.command.c.outcome.is_(None),
                tables.command.c.recorded_at < func.clock_timestamp() - text("interval '10 s'"),
            )
            .order_by(tables.command.c.recorded_at)
            .limit(200)
        )
        async with self.world.engine.connect() as connection:
            ids = list(await connection.scalars(waiting))
            overlooked = await restating.overlooked(connection)
        # Each time costs events in a history, which are limited: what a fault keeps without an
        # outcome is sent again ever more seldom.
        shards = {f"monitoring of shard {each.shard}": each for each in overlooked}
        clock = asyncio.get_running_loop().time()
        pauses = {
            each: self._sent_again.get(each, Pause(clock, PAUSE_S)) for each in (*ids, *shards)
        }
        due = [each for each, pause in pauses.items() if pause.until <= clock]
        self._sent_again = pauses
        for what in due:
            try:
                if what in shards:
                    late = shards[what]
                    await nudge_monitoring(self.world, late.agreement, late.received_at)
                else:
                    await self._deliver_again(what)
            except RPCError as error:
                if error.status in UNREACHABLE:
                    raise
                log.warning("not_sent_again", what=what, error=str(error))
            pause_s = pauses[what].next_s
            pauses[what] = Pause(clock + pause_s, min(2 * pause_s, LONGEST_PAUSE_S))
        return len(due)

    async def _deliver_again(self, command_id: str) -> None:
        async with self.world.engine.connect() as connection:
            command = await load(connection, command_id)
        await self.deliver(command)


UNREACHABLE = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.CANCELLED,
}
"""What Temporal answers while it answers nobody; any other trouble is one command's own."""


async def is_over(connection: AsyncConnection, command: Command) -> bool:
    """Whether the record says that what a command is about is closed."""
    if command.task is not None:
        closed = select(tables.task.c.closed_at).where(tables.task.c.id == command.task)
    elif command.kind is CommandKind.WITHDRAW_CHANGE:
        closed = select(tables.change.c.closed_at).where(tables.change.c.id == command.subject)
    else:
        closed = select(tables.agreement.c.closed_at).where(
            tables.agreement.c.id == command.agreement
        )
    return await connection.scalar(closed) is not None
