"""Import: take over what is under way in a client's tracker."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Column, Table

from deployments.cli.common import console, join, problems, running, say
from deployments.errors import DeploymentError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


def import_in_flight(
    client: str,
    file: Annotated[
        Path | None, typer.Argument(help="What to take over (YAML). None: look only.")
    ] = None,
    draft: Annotated[
        Path | None, typer.Option(help="Write a file to fill in, of all jobs not carried yet.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who says so: your name or role.")] = "",
    why: Annotated[str, typer.Option(help="Why, in a sentence; it is kept.")] = "",
) -> None:
    """Take over requisitions and candidates that are under way in the client's tracker.

    Without a file it shows what is under way, what is carried, and what is missing in that; with
    `--draft` it writes the file to fill in. Nobody is moved back, or written to because of it. Exit
    code 1 if anything was refused; the rest is taken over.
    """
    from deployments import in_flight_file

    wanted, wrong = in_flight_file.read(file) if file else ([], [])
    if file and not (by.strip() and why.strip()):
        raise DeploymentError("say --by whom and --why; both are kept with what is taken over")
    for problem in wrong:
        problems.print(problem, style="red", highlight=False, soft_wrap=True)
    if file and not wanted:
        raise DeploymentError(f"{file}: nothing in it can be taken over; nothing was")
    join(running())
    from flows.in_flight import REFUSED, import_in_flight, list_in_flight

    run = (
        import_in_flight(client, tuple(wanted), by, why, return_state=True)
        if file
        else list_in_flight(client, return_state=True)
    )
    state = asyncio.run(_finished(run))
    if state.is_failed() and state.name != REFUSED:
        raise DeploymentError(str(state.message))
    _show(client, draft)
    say(str(state.message))
    if wrong or not state.is_completed():
        raise typer.Exit(1)


async def _finished(run: Awaitable[Any]) -> "State[None]":
    state: State[None] = await run
    return state


def _show(client: str, draft: Path | None) -> None:
    """Print what is under way and what is missing, and write the file to fill in."""
    from deployments import in_flight_file
    from tasks import clock, in_flight
    from tasks.desk import desk_of

    jobs, as_of = in_flight.look(desk_of(client)), clock.now()
    _print([in_flight.job_row(job, as_of) for job in jobs])
    _print([in_flight.gap_row(gap) for gap in in_flight.gaps(desk_of(client))])
    if draft:
        open_ones = [job for job in jobs if job.title and not job.requisition]
        in_flight_file.draft(draft, client, open_ones)
        say(f"{draft}: {len(open_ones)} to fill in")


def _print(rows: list[dict[str, str]]) -> None:
    if rows:
        table = Table(*(Column(name, overflow="fold") for name in rows[0]))
        for row in rows:
            table.add_row(*row.values())
        console.print(table)
