"""Nightly sync: read every system from the beginning, so that a lost delivery or page heals."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State

from connectors.ledger.scope import Scope
from flows import runs
from flows.carry import carry_anew
from flows.clients import cores, for_each
from tasks import clock


@flow(name="nightly-sync", flow_run_name=runs.name, persist_result=False, task_runner=cores())
async def nightly_sync(
    client: str | None = None, as_of: datetime | None = None, pool: str | None = None
) -> State[None]:
    """Read everything again, not only what changed, and carry what that brings to light.

    Args:
        client: The client's name; empty for all of them.
        as_of: The instant to look at; empty for now.
        pool: Whose clients, if no client is named; empty for those of every pool.
    """
    moment = clock.moment(as_of) if as_of else None  # now is when a run under way has ended
    return await for_each(client, pool, lambda name: carry_anew(Scope(name), moment))
