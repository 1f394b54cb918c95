"""Every verb, event, notice, decision and link is documented, and nothing says how we work."""

import re
import subprocess
from pathlib import Path

import pytest

from domain.events import Event
from notices.templates import Template
from reports.story import SENTENCES
from tests.documentation.commands_page import PAGE, page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if (ROOT / name).is_file()
]


def table_keys(name: str) -> list[str]:
    """The first cells of a page's tables, where they are code."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def test_every_verb_is_documented_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run python -m tests.documentation.commands_page"
    )


def test_every_event_is_documented_in_the_order_of_a_life() -> None:
    assert table_keys("events.md") == list(Event)


def test_every_event_has_a_sentence_in_the_story() -> None:
    assert set(SENTENCES) == set(Event)


def test_every_notice_is_documented() -> None:
    assert table_keys("notices.md") == list(Template)


def test_every_decision_is_listed() -> None:
    pages = {path.name for path in (DOCS / "decisions").glob("0*.md")}
    listed = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")

    assert pages == set(re.findall(r"\((\d{4}-[a-z-]+\.md)\)", listed))


@pytest.mark.parametrize(
    "path",
    [path for path in TRACKED if path.suffix == ".md"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_path_that_the_readme_names_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(
        r"`((?:docs|examples|tests)/[A-Za-z0-9_./-]+|[a-z-]+\.(?:py|yml|toml))`", text
    )

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_no_locked_file_names_an_address() -> None:
    for path in (ROOT / "requirements").iterdir():
        assert not re.search(r"://|--index|--find-links", path.read_text()), path


ELSEWHERE = re.compile(r"/root/|/work/|/home/[a-z]|\bissue #?\d+\b|DEVELOPERS", re.IGNORECASE)


def test_no_file_names_this_machine_or_how_we_work() -> None:
    found = []
    for path in TRACKED:
        if path.suffix in {".json", ".csv"} or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if ELSEWHERE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []


def test_only_one_place_names_the_shared_data() -> None:
    naming = [
        path.relative_to(ROOT).as_posix()
        for path in TRACKED
        if path.suffix == ".py"
        and path != Path(__file__)
        and re.search(r"shared[/\"', ]+data", path.read_text(encoding="utf-8"))
    ]

    assert naming == ["tests/real_data/shared_data.py"]
