"""Nightly sync: read every system from the beginning, so that a lost delivery or page heals."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State

from connectors.ledger import landing
from connectors.ledger.scope import Scope
from flows import runs
from flows.carry import carry
from flows.clients import for_each
from tasks import clock, enter


@flow(name="nightly-sync", flow_run_name=runs.name, persist_result=False)
async def nightly_sync(client: str | None = None, as_of: datetime | None = None) -> State[None]:
    """Read everything again, not only what changed, and carry what that brings to light.

    Args:
        client: The client's name; empty for all of them.
        as_of: The instant to look at; empty for now.
    """
    moment = clock.moment(as_of)
    return await for_each(client, lambda name: _sync(name, moment))


async def _sync(client: str, as_of: datetime) -> str:
    with enter.ledger_of(client).transaction() as connection:
        landing.forget_cursors(connection, client)
    return await carry(Scope(client), as_of)
