"""Requisitions that were taken over in flight, and where the tracker had their applications."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add a column to each; nobody was taken over before."""
    op.execute("ALTER TABLE requisition ADD COLUMN taken_over_at TIMESTAMP WITH TIME ZONE")
    op.execute("ALTER TABLE application ADD COLUMN taken_over_in TEXT")
    op.execute(
        "COMMENT ON COLUMN application.taken_over_in IS 'the tracker''s stage when it was taken"
        " over in flight; null: it applied with us'"
    )
    op.execute("COMMENT ON COLUMN quarantine.outcome IS 'healed, released, taken_over or ended'")
