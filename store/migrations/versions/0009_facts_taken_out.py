"""What was taken out of the months after it was archived; a month that has become empty may go."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Whoever keeps facts holds the lock, shared, until his transaction ends; whoever drops empty months
# holds it alone, so that no month goes between being found and being filled.
KEEP_MONTH = """
CREATE OR REPLACE FUNCTION keep_month(place text, month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept text := place || to_char(month, '_YYYY_MM');
    since timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    until timestamptz :=
        (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
    IF place NOT IN ('ticket', 'sample', 'fact') THEN
        RAISE EXCEPTION '% is not kept in months', place;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('months that are kept', 0));
    IF to_regclass('public.' || kept) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('facts in months', 0));
    IF to_regclass('public.' || kept) IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I)', kept, place);
        EXECUTE format(
            'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            place, kept, since, until
        );
    END IF;
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "archived",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("before_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["agreement"], ["agreement.id"], name=op.f("fk_archived_agreement")
        ),
        sa.PrimaryKeyConstraint("agreement", "number", name=op.f("pk_archived")),
    )
    op.execute("GRANT SELECT ON archived TO covenant_app")
    op.execute(KEEP_MONTH)
