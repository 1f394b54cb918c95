import json
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from workflows.sandbox import DATA_CONVERTER, WORKFLOWS, workflow_runner

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.json"))


def replayer() -> Replayer:
    return Replayer(
        workflows=WORKFLOWS,
        workflow_runner=workflow_runner(),
        data_converter=DATA_CONVERTER,
    )


def history(text: str) -> WorkflowHistory:
    return WorkflowHistory.from_json("golden", text)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
async def test_a_golden_history_replays(path: Path) -> None:
    await replayer().replay_workflow(history(path.read_text(encoding="utf-8")))


async def test_every_workflow_has_a_golden_history() -> None:
    types = {
        history(path.read_text(encoding="utf-8"))
        .events[0]
        .workflow_execution_started_event_attributes.workflow_type.name
        for path in GOLDEN
    }

    assert types == {each.__name__ for each in WORKFLOWS}


async def test_a_change_of_the_order_of_commands_is_caught() -> None:
    path = next(path for path in GOLDEN if path.stem == "noncompliance-verified")
    text = path.read_text(encoding="utf-8")
    swapped = text.replace('"open_case"', '"?"').replace('"fire_rung"', '"open_case"')

    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(history(swapped.replace('"?"', '"fire_rung"')))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_history_names_no_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert re.findall(r"\d+@", text) == []
    assert set(re.findall(r'"identity": ?"([^"]*)"', text)) <= {"golden"}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_history_is_whole(path: Path) -> None:
    events = json.loads(path.read_text(encoding="utf-8"))["events"]

    assert [int(event["eventId"]) for event in events] == list(range(1, len(events) + 1))
