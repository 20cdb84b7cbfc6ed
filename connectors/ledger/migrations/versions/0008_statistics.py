"""Let the application have PostgreSQL look at a table that has just grown."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a function that runs ANALYZE, which only a table's owner may."""
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
