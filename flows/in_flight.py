"""In flight: what is under way in a client's tracker when we come, and taking it over."""

from datetime import datetime
from typing import Annotated

from prefect import flow, tags
from prefect.client.schemas.objects import State
from prefect.context import SyncClientContext
from prefect.states import Completed, Failed
from pydantic import Field

from connectors.ledger.scope import Scope
from connectors.requisition import InFlight
from flows import runs
from flows.carry import BUSY, PATIENCE, Incomplete, carry
from flows.decisions import By, Client, Why
from tasks import clock, in_flight
from tasks.desk import open_desk
from tasks.observe import observe

REFUSED = "Refused in part"


@flow(name="list-in-flight", flow_run_name=runs.name, persist_result=False)
async def list_in_flight(client: Client) -> State[None]:
    """Show what is under way in a client's tracker, and what is missing in what we have taken over.

    Args:
        client: The client's name, as registered.
    """
    as_of = clock.now()
    await _in_order(client, (), "", "", as_of)
    return Completed(message=_published(client, as_of))


@flow(name="import-in-flight", flow_run_name="import {client}", persist_result=False)
async def import_in_flight(
    client: Client,
    requisitions: Annotated[
        tuple[InFlight, ...], Field(title="Requisitions under way", min_length=1)
    ],
    by: By,
    why: Why,
) -> State[None]:
    """Take over requisitions that are under way, and everybody in them where they stand.

    Whoever has ended or was hired in the tracker before is left in peace. What is refused keeps
    nothing else from being taken over; imported again, nothing changes.

    Args:
        client: The client's name, as registered.
        requisitions: Each with the tracker's id of its job.
        by: Who takes them over: a name or a role.
        why: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    refused = await _in_order(client, requisitions, by, why, as_of)
    await carry(Scope(client), as_of)
    sentence = _published(client, as_of)
    if refused:
        told = "; ".join(refused.values())
        return Failed(name=REFUSED, message=f"{sentence}; {len(refused)} refused: {told}")
    return Completed(message=sentence)


async def _in_order(
    client: str, wanted: tuple[InFlight, ...], by: str, why: str, as_of: datetime
) -> dict[str, str]:
    """Read the tracker to its end, then take over; a run that is under way is waited for.

    Nothing is taken over of a tracker that could not be read.
    """
    desk = await open_desk(client)
    marks = await runs.tag(Scope(client))
    with tags(*marks), SyncClientContext.get_or_create(), desk.ledger.exclusively(PATIENCE) as mine:
        if not mine:
            raise Incomplete(client, BUSY)
        tracker = desk.process.systems.applicant_tracking
        read = observe(tracker, Scope(client), as_of, return_state=True)
        if not read.is_completed():
            raise Incomplete(client, f"{tracker} could not be read, and nothing was taken over")
        return in_flight.take_over(desk, wanted, by, why, as_of) if wanted else {}


def _published(client: str, as_of: datetime) -> str:
    return str(in_flight.publish(client, as_of, return_state=True).message)
