"""Submittal: the packet says what was computed, the hiring manager decides in the tracker."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.ledger.submittal import Row
from connectors.records import AddNote, MoveApplication, TrackerStage
from tasks.submittal import decide, packet
from tests.tasks.factories import NOW, an_application, decided, requests, the_move, told


def a_submittal(**values: Any) -> Row:
    common: dict[str, Any] = {
        "musts": 4,
        "shown": 4,
        "met": 4,
        "interest_at": NOW,
        "interest_days": 0.5,
        "interest_lasts_days": 14,
        "expects_cents": 7000000,
        "pay_max_cents": 8873700,
        "screen_answers": [],
        "evidence": {"bookkeeping": True, "ledgers": True, "spreadsheets": False},
        "tracker_stage": "screen",
        "tracker_read_at": NOW,
    }
    return an_application(Row, **common | values)


def test_the_packet_states_each_verdict_as_it_was_computed() -> None:
    text = packet(a_submittal())

    assert "Two years of bookkeeping or accounting clerk work: met" in text
    assert "Works with spreadsheets in an automated accounting system: not met" in text
    assert "Explains a discrepancy clearly to someone outside accounting: not shown" in text
    assert "Interest confirmed on 2026-03-02" in text
    assert "Expected pay (cents): 7000000" in text


def test_a_submittal_goes_to_the_tracker_with_its_packet() -> None:
    decisions = decided(decide, a_submittal())

    assert [note.candidate_ref for note in requests(decisions, AddNote)] == ["candidate-7"]
    assert [m.to for m in requests(decisions, MoveApplication)] == [TrackerStage.SUBMITTED]
    due = the_move(decisions).due
    assert due is not None
    assert (due.owner, due.at) == ("client", NOW + timedelta(days=2))


def test_nothing_is_submitted_before_the_tracker_knows_the_candidate() -> None:
    decisions = decided(decide, a_submittal(candidate_ref=None))

    assert not decisions.moves
    assert not decisions.effects


@pytest.mark.parametrize("stage", ["interview", "offer"])
def test_the_hiring_manager_accepts_by_moving_on_in_the_tracker(stage: str) -> None:
    decisions = decided(decide, a_submittal(tracker_stage=stage, state="hm_review"))

    assert the_move(decisions).ready_for == "interviews"


@pytest.mark.parametrize(("days", "expected"), [(1, []), (2, ["submittal_reminder"])])
def test_a_silent_hiring_manager_is_nudged_after_two_business_days(
    days: int, expected: list[str]
) -> None:
    later = NOW + timedelta(days=days)
    row = a_submittal(state="hm_review", tracker_stage="submitted", tracker_read_at=later)

    assert told(decided(decide, row, as_of=later)) == expected


@pytest.mark.parametrize("read", [None, NOW + timedelta(days=1)])
def test_a_hiring_manager_whose_word_nobody_has_read_is_not_silent(read: datetime | None) -> None:
    row = a_submittal(state="hm_review", tracker_stage="submitted", tracker_read_at=read)

    assert told(decided(decide, row, as_of=NOW + timedelta(days=9))) == []
