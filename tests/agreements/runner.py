"""Scenarios: an agreement, facts, and what `covenant assess` must say of them.

`README.md` explains the form. Everything in a scenario is text, as in an agreement, so that no
figure is ever read as a binary one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent

SCENARIO_KEYS = frozenset({"case", "source", "evidence", "agreement", "runs"})
RUN_KEYS = frozenset(
    {"source", "evidence", "note", "agreement", "terms", "amendments", "facts"}
    | {"expect", "explain", "refused"}
)
OPTIONS = ("from", "to", "known_at", "clocks")
"""Keys that are options of the command: `known_at` is `--known-at`."""

EVIDENCE = {
    "Q": "the source states input and result",
    "C": "computed by hand from the source's rule",
    "A": "computed by hand with a parameter that was assumed",
}

ANYTHING = "…"


class ScenarioError(ValueError):
    """A scenario that does not say what it should."""


@dataclass(frozen=True, slots=True)
class Run:
    """One assessment of a scenario, and what must come of it."""

    scenario: str
    name: str
    agreement: Mapping[str, Any]
    facts: dict[str, list[dict[str, str]]]
    amendments: tuple[Mapping[str, Any], ...] = ()
    options: tuple[str, ...] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)
    explain: Mapping[str, list[str]] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Name the file and the run."""
        return f"{self.scenario}: {self.name}" if self.name else self.scenario

    def command(self, folder: Path, *, by_kind: bool = False) -> list[str]:
        """Write the documents into the folder; the arguments of the command that reads them."""
        agreement = folder / "agreement.yaml"
        agreement.write_text(_yaml(self.agreement))
        arguments = ["assess", str(agreement), "--json", *self.options]
        for number, amendment in enumerate(self.amendments, 1):
            file = folder / f"amendment-{number}.yaml"
            file.write_text(_yaml(amendment))
            arguments += ["--amendment", str(file)]
        for file in _csv_files(self, folder) if by_kind else _json_lines(self, folder):
            arguments += ["--facts", str(file)]
        return arguments


def scenarios() -> list[Path]:
    """Every scenario file, in the order of their names."""
    return sorted(HERE.glob("*.yaml"))


@cache
def runs(path: Path) -> tuple[Run, ...]:
    """The runs of a scenario; ScenarioError says what is wrong with the file."""
    said = yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 - every scalar stays text
    unknown = set(said) - SCENARIO_KEYS - RUN_KEYS - set(OPTIONS)
    missing = {"case", "source", "evidence", "agreement"} - set(said)
    if unknown or missing:
        raise ScenarioError(f"{path.name}: unknown {sorted(unknown)}, missing {sorted(missing)}")
    common = {key: value for key, value in said.items() if key not in {"case", "runs"}}
    if "runs" not in said:
        return (_run(path, "", common, {}),)
    return tuple(_run(path, name, common, run) for name, run in said["runs"].items())


def _run(path: Path, name: str, common: Mapping[str, Any], own: Mapping[str, Any]) -> Run:
    where = f"{path.name}, {name or 'the only run'}"
    if unknown := set(own) - RUN_KEYS - set(OPTIONS):
        raise ScenarioError(f"{where}: unknown {sorted(unknown)}")
    said = {**common, **own}
    if said["evidence"] not in EVIDENCE:
        raise ScenarioError(f"{where}: evidence is one of {', '.join(EVIDENCE)}")
    if ("expect" in said) == ("refused" in said):
        raise ScenarioError(f"{where}: write either `expect` or `refused`")
    kinds = dict.fromkeys([*common.get("facts", {}), *own.get("facts", {})])
    facts = {
        kind: [
            {"id": f"{kind}-{number}", **_dated(row)}
            for number, row in enumerate(
                [*common.get("facts", {}).get(kind, ()), *own.get("facts", {}).get(kind, ())], 1
            )
        ]
        for kind in kinds
    }
    return Run(
        path.stem,
        name,
        _with_terms(said["agreement"], said.get("terms", {}), where),
        facts,
        tuple(said.get("amendments", ())),
        tuple(_options(said)),
        said.get("expect", {}),
        said.get("explain", {}),
        tuple(said.get("refused", ())),
    )


