"""The system itself: start and stop it, see where it stands, prove it, keep it safe."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli.common import (
    By,
    Client,
    Why,
    console,
    database_url,
    join,
    problems,
    running,
    said,
)

if TYPE_CHECKING:
    from connectors.ledger.verify import Violation
    from deployments.settings import Settings
    from deployments.state import State

OneClient = Annotated[str | None, typer.Option("--client", help="Only this client.")]


def up(
    sandbox: Annotated[bool, typer.Option(help="Also run the stand-in vendors.")] = False,
) -> None:
    """Start the system and leave it running: database, Prefect, deployments, receiver."""
    from deployments import embedded, setup
    from deployments.settings import Settings
    from deployments.supervisor import SERVICES

    sandbox = sandbox or _holds_a_sandbox()
    settings = sandbox_settings() if sandbox else Settings()
    state = embedded.up(settings, only={"postgres"})
    setup.prepare_ledger(state.settings)
    if sandbox:  # before serving: that registers the accounts' forms too, and would collide
        _register_sandbox_client(embedded.up(settings, only=set(SERVICES) - {"serve"}))
    state = embedded.up(settings, sandbox=sandbox)
    console.print(f"Prefect     {state.prefect_url}")
    console.print(f"receiver    {state.receiver_url}")
    if sandbox:
        console.print(f"sandbox     {state.sandbox_url}")
    console.print("`fullcycle status` says where things stand, `fullcycle down` stops the system.")


def down() -> None:
    """Stop the system; everything it knows stays."""
    from deployments import embedded
    from deployments.settings import Settings

    embedded.down(Settings())
    console.print("stopped; `fullcycle up` continues where it was")


def worker(pool: Annotated[str, typer.Argument(help="As in clients' processes.")]) -> None:
    """Carry a pool's clients until stopped, beside the workers that do so already.

    On another machine PREFECT_API_URL says where the system runs; see docs/scaling.md.
    """
    elsewhere = "PREFECT_API_URL" in os.environ
    if not elsewhere:
        join(running())
    from deployments import serve
    from deployments.settings import Settings
    from deployments.worker import work

    if not elsewhere:
        serve.register(Settings(), [pool])
    work(pool)


def status(
    client: Client = "harbor",
    requisition: Annotated[str | None, typer.Option(help="Only this requisition.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say for every requisition what is where, whose turn it is, and what is stuck."""
    from connectors.ledger import breaker, hold
    from connectors.ledger.scope import Scope
    from connectors.ledger.status import as_json as plain
    from connectors.ledger.store import Ledger
    from deployments import report

    ledger = Ledger(database_url(), client)
    scope = Scope(client, requisition)
    with ledger.transaction() as connection:
        holds = hold.standing(connection, client)
        breakers = breaker.standing(connection, client)
    if as_json:
        stands = {"holds": plain(holds), "breakers": plain(breakers)}
        print(json.dumps(report.status_json(ledger, scope) | stands, indent=1))
        return
    report.print_status(console, ledger, scope)
    for held in holds:
        console.print(
            f"held: {held}, since {held.placed_at:%Y-%m-%d %H:%M}: {held.why} ({held.by})"
        )
    for broken in breakers:
        console.print(
            f"stands still: {broken}, since {broken.opened_at:%Y-%m-%d %H:%M}: {broken.reason};"
            f" tried again after {broken.try_at:%Y-%m-%d %H:%M}",
            highlight=False,
            soft_wrap=True,
        )


