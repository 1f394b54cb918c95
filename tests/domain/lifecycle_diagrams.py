"""The diagrams in docs/lifecycle.md, drawn from the tables that the code moves by.

`python -m tests.domain.lifecycle_diagrams` draws them anew; `--check` only says whether they differ.
"""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from domain import lifecycle, noncompliance

Table = Mapping[Any, Mapping[Any, StrEnum]]
"""States, and where each move leads from them."""

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"

TABLES: dict[str, Table] = {"phases": lifecycle.TRANSITIONS, "case": noncompliance.TRANSITIONS}


def diagram(table: Table) -> str:
    """The table as a mermaid state diagram; it begins at its first state and ends where no move is."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
    lines += [
        f"    {state} --> {after}: {move}"
        for state, moves in table.items()
        for move, after in moves.items()
    ]
    lines += [f"    {state} --> [*]" for state, moves in table.items() if not moves]
    return "\n".join([*lines, "```"])


def drawn(page: str) -> str:
    """The page with its diagrams drawn anew, each between its two marks."""
    for name, table in TABLES.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        if (page.count(begin), page.count(end)) != (1, 1):
            msg = f"{PAGE.name} needs one place for a diagram: {begin} … {end}"
            raise ValueError(msg)
        before, rest = page.split(begin)
        _, after = rest.split(end)
        page = f"{before}{begin}\n\n{diagram(table)}\n\n{end}{after}"
    return page


def main(*arguments: str) -> int:
    """Draw, or check; 1 when the page would change under `--check`."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" in arguments:
        return int(drawn(page) != page)
    PAGE.write_text(drawn(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
