"""Raw files of any size, byte for byte, in packed parts that only grow in number."""

import zlib
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import document_part

LEVEL = 1
"""Of packing: text shrinks to a fifth at the speed at which it is read."""


async def keep_raw(connection: AsyncConnection, digest: str, blocks: Iterable[bytes]) -> None:
    """Keep a file under the digest of its bytes, once."""
    part = document_part
    known = select(part.c.number).where(part.c.digest == digest, part.c.number == 0)
    if await connection.scalar(known) is not None:
        return
    for number, block in enumerate(blocks):
        values = {"digest": digest, "number": number, "packed": zlib.compress(block, LEVEL)}
        await connection.execute(insert(part).values(values).on_conflict_do_nothing())
