"""Somebody is carried from the posting to the offer by decisions in the built-in tracker alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from sqlalchemy import text

from connectors.applicant_tracking.built_in import BuiltIn
from connectors.ledger import client as ledger_client
from connectors.ledger import landing
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import Application
from connectors.requisition import Requisition
from deployments.sandbox.people import DATA
from tasks import desk, enter
from tasks.deliver import carry_out
from tasks.observe import read_system
from tasks.process import Process
from tests.carrying import desk_with, sweep_without_vendors
from tests.whole_cycle.staff import Staff

BEGUN = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def wanted(ledger: Ledger) -> Requisition:
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    return Requisition.model_validate(fields | {"client": ledger.client})


@pytest.fixture
def scope(
    ledger: Ledger, process: Process, wanted: Requisition, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scope]:
    """A client without a tracker, whose requisition was asked for."""
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")
    systems = process.systems.model_copy(update={"applicant_tracking": "built_in"})
    process = process.model_copy(update={"systems": systems})
    with ledger.transaction() as connection:
        stored = process.model_dump(mode="json")
        ledger_client.put(connection, ledger.client, stored, process.version)
    desk._open[ledger.client] = desk_with(process, ledger, {"built_in": BuiltIn(ledger)})
    enter.requisition(wanted, "R. Lee", wanted.business_reason, BEGUN)
    yield Scope(ledger.client)
    desk.close(ledger.client)


def sweep(scope: Scope, as_of: datetime) -> None:
    """A sweep in which every other vendor does at once what it is asked."""
    its = desk.desk_of(scope.client)
    read_system(its, "built_in", as_of)
    sweep_without_vendors(scope, as_of)
    with its.ledger.transaction() as connection:
        connection.execute(
            text(
                "UPDATE effect SET state = 'done', done_as_of = :t, external_id = key"
                " WHERE state = 'due' AND system <> 'built_in'"
            ),
            {"t": as_of},
        )
    carry_out(its, scope, as_of)


def way(ledger: Ledger) -> list[str]:
    """The stages that the application has been in, each once, and its state now."""
    with ledger.transaction() as connection:
        moves = connection.execute(
            text(
                "SELECT to_stage, to_state FROM transition"
                " WHERE subject_kind = 'application' ORDER BY seq"
            )
        ).all()
    return [*dict.fromkeys(move.to_stage for move in moves), moves[-1].to_state]


def approve(ledger: Ledger, code: str, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        version = connection.execute(text("SELECT approval_hash FROM requisition")).scalar_one()
    decision = {"decision": "approve"}
    enter.answer(ledger.client, "approve_requisition", code, version, "approver", decision, as_of)


def apply(ledger: Ledger, name: str, as_of: datetime) -> None:
    arrived = Application(
        external_id=name,
        updated_at=as_of,
        job_ref="HARBOR-1-US-CA",
        name=name,
        emails=(f"{name}@mail.example",),
        phones=("+14155550100",),
        source="Indeed",
        applied_at=as_of,
    )
    with ledger.transaction() as connection:
        landing.land(connection, ledger.client, "indeed", [arrived], as_of)


def test_from_the_posting_to_the_offer(scope: Scope, ledger: Ledger, wanted: Requisition) -> None:
    staff = Staff(ledger.client, {wanted.code: wanted}, strength=0.0)
    now = BEGUN
    for _ in range(3):
        sweep(scope, now)
        if now == BEGUN:
            approve(ledger, wanted.code, now)
        now += timedelta(hours=1)
    apply(ledger, "ann", now)

    for _ in range(12):
        sweep(scope, now)
        staff.act(now)
        now += DAY

    assert way(ledger) == [
        "intake",
        "screening",
        "submittal",
        "interviews",
        "selection",
        "offer",
        "approval",
    ]
    assert staff.done == [
        "recruiter: call, and hand in the scorecard recruiter_screen",
        "hiring manager: move to interview, or reject",
        "interviewer: record whether skills has taken place",
        "daniel.reyes@harborworks.example, priya.nair@harborworks.example:"
        " hand in the scorecard skills",
        "hiring manager: move to offer, or reject",
    ]
