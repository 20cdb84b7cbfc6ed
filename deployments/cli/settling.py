"""What people stop and let go on; the trail of what they did; the evidence of one application."""

import json
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.common import (
    AsJson,
    By,
    Client,
    Requisition,
    Why,
    database_url,
    join,
    running,
    say,
)
from deployments.errors import DeploymentError

Vendor = Annotated[str, typer.Option(help="Only this vendor, such as checkr.")]


def hold(
    client: Client, by: By, why: Why, requisition: Requisition = "", vendor: Vendor = ""
) -> None:
    """Stop a requisition, a vendor or a whole client: nothing moves, nothing is sent."""
    join(running())
    from tasks import clock, enter

    held = enter.hold(client, requisition, vendor, by, why, clock.now())
    say(f"{client}: {held} is held until `fullcycle resume`")


def resume(
    client: Client, by: By, why: Why, requisition: Requisition = "", vendor: Vendor = ""
) -> None:
    """Let what was held go on."""
    join(running())
    from tasks import clock, enter

    resumed = enter.resume(client, requisition, vendor, by, why, clock.now())
    say(f"{client}: {resumed} goes on at the next sweep")


def audit(
    client: Client = "harbor",
    subject: Annotated[str, typer.Option(help="Only what was done about this key.")] = "",
    as_json: AsJson = False,
) -> None:
    """List what people did by hand: who, when, to whom and why."""
    from connectors.ledger import audit as trail
    from connectors.ledger.status import as_json as plain
    from connectors.ledger.store import Ledger

    with Ledger(database_url(), client).transaction() as connection:
        acts = trail.acts(connection, client, subject or None)
    if as_json:
        print(json.dumps(plain(acts), indent=1))
        return
    for act in acts:
        about = " ".join(part for part in (act.command, act.subject, act.about) if part)
        say(f"{act.number}  {act.at:%Y-%m-%d %H:%M}  {act.by}: {about}: {act.why}")
    say(f"{len(acts)} acts")


def export(client: Client, application: str, file: Path, by: By, why: Why) -> None:
    """Write one application's whole history as evidence, without what anybody answered."""
    join(running())
    from tasks import clock, enter, evidence

    if file.exists():
        raise DeploymentError(f"{file} exists; name a new file")
    story = enter.export(client, application, by, why, clock.now())
    evidence.write(story, file)
    say(f"{file}: manifest {story['manifest']['hash']}")
