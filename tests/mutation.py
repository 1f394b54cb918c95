"""Small faults put into the money code one by one, and which of them no test notices.

`make mutation` runs mutmut over the modules named in `[tool.mutmut]` of pyproject.toml, in a copy of
the tree, and writes docs/mutation.md. `--only domain/money.py ...` takes some modules and only prints.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.equivalent_mutants import EQUIVALENT

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "mutation.md"
MUTMUT = Path(sys.executable).parent / "mutmut"
NEEDED = 90
"""Percent of all mutants that have to be killed."""

KILLED, TIMEOUT, UNCHECKED = "killed", "timeout", "not checked"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault, by mutmut's name for it, and what became of it."""

    name: str
    outcome: str

    @property
    def module(self) -> str:
        """`domain/remedies/caps.py`: mutmut names a package's own module like the package."""
        path = self.name.rpartition(".")[0].replace(".", "/")
        return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"

    @property
    def function(self) -> str:
        """`capped`, or `Money.share`: mutmut writes `x_capped__mutmut_3`, `xǁMoneyǁshare__mutmut_1`."""
        last = self.name.rpartition(".")[2].partition("__mutmut_")[0]
        return last.removeprefix("x_") if last.startswith("x_") else ".".join(last.split("ǁ")[1:])


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that was not killed, the lines that it changed, and why that cannot be seen."""

    mutant: Mutant
    before: str
    after: str

    @property
    def why(self) -> str | None:
        """The reason given for it; None where there is none, so that a test is missing."""
        place = f"{self.mutant.module}:{self.mutant.function}"
        return next(
            (
                why
                for where, part, why in EQUIVALENT
                if re.fullmatch(where, place) and re.search(part, f"{self.before} -> {self.after}")
            ),
            None,
        )


def copy_tree(target: Path) -> None:
    """Every file that git tracks or would track, as it is now."""
    listed = _output(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT)
    for name in listed.splitlines():
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read_bytes())


def mutate(tree: Path, only: Sequence[str]) -> None:
    """Run mutmut in the tree, with its progress shown."""
    modules = (each.removesuffix(".py").removesuffix("/__init__") for each in only)
    names = [f"{each.replace('/', '.')}.x*" for each in modules]
    said = {"COVENANT_ORACLE_CASES": "400", "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(
        [MUTMUT, "run", "--max-children", "1", *names],
        cwd=tree,
        env={**os.environ, **said},
        check=True,
    )


def tried(tree: Path) -> list[Mutant]:
    """What became of the mutants that were tried."""
    lines = _output([MUTMUT, "results", "--all", "true"], tree).splitlines()
    parted = (line.strip().rpartition(": ") for line in lines if "__mutmut_" in line)
    return [Mutant(name, outcome) for name, _, outcome in parted if outcome != UNCHECKED]


def survivors(tree: Path, mutants: Iterable[Mutant]) -> Iterator[Survivor]:
    """What was not killed, with the lines that differ."""
    for each in mutants:
        if each.outcome != KILLED:
            shown = _output([MUTMUT, "show", each.name], tree).splitlines()
            changed = [line for line in shown if not line.startswith(("---", "+++"))]
            before, after = (
                " ".join(line[1:].strip() for line in changed if line.startswith(sign))
                for sign in "-+"
            )
            yield Survivor(each, before, after)


def _output(command: Sequence[str | Path], where: Path) -> str:
    return subprocess.run(command, cwd=where, check=True, capture_output=True, text=True).stdout


# --- the page


def score(mutants: Sequence[Mutant]) -> float:
    """Percent killed."""
    return 100 * sum(each.outcome == KILLED for each in mutants) / len(mutants)


def table(mutants: Sequence[Mutant]) -> Iterator[str]:
    """A row for each module, and one for all."""
    yield "| module | mutants | killed | survived | timed out | score |"
    yield "|---|---:|---:|---:|---:|---:|"
    for module in sorted({each.module for each in mutants}):
        yield _row(f"`{module}`", [each for each in mutants if each.module == module])
    yield _row("**all**", mutants)


def _row(name: str, mutants: Sequence[Mutant]) -> str:
    outcomes = Counter(each.outcome for each in mutants)
    killed, late = outcomes[KILLED], outcomes[TIMEOUT]
    survived = len(mutants) - killed - late
    return f"| {name} | {len(mutants)} | {killed} | {survived} | {late} | {score(mutants):.1f} % |"


def listed(found: Iterable[Survivor]) -> Iterator[str]:
    """The survivors by function: what was written, what it became, and why nobody can tell."""
    place = ""
    for each in found:
        here = f"`{each.mutant.module}`, `{each.mutant.function}`"
        if here != place:
            place = here
            yield f"\n{here}\n"
        late = " (timed out)" if each.mutant.outcome == TIMEOUT else ""
        why = "" if each.why is None else f": {each.why}"
        yield f"- {_quoted(each.before)} became {_quoted(each.after)}{late}{why}"


def _quoted(code: str) -> str:
    return f"``{code}``" if code else "nothing"


def page(mutants: Sequence[Mutant], found: Sequence[Survivor], minutes: int) -> str:
    """docs/mutation.md."""
    ordered = sorted(found, key=lambda each: (each.mutant.module, each.mutant.function))
    explained = [each for each in ordered if each.why is not None]
    others = [each for each in ordered if each.why is None]
    return "\n".join(
        [
            INTRODUCTION.format(minutes=minutes, needed=NEEDED),
            *table(mutants),
            "",
            f"## Survivors that change nothing ({len(explained)})",
            *listed(explained),
            "",
            f"## Survivors that a test could kill ({len(others)})",
            *listed(others),
            "",
        ]
    )


INTRODUCTION = """\
# Mutation tests

Written by `make mutation` (`python -m tests.mutation`), which takes about {minutes} minutes on two cores.
mutmut puts one small fault after the other into the code that compares, counts and reckons money: `<` for `<=`,
`+` for `-`, `or` for `and`, another number, an argument left out or `None`. A fault is killed when a test fails.
What times out, because a loop never ends, counts as survived here. Less than {needed} % killed is a failure of the command.

Left out, so that the score is about figures and not about wording:

- modules that only write sentences: `domain/patterns/wording.py` and `domain/remedies/wording.py`;
- lines that hold a part of a sentence for people (`do_not_mutate_patterns` in pyproject.toml);
- what mutmut never changes: tables outside functions, enumerations, decorated functions and properties,
  type annotations, the arguments of `len` and `isinstance`.

The tests that run are those of these modules and two oracle agreements (`pytest_add_cli_args_test_selection`);
the scenarios in `tests/agreements` do not, they would take too long.

## Scores
"""


def main() -> int:
    """Mutate, tell, and say by the exit code whether enough was killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE")
    only = parser.parse_args().only
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        tree = Path(directory)
        copy_tree(tree)
        mutate(tree, only)
        mutants = tried(tree)
        found = list(survivors(tree, mutants))
    minutes = max(1, round((time.monotonic() - began) / 60))
    text = page(mutants, found, minutes)
    print(text)
    if not only:
        PAGE.write_text(text, encoding="utf-8")
    return 0 if score(mutants) >= NEEDED else 1


if __name__ == "__main__":
    sys.exit(main())
