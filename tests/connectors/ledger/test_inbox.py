"""The inbox: every event once, in the order in which it happened, none lost because of another."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from connectors.ledger import inbox, landing, tables
from connectors.ledger.decisions import Subject
from connectors.ledger.inbox import Hint
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import BackgroundReport, ReportStatus

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


@pytest.fixture
def hint(ledger: Ledger, as_of: datetime) -> Callable[..., None]:
    """Keep a webhook's hint; `late`: minutes after `as_of`."""
    numbers = count(1)

    def keep(system: str, *refs: str, late: int = 0) -> None:
        at = as_of + timedelta(minutes=late)
        with ledger.transaction() as connection:
            about = Hint(system, f"e-{next(numbers)}", "changed", refs, at)
            assert inbox.keep_hints(connection, ledger.client, [about]) == [True]

    return keep


@pytest.fixture
def hinted(ledger: Ledger) -> Callable[[], Scope | None]:
    def read() -> Scope | None:
        with ledger.transaction() as connection:
            return inbox.hinted(connection, ledger.client)

    return read


@pytest.fixture
def read(ledger: Ledger, as_of: datetime) -> Callable[..., int]:
    def mark(requisition: str | None = None) -> int:
        with ledger.transaction() as connection:
            return inbox.read_hints(connection, Scope(ledger.client, requisition), as_of)

    return mark


@pytest.fixture
def known(ledger: Ledger, applicants: list[Subject], as_of: datetime) -> Subject:
    """An applicant of HARBOR-1 whom every vendor knows by an id of its own."""
    applicant = applicants[0]
    with ledger.transaction() as connection:
        for system, kind, ref in (("ashby", "application", "a-1"), ("gusto", "employee", "w-1")):
            connection.execute(
                tables.external_id.insert().values(
                    client=ledger.client,
                    system=system,
                    kind=kind,
                    external_id=ref,
                    subject_kind="application",
                    subject_id=applicant.id,
                )
            )
        connection.execute(
            tables.effect.insert().values(
                client=ledger.client,
                key="background.order",
                kind="background.order",
                system="checkr",
                subject_kind="application",
                subject_id=applicant.id,
                request={},
                state="done",
                not_before=as_of,
                created_as_of=as_of,
                external_id="invitation-1",
                others={"candidate": "candidate-1"},
            )
        )
        report = BackgroundReport(
            external_id="invitation-1",
            updated_at=as_of,
            application_key=applicant.key,
            report_ref="report-1",
            status=ReportStatus.PENDING,
        )
        landing.land(connection, ledger.client, "checkr", [report], as_of)
    return applicant


def test_a_hint_is_no_delivery_and_none_hides_another(
    ledger: Ledger, hint: Callable[..., None], as_of: datetime
) -> None:
    for _ in range(3):
        hint("ashby")
    with ledger.transaction() as connection:
        inbox.keep(connection, ledger.client, "forms", "f-1", "{}", as_of + timedelta(hours=1))

        assert [d.event_id for d in inbox.unread(connection, ledger.client, limit=1)] == ["f-1"]


@pytest.mark.parametrize(
    ("system", "ref"),
    [
        ("ashby", "a-1"),
        ("gusto", "w-1"),
        ("checkr", "invitation-1"),
        ("checkr", "candidate-1"),
        ("checkr", "report-1"),
    ],
)
def test_what_a_vendor_names_leads_to_its_requisition(
    known: Subject,
    hint: Callable[..., None],
    hinted: Callable[[], Scope | None],
    ledger: Ledger,
    system: str,
    ref: str,
) -> None:
    hint(system, "something else", ref)

    assert hinted() == Scope(ledger.client, "HARBOR-1")


def test_what_is_not_known_leads_to_the_whole_client(
    known: Subject, hint: Callable[..., None], hinted: Callable[[], Scope | None], ledger: Ledger
) -> None:
    assert hinted() is None
    hint("ashby", "a-1")
    hint("gusto", "a-1")  # an id means something to its own vendor alone

    assert hinted() == Scope(ledger.client)


def test_a_look_at_one_requisition_reads_no_hint_about_another(
    known: Subject,
    hint: Callable[..., None],
    hinted: Callable[[], Scope | None],
    read: Callable[..., int],
    ledger: Ledger,
) -> None:
    hint("ashby", "a-1")
    hint("ashby", "unknown")
    hint("dropbox_sign")

    assert read("HARBOR-2") == 0
    assert read("HARBOR-1") == 1
    assert hinted() == Scope(ledger.client)
    assert read() == 2
    assert hinted() is None


def test_a_hint_that_came_after_the_instant_looked_at_waits_for_the_next_look(
    hint: Callable[..., None], hinted: Callable[[], Scope | None], read: Callable[..., int]
) -> None:
    hint("checkr", late=1)

    assert read() == 0
    assert hinted()


def test_another_clients_hints_are_not_seen(hint: Callable[..., None], ledger: Ledger) -> None:
    hint("checkr")

    with Ledger(ledger.url, f"{ledger.client}_other").transaction() as connection:
        assert inbox.hinted(connection, ledger.client) is None