def _options(said: Mapping[str, Any]) -> Iterator[str]:
    for name in OPTIONS:
        if name == "clocks" and said.get(name) == "true":
            yield "--clocks"
        elif name in said:
            yield from (f"--{name.replace('_', '-')}", said[name])


def _dated(row: Mapping[str, str]) -> dict[str, str]:
    """`month: 2027-01` is short for the start and end of that month."""
    cells = dict(row)
    if "month" in cells:
        year, month = map(int, cells.pop("month").split("-"))
        following = f"{year + month // 12}-{month % 12 + 1:02}"
        cells["start"] = f"{year}-{month:02}-01 00:00"
        cells["end"] = f"{following}-01 00:00"
    return cells


def _with_terms(agreement: Mapping[str, Any], terms: Mapping[str, Any], where: str) -> Any:
    """The agreement with other values at some paths, which name list items by their key."""
    changed: Any = deepcopy(agreement)
    for path, value in terms.items():
        *steps, last = path.split(".")
        place = changed
        try:
            for step in steps:
                place = place[_index(place, step)]
            place[_index(place, last)] = value
        except KeyError as error:
            raise ScenarioError(f"{where}: the agreement has no `{path}`") from error
    return changed


def _index(place: Any, step: str) -> Any:
    if not isinstance(place, list):
        return step
    keys = [item.get("key") for item in place]
    if step not in keys:
        raise KeyError(step)
    return keys.index(step)


def _yaml(document: Mapping[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _json_lines(run: Run, folder: Path) -> list[Path]:
    """All facts in one file, as the scenario has them."""
    lines = [
        json.dumps({"kind": kind, **row}, ensure_ascii=False)
        for kind, rows in run.facts.items()
        for row in rows
    ]
    file = folder / "facts.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines))
    return [file] if lines else []


def _csv_files(run: Run, folder: Path) -> list[Path]:
    """The same facts by kind, the last first, one file for every other row."""
    files = []
    for kind, rows in reversed(run.facts.items()):
        columns = list(dict.fromkeys(column for row in rows for column in row))
        for part in (1, 0):
            chosen = rows[::-1][part::2]
            if chosen:
                # Files of one kind stand in folders of their own: the name tells the kind.
                file = folder / f"part-{part}" / f"facts-{kind}.csv"
                file.parent.mkdir(exist_ok=True)
                lines = [columns, *([row.get(column, "") for column in columns] for row in chosen)]
                file.write_text("".join(f"{','.join(map(_cell, line))}\n" for line in lines))
                files.append(file)
    return files


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\n]', text) else text


def differences(expected: Any, actual: Any, where: str = "") -> list[str]:
    """Where the answer is not as expected; see `README.md` for what an expectation can say."""
    match expected:
        case dict():
            if not isinstance(actual, dict):
                return [f"{where}: expected {expected}, found {actual}"]
            return [
                difference
                for key, value in expected.items()
                for difference in (
                    differences(value, actual[key], f"{where}.{key}".lstrip("."))
                    if key in actual
                    else [f"{where}: there is no `{key}`, only {', '.join(actual)}"]
                )
            ]
        case list():
            return _list_differences(expected, actual, where)
        case _:
            pattern = ".*".join(re.escape(part) for part in expected.split(ANYTHING))
            if re.fullmatch(pattern, _text(actual), re.DOTALL):
                return []
            return [f"{where}: expected {expected}, found {_text(actual)}"]


def _list_differences(expected: list[Any], actual: Any, where: str) -> list[str]:
    """Items in order; others may stand only where the expectation has `…`."""
    if not isinstance(actual, list):
        return [f"{where}: expected a list, found {actual}"]
    place, open_ = 0, False
    for wanted in expected:
        if wanted == ANYTHING:
            open_ = True
            continue
        last = len(actual) if open_ else place + 1
        candidates = range(place, min(last, len(actual)))
        found = next((i for i in candidates if not differences(wanted, actual[i])), None)
        if found is None:
            near = [difference for i in candidates for difference in differences(wanted, actual[i])]
            told = "; ".join(near[:4]) or f"only {len(actual)} there"
            return [f"{where}[{place}]: no {wanted}: {told}"]
        place, open_ = found + 1, False
    if place < len(actual) and not open_:
        return [f"{where}: not expected: {actual[place:]}"]
    return []


def _text(actual: Any) -> str:
    return actual if isinstance(actual, str) else json.dumps(actual, ensure_ascii=False)
