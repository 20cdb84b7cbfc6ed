"""What was delivered is read, whatever else lies in the inbox beside it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from connectors.ledger import inbox
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import FormAnswer
from tasks import desk, observe
from tasks.desk import Desk
from tasks.process import Process

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def scope(ledger: Ledger, process: Process, monkeypatch: pytest.MonkeyPatch) -> Scope:
    nothing: Any = None
    opened = Desk(process, ledger, Links("", "secret"), {}, nothing, settling_seconds=0)
    monkeypatch.setitem(desk._open, process.client, opened)
    return Scope(process.client)


@pytest.fixture
def answer(ledger: Ledger) -> str:
    """The id of an answer to a form that waits in the inbox."""
    record = FormAnswer(
        external_id="answer-1",
        updated_at=AS_OF,
        form="withdraw",
        subject="HARBOR-1.9f2c11ab03",
        about="",
        by="candidate",
        fields={"confirm": "yes"},
    )
    keep(ledger, "forms", record.external_id, record.model_dump_json())
    return record.external_id


def keep(ledger: Ledger, source: str, event_id: str, body: str) -> None:
    with ledger.transaction() as connection:
        inbox.keep(connection, ledger.client, source, event_id, body, AS_OF)


def rows(ledger: Ledger, query: str) -> Sequence[Any]:
    with ledger.transaction() as connection:
        return connection.execute(text(query)).all()


def test_hints_are_marked_read_and_bring_no_record(
    ledger: Ledger, scope: Scope, answer: str
) -> None:
    with ledger.transaction() as connection:
        for number in range(3):
            inbox.keep_hint(connection, scope.client, "checkr", f"e-{number}", "x", ["r-1"], AS_OF)

    state = observe.read_inbox.fn(scope, AS_OF)

    assert (state.message, state.data) == ("inbox: 1 delivered, 3 hints", 1)
    assert rows(ledger, "SELECT external_id FROM form_answer") == [(answer,)]
    assert rows(ledger, "SELECT id FROM inbox WHERE read_at IS NULL OR error IS NOT NULL") == []


@pytest.mark.parametrize("body", ["", "{}", "[" * 100_000, '{"kind": "x", "refs": []}'])
def test_what_nobody_can_read_keeps_its_reason_and_blocks_nothing(
    ledger: Ledger, scope: Scope, answer: str, body: str
) -> None:
    for source in ("indeed", "forms", "a vendor we had once"):
        keep(ledger, source, "unknown", body)

    state = observe.read_inbox.fn(scope, AS_OF)

    assert state.message == "inbox: 4 delivered, 0 hints, 3 unreadable"
    assert rows(ledger, "SELECT external_id FROM form_answer") == [(answer,)]
    unread = rows(ledger, "SELECT id FROM inbox WHERE read_at IS NULL")
    reasons = rows(ledger, "SELECT source FROM inbox WHERE error IS NOT NULL ORDER BY source")
    assert (unread, len(reasons)) == ([], 3)