def demo(
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 7,
    applicants: Annotated[
        int, typer.Option(help="How many people; 0: the 320 that are shipped.")
    ] = 0,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Stop at this simulated day.")
    ] = None,
    system: Annotated[
        list[str] | None, typer.Option(help="Another vendor, as in applicant_tracking=lever.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Forget an earlier demo first.")] = False,
) -> None:
    """Carry the sandbox's requisitions from intake to first pay statement on simulated time."""
    from deployments import demo, embedded, report

    settings = sandbox_settings()
    if fresh:
        embedded.down(settings)
        shutil.rmtree(settings.home, ignore_errors=True)
    systems = dict(each.partition("=")[::2] for each in system or ())
    plan = demo.Plan(seed=seed, applicants=applicants, systems=systems)
    with console.status("starting PostgreSQL, Prefect, the stand-ins and the receiver"):
        state = demo.prepare(settings, plan)
    console.print(f"watch it in the Prefect UI: {state.prefect_url}/runs")
    last = datetime.combine(until, demo.HOUR) if until else None
    with report.progress(console) as watch:
        demo.run(state, watch, last)
    report.print_demo(console, state)


def carry(client: Client, requisition: str) -> None:
    """Carry one requisition as far as it can go now."""
    join(running())
    from flows.requisition import carry_requisition

    console.print(said(carry_requisition(client, requisition, return_state=True)))


def verify(client: OneClient = None) -> None:
    """Replay the log and look for anything that must never be; exit code 1 if there is any."""
    from connectors.ledger import client as ledger_client
    from connectors.ledger import verify as ledger_verify
    from connectors.ledger.store import Ledger

    url = database_url()
    found = {}
    for name in [client] if client else ledger_client.names(url):
        with Ledger(url, name).transaction() as connection:
            found[name] = ledger_verify.verify(connection, name)
    if not _sound(found):
        raise typer.Exit(1)


def backup(directory: Path) -> None:
    """Write the ledger, the accounts, the documents and their keys into a new directory."""
    from deployments import backup

    for client, fingerprint in backup.backup(running().settings, directory).items():
        console.print(f"{client}: ledger fingerprint {fingerprint[:16]}", highlight=False)
    console.print(f"{directory} holds secrets and people: keep it as you keep the system itself")


def restore(directory: Path, by: By, why: Why) -> None:
    """Bring a backup back into a home that was never used, and verify it; exit code as verify's."""
    from deployments import backup
    from deployments.settings import Settings

    restored = backup.restore(Settings(), directory, by, why)
    for client, fingerprint in restored.fingerprints.items():
        console.print(
            f"{client}: ledger fingerprint {fingerprint[:16]} as backed up", highlight=False
        )
    sound = _sound(restored.violations)
    console.print(
        "every client is held: `fullcycle up`, compare with the vendors, `fullcycle resume`"
    )
    if not sound:
        problems.print(
            "restored, but not sound, as it was not when it was backed up: take an older backup,"
            " or resume nobody before each violation is explained",
            style="red",
        )
        raise typer.Exit(1)


def _sound(violations: Mapping[str, "Sequence[Violation]"]) -> bool:
    """Print what each client's ledger violates; whether nothing does."""
    for client, found in violations.items():
        for each in found:
            problems.print(f"{client}: {each.rule}: {each.subject} {each.what}", highlight=False)
        console.print(f"{client}: {len(found)} violations", highlight=False)
    return not any(violations.values())


def sandbox_settings() -> "Settings":
    """The settings of a system whose vendors and clock are simulated."""
    from deployments.settings import Settings

    settings = Settings()
    if settings.clock_file:
        return settings
    # A stand-in answers at once, so nothing of it is under way for long.
    simulated = {"clock_file": settings.home / "sandbox" / "clock", "settling_seconds": 2.0}
    return settings.model_copy(update=simulated)


def _holds_a_sandbox() -> bool:
    from deployments.settings import Settings

    return (Settings().home / "sandbox").exists()


def _register_sandbox_client(state: "State") -> None:
    from deployments import setup
    from deployments.sandbox.people import DATA
    from tasks import clock
    from tasks.process import load

    process = load(DATA / "clients" / f"{setup.SANDBOX_CLIENT}.yaml")
    join(state)
    setup.register(state.settings, process, "up --sandbox", "the stand-ins' client", clock.now())
    asyncio.run(setup.connect_sandbox(state.settings, setup.SANDBOX_CLIENT))
