"""When the first notice of an adverse action left, where a person sends it."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column; all notices so far were sent by a screener, when they were asked for."""
    op.execute("ALTER TABLE background_report ADD COLUMN notice_at TIMESTAMP WITH TIME ZONE")
