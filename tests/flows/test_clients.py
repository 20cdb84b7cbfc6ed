"""Which clients a run works for."""

from collections.abc import Callable

import pytest

from connectors.ledger import client as ledger_client
from connectors.ledger.store import Ledger
from tasks import desk
from tasks.process import Process


@pytest.fixture
def moved_to(
    ledger: Ledger, process: Process, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Register the client anew, in a pool."""
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "a secret of our own")

    def moved(pool: str) -> None:
        stored = process.model_copy(update={"pool": pool}).model_dump(mode="json")
        with ledger.transaction() as connection:
            ledger_client.put(connection, ledger.client, stored, process.version)

    return moved


def test_a_client_is_of_the_pool_its_process_names_and_of_no_other(
    ledger: Ledger, moved_to: Callable[[str], None]
) -> None:
    moved_to("east")

    assert ledger.client in desk.clients()
    assert ledger.client in desk.clients("east")
    assert ledger.client not in desk.clients("fullcycle")


def test_a_process_kept_before_there_were_pools_is_of_the_one_that_is_always_there(
    ledger: Ledger, process: Process, moved_to: Callable[[str], None]
) -> None:
    moved_to("east")
    with ledger.transaction() as connection:
        old = process.model_dump(mode="json", exclude={"pool"})
        ledger_client.put(connection, ledger.client, old, process.version)

    assert ledger.client in desk.clients("fullcycle")
