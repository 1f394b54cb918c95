"""Which ids a long file may tell of twice, found in little memory.

Of every fact two numbers of 64 bits are kept, by which of 64 parts its id belongs to, and written
to disk when they become many. Only ids of which two rows differ are doubtful; they are looked at
again, row by row. Two ids that the numbers confuse are only looked at in vain.
"""

import tempfile
from array import array
from collections.abc import Hashable
from typing import BinaryIO

PARTS = 64

IN_MEMORY = 16_384
"""Numbers of a part before they go to disk: all parts together have 8 MB at most."""


class Doubts:
    """What was told so far, and of which ids twice."""

    def __init__(self) -> None:
        """Begin without any."""
        self._parts = [array("q") for _ in range(PARTS)]
        self._files: list[BinaryIO | None] = [None] * PARTS

    def add(self, name: Hashable, content: Hashable) -> None:
        """An id, and what is said of it."""
        number = hash(name)
        part = self._parts[number % PARTS]
        part.append(number)
        part.append(hash(content))
        if len(part) >= IN_MEMORY:
            self._spill(number % PARTS)

    def _spill(self, number: int) -> None:
        file = self._files[number]
        if file is None:
            file = self._files[number] = tempfile.TemporaryFile()  # noqa: SIM115 - kept until asked
        self._parts[number].tofile(file)
        del self._parts[number][:]

    def doubtful(self) -> frozenset[int]:
        """The hashes of the ids of which something different was said; after that, all is gone."""
        found: set[int] = set()
        for number, part in enumerate(self._parts):
            whole = part
            file = self._files[number]
            if file is not None:
                with file:
                    file.seek(0)
                    whole = array("q", file.read())
                whole.extend(part)
            said: dict[int, int] = {}
            for name, content in zip(whole[::2], whole[1::2], strict=True):
                if said.setdefault(name, content) != content:
                    found.add(name)
        self._files = [None] * PARTS
        self._parts = [array("q") for _ in range(PARTS)]
        return frozenset(found)
