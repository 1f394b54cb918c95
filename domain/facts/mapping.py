"""Mapping files: how the columns of any table become facts. Columns that none names are dropped."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from domain.facts import FactKind
from domain.facts.columns import wrong_columns
from domain.facts.times import TimeFormError, time_form
from domain.terms.fields import Flag, Key, Text, Zone
from domain.terms.problems import Path, Problem, Rule
from domain.terms.reader import Reading, read

Cell = Annotated[str, StringConstraints(max_length=2000)]
"""A text as it stands in a cell, perhaps none."""

SHORT = re.compile(r"([0-9]{1,4}) ?(s|min)")

Short = Annotated[str, StringConstraints(pattern=rf"^{SHORT.pattern}$")]


class Strict(BaseModel):
    """A part of a mapping file: nothing is in it that has no meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MappedCell(Strict):
    """How a cell of a fact comes about: from one column, from several, or the same for all."""

    column: Text | None = Field(None, description="The column of the file.")
    text: Text | None = Field(None, description="The same text for every row.")
    join: tuple[Text, ...] | None = Field(
        None, description="Columns whose texts are written one after the other."
    )
    between: Cell = Field("-", description="What stands between joined texts.")
    values: dict[Cell, Cell] = Field(
        default={}, description="What the file writes, and what it means."
    )
    otherwise: Literal["refuse", "keep"] = Field(
        "refuse", description="What becomes of a text that `values` does not name."
    )
    not_before: Text | None = Field(
        None, description="A time that is a little before the one in this column counts as equal."
    )
    within: Short = Field("60 s", description="How little that is: `60 s` or `2 min` at most.")

    @property
    def leeway(self) -> timedelta:
        """`within`, as a length of time."""
        match = SHORT.fullmatch(self.within)
        assert match is not None  # noqa: S101 - the pattern of `Short`
        return int(match[1]) * timedelta(**{"s": {"seconds": 1}, "min": {"minutes": 1}}[match[2]])

    def sources(self) -> tuple[str, ...]:
        """The columns of the file that it needs."""
        own = () if self.column is None else (self.column,)
        return (*own, *(self.join or ()), *(() if self.not_before is None else (self.not_before,)))


class MappedFact(Strict):
    """Which fact a row tells of."""

    kind: FactKind
    rows: Literal["each", "first", "last"] = Field(
        "each", description="Whether each row is a fact, or the first or last one of an `id`."
    )
    by: Text | None = Field(
        None, description="The time that says which row is last; silent: the order of the file."
    )
    grouped: Flag = Field(
        default=False, description="Whether all rows of an `id` stand together in the file."
    )
    when: dict[Text, Cell | tuple[Cell, ...]] = Field(
        default={}, description="Only rows whose columns have one of these values."
    )
    columns: Annotated[dict[Key, Text | MappedCell], Field(min_length=1)] = Field(
        description="The columns of the fact, and from which column of the file each is read."
    )

    def cells(self) -> dict[str, MappedCell]:
        """How each column of the fact comes about."""
        return {
            name: MappedCell(column=said) if isinstance(said, str) else said
            for name, said in self.columns.items()
        }


class Mapping(Strict):
    """How the rows of a file become facts."""

    mapping: Key = Field(description="The name of the mapping.")
    title: Text | None = None
    separator: Literal[",", ";", "|", "tab"] = Field(
        ",", description="What stands between the columns of a CSV file."
    )
    encoding: Literal["utf-8", "windows-1252", "iso-8859-1", "iso-8859-15"] = Field(
        "utf-8", description="How a CSV file writes its characters."
    )
    zone: Zone | None = Field(
        None, description="The zone of local times in the file; silent: that of the agreement."
    )
    times: tuple[Text, ...] = Field(
        (), description="How the file writes times, tried in this order: `D/M/YYYY H:MM`."
    )
    missing: tuple[Cell, ...] = Field((), description="Texts that say nothing, `?` for example.")
    decimal: Literal["point", "comma"] = Field(
        "point", description="What stands before the decimals of a number."
    )
    thousands: Literal["point", "comma", "space", "apostrophe"] | None = Field(
        None, description="What stands between the thousands of a number; silent: nothing may."
    )
    facts: Annotated[tuple[MappedFact, ...], Field(min_length=1)]

    @property
    def delimiter(self) -> str:
        """The character that separates columns."""
        return "\t" if self.separator == "tab" else self.separator

    def sources(self) -> tuple[str, ...]:
        """Every column of the file that is named, in the order in which it is."""
        names: dict[str, None] = {}
        for fact in self.facts:
            for cell in fact.cells().values():
                names.update(dict.fromkeys(cell.sources()))
            names.update(dict.fromkeys([*fact.when, *([fact.by] if fact.by else [])]))
        return tuple(names)


def read_mapping(raw: bytes, file: str) -> Reading[Mapping]:
    """Read a mapping file, and check it as a whole. Never raises, whatever the bytes."""
    reading = read(raw, file, Mapping)
    if reading.value is None:
        return reading
    return reading.with_problems(tuple(_problems(reading.value, reading)))


def _problems(mapping: Mapping, reading: Reading[Mapping]) -> Iterator[Problem]:
    def problem(path: Path, rule: Rule, message: str, remedy: str) -> Problem:
        return reading.tree.problem(path, rule, message, remedy)

    if mapping.thousands == mapping.decimal:
        yield problem(
            ("thousands",),
            Rule.WRONG_SHAPE,
            f"a {mapping.thousands} cannot stand before the decimals and between thousands",
            "write `decimal: comma` and `thousands: point` for 1.234,5, for example",
        )
    for number, form in enumerate(mapping.times):
        try:
            time_form(form)
        except TimeFormError as error:
            remedy = "write for example `D/M/YYYY H:MM` or `YYYY-MM-DD HH:MM:SS`"
            yield problem(("times", number), Rule.WRONG_SHAPE, str(error), remedy)
    for number, fact in enumerate(mapping.facts):
        at: Path = ("facts", number)
        for wrong in wrong_columns(list(fact.columns), fact.kind):
            here = wrong.column in fact.columns
            rule = Rule.UNKNOWN_KEY if here else Rule.MISSING_KEY
            where: Path = (*at, "columns", wrong.column) if here else (*at, "columns")
            yield problem(where, rule, wrong.message, wrong.remedy)
        for name, cell in fact.cells().items():
            if (cell.column, cell.text, cell.join).count(None) != 2:  # noqa: PLR2004 - of three
                yield problem(
                    (*at, "columns", name),
                    Rule.EXACTLY_ONE,
                    "a cell comes from `column`, from `join`, or is a `text`",
                    "write one of them",
                )
        if fact.rows == "each" and (fact.by is not None or fact.grouped):
            yield problem(
                at,
                Rule.KEY_WITHOUT_USE,
                "`by` and `grouped` are for the first or last row of an id",
                "add `rows: last`, or leave them out",
            )
