"""What scripted people act with: the gateway, the script's files, and the notices that wake them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.spans import after
from domain.zones import instant, zone_named
from gateway import Document, Gateway, GatewayError, Reply
from notices.channels import Channel
from rehearsal.people import Act, Shift
from rehearsal.script import NEXT_MORNING, Part, Script
from store.notices import Claimed


@dataclass(slots=True)
class Cast:
    """Everybody who plays, and what each day's facts are."""

    script: Script
    folder: Path
    zone: str
    days: dict[date, list[tuple[str, bytes]]]
    turned_away: list[str] = field(default_factory=list)


class ScriptedChannel:
    """Delivers as the channel behind it does, and wakes whoever has a part upon the notice."""

    def __init__(self, behind: Channel, cast: Cast) -> None:
        """`engage` has to be called before the first notice."""
        self._behind, self._cast = behind, cast
        self._client: Client | None = None
        self._task_queue = ""
        self._offset_s = 0.0

    def engage(self, client: Client, task_queue: str, offset_s: float) -> None:
        """Where the people live."""
        self._client, self._task_queue, self._offset_s = client, task_queue, offset_s

    async def send(self, claimed: Claimed) -> None:
        """Deliver, then wake."""
        await self._behind.send(claimed)
        notice = claimed.notice
        part = self._cast.script.part(notice.contact, notice.template, notice.key)
        if part is None or self._client is None:
            return
        act = self._act(part, claimed)
        try:
            await self._client.start_workflow(
                "PersonWorkflow", act, id=act.command, task_queue=self._task_queue
            )
        except WorkflowAlreadyStartedError:
            return

    def _act(self, part: Part, claimed: Claimed) -> Act:
        notice = claimed.notice
        return Act(
            command=f"person/{notice.key}",
            agreement=notice.agreement,
            who=part.who,
            at=after(notice.due_at, part.after, zone_named(self._cast.zone)),
            do=part.do,
            offset_s=self._offset_s,
            task=notice.task,
            choose=part.choose or "",
            note=part.note,
            file=part.file,
            to_date=part.to_date,
        )


class Acting:
    """The activities of scripted people."""

    def __init__(self, gateway: Gateway, cast: Cast) -> None:
        """They come through the same door as anybody."""
        self._gateway, self._cast = gateway, cast

    @activity.defn(name="act")
    async def act(self, act: Act) -> str:
        """Do the deed; who is turned away at the door is remembered."""
        try:
            reply = await self._do(act)
        except GatewayError as error:
            self._cast.turned_away.append(f"{act.at:%Y-%m-%d} {act.who}: {error}")
            return str(error)
        return reply.word

    async def _do(self, act: Act) -> Reply:
        document = self._read(act.file) if act.file else None
        if act.do == "propose" and document is not None:
            return await self._gateway.propose(
                act.agreement, act.who, document, now=act.at, command_id=act.command
            )
        if act.do == "call_review":
            return await self._gateway.call_review(
                act.agreement, act.who, act.note, now=act.at, command_id=act.command
            )
        return await self._gateway.answer(
            act.task or "",
            act.who,
            act.choose,
            note=act.note,
            document=document,
            on=act.to_date,
            now=act.at,
            command_id=act.command,
        )

    def _read(self, name: str) -> Document:
        return Document(name, (self._cast.folder / name).read_bytes())

    @activity.defn(name="hand_in")
    async def hand_in(self, shift: Shift, day: date, morning: datetime) -> int:
        """Hand in what the day before completed; a file that is refused is remembered."""
        handed = 0
        for name, raw in self._cast.days.get(day, ()):
            paper = Document(name, raw)
            try:
                taken = await self._gateway.hand_in(shift.agreement, shift.who, paper, now=morning)
            except GatewayError as error:
                self._cast.turned_away.append(f"{morning:%Y-%m-%d} {shift.who}: {error}")
            else:
                handed += taken.accepted
        return handed


def mornings(cast: Cast) -> Iterator[tuple[date, datetime]]:
    """Each day with facts, and the instant at which its facts are handed in."""
    desk = cast.script.desk
    if desk is None:
        return
    zone = zone_named(cast.zone)
    for day in sorted(cast.days):
        yield day, instant(datetime.combine(day + NEXT_MORNING, desk.at), zone)
