"""Have PostgreSQL plan well for a table that has just grown, and for a client it has not met."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a function that runs ANALYZE, which only a table's owner may; count no clients.

    Of a client that was not there when it counted, PostgreSQL expects no rows. It then reads all of
    that client's for each row it looks up by its id, as both seem to be one row.
    """
    op.execute(
        """
        CREATE FUNCTION look_at_growth(grown text, rows_written bigint) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        BEGIN
            IF rows_written > (SELECT reltuples FROM pg_class
                               WHERE oid = format('public.%I', grown)::regclass) THEN
                EXECUTE format('ANALYZE (SKIP_LOCKED) public.%I', grown);
            END IF;
        END $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION look_at_growth FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION look_at_growth TO fullcycle_app")
    op.execute(
        """
        DO $$
        DECLARE having_clients text;
        BEGIN
            FOR having_clients IN SELECT table_name FROM information_schema.columns
                WHERE table_schema = 'public' AND column_name = 'client'
            LOOP
                EXECUTE format('ALTER TABLE %I ALTER COLUMN client SET STATISTICS 0',
                               having_clients);
            END LOOP;
        END $$
        """
    )
