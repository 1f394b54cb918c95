"""Word of intakes that may touch periods that are evaluated already."""

from alembic import op
import sqlalchemy as sa

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restatement",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("intake", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["agreement"], ["agreement.id"], name=op.f("fk_restatement_agreement")
        ),
        sa.ForeignKeyConstraint(
            ["agreement", "intake"],
            ["intake.agreement", "intake.digest"],
            name=op.f("fk_restatement_agreement_intake"),
        ),
        sa.PrimaryKeyConstraint("agreement", "intake", name=op.f("pk_restatement")),
    )
    op.create_index(
        "restatements_waiting",
        "restatement",
        ["agreement"],
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON restatement TO covenant_app")
