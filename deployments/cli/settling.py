"""What people settle: holds, the quarantine, effects; and the evidence of one application."""

import json
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.common import By, Client, Why, console, database_url, join, running
from deployments.settings import DeploymentError

quarantine_app = typer.Typer(no_args_is_help=True, help="See who is held at a gate; release them.")
effect_app = typer.Typer(no_args_is_help=True, help="See effects; settle those that need a person.")

Requisition = Annotated[str, typer.Option(help="Only this requisition.")]
Vendor = Annotated[str, typer.Option(help="Only this vendor, such as checkr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OPEN = ("due", "sending", "dead", "parked")


def hold(
    client: Client, by: By, why: Why, requisition: Requisition = "", vendor: Vendor = ""
) -> None:
    """Stop a requisition, a vendor or a whole client: nothing moves, nothing is sent."""
    join(running())
    from tasks import clock, enter

    held = enter.hold(client, requisition, vendor, by, why, clock.now())
    console.print(f"{client}: {held} is held until `fullcycle resume`")


def resume(
    client: Client, by: By, why: Why, requisition: Requisition = "", vendor: Vendor = ""
) -> None:
    """Let what was held go on."""
    join(running())
    from tasks import clock, enter

    resumed = enter.resume(client, requisition, vendor, by, why, clock.now())
    console.print(f"{client}: {resumed} goes on at the next sweep")


@quarantine_app.command("list")
def quarantine_list(
    client: Client = "harbor", requisition: Requisition = "", as_json: AsJson = False
) -> None:
    """List everyone who is held at a gate: why, since when, and what would help."""
    from connectors.ledger import status
    from connectors.ledger.scope import Scope
    from connectors.ledger.store import Ledger

    with Ledger(database_url(), client).transaction() as connection:
        held = status.held(connection, Scope(client, requisition or None))
    if as_json:
        print(json.dumps(status.as_json(held), indent=1))
        return
    for row in held:
        console.print(
            f"{row.subject}  {row.rule}  at {row.stage} since {row.since:%Y-%m-%d},"
            f" on {row.owner}: {row.reason}; {row.remedy}",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"{len(held)} in quarantine", highlight=False)


@quarantine_app.command("release")
def release(client: Client, subject: str, rule: str, by: By, why: Why) -> None:
    """Let somebody who is held in quarantine pass one rule, on your word."""
    join(running())
    from tasks import clock, enter

    enter.release(client, subject, rule, by, why, clock.now())
    console.print(f"{subject} passes {rule} at the next sweep")


@effect_app.command("list")
def effect_list(
    client: Client = "harbor",
    requisition: Requisition = "",
    state: Annotated[
        list[str] | None, typer.Option(help="In this state; may be repeated. Else the open ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List effects by state: those that are open, if no state is named."""
    from connectors.ledger import evidence
    from connectors.ledger.scope import Scope
    from connectors.ledger.status import as_json as plain
    from connectors.ledger.store import Ledger

    with Ledger(database_url(), client).transaction() as connection:
        found = evidence.effects(connection, Scope(client, requisition or None), state or OPEN)
    if as_json:
        print(json.dumps(plain(found), indent=1))
        return
    for row in found:
        tried = f", tried {row.attempts} times" if row.attempts > 1 else ""
        words = f": {row.error}" if row.error else ""
        console.print(
            f"{row.state}  {row.key}  asked {row.asked_at:%Y-%m-%d}{tried}{words}",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"{len(found)} effects", highlight=False)


@effect_app.command("retry")
def effect_retry(client: Client, key: str, by: By, why: Why) -> None:
    """Try a dead or parked effect again."""
    _settle(client, key, "due", by, why)


@effect_app.command("done")
def effect_done(client: Client, key: str, by: By, why: Why) -> None:
    """Confirm that a dead or parked effect has happened at the vendor."""
    _settle(client, key, "done", by, why)


@effect_app.command("waive")
def effect_waive(client: Client, key: str, by: By, why: Why) -> None:
    """Give a dead or parked effect up."""
    _settle(client, key, "waived", by, why)


def _settle(client: str, key: str, state: str, by: str, why: str) -> None:
    join(running())
    from tasks import enter

    enter.settle_effect(client, key, state, by, why)
    console.print(f"{key} is {state}")


def export(client: Client, application: str, file: Path) -> None:
    """Write one application's whole history as evidence, without what anybody answered."""
    join(running())
    from connectors.ledger import evidence
    from connectors.ledger.store import Ledger
    from tasks import clock

    if file.exists():
        raise DeploymentError(f"{file} exists; name a new file")
    with Ledger(database_url(), client).transaction() as connection:
        story = evidence.export(connection, client, application, clock.now())
    if story is None:
        raise DeploymentError(f"{client} has no application {application}; see `fullcycle status`")
    file.touch(mode=0o600)
    file.write_text(json.dumps(story, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print(f"{file}: manifest {story['manifest']['hash']}", highlight=False)
