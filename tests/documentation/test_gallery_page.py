"""The gallery says what the command computes, and names every contract."""

import pytest

from tests.documentation.gallery_page import CONTRACTS, NAMES, PAGE, page, source

REMEDY = "run python -m tests.documentation.gallery_page"


def test_every_contract_is_in_the_gallery() -> None:
    assert sorted(NAMES) == sorted(path.name for path in CONTRACTS.iterdir() if path.is_dir())


def test_the_gallery_is_what_the_command_computes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), REMEDY


@pytest.mark.parametrize("name", NAMES)
def test_a_source_ends_with_what_the_command_prints(name: str) -> None:
    written = (CONTRACTS / name / "SOURCE.md").read_text(encoding="utf-8")

    assert written == source(name), REMEDY
