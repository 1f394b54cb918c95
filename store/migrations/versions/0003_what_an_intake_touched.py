"""What each intake touched, for those that were before as well."""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = """
    CASE kind
        WHEN 'charge' THEN body ->> 'line'
        WHEN 'count' THEN body ->> 'series'
        WHEN 'credit' THEN body ->> 'kpi'
        WHEN 'event' THEN body ->> 'type'
        WHEN 'index' THEN body ->> 'series'
        WHEN 'interval' THEN body ->> 'series'
        WHEN 'outage' THEN body ->> 'service'
        WHEN 'period_result' THEN body ->> 'kpi'
        WHEN 'relief' THEN body ->> 'kpi'
        WHEN 'survey' THEN body ->> 'instrument'
    END
"""

SAMPLES = """
SELECT agreement, 'sample', series, at, at, {}, {} FROM sample AS one
"""
TICKETS = """
SELECT agreement, 'ticket', '', stands, stands, {}, {} FROM ticket AS one
CROSS JOIN LATERAL unnest(ARRAY[opened_at, responded_at, resolved_at, closed_at]) AS stands
WHERE stands IS NOT NULL
"""
FACTS = f"SELECT agreement, kind, {NAME}, at, coalesce(ends_at, at), {{}}, {{}} FROM fact AS one"
EVENTS = """
SELECT one.agreement, 'ticket', '', stands, stands, {}, {} FROM fact AS one
JOIN ticket ON ticket.agreement = one.agreement AND ticket.id = one.body ->> 'ticket'
CROSS JOIN LATERAL
    unnest(ARRAY[opened_at, ticket.responded_at, ticket.resolved_at, ticket.closed_at]) AS stands
WHERE one.kind = 'ticket_event' AND stands IS NOT NULL
"""

ITSELF = "one.intake, one.received_at"
# Where a fact stood that a later revision supersedes is touched by the intake of that one.
LATER = """
(SELECT later.{column} FROM {table} AS later WHERE later.agreement = one.agreement {same}
 AND later.id = one.id AND later.revision = one.revision + 1)
"""


def _by_later(table: str, same: str = "") -> str:
    intake, received_at = (
        LATER.format(column=column, table=table, same=same) for column in ("intake", "received_at")
    )
    return f"{intake}, {received_at}"


def upgrade() -> None:
    op.create_table(
        "touched",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("intake", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revises", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["agreement"], ["agreement.id"], name=op.f("fk_touched_agreement")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_touched")),
    )
    op.create_index(op.f("ix_touched_agreement_intake"), "touched", ["agreement", "intake"])
    op.create_index(
        op.f("ix_touched_agreement_kind_name_start_at"),
        "touched",
        ["agreement", "kind", "name", "start_at"],
    )
    same = "AND later.kind = one.kind"
    several = [query.format("one.revision > 1", ITSELF) for query in (SAMPLES, TICKETS, FACTS)]
    several += [
        EVENTS.format("true", ITSELF),
        SAMPLES.format("true", _by_later("sample")),
        TICKETS.format("true", _by_later("ticket")),
        FACTS.format("true", _by_later("fact", same)),
    ]
    op.execute(
        f"""
        INSERT INTO touched (agreement, intake, kind, name, start_at, end_at, revises, received_at)
        SELECT agreement, intake, kind, coalesce(name, ''), min(start_at),
               max(greatest(end_at, start_at + interval '1 microsecond')), bool_or(revises),
               received_at
        FROM ({" UNION ALL ".join(several)})
            AS places (agreement, kind, name, start_at, end_at, revises, intake, received_at)
        WHERE intake IS NOT NULL
        GROUP BY agreement, intake, received_at, kind, coalesce(name, ''),
                 date_bin('24 hours', start_at, 'epoch')
        """
    )
    op.execute("GRANT SELECT, INSERT ON touched TO covenant_app")
    op.execute("REVOKE UPDATE ON touched FROM covenant_app")
