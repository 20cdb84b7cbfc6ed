"""A ledger as years of carrying leave it: a client's requisitions and applications, made by SQL."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import yaml
from sqlalchemy import Connection, text

import deployments
from connectors.ledger import requisition as requisitions
from connectors.ledger.store import Ledger
from connectors.requisition import Requisition
from tasks.process import Process

TEMPLATE = Path(deployments.__file__).parent / "sandbox/data/requisitions/HARBOR-1.yaml"
STATEMENTS = Path(__file__).with_name("crowd.sql").read_text(encoding="utf-8").split(";\n")
# Where people stand while a process runs, of forty who are open.
STAGES = (
    *("screening",) * 20,
    *("submittal",) * 8,
    *("interviews",) * 4,
    *("selection",) * 2,
    *("offer", "references", "background", "preboarding", "day_one", "payroll"),
)


def advertise(ledger: Ledger, count: int, as_of: datetime) -> None:
    """Enter approved requisitions with a job in the tracker, each in sourcing."""
    stored = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8")) | {"client": ledger.client}
    wanted = [
        Requisition.model_validate(stored | {"code": f"HARBOR-{n}", "title": f"Clerk {n}"})
        for n in range(1, count + 1)
    ]
    with ledger.transaction() as connection:
        requisitions.put_all(connection, ledger.client, wanted, as_of)
        connection.execute(
            text(
                "UPDATE requisition SET approved_hash = approval_hash, stage = 'sourcing',"
                " state = 'entered', ready_for = NULL"
            )
        )
        connection.execute(
            text(
                "INSERT INTO external_id"
                " SELECT client, 'ashby', 'job', 'job-' || id, 'requisition', id FROM requisition"
            )
        )


def gather(
    connection: Connection,
    process: Process,
    numbers: range,
    as_of: datetime,
    stages: Sequence[str] = (),
) -> None:
    """Add applications with these numbers, as the ledger's owner; without stages they are over."""
    given = {
        "client": process.client,
        "first": numbers.start,
        "last": numbers.stop - 1,
        "order": list(process.stages),
        "stages": list(stages),
        "as_of": as_of,
    }
    for statement in STATEMENTS:
        connection.execute(text(statement), given)
