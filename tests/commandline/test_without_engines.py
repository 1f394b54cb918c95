"""Verbs that need no engine, and what verbs say when there is none."""

import json
from pathlib import Path

import pytest

from starter import VERBS
from tests.commandline.conftest import HELPDESK, ROOT, Run

TEN = ROOT / "tests" / "documents" / "ten_mistakes.yaml"
ASSESSABLE = TEN.with_name("assessable.yaml")


@pytest.mark.parametrize("example", ["helpdesk", "feeder-2013"])
def test_the_examples_are_valid(run: Run, example: str) -> None:
    result = run("validate", ROOT / "examples" / example / "agreement.yaml")

    assert result.exit_code == 0, result.output


def test_ten_mistakes_are_named_at_once_each_with_line_and_remedy(run: Run) -> None:
    result = run("validate", TEN, "--json")

    problems = json.loads(result.stdout)["problems"]
    assert result.exit_code == 8
    assert len(problems) == 10
    assert len({problem["rule"] for problem in problems}) == 10
    assert all(problem["line"] > 0 and problem["remedy"] for problem in problems)


def test_mistakes_are_told_as_file_line_column(run: Run) -> None:
    result = run("validate", TEN)

    lines = result.stdout.splitlines()
    assert len(lines) == 10
    assert all(line.startswith(f"{TEN}:") and "→" in line for line in lines)


def test_terms_to_be_assessed_are_valid_and_told_what_a_launch_needs(run: Run) -> None:
    result = run("validate", ASSESSABLE)

    said, needs = result.stdout.splitlines()
    assert result.exit_code == 0
    assert said.startswith(f"{ASSESSABLE}: valid. Hosting of the booking system")
    assert said.endswith("5 KPIs, 36 months from 2027-01-16.")
    assert needs.startswith(
        "It can be assessed with `covenant assess`. To be launched it also needs `scope`, "
        "`milestones`, `escalation`, `corrective_action`, `reviews`, `changes`, "
    )


def test_warnings_are_told_and_refuse_nothing(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "hosting.yaml"
    document.write_text(ASSESSABLE.read_text().replace("most: 20 %", "most: 10 %"))

    told, as_json = run("validate", document), run("validate", document, "--json")

    assert (told.exit_code, as_json.exit_code) == (0, 0)
    assert told.stdout.startswith(f"{document}:90:33: warning: one credit of `tiers` alone")
    said = json.loads(as_json.stdout)
    assert (said["valid"], said["launchable"], said["problems"]) == (True, False, [])
    assert [each["rule"] for each in said["warnings"]] == ["cap-below-credit"]
    assert said["needs"][0] == "scope"


def test_what_can_be_launched_needs_nothing_more(run: Run) -> None:
    said = json.loads(run("validate", TEN.with_name("valid.yaml"), "--json").stdout)

    assert (said["valid"], said["launchable"]) == (True, True)
    assert (said["needs"], said["warnings"]) == ([], [])


def test_the_schema_is_printed(run: Run) -> None:
    result = run("schema")

    assert json.loads(result.stdout)["type"] == "object"


@pytest.mark.parametrize("words", [("list",), ("tasks",), ("show", "helpdesk")])
def test_without_engines_it_is_said_how_to_start_them(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)

    assert result.exit_code == 1
    assert "covenant up" in result.stderr


def test_help_lists_every_verb_without_importing_any(run: Run) -> None:
    result = run("--help")

    assert all(verb in result.stdout for verb in VERBS)


def test_an_unknown_verb_is_a_matter_of_usage(run: Run) -> None:
    assert run("dance").exit_code == 2


def test_a_rehearsal_without_a_script_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("rehearse", tmp_path)

    assert result.exit_code == 2
    assert "rehearsal.yaml" in result.stderr


def test_a_rehearsal_names_the_file_of_facts_that_is_missing(run: Run, tmp_path: Path) -> None:
    for name in ("agreement.yaml", "rehearsal.yaml"):
        (tmp_path / name).write_text((HELPDESK / name).read_text())

    result = run("rehearse", tmp_path)

    assert result.exit_code == 3
    assert "facts-ticket.csv" in result.stderr
