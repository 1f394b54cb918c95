"""The post: sends what is prepared, one claim at a time, and writes down what became of it."""

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from notices.channels import Channel, RefusedForGoodError, RefusedForNowError
from store.notices import claim, conclude

log = structlog.get_logger(__name__)


class Post:
    """Sends notices through a channel."""

    def __init__(self, engine: AsyncEngine, channel: Channel) -> None:
        """One channel reaches everybody."""
        self._engine, self._channel = engine, channel

    async def send(self, agreement: str | None = None) -> int:
        """Send all that is prepared (of one agreement, or of all); returns how many went out.

        Trouble with mail is written into the notice and never stops the caller: a ladder climbs
        while the mail server is down, and the sweep sends later what was not sent.
        """
        sent = 0
        while True:
            async with self._engine.begin() as connection:
                claimed = await claim(connection, agreement)
            if claimed is None:
                return sent
            state, error = "sent", None
            try:
                await self._channel.send(claimed)
                sent += 1
            except RefusedForGoodError as refusal:
                state, error = "failed", str(refusal)
            except RefusedForNowError as refusal:
                state, error = "prepared", str(refusal)
            except Exception as fault:  # noqa: BLE001 - whatever it was, the mail's fate is unknown
                state, error = "ambiguous", f"{type(fault).__name__}: {fault}"
            if error:
                log.warning("notice_not_sent", notice=claimed.notice.key, state=state, error=error)
            async with self._engine.begin() as connection:
                await conclude(connection, claimed.notice.key, state, error)
