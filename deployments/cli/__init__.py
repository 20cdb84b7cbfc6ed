"""The `fullcycle` command: run the system, open requisitions, see what is stuck, settle it.

Everything heavy is imported inside the commands, so that `--help` answers at once and Prefect sees
the settings of the running system.
"""

import typer

from deployments.cli import (
    applications,
    clients,
    effects,
    in_flight,
    new_hires,
    quarantine,
    requisitions,
    settling,
    system,
    webhooks,
)
from deployments.cli.common import problems
from deployments.errors import DeploymentError

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
for command in (
    system.up,
    system.down,
    system.worker,
    system.status,
    system.demo,
    system.carry,
    clients.connect,
    clients.doctor,
    settling.hold,
    settling.resume,
    quarantine.release,
    settling.audit,
    settling.export,
    system.verify,
    system.backup,
    system.restore,
):
    app.command()(command)
app.command("import")(in_flight.import_in_flight)
app.add_typer(requisitions.app, name="requisition")
app.add_typer(applications.app, name="application")
app.add_typer(clients.app, name="client")
app.add_typer(new_hires.app, name="new-hires")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(effects.app, name="effect")
app.add_typer(webhooks.app, name="webhook")


def main() -> None:
    """Run a command; what is in the way is said in one sentence."""
    from connectors.errors import ConnectorError

    try:
        app()
    except (DeploymentError, ConnectorError) as problem:
        problems.print(str(problem), style="red", highlight=False)
        raise SystemExit(1) from None
