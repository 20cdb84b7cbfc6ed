"""Ours: arrivals are landed and opened, pass two gates, and two stages decide about them.

Without Prefect, whose part is the same whatever the number of applications: two task runs a stage.
What the stages ask for is done by a statement in between, as delivering has its own measure.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from sqlalchemy import text

import deployments
from connectors.ledger import client as ledger_client
from connectors.ledger import landing
from connectors.ledger import requisition as requisitions
from connectors.ledger.arrivals import open_applications
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import Application
from connectors.requisition import Requisition
from expectations import suite
from tasks import desk
from tasks.decide import decide_stage
from tasks.gate import judge_door
from tests.bench.meter import Meter
from tests.bench.ways.job import Job
from tests.carrying import approve_and_open_job, desk_without_vendors, do_what_was_asked, harbor

DATA = Path(deployments.__file__).parent / "sandbox/data"
AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER, LATEST = AS_OF + timedelta(hours=1), AS_OF + timedelta(hours=2)
PAGE = 500
COLUMNS = "id, key, stage, state, since, ready_for, seq, head_hash"


def main() -> None:
    suite.engine()  # imported once in a process's life, and not measured here
    job = Job.told()
    ledger = Ledger(job.database, job.client)
    open_for_business(ledger)
    posting = with_posting(ledger)
    arrivals = [arrival(posting, number) for number in range(job.applications)]
    meter = Meter(job.servers)
    for what, work in STEPS.items():
        with meter.measured(what, job.applications):
            work(ledger, arrivals)
        do_what_was_asked(ledger, AS_OF)
    meter.tell()


def open_for_business(ledger: Ledger) -> None:
    process = harbor(ledger.client)
    with ledger.transaction() as connection:
        ledger_client.put(
            connection, process.client, process.model_dump(mode="json"), process.version
        )
    desk._open[ledger.client] = desk_without_vendors(process, ledger)


def with_posting(ledger: Ledger) -> str:
    """An approved requisition with a live posting, whose job is in the tracker."""
    stored = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    wanted = Requisition.model_validate(stored | {"client": ledger.client})
    with ledger.transaction() as connection:
        requisitions.put(connection, wanted, AS_OF)
        row = connection.execute(text(f"SELECT {COLUMNS} FROM requisition")).one()
        approve_and_open_job(connection, ledger.client, row.id)
    posted = Decisions()
    posted.post(Subject(subject_kind="requisition", **row._mapping), "posting", {})
    ledger.apply(posted, AS_OF)
    return "posting"


def arrival(posting: str, number: int) -> Application:
    return Application(
        external_id=f"arrival-{number}",
        updated_at=AS_OF,
        job_ref=posting,
        name=f"Applicant Number {number}",
        emails=(f"applicant.{number}@mail.example",),
        phones=(f"+1{4_152_000_000 + number}",),
        residence="US-CA",
        source="Indeed",
        applied_at=AS_OF,
        resume_text="I kept books for ten years. " * 20,
        document=json.dumps({"number": number, "text": "word " * 500}).encode(),
    )


def land(ledger: Ledger, arrivals: list[Application]) -> None:
    for start in range(0, len(arrivals), PAGE):
        with ledger.transaction() as connection:
            page = arrivals[start : start + PAGE]
            landing.land(connection, ledger.client, "indeed", page, AS_OF)


def open_all(ledger: Ledger, arrivals: list[Application]) -> None:
    with ledger.transaction() as connection:
        opened = open_applications(connection, ledger.client, "us", AS_OF)
    assert opened == len(arrivals)


def _gate(stage: str, as_of: datetime, ledger: Ledger, arrivals: list[Application]) -> None:
    assert judge_door(stage, Scope(ledger.client), as_of).passed == len(arrivals)


def _decide(
    stage: str, as_of: datetime, asked: int, ledger: Ledger, arrivals: list[Application]
) -> None:
    decisions = decide_stage(stage, Scope(ledger.client), as_of)
    assert len(decisions.effects) == asked * len(arrivals)


STEPS = {
    "land": land,
    "land again, nothing changed": land,
    "open": open_all,
    "gate, all pass": lambda *given: _gate("intake", AS_OF, *given),
    "decide: newcomers, two effects each": lambda *given: _decide("intake", AS_OF, 2, *given),
    "decide: all move on": lambda *given: _decide("intake", LATER, 0, *given),
    "gate of the next stage": lambda *given: _gate("screening", LATER, *given),
    "decide: invite, two effects each": lambda *given: _decide("screening", LATER, 2, *given),
    "decide: nothing to do": lambda *given: _decide("screening", LATEST, 0, *given),
}


if __name__ == "__main__":
    main()
