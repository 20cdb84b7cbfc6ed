"""The `fullcycle` command: run the system, open requisitions, see what is stuck, settle it.

Everything heavy is imported inside the commands, so that `--help` answers at once and Prefect sees
the settings of the running system.
"""

import json
import os
import shutil
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deployments import embedded
from deployments.settings import DeploymentError, Settings
from deployments.state import State
from deployments.supervisor import SERVICES

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
requisition_app = typer.Typer(no_args_is_help=True, help="Open, import and cancel requisitions.")
client_app = typer.Typer(no_args_is_help=True, help="Register a client; export what is theirs.")
effect_app = typer.Typer(no_args_is_help=True, help="Settle effects that wait for a person.")
app.add_typer(requisition_app, name="requisition")
app.add_typer(client_app, name="client")
app.add_typer(effect_app, name="effect")
console = Console()
problems = Console(stderr=True)

Client = Annotated[str, typer.Option(help="The client's name.")]
By = Annotated[str, typer.Option(help="Who says so: your name or role.")]
Why = Annotated[str, typer.Option(help="Why, in a sentence; it is kept.")]


def main() -> None:
    """Run a command; what is in the way is said in one sentence."""
    from connectors.errors import ConnectorError

    try:
        app()
    except (DeploymentError, ConnectorError) as problem:
        problems.print(str(problem), style="red", highlight=False)
        raise SystemExit(1) from None


@app.command()
def up(
    sandbox: Annotated[bool, typer.Option(help="Also run the stand-in vendors.")] = False,
) -> None:
    """Start the system and leave it running: database, Prefect, deployments, receiver."""
    from deployments import setup

    sandbox = sandbox or _holds_a_sandbox()
    settings = sandbox_settings() if sandbox else Settings()
    state = embedded.up(settings, only={"postgres"})
    setup.prepare_ledger(state.settings)
    if sandbox:  # before serving: that registers the form of the accounts too, and would collide
        _register_sandbox_client(embedded.up(settings, only=set(SERVICES) - {"serve"}))
    state = embedded.up(settings, sandbox=sandbox)
    console.print(f"Prefect     {state.prefect_url}")
    console.print(f"receiver    {state.receiver_url}")
    if sandbox:
        console.print(f"sandbox     {state.sandbox_url}")
    console.print("`fullcycle status` says where things stand, `fullcycle down` stops the system.")


@app.command()
def down() -> None:
    """Stop the system; everything it knows stays."""
    embedded.down(Settings())
    console.print("stopped; `fullcycle up` continues where it was")


