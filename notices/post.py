"""The post: sends what is prepared, one claim at a time, and writes down what became of it."""

import asyncio
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
from store.engine import is_outage
from store.notices import LOST_AFTER, Claimed, claim, conclude

log = structlog.get_logger(__name__)

PATIENCE_S = 6.0
"""No notice is begun after so long; whoever sends has other things to do, and the sweep goes on."""

RECORD_BACK_WITHIN_S = 5.0

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
        sent, until = 0, monotonic() + PATIENCE_S
        claimed = await self._next(agreement, until)
        while claimed is not None:
            state, error = await self._hand_over(claimed)
            sent += state == "sent"
            claimed = await self._next(agreement, until, (claimed, state, error))
        return sent

    async def _next(
        self,
        agreement: str | None,
        until: float,
        last: tuple[Claimed, str, str | None] | None = None,
    ) -> Claimed | None:
        """Write what became of the last notice, and claim the next, in one transaction.

        A record that just restarts is waited for: what is not written down would be sent again.
        """
        goes_on = self._quiet_until <= monotonic() < until
        if last is None and not goes_on:
            return None
        patience = monotonic() + RECORD_BACK_WITHIN_S
        while True:
            try:
                async with self._engine.begin() as connection:
                    if last is not None:
                        await conclude(connection, *last)
                    return await claim(connection, agreement, self._lost_after) if goes_on else None
            except Exception as fault:
                if last is None or not is_outage(fault) or monotonic() > patience:
                    raise
                await asyncio.sleep(0.1)

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
