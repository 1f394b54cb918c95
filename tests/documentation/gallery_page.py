"""The gallery of contracts, computed by the command; `python -m …gallery_page` writes it.

It writes docs/gallery.md, and the end of every `SOURCE.md` of examples/contracts.
"""

import json
import os
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from domain.money import Money
from starter import main

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gallery.md"
CONTRACTS = ROOT / "examples" / "contracts"

NAMES = (
    "uk-model",
    "us-at-risk",
    "cloud-compute",
    "cloud-storage",
    "helpdesk-priority",
    "gnwt-penalty-reward",
    "bank-earn-back",
    "odot-points-ladder",
    "contact-centre",
    "telecom-recurrence",
    "boston-311",
)
"""In the order of the page."""

HEADING = "## What it comes to\n"
"""What follows it in a `SOURCE.md` is the command's."""

WIDTH = {"COLUMNS": "100", "NO_COLOR": "1", "FORCE_COLOR": None, "TTY_COMPATIBLE": None}
"""So wide is the page for which the command writes."""

HEAD = """# Gallery

Agreements of many kinds, written from public sources as terms, and assessed by the command. Parties,
amounts and facts are made up; each folder's `SOURCE.md` says what its source says, what is assumed,
and how the telling figures come about by hand. The tables are what `covenant assess` computes, each
like this:

    covenant assess examples/contracts/uk-model/agreement.yaml --facts examples/contracts/uk-model

Positive: the provider owes. *Gross* is before caps, the smallest payment and earn-back; *owed* after
them; *payable* is what of it was claimed in time, where it has to be.
"""

EXPLAINED = ("us-at-risk", "answered/2027-12")

WHY = """## Why

Every figure, line and trigger explains itself, so that it can be redone by hand. This is `{name}`
with `--explain {subject}`:
"""


def assessed(name: str, *options: str) -> str:
    """What the command prints about one contract."""
    folder = CONTRACTS / name
    arguments = ["assess", str(folder / "agreement.yaml"), "--facts", str(folder), *options]
    result = CliRunner().invoke(main, arguments, env=WIDTH, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def document(name: str, *options: str) -> dict[str, Any]:
    """The JSON document that the command prints about one contract."""
    found: dict[str, Any] = json.loads(assessed(name, "--json", *options))
    return found


def source(name: str) -> str:
    """A contract's `SOURCE.md`, ending with what the command prints."""
    written = (CONTRACTS / name / "SOURCE.md").read_text(encoding="utf-8")
    kept = written.partition(HEADING)[0]
    folder = f"examples/contracts/{name}"
    printed = "\n".join(line.rstrip() for line in assessed(name).splitlines())
    command = f"covenant assess {folder}/agreement.yaml --facts {folder}"
    return f"{kept}{HEADING}\n```text\n$ {command}\n{printed}\n```\n"


def page() -> str:
    """Every contract: what it is, what it comes to, and what it sets off."""
    return "\n".join([HEAD, *(_entry(name, document(name)) for name in NAMES), _why()])


def _entry(name: str, found: dict[str, Any]) -> str:
    written = (CONTRACTS / name / "SOURCE.md").read_text(encoding="utf-8")
    title, _, rest = written.removeprefix("# ").partition("\n\n")
    paragraph = rest.partition("\n\n")[0]
    parts = [f"## {title}\n", f"{paragraph}\n"]
    if found["credits"]:
        parts.append(_settlement(found))
    if found["triggers"]:
        parts.append(_triggers(found))
    where = os.path.relpath(CONTRACTS / name, PAGE.parent)
    parts.append(f"[Terms]({where}/agreement.yaml) · [source and figures]({where}/SOURCE.md)\n")
    return "\n".join(parts)


def _why() -> str:
    """How a figure explains itself."""
    name, subject = EXPLAINED
    told = "\n".join(
        f"    {line}".rstrip() for line in assessed(name, "--explain", subject).splitlines()
    )
    return f"{WHY.format(name=name, subject=subject)}\n{told}\n"


def _settlement(found: dict[str, Any]) -> str:
    """The settlement periods that have lines."""
    settled = {line["settles"] for line in found["credits"]}

    def money(minor: int | None) -> str:
        return "-" if minor is None else str(Money(minor, found["currency"]))

    rows = [
        f"| {total['period']} | {money(total['gross_minor'])} | {money(total['net_minor'])} "
        f"| {money(total['payable_minor'])} |"
        for total in found["totals"]
        if total["period"] in settled
    ]
    head = ["| settled | gross | owed | payable |", "|---|---:|---:|---:|"]
    return "\n".join([*head, *rows, ""])


def _triggers(found: dict[str, Any]) -> str:
    """What the run of results set off."""
    rows = [
        f"| `{fired['key']}` | {fired['then'].replace('_', ' ')} | {', '.join(fired['periods'])} |"
        for fired in found["triggers"]
    ]
    return "\n".join(["| trigger | means | by |", "|---|---|---|", *rows, ""])


def write() -> None:
    """Write the page and the sources."""
    for name in NAMES:
        (CONTRACTS / name / "SOURCE.md").write_text(source(name), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
