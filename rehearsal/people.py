"""Scripted people as workflows: they sleep, then act through the gateway like anybody."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from temporalio import workflow

from workflows.policies import EFFECT


@dataclass(frozen=True, slots=True)
class Act:
    """What a person will do, and when, in business time."""

    command: str
    agreement: str
    who: str
    at: datetime
    do: str
    offset_s: float
    task: str | None = None
    choose: str = ""
    note: str = ""
    file: str | None = None
    to_date: date | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A service desk's mornings: the days whose facts it hands in, in business time."""

    agreement: str
    who: str
    offset_s: float
    mornings: tuple[tuple[date, datetime], ...]


async def sleep_until(at: datetime, offset_s: float) -> None:
    """Sleep until an instant of business time."""
    rest = at - (workflow.now() + timedelta(seconds=offset_s))
    if rest > timedelta():
        await workflow.sleep(rest)


@workflow.defn
class PersonWorkflow:
    """One person, one deed."""

    @workflow.run
    async def run(self, act: Act) -> str:
        """Sleep, then act."""
        await sleep_until(act.at, act.offset_s)
        reply: str = await workflow.execute_activity("act", act, result_type=str, **EFFECT)
        return reply


@workflow.defn
class DeskWorkflow:
    """A service desk that hands in facts every morning."""

    @workflow.run
    async def run(self, shift: Shift) -> None:
        """Sleep until each morning, then hand in."""
        for done, (day, morning) in enumerate(shift.mornings):
            if workflow.info().is_continue_as_new_suggested():
                rest = shift.mornings[done:]
                workflow.continue_as_new(Shift(shift.agreement, shift.who, shift.offset_s, rest))
            await sleep_until(morning, shift.offset_s)
            await workflow.execute_activity("hand_in", args=[shift, day, morning], **EFFECT)
