"""New hires: who is to be reported to a state's directory, and the file that reports them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deployments.cli.clients import process_of
from deployments.cli.common import By, Why, console, join, problems, running, say
from deployments.errors import DeploymentError

app = typer.Typer(no_args_is_help=True, help="Report new hires to a state, where HR does it.")


@app.command("list")
def new_hires_list(
    client: str,
    draft: Annotated[
        Path | None, typer.Option(help="Write a file (CSV) to fill in, with names.")
    ] = None,
) -> None:
    """List the new hires whom HR is to report, to which state, and by when."""
    join(running())
    from deployments import new_hires_file
    from tasks import clock, new_hires

    found = new_hires.unreported(process_of(client), clock.now())
    table = Table("application", "state", "first day", "due", "employer")
    for each in found:
        days = (each.start_on.isoformat(), each.due_on.isoformat())
        table.add_row(each.application, each.state, *days, each.entity)
    console.print(table)
    if draft:
        new_hires_file.draft(draft, found)
        say(f"{draft}: {len(found)} to fill in; remove it when the states have been told")


@app.command("report")
def new_hires_report(
    client: str,
    state: Annotated[str, typer.Argument(help="The state whose directory is told, as US-NY.")],
    filled: Annotated[Path, typer.Argument(help="The draft, filled in by payroll or HR (CSV).")],
    out: Annotated[Path, typer.Argument(help="The file to write, for the directory's site.")],
    by: By,
    why: Why,
) -> None:
    """Write the file that reports new hires to a state's directory.

    What is filled in, social security numbers too, goes into that file and nowhere else.
    """
    join(running())
    from deployments import new_hires_file
    from tasks import clock, new_hires

    hired, wrong = new_hires_file.read(filled, state)
    for problem in wrong:
        problems.print(problem, style="red", highlight=False, soft_wrap=True)
    if not hired:
        raise DeploymentError(f"{filled}: nobody in it can be reported to {state}")
    new_hires_file.write(
        out, new_hires.report(process_of(client), state, hired, by, why, clock.now())
    )
    say(f"{out}: {len(hired)} to report; hand it in, confirm it by the link in the mail, remove it")
    if wrong:
        raise typer.Exit(1)
