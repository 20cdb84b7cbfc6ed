"""The inbox: every event once, in the order in which it happened, none lost because of another."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.ledger import inbox
from connectors.ledger.store import Ledger

Look = Callable[..., Sequence[Any]]


def test_an_event_is_stored_once_however_often_it_is_delivered(
    ledger: Ledger, look: Look, as_of: datetime
) -> None:
    with ledger.transaction() as connection:
        kept = [
            inbox.keep(connection, ledger.client, source, "e-1", body, as_of)
            for source, body in (("indeed", "first"), ("indeed", "again"), ("form", "other"))
        ]

    assert kept == [True, False, True]
    assert look("SELECT source, body FROM inbox ORDER BY id") == [
        ("indeed", "first"),
        ("form", "other"),
    ]


def test_deliveries_are_read_once_in_the_order_of_their_events(
    ledger: Ledger, as_of: datetime
) -> None:
    with ledger.transaction() as connection:
        for event, minute in (("c", 2), ("b", 1), ("a", 2)):
            at = as_of + timedelta(minutes=minute)
            inbox.keep(connection, ledger.client, "form", event, "{}", at)
        assert [d.event_id for d in inbox.unread(connection, ledger.client, limit=1)] == ["b"]
        deliveries = inbox.unread(connection, ledger.client)
        assert [delivery.event_id for delivery in deliveries] == ["b", "a", "c"]

        inbox.mark_read(connection, [deliveries[0].id], as_of, {})
        rest = inbox.unread(connection, ledger.client)
    assert [delivery.event_id for delivery in rest] == ["a", "c"]


def test_what_cannot_be_read_keeps_its_reason_and_its_body_and_comes_no_more(
    ledger: Ledger, look: Look, as_of: datetime
) -> None:
    with ledger.transaction() as connection:
        inbox.keep(connection, ledger.client, "indeed", "good", "{}", as_of)
        inbox.keep(connection, ledger.client, "indeed", "bad", "<html>", as_of)
        deliveries = inbox.unread(connection, ledger.client)
        bad = next(delivery.id for delivery in deliveries if delivery.body == "<html>")
        inbox.mark_read(connection, [d.id for d in deliveries], as_of, {bad: "Unreadable"})
        assert inbox.unread(connection, ledger.client) == []

    assert look("SELECT event_id, body, read_at, error FROM inbox ORDER BY event_id") == [
        ("bad", "<html>", as_of, "Unreadable"),
        ("good", "{}", as_of, None),
    ]


def test_a_client_reads_its_own_inbox_alone(ledger: Ledger, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        inbox.keep(connection, ledger.client, "form", "e-1", "{}", as_of)

    with Ledger(ledger.url, f"{ledger.client}_other").transaction() as connection:
        assert inbox.unread(connection, ledger.client) == []
