"""Which process carries out an effect, and when it was last sent, on the database's clock."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both to the effects; what was left in `sending` before belongs to nobody."""
    op.execute("ALTER TABLE effect ADD COLUMN owner text, ADD COLUMN sent_at timestamptz")
    op.execute("COMMENT ON COLUMN effect.owner IS 'the process that carries it out'")
    op.execute("COMMENT ON COLUMN effect.sent_at IS 'the last attempt, on the database''s clock'")
