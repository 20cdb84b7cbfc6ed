"""Who has withdrawn, was archived in the tracker, or whose requisition is over, is answered."""

from collections.abc import Sequence

from connectors.ledger.decisions import Decisions
from connectors.ledger.endings import Row
from tasks.process import Process
from tasks.rejection import reject, withdraw


def decide(rows: Sequence[Row], process: Process) -> Decisions:
    """End what has ended elsewhere; closing a requisition disposes of everyone still open.

    A new hire on the way to the first pay statement is not ended by the requisition's own closing.
    """
    decisions = Decisions()
    for row in rows:
        if row.withdrawn or row.archive_kind == "by_candidate":
            withdraw(decisions, row, process, "withdrawn by the candidate")
        elif row.archive_kind:
            reject(
                decisions,
                row,
                process,
                "not_selected",
                row.archive_reason or "decided by the hiring manager",
            )
        else:
            word = "filled" if row.requisition_over == "FILLED" else "closed by the client"
            reject(decisions, row, process, "position_closed", word, template="closed")
    return decisions
