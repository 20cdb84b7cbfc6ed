"""Ours: what the nightly sync does with the list of a tracker's candidates, in its own process.

Without Prefect, whose part is two task runs, whatever the number of candidates.
"""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import make_url

from connectors.access import Access
from connectors.applicant_tracking import greenhouse
from connectors.ledger import cursors
from connectors.ledger.store import Ledger
from tasks.desk import Desk
from tasks.observe import read_system
from tests.bench.meter import Meter
from tests.bench.ways.job import Pull
from tests.carrying import desk_with

SYSTEM = "greenhouse"


def main(what: str = "Fullcycle") -> None:
    job = Pull.told()
    meter = Meter(job.servers)
    with meter.measured(what, 1):
        url = make_url(job.database).set(drivername="postgresql+psycopg", username="fullcycle_app")
        ledger = Ledger(url.render_as_string(hide_password=False), job.schema)
        if not job.changed:
            with ledger.transaction() as connection:
                cursors.forget(connection, ledger.client)
        read_system(_desk(ledger, job.api), SYSTEM, datetime.now(UTC))
    meter.tell()


def _desk(ledger: Ledger, api: str) -> Desk:
    """A desk that has a tracker, of which the candidates are looked at, and nothing else."""
    options = {"client_id": "bench", "user_id": "1", "auth_url": api}
    tracker = greenhouse.connect(Access(key="bench", base_url=f"{api}/v3", options=options))
    tracker.resources = ("candidates",)
    nobodys: Any = SimpleNamespace(client=ledger.client)  # of a process only the name is used
    return desk_with(nobodys, ledger, {SYSTEM: tracker})


if __name__ == "__main__":
    main()
