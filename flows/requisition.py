"""Requisition: open one from a form, carry one, cancel one. What staff start by hand."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.ledger.scope import Scope
from connectors.requisition import Requisition
from flows.carry import carry
from flows.decisions import By, Why
from tasks import clock, enter


@flow(name="open-requisition", flow_run_name="open {requisition.code}", persist_result=False)
async def open_requisition(requisition: Requisition, by: By, why: Why) -> State[None]:
    """Enter a requisition and carry it for the first time.

    A requisition that is already known is changed: a change to pay, places, headcount, level or
    must-haves reopens its approval, a cosmetic edit does not.

    Args:
        requisition: What is asked for.
        by: Who enters it: a name or a role.
        why: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    outcome = enter.requisition(requisition, by, why, as_of)
    sentence = await carry(Scope(requisition.client, requisition.code), as_of)
    return Completed(message=f"{requisition.code} {outcome}; {sentence}")


@flow(name="carry-requisition", flow_run_name="carry {requisition}", persist_result=False)
async def carry_requisition(
    client: str, requisition: str, as_of: datetime | None = None
) -> State[None]:
    """Move every application of one requisition as far as it can go today.

    Args:
        client: The client's name.
        requisition: The requisition's code.
        as_of: The instant to look at; empty for now.
    """
    sentence = await carry(Scope(client, requisition), clock.moment(as_of))
    return Completed(message=sentence)


@flow(name="cancel-requisition", flow_run_name="cancel {requisition}", persist_result=False)
async def cancel_requisition(client: str, requisition: str, by: By, reason: Why) -> State[None]:
    """Close a requisition without filling it; everyone still open is told.

    Args:
        client: The client's name.
        requisition: The requisition's code.
        by: Who cancels: a name or a role.
        reason: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    fields = {"decision": "cancel", "reason": reason}
    enter.answer(client, "cancel_requisition", requisition, "", by, fields, as_of)
    sentence = await carry(Scope(client, requisition), as_of)
    return Completed(message=sentence)
