"""Who has withdrawn, was archived in the tracker, or whose requisition is over, is answered."""

from collections.abc import Sequence

from connectors.ledger.decisions import Decisions
from connectors.ledger.endings import OpenOffer, OpenOrder, Row
from connectors.records import CancelBackgroundCheck, CancelOffer
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


def call_off_checks(orders: Sequence[OpenOrder]) -> Decisions:
    """Call off each background check that nobody has begun, as its application has ended."""
    decisions = Decisions()
    for order in orders:
        request = CancelBackgroundCheck(order_ref=order.order_ref)
        decisions.effect(
            order.application, order.system, "background.cancel", request, about=order.order_ref
        )
    return decisions


def withdraw_offers(offers: Sequence[OpenOffer]) -> Decisions:
    """Withdraw what could still be signed though its application has ended."""
    decisions = Decisions()
    for offer in offers:
        request = CancelOffer(signature_ref=offer.signature_ref)
        decisions.effect(
            offer.application, offer.system, "offer.cancel", request, about=offer.offer_hash
        )
    return decisions
