"""Effects: what is done outside, and what a person settles."""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli.common import (
    AsJson,
    By,
    Client,
    Requisition,
    Why,
    database_url,
    join,
    running,
    say,
)

if TYPE_CHECKING:
    from tasks.enter import Outcome

app = typer.Typer(no_args_is_help=True, help="See effects; settle those that need a person.")

OPEN = ("due", "sending", "dead", "parked")


@app.command("list")
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
        say(f"{row.state}  {row.key}  asked {row.asked_at:%Y-%m-%d}{tried}{words}")
    say(f"{len(found)} effects")


@app.command("retry")
def effect_retry(client: Client, key: str, by: By, why: Why) -> None:
    """Try a dead or parked effect again."""
    _settle(client, key, "retry", by, why)


@app.command("done")
def effect_done(
    client: Client,
    key: str,
    by: By,
    why: Why,
    ref: Annotated[
        str | None,
        typer.Option(help="The vendor's id of the job, application, offer, check or hire."),
    ] = None,
) -> None:
    """Confirm that a dead or parked effect has happened at the vendor, where --ref is looked at.

    Of an offer, check or hire that a person has called done, --ref may be given anew.
    """
    _settle(client, key, "done", by, why, ref)


@app.command("waive")
def effect_waive(client: Client, key: str, by: By, why: Why) -> None:
    """Give a dead or parked effect up."""
    _settle(client, key, "waive", by, why)


def _settle(
    client: str, key: str, outcome: "Outcome", by: str, why: str, ref: str | None = None
) -> None:
    join(running())
    from tasks import clock, desk, enter, seen

    if ref:
        seen.check(asyncio.run(desk.open_desk(client)), key, ref)
    state = enter.settle_effect(client, key, outcome, by, why, clock.now(), ref)
    say(f"{key} is {state}")
