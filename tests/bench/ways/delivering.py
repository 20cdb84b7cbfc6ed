"""Ours: messages that are due, to as many people, are carried out at a slow vendor over HTTP."""

import sys
from datetime import UTC, datetime
from typing import Any

from connectors.http import Api
from connectors.ledger import client as ledger_client
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import Receipt, Request, SendMessage
from tasks import deliver
from tests.bench.meter import Meter
from tests.bench.ways.job import Job
from tests.carrying import desk_with, harbor

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
MESSAGE = SendMessage(
    to_name="Ann", to_email="ann@mail.example", subject="Hello", body="word " * 200, template="care"
)


class Vendor:
    """A messenger of one request, as most vendors' verbs are."""

    resources: tuple[str, ...] = ()

    def __init__(self, address: str) -> None:
        self._api = Api("slow", address)

    def find(self, request: Request, key: str) -> Receipt | None:
        raise AssertionError("nothing was lost")

    def send(self, request: SendMessage, key: str) -> Receipt:
        return self._api.write(
            "POST",
            "/messages",
            json=request.model_dump(mode="json"),
            headers={"Idempotency-Key": key},
            reading=lambda body: Receipt(external_id=body["id"]),
        )


def main() -> None:
    job = Job.told()
    address, deliver.AT_ONCE = sys.argv[2], int(sys.argv[3])
    deliver.CONCURRENT = deliver.AT_ONCE * 3 // 2
    process = harbor(job.client)
    ledger = Ledger(job.database, job.client)
    with ledger.transaction() as connection:
        ledger_client.put(connection, job.client, process.model_dump(mode="json"), process.version)
    decisions = Decisions()
    for number in range(job.applications):
        decisions.effect(_someone(number), "slow", "message.send", MESSAGE)
    ledger.apply(decisions, AS_OF)
    vendor: Any = Vendor(address)
    desk = desk_with(process, ledger, {"slow": vendor})
    meter = Meter(job.servers)
    with meter.measured(f"{deliver.AT_ONCE} at once", job.applications):
        outcome = deliver.carry_out(desk, Scope(job.client), AS_OF)
    assert outcome == {"done": job.applications}
    meter.tell()


def _someone(number: int) -> Subject:
    return Subject(
        subject_kind="application",
        id=number,
        key=f"HARBOR-1.{number}",
        stage="screening",
        state="entered",
        since=AS_OF,
        ready_for=None,
        seq=0,
        head_hash="",
    )


if __name__ == "__main__":
    main()
