"""Sweep: carry every requisition of a client, or of all clients, as far as it can go now."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from connectors.ledger.scope import Scope
from flows.carry import carry
from flows.clients import for_each
from tasks import clock


def _name() -> str:
    parameters = flow_run.parameters
    as_of: datetime | None = parameters.get("as_of")
    day = f" {as_of:%Y-%m-%d %H:%M}" if as_of else ""
    return f"sweep {parameters.get('client') or 'all clients'}{day}"


@flow(name="sweep", flow_run_name=_name, persist_result=False)
async def sweep(client: str | None = None, as_of: datetime | None = None) -> State[None]:
    """Move everything that can move, once.

    Args:
        client: The client's name; empty for all of them.
        as_of: The instant to look at; empty for now.
    """
    moment = as_of or clock.now()
    return await for_each(client, lambda name: carry(Scope(name), moment))
