"""Files of facts that are packed by gzip."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

PACKED = ".gz"

DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)
"""What a packed file raises that was cut off, or is none."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed file of any size on a disk; its name is that of what is in it."""

    name: str
    path: Path

    def open(self) -> BinaryIO:
        """The bytes that are packed in it."""
        return cast("BinaryIO", gzip.open(self.path))


def unpacked_size(path: Path) -> int:
    """How many bytes are in a packed file, as its last four say; only for telling progress."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        return int.from_bytes(file.read(4), "little")
