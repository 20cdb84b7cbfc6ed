"""Reconcile: once a night the ledger and its vendors are compared, in both directions."""

from datetime import datetime

from prefect import flow, tags
from prefect.client.schemas.objects import State
from prefect.context import SyncClientContext

from connectors.ledger.scope import Scope
from flows import runs
from flows.carry import PATIENCE, Incomplete
from flows.clients import cores, for_each
from tasks import clock
from tasks.deliver import deliver
from tasks.desk import open_desk
from tasks.reconcile import compare, publish, repair

LATER = "another run is carrying this client; what is ours to repair is left for the next night"


@flow(name="reconcile", flow_run_name=runs.name, persist_result=False, task_runner=cores())
async def reconcile(
    client: str | None = None, as_of: datetime | None = None, pool: str | None = None
) -> State[None]:
    """Compare what vendors hold with what the ledger decided, and open a finding per difference.

    Args:
        client: The client's name; empty for all of them.
        as_of: The instant to look at; empty for now.
        pool: Whose clients, if no client is named; empty for those of every pool.
    """
    moment = clock.moment(as_of)
    return await for_each(client, pool, lambda name: _reconcile(Scope(name), moment))


async def _reconcile(scope: Scope, as_of: datetime) -> str:
    desk = await open_desk(scope.client)
    marks = await runs.tag(scope)
    with tags(*marks), SyncClientContext.get_or_create():
        as_of = runs.instant(desk.ledger, as_of)
        # Comparing needs no lock: a sweep at the same minute is work in flight like any other.
        compared = compare(scope, as_of)
        published = publish(scope, as_of, return_state=True)
        with desk.ledger.exclusively(PATIENCE) as mine:
            if not mine:
                raise Incomplete(str(scope), f"{compared.message}; {LATER}")
            as_of = runs.instant(desk.ledger, as_of)  # by now a sweep may have gone further
            repair(scope, as_of)
            deliver(scope, as_of)
        if not published.is_completed():
            raise Incomplete(str(scope), f"{compared.message}; not shown: {published.message}")
    return f"{scope}: {compared.message}"
