"""How activities start and tell workflows: by business id, once, through the client."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from activities.world import World, is_gone
from domain.identifiers import agreement_workflow, monitoring_workflow
from store import tables

MONITORING = "MonitoringWorkflow"


@dataclass(frozen=True, slots=True)
class MonitoringStart:
    """What a monitoring workflow needs: its shard, and the offset of business time in seconds."""

    shard: int
    offset_s: float = 0.0


async def nudge_monitoring(world: World, agreement_id: str, at: datetime) -> None:
    """Have the shard's monitoring look at what is due at that instant, starting it if need be."""
    async with world.engine.connect() as connection:
        shard = await connection.scalar(
            select(tables.agreement.c.shard).where(tables.agreement.c.id == agreement_id)
        )
    await world.temporal.start_workflow(
        MONITORING,
        MonitoringStart(int(shard or 0), world.offset.total_seconds()),
        id=monitoring_workflow(int(shard or 0)),
        task_queue=world.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal="look_at",
        start_signal_args=[at],
    )


async def start_once(world: World, name: str, workflow_id: str, argument: Any) -> None:  # noqa: ANN401
    """Start a workflow under its business id; running or done already is success."""
    try:
        await world.temporal.start_workflow(
            name,
            argument,
            id=workflow_id,
            task_queue=world.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
    except WorkflowAlreadyStartedError:
        return


async def tell_agreement(world: World, agreement_id: str, signal: str, news: Any) -> None:  # noqa: ANN401
    """Report to the agreement's workflow; one that has ended needs no news."""
    handle = world.temporal.get_workflow_handle(agreement_workflow(agreement_id))
    try:
        await handle.signal(signal, news)
    except RPCError as error:
        if not is_gone(error):
            raise
