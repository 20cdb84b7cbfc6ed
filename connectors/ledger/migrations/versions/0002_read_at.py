"""When each resource of a system was last read to its end, for the gates' freshness rule."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the instant to the cursor; unknown until the next sweep has read the system."""
    op.execute("ALTER TABLE cursor ADD COLUMN read_at timestamptz")
