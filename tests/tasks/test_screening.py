"""Screening: verdicts are computed from evidence, silence ends, and nobody types "qualified"."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.ledger.screening import Row
from connectors.records import MoveApplication, RejectApplication, TrackerStage
from tasks.screening import decide, verdicts
from tests.tasks.factories import (
    NOW,
    an_application,
    asked,
    decided,
    facts,
    kinds,
    requests,
    the_move,
    told,
)

GOOD = {"bookkeeping": "yes", "spreadsheets": "Yes "}
RESUME = "Six years of month-end RECONCILIATION."
MET = {"must_have:explains_figures": "met", "interested": "yes"}


def pairs(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"question": question, "value": value} for question, value in given.items()]


def a_candidate(
    answers: dict[str, str] = GOOD,
    resume: str = RESUME,
    heard: dict[str, str] | None = None,
    **values: Any,
) -> Row:
    common: dict[str, Any] = {
        "approved": True,
        "source_stamped": True,
        "owner_stamped": True,
        "answers": pairs(answers),
        "resume_text": resume,
        "screened_at": NOW if heard is not None else None,
        "screen_answers": pairs(heard or {}),
        "screens_read_at": NOW,
        "evidence": {},
    }
    return an_application(Row, **common | values)


def invited(days: int, kind: str = "message.send") -> tuple[Row, datetime]:
    """Somebody who was invited and has been silent for so many calendar days."""
    effects = asked(kind, "screen_invitation")
    email = "ada@example.org" if kind == "message.send" else None
    later = NOW + timedelta(days=days)
    row = a_candidate(state="recruiter_screen", effects=effects, email=email, screens_read_at=later)
    return row, later


def test_every_kind_of_evidence_counts_where_it_is_asked_for() -> None:
    assert verdicts(a_candidate(heard=MET)) == {
        "bookkeeping": True,
        "ledgers": True,
        "spreadsheets": True,
        "explains_figures": True,
    }


def test_nobody_is_judged_by_must_haves_that_nobody_has_approved() -> None:
    knocked = a_candidate({"bookkeeping": "no"})
    assert kinds(decided(decide, knocked))

    waiting = decided(decide, replace(knocked, screened_at=NOW, approved=False))
    invited = decided(decide, replace(knocked, approved=False))

    assert not (waiting.moves or waiting.effects or waiting.facts)
    assert told(invited) == ["screen_invitation"]


def test_a_must_have_without_evidence_has_no_verdict() -> None:
    assert verdicts(a_candidate(answers={}, resume="")) == {}


def test_the_screen_shows_what_the_papers_do_not() -> None:
    heard = MET | {"must_have:ledgers": "met", "must_have:bookkeeping": "not_met"}

    shown = verdicts(a_candidate(answers={}, resume="", heard=heard))

    assert shown == {"bookkeeping": False, "ledgers": True, "explains_figures": True}


def test_a_word_that_is_no_verdict_is_none() -> None:
    heard = {"must_have:explains_figures": "qualified!", "qualified": "yes", "interested": "yes"}

    decisions = decided(decide, a_candidate(heard=heard))

    assert the_move(decisions).to_state == "evidence_missing"


def test_who_meets_every_must_have_and_is_interested_passes_on() -> None:
    decisions = decided(decide, a_candidate(heard=MET))

    assert the_move(decisions).ready_for == "submittal"
    assert {f.values["must_have"]: f.values["source"] for f in facts(decisions, "evidence")} == {
        "bookkeeping": "answer",
        "ledgers": "resume",
        "spreadsheets": "answer",
        "explains_figures": "screen",
    }
    assert all(fact.values["met"] is True for fact in facts(decisions, "evidence"))


def test_evidence_that_is_in_the_ledger_is_not_recorded_twice() -> None:
    row = a_candidate(heard=MET, evidence={"bookkeeping": True, "ledgers": True})

    recorded = facts(decided(decide, row), "evidence")

    assert [f.values["must_have"] for f in recorded] == ["spreadsheets", "explains_figures"]


def test_a_knock_out_rejects_at_once_with_notice_and_reason() -> None:
    decisions = decided(decide, a_candidate(answers=GOOD | {"bookkeeping": "no"}))

    assert the_move(decisions).disposition == "REJECTED"
    assert told(decisions) == ["not_selected"]
    assert requests(decisions, RejectApplication)[0].reason == "not_qualified"
    assert False in [f.values["met"] for f in facts(decisions, "evidence")]


def test_any_other_unmet_must_have_is_talked_about_first() -> None:
    answers = GOOD | {"spreadsheets": "no"}

    assert told(decided(decide, a_candidate(answers=answers))) == ["screen_invitation"]
    after = decided(decide, a_candidate(answers=answers, heard=MET))
    assert the_move(after).disposition == "REJECTED"
    assert "spreadsheets" in the_move(after).reason


@pytest.mark.parametrize("interest", ["no", ""])
def test_who_is_not_interested_any_more_leaves_as_withdrawn(interest: str) -> None:
    decisions = decided(decide, a_candidate(heard=MET | {"interested": interest}))

    assert the_move(decisions).disposition == "WITHDRAWN"


def test_interest_nobody_asked_about_is_no_interest() -> None:
    decisions = decided(decide, a_candidate(heard={"must_have:explains_figures": "met"}))

    assert the_move(decisions).ready_for is None


def test_the_invitation_goes_out_once_and_the_tracker_shows_it() -> None:
    decisions = decided(decide, a_candidate())

    assert told(decisions) == ["screen_invitation"]
    assert requests(decisions, MoveApplication)[0].to is TrackerStage.SCREEN
    assert the_move(decisions).to_state == "recruiter_screen"


@pytest.mark.parametrize("kind", ["message.send", "message.by_hand"])
@pytest.mark.parametrize(
    ("days", "expected"),
    [(2, []), (3, ["screen_reminder"]), (9, ["screen_reminder"]), (10, ["no_response"])],
)
def test_silence_is_reminded_after_3_business_days_and_ends_after_8(
    kind: str, days: int, expected: list[str]
) -> None:
    row, later = invited(days, kind=kind)

    decisions = decided(decide, row, as_of=later)

    assert told(decisions)[-1:] == expected
    assert {k for k in kinds(decisions) if k.startswith("message")} <= {kind}


@pytest.mark.parametrize("kind", ["message.send", "message.by_hand"])
@pytest.mark.parametrize("state", ["due", "sending", "dead", "parked"])
def test_who_was_not_reached_is_not_silent(kind: str, state: str) -> None:
    row = a_candidate(
        state="recruiter_screen",
        email="ada@example.org" if kind == "message.send" else None,
        effects=asked(kind, "screen_invitation", state=state),
        screens_read_at=NOW + timedelta(days=30),
    )

    decisions = decided(decide, row, as_of=NOW + timedelta(days=30))

    assert not decisions.moves
    assert not decisions.effects


@pytest.mark.parametrize(
    ("read_after_days", "expected"),
    [(None, []), (2, []), (9, ["screen_reminder"]), (10, ["no_response"])],
)
def test_nobody_is_silent_for_longer_than_the_tracker_was_read(
    read_after_days: int | None, expected: list[str]
) -> None:
    read = None if read_after_days is None else NOW + timedelta(days=read_after_days)
    effects = asked("message.send", "screen_invitation")
    row = a_candidate(state="recruiter_screen", effects=effects, screens_read_at=read)

    decisions = decided(decide, row, as_of=NOW + timedelta(days=30))

    assert told(decisions) == expected


def test_silence_ends_as_withdrawn_in_the_tracker_too() -> None:
    row, later = invited(10)

    decisions = decided(decide, row, as_of=later)

    assert the_move(decisions).disposition == "WITHDRAWN"
    assert [r.by_candidate for r in requests(decisions, RejectApplication)] == [True]
