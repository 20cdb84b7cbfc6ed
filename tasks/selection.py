"""The hiring manager decides among those who were interviewed; everyone else is told."""

from collections.abc import Sequence
from datetime import datetime

from connectors.ledger import selection as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.selection import Row
from tasks.clock import after_business_days
from tasks.process import Process
from tasks.stage import Stage

STAGE = Stage("selection", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Pass on whom the hiring manager moved to the offer; the others wait as alternates.

    Whoever is archived in the tracker is told by tasks/endings.py; alternates are told when the
    requisition closes. final decision within 3 business days.
    """
    decisions = Decisions()
    for row in rows:
        if row.tracker_stage == "offer":
            decisions.advance(
                row,
                to=process.next_stage("selection", row.order_rules),
                reason="chosen by the hiring manager",
            )
        else:
            due = Due(after_business_days(as_of, 3, row.jurisdictions), "client")
            decisions.hold(row, "debrief", due)
    return decisions
