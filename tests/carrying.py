"""What tests and measures of carrying share: a desk without vendors, and all that is asked done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.ports import System
from tasks.desk import Desk
from tasks.process import Process


def desk_without_vendors(process: Process, ledger: Ledger) -> Desk:
    """A desk at which stages can decide; nothing can be delivered from it."""
    return desk_with(process, ledger, {})


def desk_with(process: Process, ledger: Ledger, systems: Mapping[str, System]) -> Desk:
    """A desk from which these systems, by name, are delivered to."""
    links = Links("https://fullcycle.example", "a secret")
    nothing: Any = None
    return Desk(process, ledger, links, systems, nothing, settling_seconds=60)


def approve_and_open_job(connection: Connection, client: str, requisition: int) -> None:
    """A requisition, by id, is approved, and the tracker has its job."""
    connection.execute(text("UPDATE requisition SET approved_hash = approval_hash"))
    connection.execute(
        text(
            "INSERT INTO external_id VALUES (:client, 'ashby', 'job', 'job-1', 'requisition', :id)"
        ),
        {"client": client, "id": requisition},
    )


def do_what_was_asked(ledger: Ledger, as_of: datetime) -> None:
    """Every effect that is due is done, and the tracker knows whom it was given."""
    with ledger.transaction() as connection:
        connection.execute(
            text(
                "UPDATE effect SET state = 'done', done_as_of = :t, external_id = key"
                " WHERE state = 'due'"
            ),
            {"t": as_of},
        )
        connection.execute(
            text(
                "INSERT INTO external_id"
                " (client, system, kind, external_id, subject_kind, subject_id)"
                " SELECT client, system, 'application', external_id, subject_kind, subject_id"
                " FROM effect WHERE kind = 'tracker.add' ON CONFLICT DO NOTHING"
            )
        )
