"""Many rows in one statement: every type arrives as it was, and what is there already stays."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import event

from connectors.ledger import bulk, tables
from connectors.ledger.decisions import Subject
from connectors.ledger.store import Ledger

Look = Callable[..., Sequence[Any]]


def an_offer(application: Subject, client: str, **values: Any) -> dict[str, Any]:
    return {
        "client": client,
        "application_id": application.id,
        "version": 1,
        "hash": "aa",
        "rate_cents": 2**40,
        "currency": "USD",
        "unit": "year",
        "start_on": date(2026, 12, 7),
        "title": 'Clerk "III"\\ — Zoë 株',
        "entity": "",
        "work_place": {"code": "US-CA", "remote": False, "floors": [1, 2.5, None]},
        "expires_at": datetime(2026, 12, 1, 23, 59, 59, 123456, tzinfo=UTC),
        "letter": "Dear Zoë,\n\twelcome\r\n",
    } | values


def test_every_type_arrives_as_it_was(
    ledger: Ledger, applicants: Sequence[Subject], look: Look
) -> None:
    offer = an_offer(applicants[0], ledger.client)

    with ledger.transaction() as connection:
        bulk.insert(connection, tables.offer, [offer])

    (row,) = look(f"SELECT {', '.join(offer)} FROM offer")
    assert row._mapping == offer


def test_what_is_there_already_stays_and_the_others_come(
    ledger: Ledger, applicants: Sequence[Subject], look: Look
) -> None:
    first, second, _ = applicants
    with ledger.transaction() as connection:
        bulk.insert(connection, tables.offer, [an_offer(first, ledger.client)])

        again = [an_offer(each, ledger.client, letter="new") for each in (first, second, second)]
        new = bulk.insert_returning(connection, tables.offer, again, "application_id")

    assert new == [second.id]
    assert [row.letter for row in look("SELECT letter FROM offer ORDER BY id")] == [
        "Dear Zoë,\n\twelcome\r\n",
        "new",
    ]


def test_they_are_numbered_in_their_order(
    ledger: Ledger, applicants: Sequence[Subject], look: Look
) -> None:
    wanted = [f"must-{number}" for number in range(500)]
    rows = [
        {
            "client": ledger.client,
            "application_id": applicants[0].id,
            "must_have": each,
            "source": "answer",
            "met": True,
            "shown_at": datetime(2026, 12, 1, tzinfo=UTC),
        }
        for each in wanted
    ]

    with ledger.transaction() as connection:
        bulk.insert(connection, tables.evidence, rows)

    assert [row.must_have for row in look("SELECT must_have FROM evidence ORDER BY id")] == wanted


def test_no_rows_are_no_statement(ledger: Ledger) -> None:
    said: list[str] = []
    with ledger.transaction() as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: said.append(told[2]))
        bulk.insert(connection, tables.offer, [])

        assert bulk.insert_returning(connection, tables.offer, [], "id") == []
    assert said == []
