"""The quarantine: who is held at which gate, why, and how a person puts it right."""

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
from deployments.errors import DeploymentError

if TYPE_CHECKING:
    from connectors.ledger.inspection import Holding

app = typer.Typer(no_args_is_help=True, help="See who is held at a gate; correct, release them.")


@app.command("list")
def quarantine_list(
    client: Client = "harbor", requisition: Requisition = "", as_json: AsJson = False
) -> None:
    """List everyone who is held at a gate: why, since when, and what would help."""
    from connectors.ledger import status
    from connectors.ledger.scope import Scope
    from connectors.ledger.store import Ledger

    with Ledger(database_url(), client).transaction() as connection:
        held = status.held(connection, Scope(client, requisition or None))
    if as_json:
        print(json.dumps(status.as_json(held), indent=1))
        return
    for row in held:
        say(
            f"{row.subject}  {row.rule}  at {row.stage} since {row.since:%Y-%m-%d},"
            f" on {row.owner}: {row.reason}; {row.remedy}"
        )
    say(f"{len(held)} in quarantine")


@app.command("show")
def quarantine_show(
    subject: str,
    client: Client = "harbor",
    values: Annotated[
        bool, typer.Option("--values", help="Show what can be corrected as it is: personal data.")
    ] = False,
    by: Annotated[str, typer.Option(help="With --values: who looks, your name or role.")] = "",
    why: Annotated[str, typer.Option(help="With --values: why, in a sentence; it is kept.")] = "",
) -> None:
    """Show what holds somebody, which fields the rule looks at, and what was done about it."""
    if values and not (by.strip() and why.strip()):
        raise DeploymentError("--values shows personal data: say --by and --why; they are kept")
    join(running())
    from connectors.ledger import audit, inspection
    from tasks import clock, enter

    with enter.ledger_of(client).transaction() as connection:
        history = inspection.history(connection, client, subject)
        acts = audit.acts(connection, client, subject)
    if not history:
        raise DeploymentError(f"{subject} was never held; see `fullcycle quarantine list`")
    for each in history:
        say(_holding(each))
    for act in acts:
        say(f"{act.at:%Y-%m-%d %H:%M}  {act.by}: {act.command} {act.about}: {act.why}")
    if values:
        for field, value in enter.reveal(client, subject, by, why, clock.now()).items():
            say(f"{field}: {value or 'none'}")


def _holding(holding: "Holding") -> str:
    from expectations import SUITES

    rules = {rule.id: rule for suite in SUITES.values() for rule in suite}
    rule = rules.get(holding.rule)
    looks = f"; it looks at {', '.join(rule.fields)}" if rule else ""
    since = f"{holding.rule}  at {holding.stage} since {holding.opened_at:%Y-%m-%d %H:%M}"
    if holding.closed_at is None:
        return f"{since}, on {holding.owner}: {holding.reason}; {holding.remedy}{looks}"
    word = f" by {holding.closed_by}: {holding.note}" if holding.closed_by else ""
    return f"{since}: {holding.outcome} on {holding.closed_at:%Y-%m-%d %H:%M}{word}"


@app.command("correct")
def quarantine_correct(
    client: Client,
    subject: str,
    fields: Annotated[
        list[str],
        typer.Argument(help="FIELD=VALUE, or FIELD alone to be asked for it and leave no trace."),
    ],
    by: By,
    why: Why,
) -> None:
    """Correct the record of an application that is held; its gate judges it again."""
    join(running())
    from tasks import clock, enter
    from tasks.correct import correct

    given = dict(_pair(field) for field in fields)
    changed = correct(enter.ledger_of(client), subject, given, by, why, clock.now())
    done = f"{', '.join(changed)} corrected; its gate looks again at the next sweep"
    say(f"{subject}: {done if changed else 'nothing has changed'}")


def _pair(field: str) -> tuple[str, str]:
    name, told, value = field.partition("=")
    return name, value if told else str(typer.prompt(name))


@app.command("release")
def release(client: Client, subject: str, rule: str, by: By, why: Why) -> None:
    """Let somebody who is held in quarantine pass one rule, on your word."""
    join(running())
    from tasks import clock, enter

    enter.release(client, subject, rule, by, why, clock.now())
    say(f"{subject} passes {rule} at the next sweep")
