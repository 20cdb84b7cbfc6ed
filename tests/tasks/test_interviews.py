"""Interviews: what is planned is scheduled, what failed again, until all scorecards are in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.ledger.interviews import Row
from connectors.records import ScheduleInterview
from tasks.interviews import decide
from tests.tasks.factories import (
    HARBOR,
    NOW,
    an_application,
    asked,
    decided,
    fields,
    requests,
    the_move,
)

PANEL = {
    "name": "panel",
    "competency": "Explaining figures",
    "interviewers": [{"name": "Priya Nair", "email": "priya.nair@harborworks.example"}],
    "minutes": 60,
}


def an_interviewee(**values: Any) -> Row:
    common: dict[str, Any] = {
        "accepted": True,
        "packet_sent": True,
        "held": [],
        "authors": [],
        "rounds_planned": 1,
        "rounds_completed": 0,
        "scorecards_planned": 2,
        "scorecards_in": 0,
        "last_ended_at": None,
    }
    return an_application(Row, **common | values)


def round_held(status: str) -> dict[str, Any]:
    return {"round": "skills", "status": status, "starts_at": NOW, "ends_at": NOW}


def test_every_planned_round_is_scheduled_with_all_its_interviewers() -> None:
    skills = fields()["rounds"][0]

    decisions = decided(decide, an_interviewee(fields=fields(rounds=[skills, PANEL])))

    first, second = requests(decisions, ScheduleInterview)
    assert (first.round, second.round) == ("skills", "panel")
    assert len(first.interviewers) == 2
    assert second.ends_at - second.starts_at == timedelta(minutes=60)
    assert first.starts_at < second.starts_at


def test_interviews_are_in_the_clients_working_hours() -> None:
    decisions = decided(decide, an_interviewee(), as_of=datetime(2026, 7, 2, 3, tzinfo=UTC))

    (slot,) = requests(decisions, ScheduleInterview)
    assert HARBOR.time_zone == "America/New_York"
    assert slot.starts_at == datetime(2026, 7, 7, 14, tzinfo=UTC)  # after 4 July and its weekend


def test_what_is_scheduled_is_not_scheduled_again() -> None:
    row = an_interviewee(effects=asked("tracker.interview", "skills:1"))

    assert not requests(decided(decide, row), ScheduleInterview)


def test_a_cancelled_or_missed_round_is_scheduled_again() -> None:
    effects = asked("tracker.interview", "skills:1") | asked("tracker.interview", "skills:2")
    row = an_interviewee(held=[round_held("cancelled"), round_held("no_show")], effects=effects)

    (effect,) = decided(decide, row).effects

    assert effect.key.endswith("skills:3")


def test_a_missing_scorecard_is_waited_for_two_business_days_after_the_last_interview() -> None:
    row = an_interviewee(rounds_completed=1, scorecards_in=1, last_ended_at=NOW)

    move = the_move(decided(decide, row))

    assert (move.to_state, move.ready_for) == ("feedback_due", None)
    assert move.due is not None
    assert move.due.at == NOW + timedelta(days=2)


def test_all_rounds_and_all_scorecards_pass_on() -> None:
    row = an_interviewee(rounds_completed=1, scorecards_in=2, last_ended_at=NOW)

    assert the_move(decided(decide, row)).ready_for == "selection"
