"""Counting real events: the histories of every run of a workflow, continued ones too."""

from collections.abc import AsyncIterator

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client


async def runs_of(client: Client, workflow: str) -> AsyncIterator[list[HistoryEvent]]:
    """The histories of a workflow's runs, last first."""
    run: str | None = None
    while run != "":
        handle = client.get_workflow_handle(workflow, run_id=run)
        events = list((await handle.fetch_history()).events)
        yield events
        started = events[0].workflow_execution_started_event_attributes
        run = started.continued_execution_run_id


async def count_events(client: Client, workflow: str) -> int:
    """How many events all runs of a workflow have."""
    return sum([len(events) async for events in runs_of(client, workflow)])


async def kinds_of_events(client: Client, workflow: str) -> dict[str, int]:
    """How many events of each type all runs of a workflow have."""
    counted: dict[str, int] = {}
    async for events in runs_of(client, workflow):
        for event in events:
            name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
            counted[name] = counted.get(name, 0) + 1
    return counted
