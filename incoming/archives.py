"""Archives of facts: a folder of packed files and a manifest of them, written whole or not at all.

The same facts give the same bytes: nothing in a file tells when or where it was written.
"""

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from domain.facts import FactKind
from domain.facts.files import FactFileError
from incoming.files import digest_of, lines_of, on_disk

MANIFEST = "manifest.json"
FORMAT = 1


MOST_UNPACKED = 1024**3
"""Bytes of lines after which a month goes on in a further file: far less than a file may have."""


class ArchiveError(Exception):
    """An archive that was not written; nothing was left behind."""


@dataclass(slots=True)
class Entry:
    """What the manifest says of a file: `first` and `last` are instants at which facts stand."""

    name: str
    kind: str
    month: str
    rows: int = 0
    bytes: int = 0
    sha256: str = ""
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """Whose facts these are, until which month, and how many the record counted of each kind."""

    agreement: str
    before: str
    editions: Sequence[Mapping[str, Any]]
    registered: Mapping[str, int]


@dataclass(slots=True)
class Writer:
    """Writes lines into the files of their kind and month. Lines come in the order of instants."""

    folder: Path
    """Where it is written, and `meant`, where it will be."""
    meant: Path
    most: int = MOST_UNPACKED
    entries: list[Entry] = field(default_factory=list)
    _open: dict[str, "_Growing"] = field(default_factory=dict)

    def write(self, kind: FactKind, at: datetime, line: str, *, unseen: bool) -> None:
        """Add a line; those of facts that were never known go beside, where nobody assesses them."""
        month = f"{at.astimezone(UTC):%Y-%m}"
        sort = "unseen" if unseen else "facts"
        try:
            growing = self._open.get(sort)
            if growing is None or not growing.takes(kind, month, self.most):
                number = growing.number + 1 if growing and growing.is_of(kind, month) else 1
                growing = self._begin(sort, kind, month, number)
            growing.add(at, line)
        except OSError as error:
            raise _unwritable(self.meant, error) from error

    def _begin(self, sort: str, kind: FactKind, month: str, number: int) -> "_Growing":
        """Begin a file. The one before it has ended: its month or its kind is over, or it is full."""
        if (ended := self._open.pop(sort, None)) is not None:
            ended.close()
        further = f"-{number}" if number > 1 else ""
        entry = Entry(f"{sort}-{kind}-{month}{further}.jsonl.gz", kind, month)
        self.entries.append(entry)
        self._open[sort] = _Growing(entry, self.folder / entry.name, number)
        return self._open[sort]

    def finish(self, contents: Contents) -> bytes:
        """End every file and write the manifest; its bytes."""
        try:
            for sort in list(self._open):
                self._open.pop(sort).close()
            for entry in self.entries:
                source = _Raw(entry.name, self.folder / entry.name)
                entry.sha256, entry.bytes = digest_of(source)
            files = [asdict(each) for each in sorted(self.entries, key=lambda each: each.name)]
            told = {"format": FORMAT, **asdict(contents), "files": files}
            raw = (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
            with (self.folder / MANIFEST).open("wb") as file:
                file.write(raw)
                _settle(file)
        except OSError as error:
            raise _unwritable(self.meant, error) from error
        return raw

    def abandon(self) -> None:
        """Leave nothing behind of what was not placed."""
        for growing in self._open.values():
            with suppress(OSError):
                growing.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class _Growing:
    """A packed file that grows, without a name or a time in its head."""

    def __init__(self, entry: Entry, path: Path, number: int) -> None:
        self.entry, self.number, self.unpacked = entry, number, 0
        self.file = path.open("wb")
        self.packer = gzip.GzipFile(filename="", mode="wb", fileobj=self.file, mtime=0)

    def is_of(self, kind: str, month: str) -> bool:
        return (self.entry.kind, self.entry.month) == (kind, month)

    def takes(self, kind: str, month: str, most: int) -> bool:
        return self.is_of(kind, month) and self.unpacked < most

    def add(self, at: datetime, line: str) -> None:
        raw = f"{line}\n".encode()
        self.packer.write(raw)
        self.unpacked += len(raw)
        self.entry.rows += 1
        self.entry.last = _instant(at)
        self.entry.first = self.entry.first or self.entry.last

    def close(self) -> None:
        try:
            self.packer.close()
            _settle(self.file)
        finally:
            self.file.close()


@dataclass(frozen=True, slots=True)
class _Raw:
    """A file as it lies on the disk, packed or not."""

    name: str
    path: Path

    def open(self) -> BinaryIO:
        return self.path.open("rb")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _settle(file: BinaryIO) -> None:
    """See to it that what was written is on the disk."""
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """A writer into a folder beside the one that is meant; it goes when it has not been placed."""
    _refuse_other(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    writer = Writer(part, folder)
    try:
        yield writer
    finally:
        writer.abandon()


def place(writer: Writer, manifest: bytes) -> bool:
    """Give what was written its name, once it is seen to be sound; whether it was not there yet."""
    if wrong := problems(writer.folder):
        msg = f"what was written to {writer.folder} is not what is read from it: {wrong[0]}"
        raise ArchiveError(msg)
    folder = writer.meant
    try:
        if folder.is_dir() and any(folder.iterdir()):
            _must_be(folder, manifest)
            return False
        _settle_folder(writer.folder)
        writer.folder.rename(folder)
        _settle_folder(folder.parent)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return True


def _must_be(folder: Path, manifest: bytes) -> None:
    """Refuse a folder that holds anything but this very archive."""
    if (folder / MANIFEST).read_bytes() != manifest:
        msg = (
            f"{folder} holds another archive: the facts are others since, or the months are → "
            "name another folder, and keep both"
        )
        raise ArchiveError(msg)
    if wrong := problems(folder):
        msg = f"{folder} holds this archive, damaged: {wrong[0]} → move it away, and run again"
        raise ArchiveError(msg)


def _settle_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _refuse_other(folder: Path) -> None:
    """Refuse a folder early that holds something else."""
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file → name a folder"
        raise ArchiveError(msg)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        msg = f"{folder} holds other files and no {MANIFEST} → name a new folder"
        raise ArchiveError(msg)


def _unwritable(folder: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        f"{folder} cannot be written: {error.strerror} → make room, or name a folder elsewhere; "
        "nothing was left behind"
    )


# --- looking at an archive


def manifest_of(folder: Path) -> tuple[dict[str, Any], str]:
    """What the manifest says, and its SHA-256; ArchiveError when it cannot be read."""
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
        told = json.loads(raw)
        if told["format"] != FORMAT:
            msg = f"{path}: its format {told['format']} is not {FORMAT} → verify it by that release"
            raise ArchiveError(msg)
        entries = [Entry(**each) for each in told["files"]]
        return {**told, "files": entries}, hashlib.sha256(raw).hexdigest()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror} → name the folder of an archive"
        raise ArchiveError(msg) from error
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{path} is no manifest of an archive → fetch it again from where it is kept"
        raise ArchiveError(msg) from error


def problems(folder: Path) -> list[str]:
    """Everything in which an archive is not what its manifest says; empty when it is sound."""
    told, _ = manifest_of(folder)
    wrong = []
    rows: dict[str, int] = {}
    for entry in told["files"]:
        rows[entry.kind] = rows.get(entry.kind, 0) + entry.rows
        if said := _wrong_with(entry, path := folder / Path(entry.name).name):
            wrong.append(f"{path}: {said} → {FETCH}")
    if rows != told["registered"]:
        counted, registered = sum(rows.values()), sum(told["registered"].values())
        wrong.append(
            f"{folder / MANIFEST}: its files have {counted:,} rows, the record counted "
            f"{registered:,} → write the archive again"
        )
    known = {entry.name for entry in told["files"]} | {MANIFEST}
    wrong += [
        f"{path}: the manifest does not know this file → move it away; it would be assessed"
        for path in sorted(folder.iterdir())
        if path.name not in known
    ]
    return wrong


def lines(
    folder: Path, entries: Iterable[Entry], kind: FactKind, *, unseen: bool
) -> Iterator[bytes]:
    """The lines of a kind as they were written, without their ends."""
    begins = f"{'unseen' if unseen else 'facts'}-{kind}-"
    mine = [each for each in entries if each.kind == kind and each.name.startswith(begins)]
    for entry in sorted(mine, key=_place):
        for line in lines_of(on_disk(folder / Path(entry.name).name)):
            yield line.removesuffix(b"\n")


def _place(entry: Entry) -> tuple[str, int]:
    """Of which month a file is, and its number there."""
    further = entry.name.removesuffix(".jsonl.gz").rpartition(entry.month)[2]
    return entry.month, int(further.removeprefix("-") or 1)


FETCH = "fetch it again from where it is kept"


def _wrong_with(entry: Entry, path: Path) -> str | None:
    """In what a file is not what the manifest says of it, if in anything."""
    try:
        if not path.is_file():
            return "the file is missing"
        digest, _ = digest_of(_Raw(entry.name, path))
        if digest != entry.sha256:
            return f"the file was changed, its SHA-256 is {digest}"
        found = sum(1 for _ in lines_of(on_disk(path)))
    except (OSError, FactFileError) as error:
        return f"the file cannot be read: {error}"
    return None if found == entry.rows else f"it has {found:,} rows and not {entry.rows:,}"
