"""Sweep: carry every requisition of a client, or of all clients, as far as it can go now."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State

from connectors.ledger.scope import Scope
from flows import runs
from flows.carry import carry
from flows.clients import cores, for_each
from tasks import clock


@flow(name="sweep", flow_run_name=runs.name, persist_result=False, task_runner=cores())
async def sweep(
    client: str | None = None, as_of: datetime | None = None, pool: str | None = None
) -> State[None]:
    """Move everything that can move, once.

    Args:
        client: The client's name; empty for all of them.
        as_of: The instant to look at; empty for now.
        pool: Whose clients, if no client is named; empty for those of every pool.
    """
    moment = clock.moment(as_of)
    return await for_each(client, pool, lambda name: carry(Scope(name), moment))
