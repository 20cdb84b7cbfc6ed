"""Lists: what ops look at before they act, as tables in Prefect. Ids and counts, never a value."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from connectors.ledger import audit, evidence, inbox, inspection, status
from connectors.ledger.scope import Scope
from flows import runs
from tasks import clock, enter, tracker

MOST_ROWS = 200
Client = Annotated[str, Field(title="Client", min_length=1)]
EffectState = Literal["due", "sending", "dead", "parked", "done", "waived", "overtaken"]
InboxState = Literal["unread", "unreadable", "read"]
Effects = Annotated[tuple[EffectState, ...], Field(title="States")]
Deliveries = Annotated[tuple[InboxState, ...], Field(title="States")]
Subject = Annotated[str, Field(title="Application or requisition")]


@dataclass(frozen=True, slots=True)
class Applied:
    """An application in the built-in tracker, and what is to be done about it."""

    application: str
    stage: str
    applied_at: datetime
    to_do: str


@flow(name="list-applications", flow_run_name=runs.name, persist_result=False)
async def list_applications(client: Client) -> State[None]:
    """Show the applications in the built-in tracker, and which decisions they wait for.

    Decide with move-application, reject-application, record-interview and submit-scorecard.

    Args:
        client: The client's name, as registered.
    """
    found = [
        Applied(each.application, each.stage, each.applied_at, due)
        for each, due in tracker.waiting(client, None, clock.now())
    ]
    return _shown("applications", client, sorted(found, key=lambda row: not row.to_do))


@flow(name="list-quarantine", flow_run_name=runs.name, persist_result=False)
async def list_quarantine(client: Client, subject: Subject = "") -> State[None]:
    """Show who is held at which gate, or everything that holds one subject or has held it.

    Args:
        client: The client's name, as registered.
        subject: An application's key or a requisition's code; empty: everyone who is held now.
    """
    with enter.ledger_of(client).transaction() as connection:
        held: Sequence[Any] = (
            inspection.history(connection, client, subject)
            if subject
            else status.held(connection, Scope(client))
        )
    return _shown("quarantine", client, held)


@flow(name="list-effects", flow_run_name=runs.name, persist_result=False)
async def list_effects(client: Client, states: Effects = ("dead", "parked")) -> State[None]:
    """Show the effects in some states, the oldest first.

    Args:
        client: The client's name, as registered.
        states: Those that need a person are dead and parked.
    """
    with enter.ledger_of(client).transaction() as connection:
        found = evidence.effects(connection, Scope(client), states)
    return _shown("effects", client, found)


@flow(name="list-webhooks", flow_run_name=runs.name, persist_result=False)
async def list_webhooks(
    client: Client, states: Deliveries = ("unread", "unreadable")
) -> State[None]:
    """Show what came in, by number, source and state; never what is in it.

    Args:
        client: The client's name, as registered.
        states: What could not be read is unreadable.
    """
    with enter.ledger_of(client).transaction() as connection:
        found = inbox.arrived(connection, client, states)
    return _shown("webhooks", client, found)


@flow(name="list-acts", flow_run_name=runs.name, persist_result=False)
async def list_acts(client: Client, subject: Subject = "") -> State[None]:
    """Show what people did by hand: who, when, to whom and why; the newest first.

    Args:
        client: The client's name, as registered.
        subject: An application's key or a requisition's code; empty: everything.
    """
    with enter.ledger_of(client).transaction() as connection:
        found = audit.acts(connection, client, subject or None)
    return _shown("acts", client, found[::-1])


def _shown(what: str, client: str, found: Sequence[Any]) -> State[None]:
    shown = [{name: _cell(cell) for name, cell in asdict(row).items()} for row in found[:MOST_ROWS]]
    key = f"list-{what}-{client}".lower().replace("_", "-")
    create_table_artifact(
        key=key,
        table=shown or [{"": "nothing"}],
        description=f"{what} of **{client}** ({len(shown)} of {len(found)} rows)",
    )
    return Completed(message=f"{client}: {len(found)} {what}, see the artifact {key}")


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else value
