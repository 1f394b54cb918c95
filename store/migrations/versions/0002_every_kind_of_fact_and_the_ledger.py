"""Facts of every kind, results by dimension, and the ledger with what it sets off."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEW = ("fact", "fired", "entitlement")
"""Tables that the application's role may add to and read."""

RECORDED = {"server_default": sa.text("clock_timestamp()"), "nullable": False}


def upgrade() -> None:
    _facts()
    _evaluations()
    _ledger()
    _consequences()
    for table in NEW:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO covenant_app")
        op.execute(f"REVOKE UPDATE ON {table} FROM covenant_app")


def _facts() -> None:
    op.create_table(
        "fact",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("intake", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), **RECORDED),
        sa.ForeignKeyConstraint(["agreement"], ["agreement.id"], name=op.f("fk_fact_agreement")),
        sa.PrimaryKeyConstraint("agreement", "kind", "id", "revision", name=op.f("pk_fact")),
    )
    op.create_index(op.f("ix_fact_agreement_kind_at"), "fact", ["agreement", "kind", "at"])
    op.create_index(
        op.f("ix_fact_agreement_kind_ends_at"), "fact", ["agreement", "kind", "ends_at"]
    )
    op.create_index(
        "fact_of_ticket",
        "fact",
        ["agreement", sa.text("(body ->> 'ticket')")],
        postgresql_where=sa.text("kind = 'ticket_event'"),
    )


def _evaluations() -> None:
    """Results so far are of whole KPIs; what is not said of them follows from the terms."""
    op.add_column("evaluation", sa.Column("dim", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "evaluation",
        sa.Column("outcome", postgresql.JSONB(), server_default="{}", nullable=False),
    )
    op.alter_column("evaluation", "missing", nullable=True)
    op.drop_constraint("pk_evaluation", "evaluation")
    op.create_primary_key(
        "pk_evaluation", "evaluation", ["agreement", "kpi", "dim", "period", "revision"]
    )


def _ledger() -> None:
    """Credits so far become lines of the remedy `credits`, which the bands of the terms are."""
    for column in (
        sa.Column("line", sa.Text()),
        sa.Column("remedy", sa.Text()),
        sa.Column("type", sa.Text()),
        sa.Column("dim", sa.Text(), server_default="", nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True)),
        sa.Column("end_at", sa.DateTime(timezone=True)),
        sa.Column("settles_from", sa.DateTime(timezone=True)),
        sa.Column("settles_until", sa.DateTime(timezone=True)),
        sa.Column("base_minor", sa.BigInteger()),
        sa.Column("adjusts", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("due_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("credit", column)
    op.execute(
        """
        UPDATE credit SET
            line = concat_ws('/', 'credits', credit.kpi, credit.period),
            remedy = 'credits',
            type = 'credit',
            start_at = evaluation.start_at,
            end_at = evaluation.end_at,
            settles_from = to_date(month, 'YYYY-MM')::timestamp AT TIME ZONE agreement.zone,
            settles_until = (to_date(month, 'YYYY-MM') + interval '1 month')
                AT TIME ZONE agreement.zone,
            reason = evaluation.reason,
            due_at = evaluation.due_at
        FROM evaluation, agreement
        WHERE agreement.id = credit.agreement
          AND evaluation.agreement = credit.agreement AND evaluation.kpi = credit.kpi
          AND evaluation.period = credit.period AND evaluation.revision = credit.revision
        """
    )
    for column in (
        "line",
        "remedy",
        "type",
        "start_at",
        "end_at",
        "settles_from",
        "settles_until",
        "reason",
        "due_at",
    ):
        op.alter_column("credit", column, nullable=False)
    op.drop_constraint("pk_credit", "credit")
    op.alter_column("credit", "kpi", nullable=True)
    op.alter_column("credit", "percent", nullable=True)
    op.create_primary_key("pk_credit", "credit", ["agreement", "line", "revision"])
    op.create_index(
        op.f("ix_credit_agreement_settles_from"), "credit", ["agreement", "settles_from"]
    )


def _consequences() -> None:
    op.create_table(
        "fired",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("periods", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("consequence", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), **RECORDED),
        sa.ForeignKeyConstraint(["agreement"], ["agreement.id"], name=op.f("fk_fired_agreement")),
        sa.PrimaryKeyConstraint(
            "agreement", "trigger", "fired_at", "number", "revision", name=op.f("pk_fired")
        ),
    )
    op.create_table(
        "entitlement",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("arises_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exercise_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), **RECORDED),
        sa.ForeignKeyConstraint(
            ["agreement"], ["agreement.id"], name=op.f("fk_entitlement_agreement")
        ),
        sa.PrimaryKeyConstraint(
            "agreement", "key", "arises_at", "number", name=op.f("pk_entitlement")
        ),
    )
