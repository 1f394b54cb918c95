"""From the rows of a file to facts, row by row: what each tells, and what is wrong with it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.facts import Fact, FactKind
from domain.facts.columns import wrong_columns
from domain.facts.formats import Problems, Record, Row, numbered
from domain.facts.mapped import Mapped, Mapper, MappingCellError
from domain.facts.records import RowReader, read_record
from domain.facts.rules import LONGEST_CELL, FactRule, Wrong
from domain.terms.problems import clipped


class Told(NamedTuple):
    """What a row tells: its facts, or what is wrong with it; neither when a mapping passes it over.

    `names` and `row` are the cells as they stand, of the columns that are kept. With `again`, the
    row was told before, and this is what one rule of the mapping, `rule`, makes of it at the end;
    `silent` says whether it was passed over until then.
    """

    line: int
    facts: tuple[tuple[FactKind, Fact], ...]
    wrong: Sequence[Wrong]
    names: Sequence[str]
    row: Sequence[str]
    columns: Mapping[str, int]
    again: bool = False
    rule: int | None = None
    silent: bool = False
    kind: FactKind | None = None
    """The kind that the row is read as; None where a mapping says it."""
    mapper: Mapper | None = None
    """What knows which column of the file a cell of a fact comes from; None without a mapping."""

    @property
    def places(self) -> dict[str, int]:
        """The number of the column of each cell, where the form of the file has any."""
        numbers = self.columns if self.mapper is None else self.mapper.numbers
        return {name: numbers[name] for name in self.names if name in numbers}

    def number_of(self, kind: FactKind, column: str) -> int:
        """The number of the column from which a cell of the row's fact of that kind comes."""
        numbers = self.columns if self.mapper is None else self.mapper.numbers_of(kind)
        return numbers.get(column, 1)

    def cells(self) -> dict[str, str]:
        """The cells by their columns."""
        return dict(zip(self.names, self.row, strict=True))


def told_in_rows(
    rows: Iterator[Row], kind: FactKind, header: Sequence[str], zone: ZoneInfo
) -> Iterator[Told]:
    """What the rows of a table of one kind tell."""
    quick = RowReader(kind, header, zone)
    numbers = numbered(header)
    for line, row in rows:
        fact = quick.read(row)
        if fact is not None:
            yield Told(line, ((kind, fact),), (), header, row, numbers, kind=kind)
        else:
            cells = dict(zip(header, row, strict=True))
            fact, wrong = _slowly(kind, cells, zone, numbers)
            facts = ((kind, fact),) if fact else ()
            yield Told(line, facts, wrong, header, row, numbers, kind=kind)


def told_in_records(
    records: Iterable[tuple[FactKind, Record]],
    zone: ZoneInfo,
    untaken: Collection[str],
    problems: Problems,
) -> Iterator[Told]:
    """What records tell that each have columns of their own.

    One with a column that is `untaken` refuses the file at once: all others will have it too.
    """
    check_names = _names_checked(untaken)
    for kind, record in records:
        before = check_names(kind, record)
        for wrong_column in before:
            if wrong_column.rule == FactRule.NOT_YET_TAKEN:
                problems.add(record.line, 1, wrong_column)
                problems.refuse()
        fact, wrong = _slowly(kind, record.cells, zone, record.columns, before)
        names, row = tuple(record.cells), tuple(record.cells.values())
        facts = ((kind, fact),) if fact else ()
        yield Told(record.line, facts, wrong, names, row, record.columns, kind=kind)


