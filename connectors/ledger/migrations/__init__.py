"""The ledger's schema over time: one SQL file per revision, run by Alembic."""
