"""A file of facts by its path or its bytes: its digest, its lines, and the facts in it."""

import hashlib
import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol
from zoneinfo import ZoneInfo

from domain.facts import FactKind
from domain.facts.files import FactFile, FactIds, How, open_facts, open_rows, refuse_form
from domain.facts.formats import COMMA, Problems, csv_rows, decoded, table
from domain.facts.mapping import Mapping
from domain.facts.rules import LONGEST_LINE, FactRule, Wrong
from domain.facts.sniffing import Begun, encoding_of, separators_of
from incoming.packed import DAMAGED, PACKED, Packed

MOST_BYTES = 8 * 1024**3
"""Bytes that a file may have, unpacked where it is packed."""

BLOCK = 1024 * 1024

Watch = Callable[[int], None]
"""Is told how many bytes, or rows of a workbook, more have been read."""


class Source(Protocol):
    """Where the bytes of a file come from: they can be read several times."""

    @property
    def name(self) -> str:
        """The name of the file, which says its form."""
        ...

    def open(self) -> BinaryIO:
        """Its bytes, from the first."""
        ...


@dataclass(frozen=True, slots=True)
class Bytes:
    """A small file that is in memory already."""

    name: str
    raw: bytes

    def open(self) -> BinaryIO:
        """Its bytes."""
        return io.BytesIO(self.raw)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of any size on a disk."""

    name: str
    path: Path

    def open(self) -> BinaryIO:
        """Its bytes."""
        return self.path.open("rb")


def on_disk(path: Path) -> Source:
    """A file on a disk by its path, packed or not."""
    if path.suffix == PACKED:
        return Packed(str(path).removesuffix(PACKED), path)
    return Stored(str(path), path)


@dataclass(frozen=True, slots=True)
class Given:
    """What whoever hands in a file says about it."""

    kind: FactKind | None = None
    mapping: Mapping | None = None
    sheet: str | None = None
    sets_aside: bool = False


AS_IT_IS = Given()


def unwatched(_: int) -> None:
    """Nobody waits for it."""


def blocks(source: Source) -> Iterator[bytes]:
    """The bytes of a file, some at a time; FactFileError when there are too many."""
    size = 0
    with source.open() as file:
        while block := _block(file, source):
            size += len(block)
            if size > MOST_BYTES:
                problems = Problems(source.name)
                message = f"the file has more than {MOST_BYTES:,} bytes"
                remedy = "divide it, by months for example"
                problems.add(1, 1, Wrong("", FactRule.TOO_LARGE, message, remedy))
                problems.refuse()
            yield block


def _block(file: BinaryIO, source: Source) -> bytes:
    try:
        return file.read(BLOCK)
    except DAMAGED as error:
        problems = Problems(f"{source.name}{PACKED}")
        message = f"the file cannot be unpacked: {error}"
        remedy = "fetch it again from where it came, or pack it again with gzip"
        problems.add(1, 1, Wrong("", FactRule.UNKNOWN_FORMAT, message, remedy))
        problems.refuse()


def digest_of(source: Source) -> tuple[str, int]:
    """The SHA-256 of a file, and how many bytes it has."""
    sum_, size = hashlib.sha256(), 0
    for block in blocks(source):
        sum_.update(block)
        size += len(block)
    return sum_.hexdigest(), size


def lines_of(source: Source, watch: Watch = unwatched) -> Iterator[bytes]:
    """The lines of a file, however they end; FactFileError when one has no end."""
    rest, number = b"", 1
    for block in blocks(source):
        lines = (rest + block).splitlines(keepends=True)
        # What may go on in the next block: a line without its end, or with half of one.
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        yield from lines
        number += len(lines)
        if len(rest) > LONGEST_LINE:
            problems = Problems(source.name)
            message = f"the line has more than {LONGEST_LINE:,} bytes"
            remedy = "check whether this is a file of text, with one record on each line"
            problems.add(number, 1, Wrong("", FactRule.LINE_TOO_LONG, message, remedy))
            problems.refuse()
        watch(len(block))
    if rest:
        yield rest


def open_source(
    source: Source,
    zone: ZoneInfo,
    given: Given = AS_IT_IS,
    *,
    ids: FactIds | None = None,
    untaken: Collection[str] = (),
    watch: Watch = unwatched,
) -> FactFile:
    """Begin to read a file of any form; FactFileError when it cannot be read at all."""
    if source.name.endswith(".xlsx"):
        from incoming.workbooks import sheet_rows

        problems = Problems(source.name)
        how = How(
            source.name,
            zone,
            problems,
            given.kind,
            ids,
            untaken,
            given.mapping,
            given.sets_aside,
        )
        return open_rows(sheet_rows(source, given.sheet, problems, watch), how)
    return open_facts(
        lines_of(source, watch),
        source.name,
        zone,
        given.kind,
        ids=ids,
        untaken=untaken,
        mapping=given.mapping,
        sets_aside=given.sets_aside,
    )


def first_rows(source: Source, sheet: str | None = None) -> Begun:
    """The beginning of a table, and how it seems to be written; FactFileError when it is none."""
    problems = Problems(source.name)
    if source.name.endswith(".xlsx"):
        from incoming.workbooks import sheet_rows

        header, below = table(sheet_rows(source, sheet, problems, unwatched), problems)
        return Begun(header, [row for _, row in islice(below, LOOKED_AT)])
    if not source.name.endswith(".csv"):
        refuse_form(problems)
    lines = list(islice(lines_of(source), LOOKED_AT + 1))
    encoding = encoding_of(lines)
    texts = list(decoded(lines, problems, encoding))
    separator, *others = separators_of(texts) or [COMMA]
    header, below = csv_rows(iter(texts), problems, separator)
    rows = [row for _, row in islice(below, LOOKED_AT)]
    return Begun(header, rows, separator, encoding, tuple(others))


LOOKED_AT = 1000
"""So many rows tell enough of a file to propose a mapping."""
