"""Of two who keep the same new month at once, the second finds what the first has made."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Who waits for a lock of his own naming is not told what others did meanwhile: he would make a month
# that is there by now, or keep facts in one of which his session does not know. Looking at a table,
# which is locked and let go at once, makes the session hear of it; `alembic_version` is one that
# nobody who keeps facts holds already.
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
    PERFORM pg_relation_size('public.alembic_version'::regclass);
    IF to_regclass('public.' || kept) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('facts in months', 0));
    PERFORM pg_relation_size('public.alembic_version'::regclass);
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
    op.execute(KEEP_MONTH)
