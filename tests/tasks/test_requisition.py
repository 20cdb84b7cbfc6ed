"""Approval: of exactly this version, by the approver, once."""

from datetime import timedelta
from typing import Any

from connectors.ledger.requisition import Row
from connectors.records import CloseJob, SendMessage
from tasks.requisition import decide
from tests.tasks.factories import (
    NOW,
    a_requisition,
    answered,
    decided,
    facts,
    requests,
    the_move,
    told,
)


def a_request(**values: Any) -> Row:
    return a_requisition(Row, approved_hash=None, **values)


def test_the_approver_is_asked_about_exactly_the_present_version() -> None:
    decisions = decided(decide, a_request())

    (message,) = requests(decisions, SendMessage)
    assert told(decisions) == ["approve_requisition"]
    assert "[[form|approve_requisition|HARBOR-1|present|approver]]" in message.body
    due = the_move(decisions).due
    assert due is not None
    assert (due.owner, due.at) == ("client", NOW + timedelta(days=2))


def test_an_approval_opens_one_opening_for_each_head_and_passes_on() -> None:
    row = a_request(
        headcount=3, forms=answered("approve_requisition", "present", decision="approve")
    )

    decisions = decided(decide, row)

    assert [fact.values["number"] for fact in facts(decisions, "opening")] == [1, 2, 3]
    assert [change.values for change in decisions.changes] == [{"approved_hash": "present"}]
    assert the_move(decisions).ready_for == "sourcing"


def test_an_approval_of_another_version_counts_for_nothing() -> None:
    forms = answered("approve_requisition", "former", decision="approve")

    decisions = decided(decide, a_request(forms=forms))

    assert told(decisions) == ["approve_requisition"]
    assert the_move(decisions).ready_for is None
    assert not decisions.changes


def test_the_hash_that_was_approved_before_does_not_cover_a_changed_requisition() -> None:
    row = a_requisition(Row, approved_hash="former", approval_hash="present")

    assert told(decided(decide, row)) == ["approve_requisition"]


def test_what_is_approved_already_is_not_asked_about_again() -> None:
    decisions = decided(decide, a_requisition(Row))

    assert not decisions.effects
    assert the_move(decisions).ready_for == "sourcing"


def test_a_rejected_change_of_what_was_approved_ends_nothing_and_waits_for_the_client() -> None:
    forms = answered("approve_requisition", "present", decision="reject")
    row = a_requisition(Row, approved_hash="former", forms=forms)

    move = the_move(decided(decide, row))

    assert (move.to_state, move.ready_for, move.disposition) == ("change_rejected", None, None)
    assert move.due is not None
    assert (move.due.owner, move.due.at) == ("client", NOW + timedelta(days=2))


def test_a_cancelled_requisition_ends_also_while_it_waits_for_approval() -> None:
    forms = answered("cancel_requisition", decision="cancel", reason="no budget")
    row = a_requisition(Row, approved_hash="former", job_ref="job-1", forms=forms)

    decisions = decided(decide, row)

    assert the_move(decisions).disposition == "CANCELLED"
    assert [job.job_ref for job in requests(decisions, CloseJob)] == ["job-1"]


def test_a_rejection_by_the_approver_ends_it() -> None:
    forms = answered("approve_requisition", "present", decision="reject")

    assert the_move(decided(decide, a_request(forms=forms))).disposition == "REJECTED"
