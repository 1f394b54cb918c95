"""What agreements as they are really written compute to, by the command that people use."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import starter
from commandline.session import Exit
from tests.agreements.runner import HERE, Run, ScenarioError, differences, runs, scenarios

EVERY = [run for path in scenarios() for run in runs(path)]
ASSESSED = [run for run in EVERY if not run.refused]
REFUSED = [run for run in EVERY if run.refused]
EXPLAINED = [run for run in EVERY if run.explain]

IN_A_PROCESS = ("repeated_failure_doubles_the_points", "credit_tiers", "business_hours_clock")
"""Scenarios that are also run as people run them, in a process of their own."""


def command(arguments: list[str]) -> Result:
    return CliRunner().invoke(starter.main, arguments)


def answer(result: Result) -> Any:
    assert result.exit_code == Exit.OK, result.stderr or result.exception
    return json.loads(result.stdout)


@pytest.mark.parametrize("run", ASSESSED, ids=str)
def test_the_command_computes_what_the_agreement_means(run: Run, tmp_path: Path) -> None:
    said = answer(command(run.command(tmp_path)))

    found = differences(run.expect, said)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("run", REFUSED, ids=str)
def test_the_command_refuses_what_cannot_be(run: Run, tmp_path: Path) -> None:
    result = command(run.command(tmp_path))

    assert result.exit_code == Exit.INVALID, result.output
    for words in run.refused:
        assert words in result.stderr


@pytest.mark.parametrize("run", EXPLAINED, ids=str)
def test_the_command_explains_the_figure(run: Run, tmp_path: Path) -> None:
    arguments = run.command(tmp_path)

    for subject, sentences in run.explain.items():
        told = answer(command([*arguments, "--explain", subject]))["explained"]
        assert not differences(sentences, [line.strip() for line in told], subject)


@pytest.mark.parametrize("run", ASSESSED, ids=str)
def test_facts_in_another_order_and_in_other_files_change_nothing(run: Run, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()

    once = answer(command(run.command(one)))
    again = answer(command(run.command(other, by_kind=True)))

    assert again == once


@pytest.mark.parametrize("run", ASSESSED, ids=str)
def test_lines_sum_to_the_net_of_their_settlement(run: Run, tmp_path: Path) -> None:
    said = answer(command(run.command(tmp_path)))

    lines = [(line["settles"], line["amount_minor"]) for line in said["credits"]]
    for total in said["totals"]:
        mine = [amount for settles, amount in lines if settles == total["period"]]
        if total["net_minor"] is not None and None not in mine:
            assert sum(mine) == total["net_minor"], total["period"]


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_a_process_says_the_same(name: str, tmp_path: Path) -> None:
    run = runs(HERE / f"{name}.yaml")[0]
    arguments = run.command(tmp_path)

    root = HERE.parent.parent
    process = subprocess.run(
        [sys.executable, str(root / "starter.py"), *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(process.stdout) == answer(command(arguments))
    assert not differences(run.expect, json.loads(process.stdout))


def test_every_scenario_is_read() -> None:
    assert scenarios()
    assert {run.scenario for run in EVERY} == {path.stem for path in scenarios()}


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text("case: c\nsource: s\nevidence: Q\nagreement: {}\nexpects: {}\n")

    with pytest.raises(ScenarioError, match="expects"):
        runs(scenario)


def test_a_scenario_that_expects_nothing_is_refused(tmp_path: Path) -> None:
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text("case: c\nsource: s\nevidence: Q\nagreement: {}\n")

    with pytest.raises(ScenarioError, match="either `expect` or `refused`"):
        runs(scenario)


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ({"a": "1"}, {"a": 1, "b": 2}, True),
        ({"a": "1"}, {"b": 2}, False),
        ("72.72…", "72.727272727272", True),
        ("72.72", "72.727272727272", False),
        ("null", None, True),
        ("true", True, True),
        (["1", "2"], [1, 2], True),
        (["1"], [1, 2], False),
        (["2", "1"], [1, 2], False),
        (["1", "…"], [1, 2, 3], True),
        (["…", "3"], [1, 2, 3], True),
        (["…", "1", "3"], [1, 2, 3], False),
        ([], [1], False),
        (["1"], [], False),
    ],
)
def test_what_an_expectation_says(expected: Any, actual: Any, *, same: bool) -> None:
    assert (differences(expected, actual) == []) is same
