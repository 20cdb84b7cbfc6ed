"""A requisition becomes open when the client has approved exactly what will be advertised."""

from collections.abc import Sequence
from datetime import datetime

from connectors.ledger import requisition as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.requisition import Row
from connectors.ledger.rows import RequisitionRow
from connectors.records import CloseJob
from tasks import market
from tasks.clock import after_business_days
from tasks.messages import tell_colleague
from tasks.process import Process
from tasks.stage import Stage

STAGE = Stage("requisition", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Ask for approval of the present version; open what is approved, end what is rejected.

    An approval binds to a hash of pay, places, headcount, level and must-haves: one given for
    another version counts for nothing. A change of what was approved before ends nothing when it is
    rejected, as people have applied: it waits until the client goes back, changes it or cancels.
    """
    decisions = Decisions()
    for row in rows:
        answer = row.answer("approve_requisition", row.approval_hash)
        if row.answer("cancel_requisition"):
            close(decisions, row, process, "CANCELLED", "cancelled by the client")
        elif row.approved_hash == row.approval_hash:
            decisions.advance(row, to="sourcing", reason="approved on the present version")
        elif answer is None:
            _ask(decisions, row, process, as_of)
        elif answer["decision"] == "approve":
            _approve(decisions, row)
        elif row.approved_hash:
            due = Due(after_business_days(as_of, 2, row.jurisdictions), "client")
            decisions.hold(row, "change_rejected", due)
        else:
            decisions.end(row, "REJECTED", "rejected by the approver")
    return decisions


def close(
    decisions: Decisions, row: RequisitionRow, process: Process, disposition: str, reason: str
) -> None:
    """End a requisition, and close the job that the tracker has for it."""
    decisions.end(row, disposition, reason)
    if row.job_ref:
        decisions.effect(
            row,
            process.systems.applicant_tracking,
            "tracker.close_job",
            CloseJob(job_ref=row.job_ref),
        )


def _ask(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    due = Due(after_business_days(as_of, 2, row.jurisdictions), "client")
    decisions.hold(row, "awaiting_approval", due)
    tell_colleague(
        decisions,
        row,
        process,
        "approve_requisition",
        process.person("approver"),
        "approver",
        about=row.approval_hash,
        hash=row.approval_hash,
        fields=row.fields,
        market=market.beside(row.fields, row.market),
    )


def _approve(decisions: Decisions, row: Row) -> None:
    decisions.change(row, approved_hash=row.approval_hash)
    for number in range(1, row.headcount + 1):
        decisions.fact("opening", requisition_id=row.id, number=number)
    decisions.advance(row, to="sourcing", reason="approved on the present version")
