"""Requisitions: open, import, cancel."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.common import By, Client, Why, console, join, problems, running, said

app = typer.Typer(no_args_is_help=True, help="Open, import and cancel requisitions.")


@app.command("open")
def requisition_open(file: Path, by: By, why: Why) -> None:
    """Open the requisition in a YAML file, or change it if it is known."""
    from deployments import intake_file

    wanted, wrong = intake_file.read(file)
    if wanted is None:
        problems.print(f"{file}: {len(wrong)} problem(s); nothing was opened", style="red")
        for problem in wrong:
            problems.print(f"  {problem}", highlight=False)
        raise typer.Exit(1)
    join(running())
    from tasks import clock, enter

    console.print(f"{wanted.code} {enter.requisition(wanted, by, why, clock.now())}")


@app.command("import")
def requisition_import(
    file: Path,
    mapping: Annotated[Path, typer.Option("--map", help="How columns become fields (YAML).")],
    by: By,
    why: Why,
    refused: Annotated[Path | None, typer.Option(help="Write refused rows here (CSV).")] = None,
) -> None:
    """Open every row of a CSV file, or refuse it with its reasons; none is lost."""
    from deployments import intake_file

    state = running()
    join(state)  # for its clock
    refused = refused or file.with_suffix(".refused.csv")
    url = state.settings.database_url or ""
    counts = intake_file.import_rows(file, mapping, refused, url, by, why)
    for name, count in counts.items():
        console.print(f"{count:6} {name}")


@app.command("cancel")
def requisition_cancel(client: Client, requisition: str, by: By, why: Why) -> None:
    """Close a requisition without filling it; everyone still open is told."""
    join(running())
    from flows.requisition import cancel_requisition

    console.print(said(cancel_requisition(client, requisition, by, why, return_state=True)))
