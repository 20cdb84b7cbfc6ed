"""Endings: whoever's application is over elsewhere is told, whoever decided it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from connectors.ledger.decisions import Decisions
from connectors.ledger.endings import Row
from connectors.records import RejectApplication
from tasks import endings
from tasks.process import Process
from tests.tasks.factories import an_application, decided, kinds, requests, the_move, told


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    return endings.decide(rows, process)


def over(**values: Any) -> Row:
    common: dict[str, Any] = {
        "stage": "interviews",
        "withdrawn": False,
        "archive_kind": None,
        "archive_reason": None,
        "requisition_over": None,
    }
    return an_application(Row, **common | values)


@pytest.mark.parametrize(
    ("why", "disposition", "template"),
    [
        ({"withdrawn": True}, "WITHDRAWN", "withdrawn"),
        ({"archive_kind": "by_candidate"}, "WITHDRAWN", "withdrawn"),
        ({"archive_kind": "by_employer", "archive_reason": "Other"}, "REJECTED", "not_selected"),
        ({"archive_kind": "other"}, "REJECTED", "not_selected"),
        ({"requisition_over": "FILLED"}, "REJECTED", "closed"),
        ({"requisition_over": "CANCELLED"}, "REJECTED", "closed"),
    ],
)
def test_every_ending_is_told_in_words_of_its_own(
    why: dict[str, Any], disposition: str, template: str
) -> None:
    decisions = decided(decide, over(**why))

    assert the_move(decisions).disposition == disposition
    assert told(decisions) == [template]


def test_nobody_is_left_without_an_answer() -> None:
    rows = [over(id=n, key=f"HARBOR-1.{n:010}", requisition_over="FILLED") for n in range(40)]

    decisions = decided(decide, *rows)

    assert told(decisions) == ["closed"] * 40
    assert len(decisions.moves) == 40


def test_the_tracker_is_told_unless_it_told_us() -> None:
    ours = decided(decide, over(requisition_over="FILLED"))
    theirs = decided(decide, over(archive_kind="by_employer", tracker_stage="archived"))

    assert [r.reason for r in requests(ours, RejectApplication)] == ["position_closed"]
    assert not requests(theirs, RejectApplication)


def test_one_without_an_address_is_told_by_a_person() -> None:
    assert kinds(
        decided(decide, over(requisition_over="FILLED", email=None, tracker_ref=None))
    ) == ["message.by_hand"]
