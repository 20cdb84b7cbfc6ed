"""Aftercare: contacts after 30, 60 and 90 days from the first day of work, then the end."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.ledger.aftercare import Row
from connectors.records import MoveApplication, TrackerStage
from tasks.aftercare import decide
from tests.tasks.factories import an_application, asked, decided, requests, the_move, told

FIRST_DAY = datetime(2026, 3, 18, 9, tzinfo=UTC)


def a_hire(contacted: tuple[int, ...] = (), **values: Any) -> Row:
    effects: dict[str, dict[str, Any]] = {}
    for days in contacted:
        effects |= asked("message.send", f"aftercare:{days}")
    common: dict[str, Any] = {
        "offer": {},
        "offer_hash": "v1",
        "start_on": date(2026, 3, 18),
        "signature": "signed",
        "signed_at": None,
        "paid_as_signed": True,
        "tracker_stage": "hired",
        "effects": effects,
    }
    return an_application(Row, **common | values)


@pytest.mark.parametrize(
    ("days", "contacted", "about", "state"),
    [
        (29, (), [], "d30"),
        (30, (), ["30"], "d60"),
        (59, (30,), [], "d60"),
        (60, (30,), ["60"], "d90"),
        (89, (30, 60), [], "d90"),
        (90, (30, 60), ["90"], "ended"),
    ],
)
def test_each_contact_is_made_on_its_day_once(
    days: int, contacted: tuple[int, ...], about: list[str], state: str
) -> None:
    decisions = decided(decide, a_hire(contacted), as_of=FIRST_DAY + timedelta(days=days))

    assert [e.key.rpartition(":")[2] for e in decisions.effects] == about
    assert the_move(decisions).to_state == state


def test_after_ninety_days_the_hire_is_hired_and_paid() -> None:
    decisions = decided(decide, a_hire((30, 60, 90)), as_of=FIRST_DAY + timedelta(days=91))

    assert the_move(decisions).disposition == "HIRED_PAID"
    assert not told(decisions)


def test_the_tracker_shows_the_hire() -> None:
    decisions = decided(decide, a_hire(tracker_stage="offer"), as_of=FIRST_DAY)

    assert [move.to for move in requests(decisions, MoveApplication)] == [TrackerStage.HIRED]
