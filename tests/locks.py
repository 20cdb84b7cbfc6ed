"""Who waits for a lock in the database."""

import time

from sqlalchemy import text

from connectors.ledger.store import Ledger

SECONDS = 30


def somebody_waits(ledger: Ledger) -> None:
    """Return as soon as somebody waits for one of the ledger's advisory locks."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with ledger.transaction() as connection:
            if connection.execute(
                text("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            ).first():
                return
    raise AssertionError("nobody waits for a lock")
