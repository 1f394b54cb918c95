"""Facts in months, the register of them, statistics; and what there was carried over."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AT = {"ticket": "opened_at", "sample": "at", "fact": "at"}

# ATTACH, unlike CREATE … PARTITION OF, locks neither readers nor writers of the other months out.
KEEP_MONTH = """
CREATE FUNCTION keep_month(place text, month date) RETURNS void
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

KIND = {"ticket": "'ticket'", "sample": "'sample'", "fact": "kind"}

NAME = {
    "ticket": "''",
    "sample": "series",
    "fact": """
        coalesce(CASE kind
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
        END, '')
    """,
}

SAID = {
    "ticket": """
        extract(epoch FROM opened_at), extract(epoch FROM responded_at),
        extract(epoch FROM resolved_at), extract(epoch FROM closed_at),
        extract(epoch FROM due_at), columns
    """,
    "sample": "series, extract(epoch FROM at), trim_scale(value), columns",
    "fact": "extract(epoch FROM at), extract(epoch FROM ends_at), body, columns",
}

COLUMNS = {
    "ticket": "id, revision, opened_at, responded_at, resolved_at, closed_at, due_at, columns",
    "sample": "id, revision, series, at, value, columns",
    "fact": "kind, id, revision, at, ends_at, body, columns",
}

MARK = "sha256(convert_to(id || E'\\t' || coalesce(trim_scale(value)::text, ''), 'UTF8'))"


def upgrade() -> None:
    op.add_column("intake", sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False))
    op.create_unique_constraint(op.f("uq_intake_number"), "intake", ["number"])
    op.execute("GRANT USAGE ON SEQUENCE intake_number_seq TO covenant_app")
    for table in AT:
        op.rename_table(table, f"old_{table}")
    for index in (
        "ix_ticket_agreement_opened_at",
        "ix_sample_agreement_series_at",
        "ix_fact_agreement_kind_at",
        "ix_fact_agreement_kind_ends_at",
        "fact_of_ticket",
    ):
        op.execute(f"DROP INDEX {index}")
    _tables()
    _statistics()
    op.execute(KEEP_MONTH)
    op.execute("REVOKE EXECUTE ON FUNCTION keep_month FROM public")
    op.execute("GRANT EXECUTE ON FUNCTION keep_month TO covenant_app")
    for table in AT:
        _carry_over(table)
    for table in ("fact_key", "statistic", *AT):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO covenant_app")
        op.execute(f"REVOKE UPDATE ON {table} FROM covenant_app")


def _received() -> list[sa.Column]:
    return [
        sa.Column("intake", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _tables() -> None:
    op.create_table(
        "fact_key",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        *_received(),
        sa.PrimaryKeyConstraint("agreement", "kind", "id", "revision", name=op.f("pk_fact_key")),
    )
    op.create_index(
        "fact_revised",
        "fact_key",
        ["agreement", "kind", "id", "revision"],
        postgresql_where="revision > 1",
    )
    op.create_table(
        "ticket",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        *_received(),
        postgresql_partition_by="RANGE (opened_at)",
    )
    op.create_index(
        op.f("ix_ticket_agreement_opened_at"), "ticket", ["agreement", "opened_at"]
    )
    op.create_table(
        "sample",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("mark_high", sa.BigInteger(), nullable=False),
        sa.Column("mark_low", sa.BigInteger(), nullable=False),
        *_received(),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        op.f("ix_sample_agreement_series_at"), "sample", ["agreement", "series", "at"]
    )
    op.create_table(
        "fact",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        *_received(),
        postgresql_partition_by="RANGE (at)",
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


def _statistics() -> None:
    op.create_table(
        "statistic",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("measure", sa.LargeBinary(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("intakes", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("latest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("num", sa.Numeric(), nullable=False),
        sa.Column("facts", sa.BigInteger(), nullable=False),
        sa.Column("missing", sa.BigInteger(), nullable=False),
        sa.Column("mark_high", sa.Numeric(), nullable=False),
        sa.Column("mark_low", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint(
            "agreement",
            "measure",
            "start_at",
            "end_at",
            "intakes",
            "latest_at",
            name=op.f("pk_statistic"),
        ),
    )


INTAKES = "(SELECT agreement AS of, digest, number FROM intake)"


def _carry_over(table: str) -> None:
    columns = COLUMNS[table]
    marks = values = ""
    if table == "sample":
        marks = ", mark_high, mark_low"
        values = f", substr({MARK}, 1, 8)::bigint, substr({MARK}, 9, 8)::bigint"
    op.execute(
        f"""
        SELECT keep_month('{table}', month) FROM (
            SELECT DISTINCT date_trunc('month', {AT[table]} AT TIME ZONE 'UTC')::date AS month
            FROM old_{table}
        ) AS months
        """
    )
    op.execute(
        f"""
        INSERT INTO fact_key
            (agreement, kind, id, revision, name, at, content, intake, received_at)
        SELECT agreement, {KIND[table]}, id, revision, {NAME[table]}, {AT[table]},
               substr(sha256(convert_to(ROW({SAID[table]})::text, 'UTF8')), 1, 16),
               number, received_at
        FROM old_{table} JOIN {INTAKES} AS came ON of = agreement AND digest = intake
        """
    )
    op.execute(
        f"""
        INSERT INTO {table} (agreement, {columns}{marks}, intake, received_at)
        SELECT agreement, {columns}{values}, number, received_at
        FROM old_{table} JOIN {INTAKES} AS came ON of = agreement AND digest = intake
        """
    )
    op.drop_table(f"old_{table}")
