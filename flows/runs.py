"""Runs: how a run is called and tagged, so that ops find it, and at which instant it works."""

from datetime import UTC, datetime, timedelta

from prefect import get_client, get_run_logger
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from connectors.errors import ConnectorError
from connectors.ledger import steps
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from tasks import alarms, clock

A_LITTLE = timedelta(hours=1)  # by which the clocks of machines that share a ledger may differ


class Ahead(ConnectorError):
    """The ledger was carried in the future: nothing would move until that is here."""


def name() -> str:
    """The flow, the client or pool, the instant it looks at: "sweep harbor 2026-09-18 13:00"."""
    parameters = flow_run.parameters
    as_of: datetime | None = parameters.get("as_of")
    moment = f" {as_of:%Y-%m-%d %H:%M}" if as_of else ""
    whose = parameters.get("client") or parameters.get("pool") or "all clients"
    return f"{flow_run.flow_name} {whose}{moment}"


async def tag(scope: Scope) -> list[str]:
    """Tag the present flow run with the client and the requisition; returns the tags."""
    tags = [f"client:{scope.client}"]
    tags += [f"requisition:{scope.requisition}"] if scope.requisition else []
    run = FlowRunContext.get()
    if run is not None and run.flow_run is not None:
        async with get_client() as client:
            await client.update_flow_run(run.flow_run.id, tags={*run.flow_run.tags, *tags})
    return tags


def instant(ledger: Ledger, as_of: datetime) -> datetime:
    """The instant to work at: time never goes back, so never before what the ledger knows.

    Raises Ahead if the clock is far behind that, and raises an alarm.
    """
    with ledger.transaction() as connection:
        newest = steps.newest(connection, ledger.client)
    if newest is None or newest <= as_of:
        return as_of
    if newest > (now := clock.now()) + A_LITTLE:
        raise Ahead("ledger", alarms.tell_ahead(ledger.client, newest.astimezone(UTC), now))
    get_run_logger().warning("carried at %s: the ledger is past %s", newest, as_of)
    return newest
