"""The ledger's first shape."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, its row-level security, and the append-only guard."""
    op.execute(
        """
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fullcycle_app') THEN
                CREATE ROLE fullcycle_app LOGIN NOBYPASSRLS;
            END IF;
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fullcycle_self_id') THEN
                CREATE ROLE fullcycle_self_id NOLOGIN;
            END IF;
        END $$
        """
    )
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text().replace("%", "%%"))
