"""A case as activities load it: its row, the terms that it is judged under, who has heard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.opening import missed_periods
from domain.evaluation import Severity, Status
from domain.terms.shape import Agreement, GovernedKpi, Level
from store import tables
from store.editions import edition_at


@dataclass(frozen=True, slots=True)
class Case:
    """A case with the terms that it is judged under: those in force when it opened."""

    row: Any
    terms: Agreement
    kpi: GovernedKpi
    reason: str

    @property
    def levels(self) -> tuple[Level, ...]:
        """The ladder of its severity."""
        ladders = self.terms.escalation
        return ladders.severe if self.row.severity == Severity.SEVERE else ladders.minor

    def reached(self) -> tuple[str, ...]:
        """Everybody who has heard of it so far."""
        heard = (ref for level in self.levels[: self.row.level] for ref in level.to)
        return tuple(dict.fromkeys(heard))

    def fields(self, **more: str) -> dict[str, str]:
        """What its notices say."""
        return {
            "kpi": self.kpi.title,
            "period": self.row.period,
            "severity": self.row.severity.capitalize(),
            "reason": self.reason,
            **more,
        }


async def load_case(connection: AsyncConnection, case_id: str) -> Case:
    """The case of that id, locked."""
    query = select(tables.noncompliance).where(tables.noncompliance.c.id == case_id)
    row = (await connection.execute(query.with_for_update(key_share=True))).one()
    edition = await edition_at(connection, row.agreement, row.opened_at)
    evaluation = tables.evaluation
    latest = (
        select(evaluation)
        .ext(distinct_on(evaluation.c.dim))
        .where(
            evaluation.c.agreement == row.agreement,
            evaluation.c.kpi == row.kpi,
            evaluation.c.period == row.period,
        )
        .order_by(evaluation.c.dim, evaluation.c.revision.desc())
        .subquery()
    )
    reason = await connection.scalar(
        select(latest.c.reason)
        # Of several dimensions, the one that missed most.
        .order_by(
            latest.c.status != Status.BELOW_MINIMUM,
            latest.c.status != Status.BELOW_EXPECTED,
            latest.c.dim,
        )
        .limit(1)
    )
    return Case(row, edition.terms, edition.terms.kpi(row.kpi), reason or "")


async def set_case(connection: AsyncConnection, case_id: str, **values: Any) -> None:  # noqa: ANN401
    """Change a case's row; closed stays closed."""
    await connection.execute(
        update(tables.noncompliance)
        .where(tables.noncompliance.c.id == case_id, tables.noncompliance.c.closed_at.is_(None))
        .values(values)
    )


async def is_restated(connection: AsyncConnection, case_id: str, at: datetime) -> bool:
    """Whether by then facts had shown that nothing was missed, as far as is known now."""
    outbox = tables.outbox
    told = outbox.c.argument.op("->>", return_type=Text())("at")
    said = select(told).where(outbox.c.workflow == case_id, outbox.c.name == "figures_restated")
    since = [datetime.fromisoformat(each) for each in await connection.scalars(said)]
    missed = await missed_periods(connection, case_id)
    return min(since, default=at) < at and not any(each.joined_at < at for each in missed)
