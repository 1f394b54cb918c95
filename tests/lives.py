"""Lives: an agreement on the product's own worker, whose time passes when the test says so.

`helpdesk(…)` is the text of a small agreement in UTC that went live on 2027-01-04, with one weekly
KPI; keyword arguments replace parts of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway import Document, Gateway, Reply
from notices.channels import MailboxChannel
from rehearsal.stage import Stage, staged
from store.views.history import Told, history
from store.views.tasks import tasks
from worker import build_worker

HELPDESK = (Path(__file__).parent / "documents" / "life.yaml").read_text(encoding="utf-8")

BEGINS = datetime(2026, 11, 30, 9, tzinfo=UTC)


def at(text: str) -> datetime:
    """`2027-01-04` or `2027-01-04 09:00` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(slots=True)
class Life:
    """One agreement, its gateway, and its time."""

    stage: Stage
    gateway: Gateway
    agreement: str = "helpdesk"

    async def launch(self, document: str = HELPDESK) -> Reply:
        """Launch at the present instant."""
        raw = document.encode()
        reply = await self.gateway.launch(Document("agreement.yaml", raw), now=self.stage.now)
        await self.pass_by(timedelta(seconds=1))
        return reply

    async def until(self, text: str) -> None:
        """Let time pass to an instant in UTC, by days so that nothing is jumped over."""
        end = at(text)
        while self.stage.now < end:
            await self.stage.advance(min(timedelta(days=5), end - self.stage.now))

    async def pass_by(self, length: timedelta) -> None:
        """Let so much time pass."""
        await self.stage.advance(length)

    async def open_tasks(self, kind: str | None = None, owner: str | None = None) -> list[Any]:
        """The open tasks, soonest first."""
        async with self.stage.world.engine.connect() as connection:
            rows = await tasks(connection, key=self.agreement, owner=owner)
        return [row for row in rows if kind in {None, row["kind"]}]

    async def answer(
        self,
        kind: str,
        choice: str,
        *,
        who: str | None = None,
        note: str = "",
        on: date | None = None,
        document: str | None = None,
        now: datetime | None = None,
        command_id: str | None = None,
    ) -> Reply:
        """Answer the first open task of a kind as its first owner (or as `who`)."""
        task = (await self.open_tasks(kind, who))[0]
        reply = await self.gateway.answer(
            task["id"],
            who or task["owners"][0],
            choice,
            note=note,
            on=on,
            document=Document("attached.yaml", document.encode()) if document else None,
            now=now or self.stage.now,
            command_id=command_id,
        )
        await self.pass_by(timedelta(seconds=1))
        return reply

    async def go_live(self) -> None:
        """Deliver and accept every milestone, at the present instant."""
        while await self.open_tasks("deliver_milestone") or await self.open_tasks(
            "accept_milestone"
        ):
            for kind, choice in (
                ("deliver_milestone", "delivered"),
                ("accept_milestone", "accept"),
            ):
                if await self.open_tasks(kind):
                    await self.answer(kind, choice)

    async def samples(self, *rows: tuple[str, int], series: str = "error") -> None:
        """Hand in samples: local instants and values."""
        lines = "".join(f"{series}-{at}-{n},{series},{at},{v}\n" for n, (at, v) in enumerate(rows))
        raw = f"id,series,at,value\n{lines}".encode()
        name = f"facts-sample-{abs(hash(rows))}.csv"
        document = Document(name, raw)
        who = "provider.service_manager"
        await self.gateway.hand_in(self.agreement, who, document, now=self.stage.now)

    async def told(self, event: str | None = None) -> list[Told]:
        """The journal (of one event), by the instants at which things took effect."""
        async with self.stage.world.engine.connect() as connection:
            entries = await history(connection, self.agreement)
        return [entry for entry in entries if event in {None, entry.event}]

    async def query(self, workflow: str, name: str) -> Any:
        """Ask a workflow."""
        return await self.stage.client.get_workflow_handle(workflow).query(name)


@asynccontextmanager
async def living(database_url: str, folder: Path, begins: datetime = BEGINS) -> AsyncIterator[Life]:
    """A world with the product's own worker, from an instant of business time on."""
    channel = MailboxChannel(folder / "mailbox", "covenant@example.invalid")
    async with staged(database_url, channel, begins) as stage, build_worker(stage.world):
        yield Life(stage, Gateway(stage.world, patience_s=5))
