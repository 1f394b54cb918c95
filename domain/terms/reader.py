"""The strict reading of a document: every problem at once, each at its place, nothing guessed."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from domain.terms.kinds import keys_at, salvage
from domain.terms.problems import Path, Problem, Rule
from domain.terms.tree import UNREAD, Raw, Tree, read_tree
from domain.terms.wording import Said, one_of, said

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reading(Generic[M]):
    """What a document says, or what is wrong with it.

    `value` is there when there are no problems. `draft` is there whenever the text was readable:
    the same type, with holes (`domain.terms.kinds`) where something is wrong. `warnings` are what
    may be meant: they refuse nothing.
    """

    value: M | None
    draft: M | None
    problems: tuple[Problem, ...]
    tree: Tree
    warnings: tuple[Problem, ...] = ()

    @property
    def file(self) -> str:
        """The name of the document's file."""
        return self.tree.file

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column of a value, or of the nearest thing around it that does exist."""
        spot = self.tree.spot(path)
        return spot.line, spot.column

    def with_problems(self, more: tuple[Problem, ...]) -> "Reading[M]":
        """The same reading, in which more was found to be wrong, or worth a warning."""
        problems = in_order((*self.problems, *(each for each in more if each.refuses)))
        warnings = in_order((*self.warnings, *(each for each in more if not each.refuses)))
        value = None if problems else self.value
        return replace(self, value=value, problems=problems, warnings=warnings)


def read(raw: bytes, file: str, model: type[M]) -> Reading[M]:
    """Read a document as a model. Never raises, whatever the bytes."""
    tree = read_tree(raw, file)
    if tree.root is UNREAD:
        return Reading(None, None, in_order(tree.problems), tree)
    try:
        value = model.model_validate(tree.root)
    except ValidationError as error:
        problems = (*tree.problems, *_shape_problems(error, tree, model))
        return Reading(None, salvage(model, tree.root), in_order(problems), tree)
    return Reading(value, value, (), tree).with_problems(tree.problems)


def in_order(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """As they stand in the file."""
    return tuple(sorted(problems, key=lambda each: (each.line, each.column)))


def _shape_problems(error: ValidationError, tree: Tree, model: type[M]) -> list[Problem]:
    found: dict[tuple[Path, bool], list[Said]] = defaultdict(list)
    for detail in error.errors(include_url=False):
        path, rest, value = _located(detail["loc"], tree.root)
        if value is UNREAD or (detail["type"] == "too_short" and value):
            continue  # reported already; pydantic calls a list too short when its items are wrong
        about_key = detail["type"] == "extra_forbidden" or "[key]" in rest
        key = str(rest[-1] if detail["type"] == "missing" else (path or rest)[-1])
        where = (*path, key) if detail["type"] == "missing" else path
        keys = keys_at(model, path[:-1]) if detail["type"] == "extra_forbidden" else ()
        found[where, about_key].append(said(detail, key, key if about_key else value, keys))
    around = {path[:depth] for path, _ in found for depth in range(len(path))}
    return [
        tree.problem(path, *one_of(ways), at=tree.keys[path] if about_key else None)
        for (path, about_key), ways in found.items()
        if path not in around or any(way.rule != Rule.WRONG_SHAPE for way in ways)
        # else it is only the other arm of a union, whose right arm has a problem inside
    ]


def _located(steps: "tuple[int | str, ...]", node: Raw) -> tuple[Path, Path, Raw]:
    """The path of the document that pydantic means, its steps that are not in it, the value.

    Pydantic's locations also name alternatives of a union, and `[key]`.
    """
    path: list[str | int] = []
    rest: list[str | int] = []
    for step in steps:
        match node, step:
            case dict(), str() if step in node:
                node = node[step]
                path.append(step)
            case list(), int():
                node = node[step]
                path.append(step)
            case _:
                rest.append(step)
    return tuple(path), tuple(rest), node
