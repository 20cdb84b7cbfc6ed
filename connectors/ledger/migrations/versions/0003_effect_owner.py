"""Which process carries out an effect, so that a later run knows whether its owner is gone."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the owner to the effects; what was left in `sending` before belongs to nobody."""
    op.execute("ALTER TABLE effect ADD COLUMN owner text")
