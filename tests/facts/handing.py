"""An agreement in force that files are handed in to, through the gateway's own function."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.terms_check import validate
from gateway import Choice, Decision, Document, InvalidError, Way
from gateway.handing_in import hand_in
from gateway.held import decide_rows
from store.editions import Edition, adopt, keep_document
from store.facts import Intake
from store.tables import agreement, sample, ticket
from store.tables import fact as facts
from store.views.intakes import held
from tests.lives import helpdesk

DESK = "provider.service_manager"

RECEIVED = datetime(2027, 3, 1, 9, tzinfo=UTC)

TERM = datetime(2027, 1, 4, tzinfo=UTC), datetime(2028, 1, 4, tzinfo=UTC)


CHECKS = {"kpis.errors.measure": {"kind": "proportion", "series": "checks", "good": "below 3 s"}}


async def in_force(
    database: AsyncEngine, signed: str, changes: Mapping[str, Any] | None = None
) -> None:
    """Give an agreement its first edition: the small one of the tests, with a series `checks`."""
    document = helpdesk(CHECKS if changes is None else changes).encode()
    reading = validate(document, "helpdesk.yaml")
    assert reading.value is not None, reading.problems
    async with database.begin() as connection:
        digest = await keep_document(connection, "helpdesk.yaml", document)
        edition = Edition(1, TERM[0], digest, reading.value)
        await adopt(connection, signed, edition, command="first", adopted_at=TERM[0])
        await connection.execute(
            update(agreement).values(zone="UTC", launched_at=TERM[0], ends_at=TERM[1])
        )


class Desk:
    """Who hands in files, and what the record says then."""

    def __init__(self, database: AsyncEngine, signed: str) -> None:
        self.database, self.agreement = database, signed

    async def hand_in(
        self,
        name: str,
        content: str | bytes,
        *,
        now: datetime = RECEIVED,
        actor: str = DESK,
        **way: Any,
    ) -> Intake:
        raw = content if isinstance(content, bytes) else content.encode()
        document = Document(name, raw)
        return await hand_in(self.database, self.agreement, actor, document, Way(**way), now)

    async def refused(self, name: str, content: str | bytes, **way: Any) -> list[str]:
        """Where and by which rules a file is refused."""
        with pytest.raises(InvalidError) as refusal:
            await self.hand_in(name, content, **way)
        return [f"{each.line}:{each.column} {each.rule}" for each in refusal.value.problems]

    async def held(self, *, decided: bool = False) -> list[dict[str, Any]]:
        async with self.database.connect() as connection:
            return await held(connection, self.agreement, decided=decided)

    async def rules(self) -> dict[int, list[str]]:
        """The rules that held rows broke, by line."""
        return {
            row["line"]: [each["rule"] for each in row["problems"]] for row in await self.held()
        }

    async def numbers(self) -> list[int]:
        return [row["number"] for row in await self.held()]

    async def decide(
        self,
        choice: Choice,
        numbers: Sequence[int],
        cells: Mapping[str, str] | None = None,
        note: str = "As told by the provider",
        actor: str = DESK,
    ) -> list[int]:
        decision = Decision(choice, tuple(numbers), note, cells or {})
        async with self.database.begin() as connection:
            return await decide_rows(connection, self.agreement, actor, decision, RECEIVED)

    async def kept(self) -> dict[str, int]:
        """How many facts the record has."""
        async with self.database.connect() as connection:
            return {
                table.name: int(
                    await connection.scalar(select(func.count()).select_from(table)) or 0
                )
                for table in (ticket, sample, facts)
            }


def accounted(taken: Intake) -> tuple[int, int, int]:
    """Accepted, quarantined and rejected rows, which are all that were read."""
    accepted = taken.rows - taken.quarantined - taken.rejected
    return accepted, taken.quarantined, taken.rejected
