"""What ops look at and start in Prefect: ids and counts in a table, evidence in a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Refused
from connectors.ledger import audit, inbox
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from flows import decisions, lists
from tests.flows.test_decisions import AS_OF, carried, requisition, run
from tests.tasks.test_enter import applicant, look, scope

assert carried  # fixtures
assert requisition
assert applicant
assert look
assert scope


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """The artifacts by kind: Prefect is not around the flow here."""
    tables: dict[str, list[dict[str, Any]]] = {}

    def create(key: str, table: list[dict[str, Any]], description: str) -> None:
        tables[key.split("-")[1]] = table

    monkeypatch.setattr(lists, "create_table_artifact", create)
    return tables


def test_the_lists_show_what_there_is_and_no_body(
    carried: list[Scope], ledger: Ledger, shown: dict[str, list[dict[str, Any]]]
) -> None:
    run(decisions.hold, ledger.client, "ops", "asked to")
    with ledger.transaction() as connection:
        inbox.keep(connection, ledger.client, "indeed", "e1", '{"name": "Ann"}', AS_OF)

    told = [
        run(flow, ledger.client).message
        for flow in (
            lists.list_quarantine,
            lists.list_effects,
            lists.list_webhooks,
            lists.list_acts,
        )
    ]

    assert told[2].startswith(f"{ledger.client}: 1 webhooks, see the artifact list-webhooks-")
    assert shown["quarantine"] == shown["effects"] == [{"": "nothing"}]
    (delivery,) = shown["webhooks"]
    assert (delivery["source"], delivery["state"]) == ("indeed", "unread")
    (act,) = shown["acts"]
    assert (act["command"], act["by"], act["why"]) == ("hold", "ops", "asked to")
    assert "Ann" not in json.dumps(shown)


def test_a_delivery_is_replayed_and_its_client_carried(
    carried: list[Scope], ledger: Ledger
) -> None:
    with ledger.transaction() as connection:
        inbox.keep(connection, ledger.client, "indeed", "e1", "{}", AS_OF)
        (delivery,) = inbox.arrived(connection, ledger.client, ["unread"])
        inbox.mark_read(connection, [delivery.id], AS_OF, {delivery.id: "Unreadable"})

    done = run(decisions.replay_webhook, ledger.client, delivery.id, "ops", "mended")

    assert done.message == f"indeed {delivery.id} is read again; carried"
    assert carried == [Scope(ledger.client)]
    with pytest.raises(Refused, match="has read no delivery"):
        run(decisions.replay_webhook, ledger.client, delivery.id, "ops", "mended")


def test_evidence_is_a_file_in_the_home_and_the_run_says_its_name_and_hash(
    carried: list[Scope],
    ledger: Ledger,
    applicant: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FULLCYCLE_HOME", str(tmp_path))

    done = run(decisions.export_evidence, ledger.client, applicant.key, "ops", "for counsel")

    name, _, manifest = done.message.partition(": manifest ")
    written = json.loads((tmp_path / name).read_text(encoding="utf-8"))
    assert written["manifest"]["hash"] == manifest
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    with ledger.transaction() as connection:
        (act,) = audit.acts(connection, ledger.client)
    assert (act.command, act.proof) == ("export", manifest)
