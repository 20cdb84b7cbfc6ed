"""Paid as promised: the hire counts, and the contacts after 30, 60 and 90 days are laid."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from connectors.ledger import aftercare as ledger
from connectors.ledger.aftercare import Row
from connectors.ledger.decisions import Decisions, Due
from connectors.records import MoveApplication, TrackerStage
from tasks.messages import tell_candidate, to_be_told
from tasks.process import Process
from tasks.stage import Stage

STAGE = Stage("aftercare", ledger.Row, ledger.ROWS)
CONTACT_DAYS = (30, 60, 90)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Write on each contact day, counted from the first day of work; end as hired and paid."""
    decisions = Decisions()
    for row in rows:
        first_day = datetime.combine(row.start_on or row.since.date(), time(9), UTC)
        if row.tracker_ref and row.tracker_stage != "hired":
            move = MoveApplication(application_ref=row.tracker_ref, to=TrackerStage.HIRED)
            tracker = process.systems.applicant_tracking
            decisions.effect(row, tracker, "tracker.move", move, about="hired")
        for days in CONTACT_DAYS:
            due = first_day + timedelta(days=days)
            if as_of < due:
                decisions.hold(row, f"d{days}", Due(due, "provider"))
                break
            if not to_be_told(row, f"aftercare:{days}"):
                tell_candidate(decisions, row, process, "aftercare", about=str(days), days=days)
        else:
            decisions.end(row, "HIRED_PAID", "paid as signed, 90 days of aftercare done")
    return decisions
