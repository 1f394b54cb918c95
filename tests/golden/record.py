"""Records golden histories: short lives that take every workflow along its main paths.

`make golden` adds what is not recorded yet; with `--anew` it records everything again, as is
allowed until the first release only. What names this machine is taken out.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio.client import WorkflowHandle, WorkflowHistory

from gateway import Document
from rehearsal.stage import throw_away_record
from tests.lives import Life, helpdesk, living

FOLDER = Path(__file__).parent

TERMS = {
    "term.months": "3",
    "renewal.notice": "30 days",
    "renewal.decide_before": "10 days",
    "renewal.renews_for": "3",
    "reviews.every": "1 month",
    "kpis.errors.verified_after": "1",
}
"""Two terms, until 2027-04-04 and until 2027-07-04."""

AMENDMENT = """\
amends: helpdesk
effective_on: 2027-03-01
reason: Experience shows that more is possible
set:
  kpis.errors.target.expected: below {percent} %
"""

PATHS = {
    "noncompliance-verified": "noncompliance/helpdesk/errors/2027-W01",
    "noncompliance-unanswered": "noncompliance/helpdesk/errors/2027-W05",
    "noncompliance-restated": "noncompliance/helpdesk/errors/2027-W10",
    "review-complete": "review/helpdesk/1",
    "review-incomplete": "review/helpdesk/2",
    "change-countered": "change/helpdesk/1",
    "renewal-confirmed": "renewal/helpdesk/1",
    "renewal-silent": "renewal/helpdesk/2",
    "monitoring": "monitoring/0",
}
"""Which workflow went along which path."""

CHAPTERS = ("agreement-onboarding", "agreement-first-term", "agreement-second-term")
"""The runs of the agreement, each begun by continue-as-new."""

ME = re.compile(r"\b\d+@[^\s\"]+")
"""A process's own name, as the SDK writes it into histories and sticky queues."""


async def live(life: Life) -> None:
    """Onboarding with a re-planning and a rejection, a case, reviews, a change, two renewals."""
    await life.launch(helpdesk(TERMS))
    await life.until("2026-12-05")
    await life.answer("deliver_milestone", "delivered")
    await life.answer("accept_milestone", "reject", note="Half of us were not invited")
    await life.go_live()

    await life.until("2027-01-14 09:00")  # the first week had no facts; level 2 has fired
    await life.answer("acknowledge_breach", "acknowledge")
    await life.answer("submit_plan", "submit", note="More training")
    await life.answer("judge_plan", "reject", note="Of whom?")
    await life.answer("submit_plan", "submit", note="Of the night shift")
    await life.answer("judge_plan", "accept")
    await met(life, "2027-01-20", "2027-01-27")

    await life.until("2027-02-04 09:00")
    await life.answer("complete_review", "continue")
    await life.answer("complete_review", "correct", note="Watch the night shift")
    await propose(life)

    await life.until("2027-02-12")  # a week without facts again, which nobody answers for
    await met(life, *(f"2027-02-{day}" for day in (10, 17, 24)), "2027-03-03")

    await life.until("2027-03-05 09:00")
    await life.answer("decide_renewal", "renew")
    await life.answer("confirm_renewal", "confirm")

    await life.until("2027-03-18 09:00")  # a week whose facts come after its case has opened
    await met(life, "2027-03-10")
    await life.until("2027-07-10")


async def live_asked(life: Life) -> None:
    """Onboarding, and a week of which somebody says that there was nothing to measure."""
    await life.launch(helpdesk({"kpis.errors.no_data": "asked"}))
    await life.go_live()
    await life.until("2027-01-14 09:00")
    await life.answer("supply_facts", "none", note="The desk was closed")


async def met(life: Life, *days: str) -> None:
    """The weeks of these days meet their target."""
    await life.samples_to_come(*((f"{day}T12:00", 0) for day in days))


async def propose(life: Life) -> None:
    """The client proposes a change, the provider counters, the client approves."""
    document = Document("amendment.yaml", AMENDMENT.format(percent="1").encode())
    await life.gateway.propose("helpdesk", "client.governance", document, now=life.stage.now)
    await life.pass_by(timedelta(seconds=1))
    await life.answer("answer_change", "counter", document=AMENDMENT.format(percent="1.5"))
    await life.answer("answer_change", "approve")


async def histories(life: Life) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    """Each recorded path with its name."""
    (launched,) = await life.told("agreement_launched")
    run = launched.run
    for name in CHAPTERS:
        history = await handle(life, "agreement/helpdesk", run).fetch_history()
        yield name, history
        last = history.events[-1]
        run = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    for name, workflow in PATHS.items():
        yield name, await handle(life, workflow).fetch_history()


def handle(life: Life, workflow: str, run: str | None = None) -> WorkflowHandle[object, object]:
    """A workflow's run, the last if none is named."""
    return life.stage.client.get_workflow_handle(workflow, run_id=run)


def scrubbed(history: WorkflowHistory) -> str:
    """The history as one line of JSON that does not name this machine."""
    return ME.sub("golden", json.dumps(history.to_json_dict(), separators=(",", ":"))) + "\n"


async def histories_asked(life: Life) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    """The run in which an agreement hears of facts that were asked for."""
    yield "agreement-asked", await handle(life, "agreement/helpdesk").fetch_history()


LIVES = ((live, histories), (live_asked, histories_asked))
"""Each on a record of its own."""


async def record(number: int, database_url: str, mail: Path, *, anew: bool) -> None:
    """Play a life, and write what is not there yet (or everything)."""
    play, recorded = LIVES[number]
    async with living(database_url, mail) as life:
        await play(life)
        async for name, history in recorded(life):
            path = FOLDER / f"{name}.json"
            if anew or not path.exists():
                path.write_text(scrubbed(history), encoding="utf-8")
                print(path.name, len(history.events), "events")


if __name__ == "__main__":
    for each in range(len(LIVES)):
        with TemporaryDirectory() as folder, throw_away_record() as url:
            asyncio.run(record(each, url, Path(folder), anew="--anew" in sys.argv[1:]))
