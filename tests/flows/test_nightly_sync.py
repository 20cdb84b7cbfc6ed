"""The nightly sync reads from the beginning what sweeps read from where they were."""

from connectors.ledger import landing
from connectors.ledger.store import Ledger


def test_forgotten_cursors_are_read_from_the_beginning_and_written_again(ledger: Ledger) -> None:
    with ledger.transaction() as connection:
        landing.write_cursor(connection, ledger.client, "ashby", "applications", "token-7")
        landing.forget_cursors(connection, ledger.client)
        forgotten = landing.read_cursor(connection, ledger.client, "ashby", "applications")
        landing.write_cursor(connection, ledger.client, "ashby", "applications", "token-8")
        written = landing.read_cursor(connection, ledger.client, "ashby", "applications")

    assert (forgotten, written) == (None, "token-8")


def test_the_cursors_of_other_clients_stay(ledger: Ledger) -> None:
    neighbour = Ledger(ledger.url, f"{ledger.client}_neighbour")
    with neighbour.transaction() as connection:
        landing.write_cursor(connection, neighbour.client, "ashby", "applications", "token-7")

    with ledger.transaction() as connection:
        landing.forget_cursors(connection, ledger.client)

    with neighbour.transaction() as connection:
        kept = landing.read_cursor(connection, neighbour.client, "ashby", "applications")
    assert kept == "token-7"
