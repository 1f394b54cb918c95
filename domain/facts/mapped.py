"""A mapping at work: rows of a table, and the cells of facts that it makes of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from domain.facts import FactKind
from domain.facts.cells import NUMBERS, TIMES
from domain.facts.columns import OWN, RECEIPT
from domain.facts.formats import Problems, numbered
from domain.facts.mapping import MappedCell, MappedFact
from domain.facts.mapping import Mapping as MappingFile
from domain.facts.numbers import MARKS, plain_number
from domain.facts.rules import MOST_WAITING, FactRule, Wrong
from domain.facts.times import time_form
from domain.terms.problems import clipped

Cells = Sequence[str]

MakeCell = Callable[[Cells], str]


class MappingCellError(ValueError):
    """A cell of which the mapping can make nothing."""

    def __init__(self, wrong: Wrong) -> None:
        """Keep what is wrong."""
        super().__init__(wrong.message)
        self.wrong = wrong


@dataclass(slots=True)
class Mapped:
    """A row that waits for its rule: on which line it is, its cells, and whether it told nothing."""

    line: int
    row: Cells
    silent: bool = True


class MappedRule:
    """One fact that rows may tell of."""

    def __init__(self, fact: MappedFact, mapping: MappingFile, places: dict[str, int]) -> None:
        """`places` are those of the columns that the mapping names."""
        self.kind = fact.kind
        self.rows, self.grouped = fact.rows, fact.grouped
        cells = fact.cells()
        self.targets = tuple(cells)
        self.numbers = {
            name: places[cell.sources()[0]] + 1 if cell.sources() else 1
            for name, cell in cells.items()
        }
        times = _Times(mapping)
        own = {column.name: column.read for column in (*OWN[fact.kind], *RECEIPT)}
        self._makes = tuple(
            _maker(
                name,
                cell,
                mapping,
                places,
                times if own.get(name) in TIMES else None,
                number=own.get(name) in NUMBERS,
            )
            for name, cell in cells.items()
        )
        self._id = self._makes[self.targets.index("id")] if "id" in cells else None
        self._when = tuple(
            (places[name], frozenset([said] if isinstance(said, str) else said))
            for name, said in fact.when.items()
        )
        self._by = None if fact.by is None else places[fact.by]
        self._times = times

    def row(self, row: Cells) -> list[str]:
        """The cells of the fact; MappingCellError where one cannot be made."""
        return [make(row) for make in self._makes]

    def name(self, row: Cells) -> str:
        """The id of the fact; text that cannot be read as one is told of when the row is."""
        try:
            return "" if self._id is None else self._id(row)
        except MappingCellError:
            return ""

    def wants(self, row: Cells) -> bool:
        """Whether the row is one of those that `when` names."""
        return all(row[place] in said for place, said in self._when)

    def moment(self, row: Cells) -> str:
        """By which later rows are told from earlier ones."""
        return "" if self._by is None else self._times(row[self._by])


class _Times:
    """Times as the file writes them, in the writing of files of facts."""

    def __init__(self, mapping: MappingFile) -> None:
        forms = [time_form(form) for form in mapping.times]

        @lru_cache(maxsize=65_536)
        def plainly(text: str) -> str:
            return next((said for form in forms if (said := form(text)) is not None), text)

        self._plainly = plainly if forms else str

    def __call__(self, text: str) -> str:
        return self._plainly(text)


def _maker(
    name: str,
    cell: MappedCell,
    mapping: MappingFile,
    places: dict[str, int],
    times: _Times | None,
    *,
    number: bool,
) -> MakeCell:
    missing = frozenset(mapping.missing)
    make = _source(cell, missing, places)
    if cell.values:
        make = _translated(make, name, cell)
    if times is not None:
        make = _timed(make, times)
    if number and (mapping.decimal, mapping.thousands) != ("point", None):
        make = _plain_numbers(make, name, mapping)
    if cell.not_before is not None and times is not None:
        floor = _timed(_column(places[cell.not_before], missing), times)
        make = _not_before(make, floor, cell)
    return make


def _source(cell: MappedCell, missing: frozenset[str], places: dict[str, int]) -> MakeCell:
    if cell.text is not None:
        text = cell.text
        return lambda _: text
    if cell.join is not None:
        parts = [_column(places[each], missing) for each in cell.join]
        between = cell.between

        def joined(row: Cells) -> str:
            texts = [part(row) for part in parts]
            return between.join(texts) if all(texts) else ""

        return joined
    return _column(places[cell.column or ""], missing)


def _column(place: int, missing: frozenset[str]) -> MakeCell:
    def cell(row: Cells) -> str:
        text = row[place]
        return "" if text in missing else text

    return cell


def _translated(make: MakeCell, name: str, cell: MappedCell) -> MakeCell:
    def translated(row: Cells) -> str:
        text = make(row)
        if text in cell.values:
            return cell.values[text]
        if not text or cell.otherwise == "keep":
            return text
        raise MappingCellError(
            Wrong(
                name,
                FactRule.UNMAPPED_VALUE,
                f"'{clipped(text)}' is none of the values that the mapping names",
                "add it to `values`, or write `otherwise: keep`",
            )
        )

    return translated


def _timed(make: MakeCell, times: _Times) -> MakeCell:
    return lambda row: times(make(row))


def _plain_numbers(make: MakeCell, name: str, mapping: MappingFile) -> MakeCell:
    plainly = plain_number(mapping.decimal, mapping.thousands)
    point = MARKS[mapping.decimal]
    marks = MARKS[mapping.thousands][0] if mapping.thousands else ""

    def plain(row: Cells) -> str:
        text = make(row)
        said = plainly(text)
        if said is None:
            raise MappingCellError(
                Wrong(
                    name,
                    FactRule.NOT_A_NUMBER,
                    f"'{clipped(text)}' has a mark where the mapping expects none",
                    f"write `1{marks}234{point}5`, or correct `decimal` and `thousands`",
                )
            )
        return said

    return plain


def _not_before(make: MakeCell, floor: MakeCell, cell: MappedCell) -> MakeCell:
    leeway = cell.leeway

    def not_before(row: Cells) -> str:
        text, lowest = make(row), floor(row)
        try:
            early = datetime.fromisoformat(lowest) - datetime.fromisoformat(text)
        except (ValueError, TypeError):
            return text  # the reader of the fact says what is wrong with either
        return lowest if timedelta() < early <= leeway else text

    return not_before


class Mapper:
    """Which rows tell which facts: at once, or when the last row of an id is known."""

    def __init__(self, mapping: MappingFile, header: Sequence[str], problems: Problems) -> None:
        """Refuses a header without the columns that the mapping names."""
        self.names = mapping.sources()
        numbers = numbered(header)
        for name in self.names:
            told = f"`{clipped(name)}`"
            if name not in numbers:
                wrong = Wrong(
                    name,
                    FactRule.MISSING_COLUMN,
                    f"the mapping `{mapping.mapping}` needs the column {told}, which is not there",
                    "check that the mapping is meant for such a file, or correct the name in it",
                )
                problems.add(1, 1, wrong)
            elif list(header).count(name) > 1:
                wrong = Wrong(
                    name,
                    FactRule.DUPLICATE_COLUMN,
                    f"the column {told} is there {list(header).count(name)} times",
                    "keep one of them",
                )
                problems.add(1, numbers[name], wrong)
        if problems.found():
            problems.refuse()
        places = {name: numbers[name] - 1 for name in self.names}
        self._places = tuple(places.values())
        self.numbers = {name: numbers[name] for name in self.names}
        self.rules = tuple(MappedRule(fact, mapping, places) for fact in mapping.facts)
        self._at_once = tuple(n for n, rule in enumerate(self.rules) if rule.rows == "each")
        self._waiting: dict[int, dict[str, tuple[str, Mapped]]] = {
            n: {} for n, rule in enumerate(self.rules) if rule.rows != "each"
        }
        self._ready: list[tuple[int, Mapped]] = []
        self._problems = problems

    def numbers_of(self, kind: FactKind) -> Mapping[str, int]:
        """From which columns of the file the cells of a kind of fact come, by its first rule."""
        return next(rule.numbers for rule in self.rules if rule.kind == kind)

    def kept(self, row: Cells) -> list[str]:
        """The cells of the columns that the mapping names."""
        return [row[place] for place in self._places]

    def at_once(self, line: int, row: Cells) -> list[int]:
        """The rules for which the row is a fact by itself; for the others it is kept in mind."""
        at_once = [number for number in self._at_once if self.rules[number].wants(row)]
        if self._waiting:
            mapped = Mapped(line, row, silent=not at_once)
            for number, waiting in self._waiting.items():
                rule = self.rules[number]
                if rule.wants(row):
                    self._wait(number, rule, waiting, mapped)
        return at_once

    def _wait(
        self,
        number: int,
        rule: MappedRule,
        waiting: dict[str, tuple[str, Mapped]],
        mapped: Mapped,
    ) -> None:
        name, moment = rule.name(mapped.row), rule.moment(mapped.row)
        if rule.grouped and name not in waiting:
            self._ready += [(number, each) for _, each in waiting.values()]
            waiting.clear()
        known = waiting.get(name)
        if known is None:
            if len(waiting) == MOST_WAITING:
                self._refuse_more(mapped.line)
            waiting[name] = moment, mapped
        elif moment >= known[0] if rule.rows == "last" else moment < known[0]:
            waiting[name] = moment, mapped

    def _refuse_more(self, line: int) -> None:
        wrong = Wrong(
            "",
            FactRule.TOO_MANY_WAITING,
            f"more than {MOST_WAITING:,} ids wait for their last row",
            "sort the file by the column of the id, and write `grouped: true` in the mapping",
        )
        self._problems.add(line, 1, wrong)
        self._problems.refuse()

    @staticmethod
    def is_silent(mapped: Mapped) -> bool:
        """Whether the row has told nothing so far; it has when it is asked."""
        silent, mapped.silent = mapped.silent, False
        return silent

    def ready(self) -> list[tuple[int, Mapped]]:
        """Rows whose turn has come."""
        if not self._ready:
            return self._ready
        ready, self._ready = self._ready, []
        return ready

    def rest(self) -> Iterator[tuple[int, Mapped]]:
        """At the end of the file, every row that still waits, in the order of lines."""
        yield from self.ready()
        left = [
            (mapped.line, number, mapped)
            for number, waiting in self._waiting.items()
            for _, mapped in waiting.values()
        ]
        for _, number, mapped in sorted(left, key=lambda each: each[:2]):
            yield number, mapped
