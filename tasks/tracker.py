"""What recruiters, interviewers and hiring managers decide in the built-in tracker.

In an applicant tracking system they would do it there. Each decision leaves one row in the trail,
in the transaction of what it did, and moves nobody by itself: the next sweep reads the tracker.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from connectors.errors import Refused
from connectors.ledger import tracker
from connectors.ledger.audit import Act
from connectors.ledger.tracker import NAME, SCREEN_ROUND, Decided, Dossier, Standing
from connectors.records import (
    WITHDREW,
    InterviewStatus,
    Recommendation,
    RejectionReason,
    TrackerStage,
)
from tasks.enter import ledger_of

Stage = Literal["screen", "submitted", "interview", "offer", "hired"]
Held = Literal["completed", "no_show", "cancelled"]
Word = Literal["strong_no", "no", "yes", "strong_yes"]
YES_NO, NUMBER = re.compile("yes|no"), re.compile("[0-9]{1,15}")
VERDICT = re.compile("met|not_met")
# What a recruiter's screen asks, beside a verdict on each must-have.
SCREEN = {"interested": YES_NO, "pay_expectation_cents": NUMBER, "notice_days": NUMBER}


def move(client: str, application: str, to: Stage, by: str, why: str, as_of: datetime) -> None:
    """Move an application: to `interview` accepts a submittal, to `offer` selects a finalist.

    Raises Refused if there is no such application, or if it is archived.
    """
    with _decided(client, "move", application, to, by, why, as_of) as connection:
        tracker.move(connection, client, application, TrackerStage(to))


def reject(
    client: str, application: str, reason: RejectionReason, by: str, why: str, as_of: datetime
) -> None:
    """Archive an application with a reason; raises Refused if it is archived, or there is none."""
    with _decided(client, "reject", application, reason, by, why, as_of) as connection:
        by_candidate = reason == WITHDREW
        if not tracker.reject(connection, client, application, reason, by_candidate=by_candidate):
            raise Refused(NAME, f"{application} is archived already")


def record_interview(
    client: str,
    application: str,
    round: str,
    status: Held,
    by: str,
    why: str,
    as_of: datetime,
) -> None:
    """Say what became of an interview; one that did not take place is scheduled anew.

    Raises Refused if none of this round is scheduled, or if it has not begun.
    """
    about = f"{round}: {status}"
    with _decided(client, "interview", application, about, by, why, as_of) as c:
        tracker.record_interview(c, client, application, round, InterviewStatus(status), as_of)


def submit_scorecard(
    client: str,
    application: str,
    round: str,
    recommendation: Word | None,
    answers: Mapping[str, str],
    by: str,
    why: str,
    as_of: datetime,
) -> None:
    """Hand in a scorecard: an interview's has a recommendation, the recruiter's screen answers.

    by: the author; of an interview, the interviewer's e-mail address. Raises Refused, naming what
    is missing or not known.
    """
    with _decided(client, "scorecard", application, round, by, why, as_of) as c:
        if round == SCREEN_ROUND:
            _check_screen(tracker.must_haves(c, client, application), answers)
        elif recommendation is None:
            raise Refused(NAME, "the feedback of an interview has a recommendation")
        word = Recommendation(recommendation) if recommendation else None
        tracker.put_scorecard(c, client, application, round, by, word, answers, as_of)


def show(client: str, application: str, by: str, why: str, as_of: datetime) -> Dossier:
    """What the tracker holds of an application: this is personal data, so it leaves an act."""
    with _decided(client, "show", application, "", by, why, as_of) as connection:
        found = tracker.dossier(connection, client, application)
        if found is None:
            raise Refused(NAME, f"no application {application}; see `fullcycle application list`")
    return found


def waiting(client: str, requisition: str | None, as_of: datetime) -> list[tuple[Standing, str]]:
    """The applications in the tracker that are not archived, each with what is to be done."""
    with ledger_of(client).transaction() as connection:
        found = tracker.standing(connection, client, requisition)
    return [(each, to_do(each, as_of)) for each in found]


def to_do(standing: Standing, as_of: datetime) -> str:
    """Whose decision an application waits for, and which; empty: nobody's."""
    match standing.stage:
        case TrackerStage.SCREEN if not standing.screened:
            return f"recruiter: call, and hand in the scorecard {SCREEN_ROUND}"
        case TrackerStage.SUBMITTED:
            return "hiring manager: move to interview, or reject"
        case TrackerStage.INTERVIEW if standing.rounds:
            return _after_interviews(standing, as_of)
    return ""


def _after_interviews(standing: Standing, as_of: datetime) -> str:
    over = [each for each in standing.rounds if each.ends_at <= as_of]
    for each in over:
        if each.status == InterviewStatus.SCHEDULED:
            return f"interviewer: record whether {each.name} has taken place"
        if each.status == InterviewStatus.COMPLETED and each.missing:
            return f"{', '.join(each.missing)}: hand in the scorecard {each.name}"
    if all(each.status == InterviewStatus.COMPLETED for each in standing.rounds):
        return "hiring manager: move to offer, or reject"
    return ""


def _check_screen(musts: Sequence[str], answers: Mapping[str, str]) -> None:
    known = SCREEN | {f"must_have:{must}": VERDICT for must in musts}
    wrong = [
        name for name in answers if name not in known or not known[name].fullmatch(answers[name])
    ]
    if wrong or "interested" not in answers:
        asked = ", ".join(f"{name} ({pattern.pattern})" for name, pattern in known.items())
        told = f"not known or not such a value: {', '.join(sorted(wrong))}"
        raise Refused(NAME, f"{told if wrong else 'interested is missing'}; a screen has {asked}")


def _decided(
    client: str, command: str, application: str, about: str, by: str, why: str, as_of: datetime
) -> Decided:
    act = Act(
        at=as_of,
        by=by,
        command=f"application {command}",
        subject=application,
        about=about,
        why=why,
    )
    return tracker.decided(ledger_of(client), act)
