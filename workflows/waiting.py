"""What every workflow waits with: an inbox that handlers append to, and a watch on one instant."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from temporalio import workflow

from domain.commands import CommandKind, Order

REMEMBERED = 200
"""How many commands a workflow remembers across its runs, merely to save a call."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An order that a signal of this name brought."""

    kind: CommandKind
    order: Order


News = TypeVar("News")


class Inbox(Generic[News]):
    """Messages in order of arrival. Orders that came before are dropped; the row is the truth."""

    def __init__(self, seen: tuple[str, ...] = ()) -> None:
        """`seen` are the last commands of earlier runs."""
        self._messages: list[News | Asked] = []
        self.seen = seen

    def put(self, news: News) -> None:
        """Append; the only thing that a signal handler does."""
        self._messages.append(news)

    def ask(self, kind: CommandKind, order: Order) -> None:
        """Append an order, unless it came before; a forged one is not the same as the true one."""
        key = f"{kind} {order.command} {order.digest}"
        if key not in self.seen:
            self.seen = (*self.seen, key)[-REMEMBERED:]
            self._messages.append(Asked(kind, order))

    def take(self) -> list[News | Asked]:
        """Everything that has come in."""
        messages, self._messages = self._messages, []
        return messages

    def __bool__(self) -> bool:
        """Whether anything has come in."""
        return bool(self._messages)


class Watch:
    """Business time, and one timer on the earliest instant that is due."""

    def __init__(self, offset_s: float) -> None:
        """`offset_s` is business time less real time, nil but in rehearsals."""
        self._offset = timedelta(seconds=offset_s)
        self._set_for: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        """Business time, deterministic under replay."""
        return workflow.now() + self._offset

    async def wait(self, due_at: datetime | None, heard: Callable[[], bool], what: str) -> None:
        """Wait until the instant or until something is heard; the timer outlives the hearing."""
        self._set(due_at, what)
        timer = self._timer
        await workflow.wait_condition(lambda: heard() or (timer is not None and timer.done()))

    def _set(self, due_at: datetime | None, what: str) -> None:
        if self._timer is not None and (due_at != self._set_for or self._timer.done()):
            self._timer.cancel()
            self._timer = None
        if due_at is not None and self._timer is None:
            rest = max(due_at - self.now(), timedelta())
            self._timer = asyncio.create_task(workflow.sleep(rest, summary=what))
        self._set_for = due_at