@app.command()
def status(
    client: Client = "harbor",
    requisition: Annotated[str | None, typer.Option(help="Only this requisition.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say for every requisition what is where, whose turn it is, and what is stuck."""
    from connectors.ledger.scope import Scope
    from connectors.ledger.store import Ledger
    from deployments import report

    settings = running().settings
    ledger = Ledger(settings.database_url or "", client)
    scope = Scope(client, requisition)
    if as_json:
        print(json.dumps(report.status_json(ledger, scope), indent=1))
    else:
        report.print_status(console, ledger, scope)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 7,
    applicants: Annotated[
        int, typer.Option(help="How many people; 0: the 320 that are shipped.")
    ] = 0,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Stop at this simulated day.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Forget an earlier demo first.")] = False,
) -> None:
    """Carry the sandbox's requisitions from intake to first pay statement on simulated time."""
    from deployments import demo, report

    settings = sandbox_settings()
    if fresh:
        embedded.down(settings)
        shutil.rmtree(settings.home, ignore_errors=True)
    plan = demo.Plan(seed=seed, applicants=applicants)
    with console.status("starting PostgreSQL, Prefect, the stand-ins and the receiver"):
        state = demo.prepare(settings, plan)
    console.print(f"watch it in the Prefect UI: {state.prefect_url}/runs")
    last = datetime.combine(until, demo.HOUR) if until else None
    with report.progress(console) as watch:
        demo.run(state, watch, last)
    report.print_demo(console, state)


@app.command()
def carry(client: Client, requisition: str) -> None:
    """Carry one requisition as far as it can go now."""
    _enter(running())
    from flows.requisition import carry_requisition

    console.print(_said(carry_requisition(client, requisition, return_state=True)))


@requisition_app.command("open")
def requisition_open(file: Path) -> None:
    """Open the requisition in a YAML file, or change it if it is known."""
    from deployments import intake_file

    wanted, wrong = intake_file.read(file)
    if wanted is None:
        problems.print(f"{file}: {len(wrong)} problem(s); nothing was opened", style="red")
        for problem in wrong:
            problems.print(f"  {problem}", highlight=False)
        raise typer.Exit(1)
    _enter(running())
    from tasks import clock, enter

    console.print(f"{wanted.code} {enter.requisition(wanted, clock.now())}")


@requisition_app.command("import")
def requisition_import(
    file: Path,
    mapping: Annotated[Path, typer.Option("--map", help="How columns become fields (YAML).")],
    refused: Annotated[Path | None, typer.Option(help="Write refused rows here (CSV).")] = None,
) -> None:
    """Open every row of a CSV file, or refuse it with its reasons; none is lost."""
    from deployments import intake_file

    settings = running().settings
    counts = intake_file.import_rows(
        file, mapping, refused or file.with_suffix(".refused.csv"), settings.database_url or ""
    )
    for name, count in counts.items():
        console.print(f"{count:6} {name}")


@requisition_app.command("cancel")
def requisition_cancel(client: Client, requisition: str, by: By, why: Why) -> None:
    """Close a requisition without filling it; everyone still open is told."""
    _enter(running())
    from flows.requisition import cancel_requisition

    console.print(_said(cancel_requisition(client, requisition, by, why, return_state=True)))


@client_app.command("add")
def client_add(file: Path) -> None:
    """Register a client from its process file, or take over a new version of it."""
    from pydantic import ValidationError

    from deployments import intake_file, setup
    from tasks.process import load

    try:
        process = load(file)
    except ValidationError as failure:
        for problem in intake_file.sentences(failure):
            problems.print(problem, style="red", highlight=False)
        raise typer.Exit(1) from None
    setup.register(running().settings, process)
    console.print(f"{process.client}: version {process.version} of its process is in force")


@client_app.command("export")
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


@app.command()
def release(client: Client, subject: str, rule: str, by: By, why: Why) -> None:
    """Let somebody who is held in quarantine pass one rule, on your word."""
    _enter(running())
    from tasks import clock, enter

    enter.release(client, subject, rule, by, why, clock.now())
    console.print(f"{subject} passes {rule} at the next sweep")


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
    _enter(running())
    from tasks import enter

    enter.settle_effect(client, key, state, by, why)
    console.print(f"{key} is {state}")


def _said(run: Awaitable[Any]) -> str:
    """Run a flow and return what its final state says."""
    import asyncio

    async def finish() -> str:
        return str((await run).message)

    return asyncio.run(finish())


def sandbox_settings() -> Settings:
    """The settings of a system whose vendors and clock are simulated."""
    settings = Settings()
    if settings.clock_file:
        return settings
    return settings.model_copy(update={"clock_file": settings.home / "sandbox" / "clock"})


def running() -> State:
    """The running system; raises DeploymentError with the remedy if there is none."""
    state = embedded.state(Settings())
    if state is None:
        raise DeploymentError("nothing runs here; start it with `fullcycle up`")
    return state


def _enter(state: State) -> None:
    """Let this process work with the running system."""
    os.environ.update(state.environment())


def _holds_a_sandbox() -> bool:
    return (Settings().home / "sandbox").exists()


def _register_sandbox_client(state: State) -> None:
    import asyncio

    from deployments import setup
    from deployments.sandbox.people import DATA
    from tasks.process import load

    process = load(DATA / "clients" / f"{setup.SANDBOX_CLIENT}.yaml")
    setup.register(state.settings, process)
    _enter(state)
    asyncio.run(setup.connect_sandbox(state.settings, setup.SANDBOX_CLIENT))


if __name__ == "__main__":
    main()
