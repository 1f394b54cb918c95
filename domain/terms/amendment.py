"""Amendments: a document that sets single values of an agreement, adds some to lists, and nothing else.

The new edition is the old text with those values exchanged where they stand, or written behind the
last of their list. Comments, layout and every other character survive, so that a comparison of two
editions shows what was agreed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, cast

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
        default={}, description="New values by path, for example `kpis.arrival.target.expected`."
    )
    add: dict[str, Annotated[tuple[Text, ...], Field(min_length=1)] | Text] = Field(
        default={},
        description="Further values of lists by path, for example `calendars.office.add`.",
    )

    def added(self) -> Iterator[tuple[str, str]]:
        """Each further value with the path of its list."""
        for name, values in self.add.items():
            for value in (values,) if isinstance(values, str) else values:
                yield name, value


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
    lists = _lists(old)
    for name, value in amendment.value.added():
        longer = _with_item(text, lists[name], value)
        if longer is None:
            said = f"nothing can be written behind the last of `{name}`"
            remedy = "write the last item of that list on a line of its own, in a new agreement"
            place = ("add", name)
            return (amendment.tree.problem(place, Rule.NOT_A_LIST, said, remedy),)
        text = longer
    return text.encode()


def redline(old: bytes, new: bytes) -> list[tuple[str, str | None, str | None]]:
    """The values that differ: path, old, new; None where a document does not say anything."""
    before, after = _values(old), _values(new)
    names = dict.fromkeys([*before, *after])
    rows = ((name, before.get(name), after.get(name)) for name in names)
    return [row for row in rows if row[1] != row[2]]


def change_said(path: str, old: str | None, new: str | None) -> str:
    """One row of a comparison in words. An amendment never takes anything away."""
    return f"{path}: {new} comes in addition" if old is None else f"{path}: {old} → {new}"


def _values(raw: bytes) -> dict[str, str]:
    tree = read_tree(raw, "")
    return {tree.name(path): value for path, value in tree.texts()}


def _paths(tree: Tree) -> dict[str, Path]:
    return {tree.name(path): path for path, _ in tree.texts()}


def _lists(tree: Tree) -> dict[str, Path]:
    """Lists that hold something, by name: an item can only be written beside another."""
    found = (path for path in tree.spots if isinstance(items := tree.get(path), list) and items)
    return {tree.name(path): path for path in found}


def _refusals(amendment: Amendment, old: Tree) -> Iterator[Found]:
    paths = _paths(old)
    key = old.get(paths["agreement"]) if "agreement" in paths else ""
    if key != amendment.amends:
        said = f"`{amendment.amends}` is not the agreement that this amends"
        yield Found(("amends",), Rule.OTHER_AGREEMENT, said, f"write `amends: {key}`")
    if not amendment.set and not amendment.add:
        remedy = "write what changes under `set` or `add`"
        yield Found(("amends",), Rule.CHANGES_NOTHING, "the amendment changes nothing", remedy)
    for name in amendment.set:
        for rule, said, remedy in _refusal(name, paths):
            yield Found(("set", name), rule, said, remedy)
    lists = _lists(old)
    for name in amendment.add:
        for rule, said, remedy in _refusal_to_add(name, lists, paths):
            yield Found(("add", name), rule, said, remedy)


def _identity(name: str) -> Iterator[tuple[Rule, str, str]]:
    for pattern, remedy in FIXED:
        if pattern.fullmatch(name):
            yield Rule.IDENTITY, f"an amendment cannot change `{name}`", remedy
            return


def _refusal_to_add(
    name: str, lists: Iterable[str], paths: Iterable[str]
) -> Iterator[tuple[Rule, str, str]]:
    if found := list(_identity(name)):
        yield found[0]
    elif name not in lists:
        near = did_you_mean(name, lists)
        remedy = f"did you mean `{near}`?" if near else "add to a list that holds something already"
        said = "is not a list" if name in paths else "is no list that the agreement has"
        yield Rule.NOT_A_LIST, f"`{name}` {said}", remedy


def _refusal(name: str, paths: Iterable[str]) -> Iterator[tuple[Rule, str, str]]:
    if found := list(_identity(name)):
        yield found[0]
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
    tree = read_tree(text.encode(), "")
    spot = tree.spots[path]
    ways = [_spliced(text, spot, written) for written in _ways(value, spot.style)]
    return _first_that_says(ways, dict(tree.texts()) | {path: value}) or ways[-1]


def _with_item(text: str, path: Path, value: str) -> str | None:
    """The text with one more value in a list, behind the last one, written as that list is."""
    tree = read_tree(text.encode(), "")
    several = len(cast("list[object]", tree.get(path)))
    last = (*path, several - 1)
    end = max(tree.spots[at].end for at, _ in tree.texts() if at[: len(last)] == last)
    ways = (
        way
        for written in _ways(value, None)
        for behind in _ends(text, end)
        for way in (
            f"{text[:behind]}, {written}{text[behind:]}",
            _on_a_line(text, tree.spots[last].start, behind, written),
        )
    )
    return _first_that_says(ways, dict(tree.texts()) | {(*path, several): value})


def _first_that_says(ways: Iterable[str], wanted: dict[Path, str]) -> str | None:
    """The first way of writing that reads back as wanted."""
    return next((way for way in ways if dict(read_tree(way.encode(), "").texts()) == wanted), None)


def _ends(text: str, end: int) -> Iterator[int]:
    """Where an item may end whose last value ends there: behind it, or behind brackets that close."""
    yield end
    for _ in range(MOST_BRACKETS):
        closing = CLOSING.match(text, end)
        if closing is None:
            return
        end = closing.end()
        yield end


CLOSING = re.compile(r"(\s|#[^\n]*\n)*[]}]")
MOST_BRACKETS = 4


def _on_a_line(text: str, start: int, end: int, written: str) -> str:
    """One more item on a line of its own, behind the last line of the one before."""
    dash = text[text.rfind("\n", 0, start) + 1 : start]
    line_end = text.find("\n", end - 1)
    behind = text if line_end < 0 else text[:line_end]
    mark = "\r\n" if behind.endswith("\r") else "\n"
    behind = behind.removesuffix("\r")
    return f"{behind}{mark}{dash}{written}{text[len(behind) :]}"


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
