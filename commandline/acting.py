"""Verbs that ask for something, each through the gateway."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from commandline.session import gateway, reply, verb

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
AS = click.option(
    "--as", "actor", required=True, metavar="PARTY.ROLE", help="Who acts, e.g. client.governance."
)
COMMAND_ID = click.option(
    "--id", "command_id", help="Your own id for this request: sent twice, it counts once."
)


def document_of(file: Path | None) -> Any:  # noqa: ANN401 - gateway.Document, imported lazily
    """A small file as a document."""
    from gateway import Document

    return Document(file.name, file.read_bytes()) if file is not None else None


@click.command("launch")
@click.argument("file", type=FILE)
@COMMAND_ID
@verb
async def launch_verb(file: Path, command_id: str | None) -> None:
    """Launch the agreement in FILE. Launching the same document again changes nothing."""
    async with gateway() as door:
        answer = await door.launch(document_of(file), command_id=command_id)
    reply(answer, f"{file.name} is launched; see `covenant list`")


@click.command("answer")
@click.argument("task")
@click.option("--choose", "choice", required=True, help="The answer; `covenant tasks` lists them.")
@AS
@click.option("--note", default="", help="The reason, the plan, the evidence.")
@click.option("--file", type=FILE, help="A document that goes with the answer.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The date that the answer names.")
@COMMAND_ID
@verb
async def answer_verb(
    task: str,
    choice: str,
    actor: str,
    note: str,
    file: Path | None,
    on: datetime | None,
    command_id: str | None,
) -> None:
    """Answer TASK, by its number or id, as one of its owners."""
    async with gateway() as door:
        answer = await door.answer(
            task,
            actor,
            choice,
            note=note,
            document=document_of(file),
            on=on.date() if on else None,
            command_id=command_id,
        )
    reply(answer, f"task {task} answered '{choice}' as {actor}")


@click.command("propose")
@click.argument("agreement")
@click.option("--file", type=FILE, required=True, help="The amendment.")
@AS
@COMMAND_ID
@verb
async def propose_verb(agreement: str, file: Path, actor: str, command_id: str | None) -> None:
    """Propose a change of AGREEMENT's terms; the other party approves, counters or rejects it."""
    async with gateway() as door:
        answer = await door.propose(agreement, actor, document_of(file), command_id=command_id)
    reply(answer, f"{file.name} is proposed; the other party has a task now")


@click.command("call-review")
@click.argument("agreement")
@AS
@click.option("--note", default="", help="Why.")
@COMMAND_ID
@verb
async def call_review_verb(agreement: str, actor: str, note: str, command_id: str | None) -> None:
    """Call a review of AGREEMENT out of turn."""
    async with gateway() as door:
        answer = await door.call_review(agreement, actor, note, command_id=command_id)
    reply(answer, f"a review of {agreement} is called; its reviewers have tasks now")


@click.command("withdraw")
@click.argument("change")
@AS
@click.option("--note", default="", help="Why.")
@COMMAND_ID
@verb
async def withdraw_verb(change: str, actor: str, note: str, command_id: str | None) -> None:
    """Take back the proposed CHANGE, e.g. change/helpdesk/1, that one's own side has offered."""
    async with gateway() as door:
        answer = await door.withdraw(change, actor, note, command_id=command_id)
    reply(answer, f"{change} is withdrawn")
