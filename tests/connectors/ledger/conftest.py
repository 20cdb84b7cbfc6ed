"""A requisition, its applicants, and a way to look at what the ledger holds."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from connectors.ledger import arrivals, landing
from connectors.ledger import requisition as requisitions
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.store import Ledger
from connectors.records import Application
from connectors.requisition import Requisition
from tasks.process import Process

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
POSTING = "HARBOR-1-US-CA"


@pytest.fixture
def as_of() -> datetime:
    return AS_OF


@pytest.fixture
def look(ledger: Ledger) -> Callable[..., Sequence[Any]]:
    """The rows of a query, as this test's client sees them."""

    def query(sql: str, **parameters: Any) -> Sequence[Any]:
        with ledger.transaction() as connection:
            return connection.execute(text(sql), parameters).all()

    return query


@pytest.fixture
def subject(look: Callable[..., Sequence[Any]]) -> Callable[[str], Subject]:
    """A requisition or an application as it stands now, by its key."""
    columns = "id, key, stage, state, since, ready_for, seq, head_hash"

    def read(key: str) -> Subject:
        (row,) = look(
            f"SELECT 'requisition' AS subject_kind, {columns} FROM requisition WHERE key = :key"
            f" UNION ALL SELECT 'application', {columns} FROM application WHERE key = :key",
            key=key,
        )
        return Subject(**row._mapping)

    return read


@pytest.fixture
def requisition(process: Process) -> Requisition:
    colleague = {"name": "Daniel Reyes", "email": "daniel.reyes@harborworks.example"}
    return Requisition.model_validate(
        {
            "code": "HARBOR-1",
            "client": process.client,
            "title": "Accounting Clerk",
            "description": "Keep the books.",
            "level": "Clerk III",
            "hiring_manager": colleague,
            "places": [{"code": "US-CA", "city": "San Francisco", "region": "CA", "country": "US"}],
            "pay": {"min_cents": 6_000_000, "max_cents": 8_000_000},
            "headcount": 2,
            "must_haves": [{"id": "bookkeeping", "text": "Two years of bookkeeping"}],
            "rounds": [{"name": "skills", "competency": "Books", "interviewers": [colleague]}],
            "background": {"package": "standard", "reason": "The clerk posts payments."},
            "requested_by": colleague,
            "business_reason": "Month-end closing is late.",
        }
    )


@pytest.fixture
def opened(ledger: Ledger, requisition: Requisition, subject: Callable[[str], Subject]) -> Subject:
    """A requisition that has just been asked for."""
    with ledger.transaction() as connection:
        requisitions.put(connection, requisition, AS_OF)
    return subject(requisition.code)


@pytest.fixture
def posted(ledger: Ledger, opened: Subject) -> str:
    """The reference of the requisition's live posting."""
    decisions = Decisions()
    decisions.post(opened, POSTING, {})
    ledger.apply(decisions, AS_OF)
    return POSTING


@pytest.fixture
def arrival() -> Callable[..., Application]:
    """An application as a board delivers it; every field may be another."""

    def make(external_id: str, **fields: Any) -> Application:
        usual: dict[str, Any] = {
            "external_id": external_id,
            "updated_at": AS_OF,
            "job_ref": POSTING,
            "name": f"Applicant {external_id}",
            "emails": (f"{external_id}@mail.example",),
            "source": "Indeed",
            "applied_at": AS_OF,
        }
        return Application.model_validate(usual | fields)

    return make


@pytest.fixture
def applicants(
    ledger: Ledger,
    posted: str,
    arrival: Callable[..., Application],
    look: Callable[..., Sequence[Any]],
    subject: Callable[[str], Subject],
) -> list[Subject]:
    """Three applications that wait at intake's gate, by key."""
    with ledger.transaction() as connection:
        records = [arrival(name) for name in ("ann", "ben", "cleo")]
        landing.land(connection, ledger.client, "indeed", records, AS_OF)
        arrivals.open_applications(connection, ledger.client, "us", AS_OF)
    return [subject(row.key) for row in look("SELECT key FROM application ORDER BY key")]
