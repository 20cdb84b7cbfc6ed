"""How an application ends: with a reason, with notice to the person, and in the tracker too."""

from connectors.ledger.decisions import Decisions
from connectors.ledger.rows import ApplicationRow
from connectors.records import WITHDREW, RejectApplication, RejectionReason
from tasks.messages import tell_candidate
from tasks.process import Process


def reject(
    decisions: Decisions,
    row: ApplicationRow,
    process: Process,
    reason: RejectionReason,
    detail: str,
    *,
    disposition: str = "REJECTED",
    template: str = "not_selected",
) -> None:
    """End an application on the employer's side; nobody is left without an answer."""
    decisions.end(row, disposition, f"{reason}: {detail}")
    tell_candidate(decisions, row, process, template, reason=reason, detail=detail)
    _archive(decisions, row, process, reason)


def withdraw(
    decisions: Decisions,
    row: ApplicationRow,
    process: Process,
    reason: str,
    *,
    disposition: str = "WITHDRAWN",
    template: str = "withdrawn",
) -> None:
    """End an application on the candidate's side."""
    decisions.end(row, disposition, reason)
    tell_candidate(decisions, row, process, template)
    _archive(decisions, row, process, WITHDREW)


def _archive(
    decisions: Decisions, row: ApplicationRow, process: Process, reason: RejectionReason
) -> None:
    if row.tracker_ref and row.tracker_stage != "archived":
        request = RejectApplication(
            application_ref=row.tracker_ref, reason=reason, by_candidate=reason == WITHDREW
        )
        decisions.effect(row, process.systems.applicant_tracking, "tracker.reject", request)
