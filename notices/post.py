"""The post: sends what is prepared, one claim at a time, and writes down what became of it."""

from datetime import timedelta
from time import monotonic

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from notices.channels import (
    Channel,
    RefusedForGoodError,
    RefusedForNowError,
    UnreachableError,
)
from store.notices import LOST_AFTER, Claimed, claim, conclude

log = structlog.get_logger(__name__)

PATIENCE_S = 6.0
"""No notice is begun after so long; whoever sends has other things to do, and the sweep goes on."""

QUIET_S = 9.0
"""A channel that reaches nobody is left alone for so long, and holds up no ladder meanwhile."""


class Post:
    """Sends notices through a channel."""

    def __init__(
        self, engine: AsyncEngine, channel: Channel, *, lost_after: timedelta = LOST_AFTER
    ) -> None:
        """One channel reaches everybody."""
        self._engine, self._channel, self._lost_after = engine, channel, lost_after
        self._quiet_until = 0.0

    async def send(self, agreement: str | None = None) -> int:
        """Send all that is prepared (of one agreement, or of all); returns how many went out.

        Trouble with mail is written into the notice and never stops the caller: a ladder climbs
        while the mail server is down, and the sweep sends later what was not sent.
        """
        sent = 0
        until = monotonic() + PATIENCE_S
        while self._quiet_until <= monotonic() < until:
            async with self._engine.begin() as connection:
                claimed = await claim(connection, agreement, self._lost_after)
            if claimed is None:
                break
            state, error = await self._hand_over(claimed)
            sent += state == "sent"
            async with self._engine.begin() as connection:
                await conclude(connection, claimed, state, error)
        return sent

    async def _hand_over(self, claimed: Claimed) -> tuple[str, str | None]:
        """What became of the notice, and why if it was not sent."""
        try:
            await self._channel.send(claimed)
        except RefusedForGoodError as refusal:
            state, error = "failed", str(refusal)
        except RefusedForNowError as refusal:
            # What became of an attempt before this one is as unknown as it was.
            state, error = "ambiguous" if claimed.fate_unknown else "prepared", str(refusal)
            if isinstance(refusal, UnreachableError):
                self._quiet_until = monotonic() + QUIET_S
        except Exception as fault:  # noqa: BLE001 - whatever it was, the mail's fate is unknown
            state, error = "ambiguous", f"{type(fault).__name__}: {fault}"
        else:
            return "sent", None
        log.warning("notice_not_sent", notice=claimed.notice.key, state=state, error=error)
        return state, error
