"""References: with consent, from at least two, and a silent referee is replaced."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.ledger.references import Row
from connectors.records import AskReference, SendMessage
from tasks.references import decide
from tests.tasks.factories import (
    HARBOR,
    NOW,
    an_application,
    answered,
    asked,
    decided,
    requests,
    the_move,
    told,
)


def a_finalist(**values: Any) -> Row:
    return an_application(Row, **{"selected": True, "answered": 0} | values)


def named(count: int, consent: str = "yes") -> dict[str, dict[str, Any]]:
    """The candidate's answer with so many referees."""
    given = {"consent": consent}
    for number in range(1, count + 1):
        given[f"referee{number}_name"] = f"Referee {number}"
        given[f"referee{number}_email"] = f"referee{number}@example.org"
    return answered("referees", **given)


def requested(*numbers: int, at: datetime = NOW, state: str = "done") -> dict[str, dict[str, Any]]:
    return {
        key: effect
        for number in numbers
        for key, effect in asked("references.ask", str(number), at=at, state=state).items()
    }


def newly_asked(row: Row, days: int) -> list[tuple[str, int]]:
    """Whom a decision so many days later asks: (referee, reminder)."""
    decisions = decided(decide, row, as_of=NOW + timedelta(days=days))
    return [(request.about, request.reminder) for request in requests(decisions, AskReference)]


def test_the_candidate_is_asked_for_consent_and_names_before_anyone_else() -> None:
    decisions = decided(decide, a_finalist())

    assert told(decisions) == ["referees"]
    assert not requests(decisions, AskReference)


def test_without_consent_nobody_is_asked() -> None:
    decisions = decided(decide, a_finalist(forms=named(4, consent="no")))

    assert the_move(decisions).to_state == "consent_refused"
    assert not decisions.effects


def test_the_first_two_are_asked_and_the_others_kept_in_reserve() -> None:
    assert newly_asked(a_finalist(forms=named(4)), days=0) == [("1", 0), ("2", 0)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (1, []),
        (2, [("1", 1), ("2", 1)]),
        (3, [("1", 1), ("2", 1), ("3", 0), ("4", 0)]),
    ],
)
def test_a_silent_referee_is_reminded_and_then_replaced(
    days: int, expected: list[tuple[str, int]]
) -> None:
    row = a_finalist(forms=named(4), effects=requested(1, 2))

    assert newly_asked(row, days) == expected


@pytest.mark.parametrize("state", ["due", "sending", "dead", "parked"])
def test_a_referee_who_was_not_reached_is_neither_reminded_nor_replaced(state: str) -> None:
    row = a_finalist(forms=named(4), effects=requested(1, 2, state=state))

    assert newly_asked(row, days=30) == []


def test_a_referee_nobody_will_ask_any_more_is_replaced() -> None:
    row = a_finalist(forms=named(4), effects=requested(1, state="waived") | requested(2))

    assert newly_asked(row, days=0) == [("3", 0)]


def test_patience_is_counted_in_the_places_own_business_days() -> None:
    monday = datetime(2026, 6, 29, 9, tzinfo=UTC)  # Canada Day is on Wednesday
    row = a_finalist(
        forms=named(4), effects=requested(1, 2, at=monday), jurisdictions=["CA", "CA-ON"]
    )

    thursday = decided(decide, row, as_of=monday + timedelta(days=3))
    friday = decided(decide, row, as_of=monday + timedelta(days=4))

    assert "3" not in {request.about for request in requests(thursday, AskReference)}
    assert "3" in {request.about for request in requests(friday, AskReference)}


def test_a_referee_who_never_worked_with_the_candidate_is_replaced_at_once() -> None:
    forms = named(4) | answered("reference", "referee-1", worked_together="no")

    assert newly_asked(a_finalist(forms=forms, effects=requested(1, 2)), days=1) == [("3", 0)]


def test_one_who_answered_is_neither_reminded_nor_replaced() -> None:
    forms = named(4) | answered("reference", "referee-1", worked_together="yes")
    row = a_finalist(forms=forms, effects=requested(1, 2), answered=1)

    assert newly_asked(row, days=3) == [("2", 1), ("3", 0)]


def test_at_most_four_are_asked_and_then_the_recruiter_telephones() -> None:
    row = a_finalist(forms=named(4), effects=requested(1, 2, 3, 4))

    decisions = decided(decide, row, as_of=NOW + timedelta(days=3))

    assert {r.about for r in requests(decisions, AskReference) if not r.reminder} == set()
    assert told(decisions) == ["reference_by_telephone"] * 2
    assert {message.to_email for message in requests(decisions, SendMessage)} == {
        HARBOR.people["recruiter"].email
    }


def telephoned(row: Row) -> list[str]:
    """Whose answers the recruiter is asked to write down."""
    messages = requests(decided(decide, row, as_of=NOW + timedelta(days=9)), SendMessage)
    return re.findall(r"\[\[form\|reference\|[^|]*\|([^|]*)\|", "".join(m.body for m in messages))


def test_who_is_telephoned_answers_the_question_of_the_letter_and_no_other() -> None:
    asked_all = a_finalist(forms=named(4), effects=requested(1, 2, 3, 4))
    assert telephoned(asked_all) == ["referee-1", "referee-2"]

    first = answered("reference", "referee-1", worked_together="yes")
    one_answered = a_finalist(forms=named(4) | first, effects=requested(1, 2, 3, 4), answered=1)
    assert telephoned(one_answered) == ["referee-2"]


def test_where_too_few_are_silent_the_recruiter_finds_others() -> None:
    refused = answered("reference", "referee-1", worked_together="no")
    row = a_finalist(forms=named(2) | refused, effects=requested(1, 2))

    assert telephoned(row) == ["referee-2", "telephone-1"]


def test_with_only_two_named_the_telephone_comes_as_soon_as_both_are_silent() -> None:
    row = a_finalist(forms=named(2), effects=requested(1, 2))

    assert not told(decided(decide, row, as_of=NOW + timedelta(days=2)))
    assert "reference_by_telephone" in told(decided(decide, row, as_of=NOW + timedelta(days=3)))


def test_two_usable_references_pass_on_whoever_gave_them() -> None:
    row = a_finalist(forms=named(4), effects=requested(1, 2, 3), answered=2)

    assert the_move(decided(decide, row)).ready_for == "background"
