"""The receiver as a process of its own, with accounts that need no Prefect.

`python -m tests.deployments.receiver_process PORT CLIENT PER_SECOND`
"""

import sys

import uvicorn

from connectors.access import Access
from connectors.ledger import inbox
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from deployments import limits, receiver
from deployments.hurry import Hurry
from tasks.clock import now
from tasks.desk import Surroundings
from tests.deployments.senders import SECRET


async def sweep(scope: Scope) -> None:
    """Read the hints, as a sweep does in its own process."""
    with Ledger(Surroundings().database_url, scope.client).transaction() as connection:
        inbox.read_hints(connection, scope, now())


def main(port: int, client: str, per_second: int) -> None:
    async def load(asked: str, vendor: str) -> Access | None:
        known = asked == client and vendor != "unknown"
        return Access("", key=SECRET, secrets={"webhook": SECRET}) if known else None

    limits.PER_SECOND = limits.BURST = per_second
    application = receiver.app(load, Hurry(run=sweep).notice)
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
