"""Applications in the built-in tracker: what waits for a decision, and the decisions."""

import json
from typing import Annotated, Literal

import typer

from deployments.cli.common import AsJson, By, Client, Requisition, Why, join, running, say
from deployments.errors import DeploymentError

app = typer.Typer(no_args_is_help=True, help="Decide on applications in the built-in tracker.")

Stage = Literal["screen", "submitted", "interview", "offer", "hired"]
Reason = Literal[
    "not_qualified", "not_selected", "background", "position_closed", "duplicate", "withdrew"
]
Held = Literal["completed", "no_show", "cancelled"]
Word = Literal["strong_no", "no", "yes", "strong_yes"]


@app.command("list")
def application_list(
    client: Client = "harbor", requisition: Requisition = "", as_json: AsJson = False
) -> None:
    """List the applications in the built-in tracker: their stage, and whose decision is due."""
    join(running())
    from connectors.ledger.status import as_json as plain
    from tasks import clock, tracker

    found = tracker.waiting(client, requisition or None, clock.now())
    if as_json:
        rows = [row | {"to_do": due} for each, due in found for row in plain([each])]
        print(json.dumps(rows, indent=1, default=str))
        return
    for each, due in found:
        say(f"{each.application}  {each.stage}" + (f"  {due}" if due else ""))
    say(f"{len(found)} applications")


@app.command("show")
def application_show(client: Client, application: str, by: By, why: Why) -> None:
    """Show who applied, the notes, and the scorecards that may be read: personal data."""
    join(running())
    from tasks import clock, tracker

    found = tracker.show(client, application, by, why, clock.now())
    for line in (found.name, found.email or "no e-mail address", found.phone or "no telephone"):
        say(line)
    for note in found.notes:
        say(note)
    for card in found.scorecards:
        say(f"{card.round} by {card.author}, {card.submitted_at:%Y-%m-%d}: {card.recommendation}")
        for answer in card.answers:
            say(f"  {answer.question}: {answer.value}")


@app.command("move")
def application_move(client: Client, application: str, to: Stage, by: By, why: Why) -> None:
    """Move it to a stage: `interview` accepts who was submitted, `offer` selects a finalist."""
    join(running())
    from tasks import clock, tracker

    tracker.move(client, application, to, by, why, clock.now())
    say(f"{application} is at {to}; it goes on at the next sweep")


@app.command("reject")
def application_reject(client: Client, application: str, reason: Reason, by: By, why: Why) -> None:
    """Archive it with a reason; the candidate is told at the next sweep."""
    join(running())
    from tasks import clock, tracker

    tracker.reject(client, application, reason, by, why, clock.now())
    say(f"{application} is archived; the candidate is told at the next sweep")


@app.command("interview")
def application_interview(
    client: Client, application: str, round: str, status: Held, by: By, why: Why
) -> None:
    """Record whether an interview took place; one that did not is scheduled anew."""
    join(running())
    from tasks import clock, tracker

    tracker.record_interview(client, application, round, status, by, why, clock.now())
    say(f"{round} of {application} is {status}")


@app.command("scorecard")
def application_scorecard(
    client: Client,
    application: str,
    round: str,
    by: Annotated[
        str, typer.Option(help="Whose it is; of an interview, the interviewer's e-mail address.")
    ],
    why: Why,
    answers: Annotated[
        list[str] | None, typer.Argument(help="ANSWER=VALUE, as in interested=yes.")
    ] = None,
    recommendation: Annotated[
        Word | None, typer.Option(help="The overall recommendation; an interview's has one.")
    ] = None,
) -> None:
    """Hand in the scorecard of an interview, or of the phone screen (`recruiter_screen`)."""
    join(running())
    from tasks import clock, tracker

    given = dict(_pair(answer) for answer in answers or ())
    now = clock.now()
    tracker.submit_scorecard(client, application, round, recommendation, given, by, why, now)
    say(f"the scorecard {round} of {application} is in")


def _pair(answer: str) -> tuple[str, str]:
    name, told, value = answer.partition("=")
    if not told:
        raise DeploymentError(f"{name!r} is no answer; write NAME=VALUE")
    return name, value
