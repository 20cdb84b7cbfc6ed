"""Webhooks and deliveries: what came in, whether it was read, and how it is read again."""

import json
from typing import Annotated

import typer

from deployments.cli.common import AsJson, By, Client, Why, database_url, join, running, say

app = typer.Typer(no_args_is_help=True, help="See what came in; have it read again.")

OPEN = ("unread", "unreadable")


@app.command("list")
def webhook_list(
    client: Client = "harbor",
    state: Annotated[
        list[str] | None,
        typer.Option(help="unread, unreadable or read; may be repeated. Else what is not read."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what came in by state: what is unread or unreadable, if no state is named."""
    from connectors.ledger import inbox
    from connectors.ledger.status import as_json as plain
    from connectors.ledger.store import Ledger

    with Ledger(database_url(), client).transaction() as connection:
        found = inbox.arrived(connection, client, state or OPEN)
    if as_json:
        print(json.dumps(plain(found), indent=1))
        return
    for row in found:
        error = f": {row.error}" if row.error else ""
        say(f"{row.id}  {row.state}  {row.source}  {row.occurred_at:%Y-%m-%d %H:%M}{error}")
    say(f"{len(found)} deliveries")


@app.command("replay")
def webhook_replay(client: Client, delivery: int, by: By, why: Why) -> None:
    """Have the next sweep read a delivery again; what it says is never there twice."""
    join(running())
    from tasks import clock, enter

    source = enter.replay(client, delivery, by, why, clock.now())
    say(f"{source} {delivery} is read again at the next sweep")
