"""Every must-have gets evidence and a verdict; interest is confirmed; neither can be typed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.ledger import screening as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.screening import Row
from connectors.records import MoveApplication, TrackerStage
from tasks.clock import after_business_days
from tasks.messages import tell_candidate, to_be_told, told_at
from tasks.process import Process
from tasks.rejection import reject, withdraw
from tasks.stage import Stage

STAGE = Stage("screening", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Compute what is shown, invite to the recruiter's screen, pass on who meets every must-have.

    A failed knock-out and an unmet must-have reject with that reason; silence after a reminder
    ends as withdrawn. Nobody is silent for longer than the tracker was read. Nobody is judged by
    must-haves that nobody has approved: with a change of them, who was screened waits. Who was past
    the screen when we took over is passed on with the evidence there is.
    """
    decisions = Decisions()
    for row in rows:
        if row.was_past("submittal"):
            _record(decisions, row, verdicts(row), as_of)
            decisions.advance(
                row,
                to=process.next_stage("screening", row.order_rules),
                reason="past the screen when it was taken over",
            )
        elif row.approved:
            _judge(decisions, row, process, as_of)
        elif row.screened_at is None:
            _invite(decisions, row, process, as_of)
    return decisions


def verdicts(row: Row) -> dict[str, bool]:
    """Must-have id → met or not, for every must-have that has evidence by now."""
    answers = {answer["question"]: answer["value"] for answer in row.answers}
    screen = {answer["question"]: answer["value"] for answer in row.screen_answers}
    found: dict[str, bool] = {}
    for must in row.fields["must_haves"]:
        heard = screen.get(f"must_have:{must['id']}")
        if must["evidence"] == "answer" and must["id"] in answers:
            found[must["id"]] = answers[must["id"]].strip().casefold() in {"yes", "true", "1"}
        elif must["evidence"] == "resume" and _in_resume(row.resume_text, must["words"]):
            found[must["id"]] = True
        elif heard in {"met", "not_met"}:
            found[must["id"]] = heard == "met"
    return found


def _judge(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    musts = row.fields["must_haves"]
    shown = verdicts(row)
    failed = [must for must in musts if shown.get(must["id"]) is False]
    _record(decisions, row, shown, as_of)
    if knocked := [must for must in failed if must["knockout"]]:
        reject(decisions, row, process, "not_qualified", knocked[0]["text"])
    elif row.screened_at is None:
        _invite(decisions, row, process, as_of)
    elif failed:
        reject(decisions, row, process, "not_qualified", failed[0]["text"])
    elif _field(row, "interested") != "yes":
        withdraw(decisions, row, process, "not interested any more")
    elif len(shown) == len(musts):
        decisions.advance(row, to=process.next_stage("screening", row.order_rules))
    else:
        wait = Due(after_business_days(as_of, 2, row.jurisdictions), "provider")
        decisions.hold(row, "evidence_missing", wait)


def _in_resume(resume: str, words: Sequence[str]) -> bool:
    text = resume.casefold()
    return any(word.casefold() in text for word in words)


def _field(row: Row, name: str) -> str | None:
    return next((a["value"] for a in row.screen_answers if a["question"] == name), None)


def _record(decisions: Decisions, row: Row, shown: dict[str, bool], as_of: datetime) -> None:
    for must in row.fields["must_haves"]:
        if must["id"] in shown and must["id"] not in row.evidence:
            decisions.fact(
                "evidence",
                application_id=row.id,
                must_have=must["id"],
                source=_source(row, must),
                met=shown[must["id"]],
                shown_at=as_of,
            )


def _source(row: Row, must: dict[str, Any]) -> str:
    if any(answer["question"] == must["id"] for answer in row.answers):
        return "answer"
    in_resume = must["evidence"] == "resume" and _in_resume(row.resume_text, must["words"])
    return "resume" if in_resume else "screen"


def _invite(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    patience = process.screening
    heard_at, read_at = told_at(row, "screen_invitation"), row.screens_read_at
    places = row.jurisdictions
    if not to_be_told(row, "screen_invitation"):
        due = Due(after_business_days(as_of, patience.give_up_business_days, places), "candidate")
        decisions.hold(row, "recruiter_screen", due)
        tell_candidate(decisions, row, process, "screen_invitation")
        if row.tracker_ref and row.tracker_stage != TrackerStage.SCREEN:
            move = MoveApplication(application_ref=row.tracker_ref, to=TrackerStage.SCREEN)
            decisions.effect(
                row, process.systems.applicant_tracking, "tracker.move", move, about="screen"
            )
    elif heard_at is None or read_at is None:
        return  # who was not reached, or whose screen nobody has looked for, is not silent
    elif read_at >= after_business_days(heard_at, patience.give_up_business_days, places):
        withdraw(decisions, row, process, "no response to the screen", template="no_response")
    elif read_at >= after_business_days(heard_at, patience.remind_business_days, places):
        tell_candidate(decisions, row, process, "screen_reminder")
