"""What every command needs: the options they share, the running system, and where to print."""

import asyncio
import os
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from deployments.errors import DeploymentError

if TYPE_CHECKING:
    from deployments.state import State

console = Console()
problems = Console(stderr=True)


def _said(value: str) -> str:
    if not value.strip():
        raise typer.BadParameter("is empty; it is kept with what was done")
    return value


Client = Annotated[str, typer.Option(help="The client's name.")]
By = Annotated[str, typer.Option(help="Who says so: your name or role.", callback=_said)]
Requisition = Annotated[str, typer.Option(help="Only this requisition.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Why = Annotated[str, typer.Option(help="Why, in a sentence; it is kept.", callback=_said)]


def say(line: str) -> None:
    """Print one line as it is: no colours, never broken."""
    console.print(line, highlight=False, soft_wrap=True, markup=False)


def running() -> "State":
    """The running system; raises DeploymentError with the remedy if there is none."""
    from deployments import embedded
    from deployments.settings import Settings

    state = embedded.state(Settings())
    if state is None:
        raise DeploymentError("nothing runs here; start it with `fullcycle up`")
    return state


def database_url() -> str:
    """Where the running system's ledger is, as the app sees it."""
    return running().settings.database_url or ""


def join(state: "State") -> None:
    """Let this process work with the running system."""
    os.environ.update(state.environment())


def said(run: Awaitable[Any]) -> str:
    """Run a flow and return what its final state says."""

    async def finish() -> str:
        return str((await run).message)

    return asyncio.run(finish())
