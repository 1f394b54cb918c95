"""`covenant rehearse` as its user sees it, and what one can ask about what was rehearsed."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.commandline.conftest import HELPDESK, Run


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the rehearsal leaves its results."""
    return tmp_path_factory.mktemp("rehearsed")


@pytest.fixture
def told(run: Run, out: Path) -> Result:
    """Three months of the helpdesk, told."""
    return run("rehearse", HELPDESK, "--until", "2027-03-20", "--out", out)


def test_a_rehearsal_tells_its_story_then_sums_it_up(told: Result, out: Path) -> None:
    lines = told.stdout.splitlines()

    assert told.exit_code == 0, told.output
    assert "times in Europe/London" in lines[0]
    assert "2027-01-04 00:00  live: the service is measured from here" in lines
    assert any(
        "case response 2027-03-08: acknowledged by provider.delivery_dir" in x for x in lines
    )
    assert "Rungs       2: level 1: 1, level 2: 1" in lines
    assert any(line.startswith("Owed        nothing") for line in lines)
    assert any(line.startswith("Still to do 1 task") for line in lines)
    assert len(list((out / "mailbox").glob("*.eml"))) >= 20
    assert list((out / "histories").glob("noncompliance_*.json"))
    entries = [json.loads(x) for x in (out / "journal.jsonl").read_text().splitlines()]
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)


def test_a_rehearsal_as_json_replaces_what_the_last_one_left(run: Run, out: Path) -> None:
    (out / "histories").mkdir(exist_ok=True)
    (out / "histories" / "old.json").write_text("{}")

    result = run("rehearse", HELPDESK, "--until", "2026-12-20", "--out", out, "--json")

    document = json.loads(result.stdout)
    assert document["story"][0]["event"] == "agreement_launched"
    assert document["summary"]["phase"] == "onboarding"
    assert document["turned_away"] == []
    assert not (out / "histories" / "old.json").exists()
