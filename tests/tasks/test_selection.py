"""Selection: the hiring manager's move decides; everyone else waits as an alternate."""

from datetime import timedelta
from typing import Any

from connectors.ledger.selection import Row
from tasks.selection import decide
from tests.tasks.factories import NOW, an_application, decided, the_move

NYC = [["references", "offer"], ["offer", "background"]]


def a_finalist(**values: Any) -> Row:
    common: dict[str, Any] = {
        "rounds_planned": 1,
        "rounds_completed": 1,
        "scorecards_planned": 2,
        "scorecards_in": 2,
        "tracker_stage": "interview",
    }
    return an_application(Row, **common | values)


def test_whom_the_hiring_manager_moved_to_the_offer_passes_on() -> None:
    assert the_move(decided(decide, a_finalist(tracker_stage="offer"))).ready_for == "offer"


def test_where_law_wants_references_first_they_come_next() -> None:
    row = a_finalist(tracker_stage="offer", order_rules=NYC)

    assert the_move(decided(decide, row)).ready_for == "references"


def test_the_others_wait_and_nobody_is_rejected_by_the_engine() -> None:
    move = the_move(decided(decide, a_finalist()))

    assert (move.to_state, move.disposition, move.ready_for) == ("debrief", None, None)
    assert move.due is not None
    assert (move.due.owner, move.due.at) == ("client", NOW + timedelta(days=3))
