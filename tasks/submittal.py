"""Who is qualified and interested goes to the hiring manager with a packet, who decides."""

from collections.abc import Sequence
from datetime import datetime

from connectors.ledger import submittal as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.submittal import Row
from connectors.records import AddNote, MoveApplication, TrackerStage
from tasks.clock import after_business_days
from tasks.messages import tell_colleague
from tasks.process import Process
from tasks.stage import Stage

STAGE = Stage("submittal", ledger.Row, ledger.ROWS)
VERDICTS = {True: "met", False: "not met", None: "not shown"}


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Send the packet, nudge a hiring manager whom the tracker shows silent, pass on the accepted.

    The hiring manager decides in the tracker: the next stage accepts, the archive (with its reason)
    declines, which tasks/endings.py sees. SLA 2 business days.
    """
    decisions = Decisions()
    for row in rows:
        sla = after_business_days(row.since, 2, row.jurisdictions)
        silent = row.tracker_read_at is not None and row.tracker_read_at >= sla
        if row.tracker_stage in {"interview", "offer"}:
            decisions.advance(row, to=process.next_stage("submittal", row.order_rules))
        elif row.state == "entered":
            _submit(decisions, row, process, as_of)
        elif silent and row.asked("message.send", "submittal_reminder") is None:
            manager = process.person("hiring_manager", row.fields)
            tell_colleague(decisions, row, process, "submittal_reminder", manager, "hiring_manager")
    return decisions


def _submit(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    tracker = process.systems.applicant_tracking
    if not row.tracker_ref or not row.candidate_ref:
        return
    decisions.hold(
        row, "hm_review", Due(after_business_days(as_of, 2, row.jurisdictions), "client")
    )
    note = AddNote(candidate_ref=row.candidate_ref, text=packet(row))
    decisions.effect(row, tracker, "tracker.note", note, about="packet")
    if row.tracker_stage != TrackerStage.SUBMITTED:
        move = MoveApplication(application_ref=row.tracker_ref, to=TrackerStage.SUBMITTED)
        decisions.effect(row, tracker, "tracker.move", move, about="submitted")


def packet(row: Row) -> str:
    """The submittal packet: each must-have with its verdict, interest, expectation, source."""
    verdicts = [
        f"- {must['text']}: {VERDICTS[row.evidence.get(must['id'])]}"
        for must in row.fields["must_haves"]
    ]
    interest = row.interest_at.date().isoformat() if row.interest_at else "not confirmed"
    return "\n".join(
        [
            f"Submittal for {row.requisition} ({row.key})",
            *verdicts,
            f"Interest confirmed on {interest}, valid for {row.interest_lasts_days} days",
            f"Expected pay (cents): {row.expects_cents or 'not stated'}",
            f"Source: {row.source}",
        ]
    )
