"""Clients: register one, connect its vendors, look at them, export what is theirs."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cli.common import By, Why, console, database_url, join, problems, running, say
from deployments.errors import DeploymentError

if TYPE_CHECKING:
    from tasks.process import Process

app = typer.Typer(no_args_is_help=True, help="Register a client; export what is theirs.")


@app.command("add")
def client_add(file: Path, by: By, why: Why) -> None:
    """Register a client from its process file, or take over a new version of it."""
    from pydantic import ValidationError

    from deployments import intake_file, setup
    from tasks import clock
    from tasks.process import POOL, load

    try:
        process = load(file)
    except ValidationError as failure:
        for problem in intake_file.sentences(failure):
            problems.print(problem, style="red", highlight=False)
        raise typer.Exit(1) from None
    state = running()
    join(state)
    setup.register(state.settings, process, by, why, clock.now())
    console.print(f"{process.client}: version {process.version} of its process is in force")
    if process.pool != POOL:
        console.print(f"the pool {process.pool} carries it: `fullcycle worker {process.pool}`")


@app.command("export")
def client_export(client: str) -> None:
    """Print a client's process as YAML: it is theirs."""
    import yaml

    print(yaml.safe_dump(_stored(client), allow_unicode=True, sort_keys=False), end="")


def connect(
    client: Annotated[str | None, typer.Argument(help="None: show the forms only.")] = None,
    vendor: Annotated[
        str | None, typer.Argument(help="None: each that has no account yet.")
    ] = None,
) -> None:
    """Make or change a client's accounts at its vendors, field by field.

    Prefect shows the same forms, one block type a vendor; this registers them.
    """
    state = running()
    join(state)
    from connectors.registry import VENDORS
    from deployments.connect import walk
    from tasks.account import register, stored
    from tasks.desk import vendors

    asyncio.run(register())
    if client is None:
        say(f"{len(VENDORS)} forms are at {state.prefect_url}/blocks/catalog: look for Fullcycle")
        return
    process = process_of(client)
    theirs = [name for name in vendors(process) if VENDORS[name].has_account]
    wanted = [vendor] if vendor else theirs
    open_ones = [n for n in wanted if vendor or asyncio.run(stored(client, n)) is None]
    for name in open_ones:
        walk(console, client, name)
    if not open_ones:
        say(f"{client} has an account at each of its vendors; name one to change it")
    say(
        f"`fullcycle doctor {client}` now asks every system for real: may we read what we need, are"
        " stages and reasons there, is quota left, do webhooks come"
    )


def doctor(client: str) -> None:
    """Look at every system of a client for real; exit code 1 if anything is wrong."""
    from rich.table import Table

    join(running())
    from deployments.doctor import examine

    found = asyncio.run(examine(process_of(client)))
    for system in dict.fromkeys(finding.system for finding in found):
        well = [f.check.what for f in found if f.system == system and not f.check.wrong]
        say(f"{system}: nothing wrong with {', '.join(well) or '-'}")
    wrong = [finding for finding in found if finding.check.wrong]
    table = Table("system", "looked at", "wrong", "remedy")
    for finding in wrong:
        table.add_row(finding.system, finding.check.what, finding.check.wrong, finding.check.remedy)
    if wrong:
        console.print(table)
        raise typer.Exit(1)
    say("nothing is wrong")


def _stored(client: str) -> dict[str, Any]:
    from connectors.ledger import client as ledger_client
    from connectors.ledger.store import Ledger

    with Ledger(database_url(), client).transaction() as connection:
        stored = ledger_client.read(connection, client)
    if stored is None:
        raise DeploymentError(f"no client {client!r}; `fullcycle client add` registers one")
    return stored


def process_of(client: str) -> "Process":
    """A client's process as it is in force; raises DeploymentError if there is no such client."""
    from tasks.process import Process

    return Process.model_validate(_stored(client))
