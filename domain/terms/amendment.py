"""Amendments: a document that sets single values of an agreement, and nothing else.

The new edition is the old text with those values exchanged where they stand. Comments, layout and
every other character survive, so that a comparison of two editions shows what was agreed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import Field

from domain.terms.fields import Day, Flag, Key, Text
from domain.terms.problems import Found, Path, Problem, Rule
from domain.terms.reader import Reading, read
from domain.terms.shape import Clause
from domain.terms.tree import Spot, Tree, read_tree
from domain.terms.wording import did_you_mean, listed

REMEDY_NAMES = 5
"""So many possible paths are named in a remedy."""


class Amendment(Clause):
    """What changes in an agreement, from when, and why."""

    amends: Key = Field(description="The key of the agreement.")
    effective_on: Day = Field(description="The first local day of the new edition.")
    reason: Text
    split: Flag = Field(
        default=False,
        description="Periods in which the edition begins end there; silent: they end as they began.",
    )
    set: Annotated[dict[str, Text], Field(min_length=1)] = Field(
        description="New values by path, for example `kpis.arrival.target.expected`."
    )


FIXED = (
    (re.compile(r"agreement|zone"), "name another agreement, or make a new one"),
    (
        re.compile(r"parties\.(?!(client|provider)\.contacts\.[^.]+\.(title|email)$).*"),
        "only the title and the email of a contact can change",
    ),
    (re.compile(r"term\..*"), "the term changes by renewal"),
    (
        re.compile(
            r"(kpis|milestones|clocks|remedies|caps|triggers|indexation)(\.[^.]+|\[\d+\])\.key"
            r"|relief.+\.ground|escalation\..+\.level"
        ),
        "facts and cases refer to it; make a new agreement instead",
    ),
)
"""What an amendment cannot change, because it says which agreement this is."""


def read_amendment(raw: bytes, file: str) -> Reading[Amendment]:
    """Read an amendment. Never raises, whatever the bytes."""
    return read(raw, file, Amendment)


def amend(agreement: bytes, amendment: Reading[Amendment]) -> bytes | tuple[Problem, ...]:
    """The text of the new edition, or what is wrong with the amendment.

    The new edition still has to be validated: an amendment may break a rule of the whole.
    """
    if amendment.value is None:
        return amendment.problems
    old = read_tree(agreement, "agreement")
    if old.problems:
        return old.problems
    found = tuple(_refusals(amendment.value, old))
    if found:
        keys = amendment.tree.keys
        return tuple(amendment.tree.problem(*each, at=keys[each.path]) for each in found)
    paths = _paths(old)
    text = agreement.decode()
    for name, value in amendment.value.set.items():
        text = _with_value(text, paths[name], value)
    return text.encode()


def redline(old: bytes, new: bytes) -> list[tuple[str, str | None, str | None]]:
    """The values that differ: path, old, new; None where a document does not say anything."""
    before, after = _values(old), _values(new)
    names = dict.fromkeys([*before, *after])
    rows = ((name, before.get(name), after.get(name)) for name in names)
    return [row for row in rows if row[1] != row[2]]


def _values(raw: bytes) -> dict[str, str]:
    tree = read_tree(raw, "")
    return {tree.name(path): value for path, value in tree.texts()}


def _paths(tree: Tree) -> dict[str, Path]:
    return {tree.name(path): path for path, _ in tree.texts()}


def _refusals(amendment: Amendment, old: Tree) -> Iterator[Found]:
    paths = _paths(old)
    key = old.get(paths["agreement"]) if "agreement" in paths else ""
    if key != amendment.amends:
        said = f"`{amendment.amends}` is not the agreement that this amends"
        yield Found(("amends",), Rule.OTHER_AGREEMENT, said, f"write `amends: {key}`")
    for name in amendment.set:
        for rule, said, remedy in _refusal(name, paths):
            yield Found(("set", name), rule, said, remedy)


def _refusal(name: str, paths: Iterable[str]) -> Iterator[tuple[Rule, str, str]]:
    for pattern, remedy in FIXED:
        if pattern.fullmatch(name):
            yield Rule.IDENTITY, f"an amendment cannot change `{name}`", remedy
            return
    if name in paths:
        return
    below = [path for path in paths if re.match(re.escape(name) + r"[.\[]", path)]
    if below:
        remedy = f"set single values, such as {listed(below[:REMEDY_NAMES])}"
        yield Rule.NOT_A_SINGLE_VALUE, f"`{name}` is not a single value", remedy
        return
    near = did_you_mean(name, paths)
    remedy = f"did you mean `{near}`?" if near else "write the path as a comparison shows it"
    yield Rule.UNKNOWN_PATH, f"the agreement says nothing at `{name}`", remedy


def _with_value(text: str, path: Path, value: str) -> str:
    """The text with another value at the path, in the first way of writing that reads back so."""
    spot = read_tree(text.encode(), "").spots[path]
    wanted = dict(read_tree(text.encode(), "").texts()) | {path: value}
    ways = [_spliced(text, spot, written) for written in _ways(value, spot.style)]
    reads_back = (way for way in ways if dict(read_tree(way.encode(), "").texts()) == wanted)
    return next(reads_back, ways[-1])


def _ways(value: str, style: str | None) -> list[str]:
    """Plain, in single or double quotes; quotes that were there stay. The last always works."""
    single = "'" + value.replace("'", "''") + "'"
    double = '"' + "".join(_escaped(character) for character in value) + '"'
    return {"'": [single, double], '"': [double]}.get(style or "", [value, single, double])


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _spliced(text: str, spot: Spot, written: str) -> str:
    old = text[spot.start : spot.end]
    tail = old[len(old.rstrip()) :]  # a block of lines ends with its last line break
    gap = "" if old else " "  # nothing was written, right behind the colon
    return text[: spot.start] + gap + written + tail + text[spot.end :]
