"""The verification of all ledgers is a run that turns red when one of them is not sound."""

from typing import Any

import pytest
from sqlalchemy import text

from connectors.ledger.store import Ledger
from flows import verify
from tests.flows.test_decisions import carried, requisition, run

assert carried  # fixtures
assert requisition


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, str]]]:
    """The artifacts by key: Prefect is not around the flow here."""
    tables: dict[str, list[dict[str, str]]] = {}

    def create(key: str, table: list[dict[str, str]], description: str) -> None:
        tables[key] = table

    monkeypatch.setattr(verify, "create_table_artifact", create)
    return tables


def test_a_sound_ledger_is_green_and_a_spoiled_one_red_and_names_what_is_wrong(
    carried: Any, ledger: Ledger, requisition: str, shown: dict[str, list[dict[str, str]]]
) -> None:
    sound = run(verify.verify_ledger, ledger.client)
    assert (sound.is_completed(), sound.message) == (True, f"{ledger.client}: 0 violations")

    with ledger.transaction() as connection:
        connection.execute(text("UPDATE requisition SET state = 'posted'"))
    spoiled = run(verify.verify_ledger, ledger.client)

    assert (spoiled.is_failed(), spoiled.message) == (True, f"{ledger.client}: 1 violations")
    (table,) = shown.values()
    assert (table[0]["rule"], table[0]["subject"]) == ("projection", "HARBOR-1")
