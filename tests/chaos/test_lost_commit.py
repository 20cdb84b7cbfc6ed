"""The harness's own way to lose the answer to a commit: the work is done, and nobody knows it."""

import pytest
from sqlalchemy import text

from connectors.errors import LedgerUnavailable
from connectors.ledger.store import Ledger
from tests.chaos.carrier import send_commit_and_hang_up

# The lock waits until the database has done what was sent.
NOTED = "SELECT process ->> 'noted' FROM client WHERE client = :client FOR SHARE"
NOTE = "UPDATE client SET process = process || '{\"noted\": true}' WHERE client = :client"


def test_what_was_committed_is_there_though_its_connection_was_cut(ledger: Ledger) -> None:
    mine = {"client": ledger.client}
    with pytest.raises(LedgerUnavailable), ledger.transaction() as connection:
        connection.execute(text(NOTE), mine)
        send_commit_and_hang_up(connection)

    with ledger.transaction() as connection:
        assert connection.execute(text(NOTED), mine).scalar_one() == "true"
