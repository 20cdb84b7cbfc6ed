"""Which state of an application a job board is told, by what has happened here."""

from collections.abc import Sequence

from connectors.ledger.decisions import Decisions
from connectors.ledger.outcomes import Reached
from connectors.records import ApplicantStatus, TellBoard

STAGES = {
    "intake": ApplicantStatus.RECEIVED,
    "screening": ApplicantStatus.SCREENING,
    "submittal": ApplicantStatus.SHORTLISTED,
    "interviews": ApplicantStatus.INTERVIEWING,
}
# What is good news is told when it was done, not when it was decided.
DONE = {
    "offer.send": ApplicantStatus.OFFERED,
    "background.order": ApplicantStatus.CHECKED,
    "payroll.create": ApplicantStatus.HIRED,
}
ENDS = {
    "REJECTED": ApplicantStatus.NOT_SELECTED,
    "RESCINDED": ApplicantStatus.NOT_SELECTED,
    "DUPLICATE": ApplicantStatus.DUPLICATE,
    "WITHDRAWN": ApplicantStatus.WITHDRAWN,
    "NO_SHOW": ApplicantStatus.WITHDRAWN,
    "OFFER_DECLINED": ApplicantStatus.DECLINED,
    "HIRED_PAID": ApplicantStatus.HIRED,
}


def decide(reached: Sequence[Reached]) -> Decisions:
    """Tell each state once, and no reason with it."""
    decisions = Decisions()
    for state in reached:
        request = TellBoard(
            application_ref=state.ref, status=ApplicantStatus(state.status), since=state.since
        )
        decisions.effect(state.application, state.board, "board.tell", request, about=state.status)
    return decisions
