"""Raw files in parts, rows that wait for a person, and what was decided about them."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW = ("document_part", "held_row", "held_decision")
"""Tables that the application's role may add to and read."""

RECORDED = {"server_default": sa.text("clock_timestamp()"), "nullable": False}


def upgrade() -> None:
    for name in ("rows", "passed", "quarantined", "rejected"):
        op.add_column(
            "intake", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
        )
    op.execute("UPDATE intake SET rows = read")
    for name in ("raw", "mapping"):
        op.add_column("intake", sa.Column(name, sa.Text(), nullable=True))
    op.create_table(
        "document_part",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), **RECORDED),
        sa.PrimaryKeyConstraint("digest", "number", name=op.f("pk_document_part")),
    )
    op.create_table(
        "held_row",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("intake", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("mapping", sa.Text(), nullable=True),
        sa.Column("mapped_by", sa.Integer(), nullable=True),
        sa.Column("problems", postgresql.JSONB(), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), **RECORDED),
        sa.ForeignKeyConstraint(["agreement"], ["agreement.id"], name=op.f("fk_held_row_agreement")),
        sa.PrimaryKeyConstraint("agreement", "content", name=op.f("pk_held_row")),
        sa.UniqueConstraint("number", name=op.f("uq_held_row_number")),
    )
    op.create_table(
        "held_decision",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), **RECORDED),
        sa.ForeignKeyConstraint(
            ["number"], ["held_row.number"], name=op.f("fk_held_decision_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_held_decision")),
    )
    for table in NEW:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO covenant_app")
        op.execute(f"REVOKE UPDATE ON {table} FROM covenant_app")