def told_by_mapping(rows: Iterator[Row], mapper: Mapper, zone: ZoneInfo) -> Iterator[Told]:
    """What a mapping makes of the rows of any table."""
    readers = [RowReader(rule.kind, rule.targets, zone) for rule in mapper.rules]

    def read(number: int, mapped: Mapped) -> tuple[tuple[FactKind, Fact] | None, list[Wrong]]:
        rule = mapper.rules[number]
        try:
            row = rule.row(mapped.row)
        except MappingCellError as error:
            return None, [error.wrong]
        fact = readers[number].read(row)
        if fact is not None:
            return (rule.kind, fact), []
        slow, wrong = _slowly(
            rule.kind, dict(zip(rule.targets, row, strict=True)), zone, rule.numbers
        )
        return None if slow is None else (rule.kind, slow), wrong

    for line, row in rows:
        facts, wrong, numbers = [], [], mapper.numbers
        for number in mapper.at_once(line, row):
            fact, more = read(number, Mapped(line, row))
            if fact is not None:
                facts.append(fact)
            if more:
                wrong += more
                numbers = mapper.rules[number].numbers
        yield Told(
            line,
            tuple(facts),
            wrong,
            mapper.names,
            mapper.kept(row),
            numbers,
            mapper=mapper,
        )
        yield from _later(mapper.ready(), mapper, read)
    yield from _later(mapper.rest(), mapper, read)


def _later(
    winners: Iterable[tuple[int, Mapped]],
    mapper: Mapper,
    read: Callable[[int, Mapped], tuple[tuple[FactKind, Fact] | None, list[Wrong]]],
) -> Iterator[Told]:
    for number, mapped in winners:
        fact, wrong = read(number, mapped)
        yield Told(
            mapped.line,
            (fact,) if fact is not None else (),
            wrong,
            mapper.names,
            mapper.kept(mapped.row),
            mapper.rules[number].numbers,
            again=True,
            rule=number,
            silent=mapper.is_silent(mapped),
            mapper=mapper,
        )


def _slowly(
    kind: FactKind,
    cells: Mapping[str, str],
    zone: ZoneInfo,
    numbers: Mapping[str, int],
    before: Iterable[Wrong] = (),
) -> tuple[Fact | None, list[Wrong]]:
    """The fact if there is one, and everything that is wrong, from left to right."""
    wrong = [*before, *_too_long(cells)]
    fact = read_record(kind, cells, zone, wrong)
    wrong.sort(key=lambda each: numbers.get(each.column, 1))
    return fact, wrong


def _names_checked(
    untaken: Collection[str],
) -> Callable[[FactKind, Record], tuple[Wrong, ...]]:
    """A check of each record's columns that looks at equal lists of names only once."""
    looked_at: dict[tuple[FactKind, tuple[str, ...]], tuple[Wrong, ...]] = {}

    def check(kind: FactKind, record: Record) -> tuple[Wrong, ...]:
        names = (kind, tuple(record.cells))
        if names not in looked_at:
            # A missing required cell is told by the reader of the record.
            looked_at[names] = tuple(
                each
                for each in wrong_columns(names[1], kind, untaken)
                if each.rule != FactRule.MISSING_COLUMN
            )
        return looked_at[names]

    return check


def _too_long(cells: Mapping[str, str]) -> Iterator[Wrong]:
    for name, text in cells.items():
        if len(text) * 4 > LONGEST_CELL and len(text.encode()) > LONGEST_CELL:
            yield Wrong(
                name,
                FactRule.CELL_TOO_LONG,
                f"the cell holds {len(text.encode()):,} bytes",
                f"a cell holds {LONGEST_CELL:,} bytes at most: shorten it or leave it out",
            )


ALL: dict[str, FactKind] = {kind.value: kind for kind in FactKind}

ALL_KINDS = ", ".join(FactKind)


def kinds_told(records: Iterator[Record], problems: Problems) -> Iterator[tuple[FactKind, Record]]:
    """Each record with the kind that it says itself, which is then no column of it."""
    for record in records:
        cells = dict(record.cells)
        said = cells.pop("kind", "")
        if said in ALL:
            yield ALL[said], replace(record, cells=cells)
            continue
        wrong = Wrong(
            "kind",
            FactRule.UNKNOWN_KIND,
            f"'{clipped(said)}' is not a kind of facts" if said else "the line has no `kind`",
            f"write one of {ALL_KINDS}; or name the file after the kind of all its lines",
        )
        problems.reject(record.line, 1, wrong, str(record.cells))
