"""What tests and measures of carrying share: a desk and a sweep without vendors, and all done."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

import deployments
from connectors.ledger import alarms, rows, status, watching
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.ports import System
from tasks.decide import decide_stage, end
from tasks.deliver import carry_out
from tasks.desk import Desk, desk_of
from tasks.gate import judge_door
from tasks.observe import open_applications, read_inbox
from tasks.process import Process, load
from tasks.stages import ORDER

HARBOR = Path(deployments.__file__).parent / "sandbox/data/clients/harbor.yaml"


def harbor(client: str) -> Process:
    """The sandbox's client, as a client of this name."""
    stored = load(HARBOR).model_dump(mode="json")
    return Process.model_validate(stored | {"client": client})


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
                "WITH done AS ("
                "UPDATE effect SET state = 'done', done_as_of = :t, external_id = key"
                " WHERE state = 'due' RETURNING *)"
                " INSERT INTO external_id"
                " (client, system, kind, external_id, subject_kind, subject_id)"
                " SELECT client, system, 'application', external_id, subject_kind, subject_id"
                " FROM done WHERE kind = 'tracker.add' ON CONFLICT DO NOTHING"
            ),
            {"t": as_of},
        )


def sweep_without_vendors(scope: Scope, as_of: datetime) -> tuple[int, int]:
    """Do to the ledger what a sweep does, in its order; returns how much moved and was asked for.

    Without Prefect, whose part is the same whatever the number of applications, without the tables
    that `publish` makes of what it reads, and with nothing to deliver.
    """
    desk = desk_of(scope.client)
    carry_out(desk, scope, as_of, unsettled_only=True)
    with desk.ledger.transaction() as connection:
        for resource in watching._WATCHING:
            watching.watching(connection, resource)
    read_inbox.fn(scope, as_of)
    open_applications.fn(scope, as_of)
    end.fn(scope, as_of)
    moved = asked = 0
    for stage in ORDER:
        with desk.ledger.transaction() as connection:
            if not rows.anybody(connection, stage, scope):
                continue
        moved += judge_door(stage, scope, as_of).passed
        decisions = decide_stage(stage, scope, as_of)
        moved, asked = moved + len(decisions.moves), asked + len(decisions.effects)
    with desk.ledger.transaction() as connection:
        status.waiting(connection, scope)
        status.held(connection, scope)
        status.effects(connection, scope, unsettled=True)
        status.troubled_effects(connection, scope)
        alarms.untold(connection, scope.client, as_of)
    return moved, asked
