"""Warnings before a breach: what is watched, and what was told."""

from alembic import op
import sqlalchemy as sa

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watched",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agreement"], ["agreement.id"], name=op.f("fk_watched_agreement")),
        sa.PrimaryKeyConstraint("agreement", "kind", "name", name=op.f("pk_watched")),
    )
    op.create_index(op.f("ix_watched_agreement_look_at"), "watched", ["agreement", "look_at"])
    op.create_table(
        "warned",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["agreement"], ["agreement.id"], name=op.f("fk_warned_agreement")),
        sa.PrimaryKeyConstraint("agreement", "key", name=op.f("pk_warned")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON watched TO covenant_app")
    op.execute("GRANT SELECT, INSERT ON warned TO covenant_app")
