"""Clients: register one, export what is theirs."""

import asyncio
from pathlib import Path

import typer

from deployments.cli.common import By, Why, console, join, problems, running
from deployments.errors import DeploymentError

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

    from connectors.ledger import client as ledger_client
    from connectors.ledger.store import Ledger

    with Ledger(running().settings.database_url or "", client).transaction() as connection:
        stored = ledger_client.read(connection, client)
    if stored is None:
        raise DeploymentError(f"no client {client!r}; `fullcycle client add` registers one")
    print(yaml.safe_dump(stored, allow_unicode=True, sort_keys=False), end="")


def doctor(client: str) -> None:
    """Look at every system of a client for real; exit code 1 if anything is wrong."""
    from rich.table import Table

    state = running()
    join(state)

    from connectors.ledger import client as ledger_client
    from connectors.ledger.store import Ledger
    from deployments.doctor import examine
    from tasks.process import Process

    with Ledger(state.settings.database_url or "", client).transaction() as connection:
        stored = ledger_client.read(connection, client)
    if stored is None:
        raise DeploymentError(f"no client {client!r}; `fullcycle client add` registers one")
    found = asyncio.run(examine(Process.model_validate(stored)))
    table = Table("system", "looked at", "wrong", "remedy")
    for finding in found:
        check = finding.check
        row = (check.wrong, check.remedy) if check.wrong else ("[green]no[/green]", "")
        table.add_row(finding.system, check.what, *row)
    console.print(table)
    if any(finding.check.wrong for finding in found):
        raise typer.Exit(1)
