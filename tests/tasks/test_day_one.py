"""The first day: the manager confirms the arrival, HR section 2 within the law's three days."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connectors.ledger.day_one import Row
from connectors.records import SendMessage
from tasks.day_one import decide
from tasks.process import Payroll, Process
from tests.tasks.factories import (
    HARBOR,
    an_application,
    answered,
    decided,
    fields,
    requests,
    the_move,
    told,
)

START = date(2026, 7, 1)  # a Wednesday; the 3rd is Independence Day observed
MORNING = datetime(2026, 7, 1, 9, tzinfo=UTC)
ARRIVED = answered("day_one", arrived="yes")


def a_hire(**values: Any) -> Row:
    common: dict[str, Any] = {
        "offer": {},
        "offer_hash": "v1",
        "start_on": START,
        "signature": "signed",
        "signed_at": None,
        "employee_ref": "employee-7",
        "onboarding": "complete",
        "hired_entity": None,
        "hired_start_on": START,
        "hired_cents": None,
        "hired_unit": None,
        "hired_place": None,
        "read_back": True,
        "section_1": True,
        "days_to_start": 0,
        "report_days": 20,
    }
    return an_application(Row, **common | values)


def test_nobody_is_asked_before_the_first_day() -> None:
    decisions = decided(decide, a_hire(), as_of=MORNING - timedelta(days=1))

    assert the_move(decisions).to_state == "before_start"
    assert not decisions.effects


def test_the_first_day_begins_at_midnight_where_the_client_is() -> None:
    midnight = datetime(2026, 7, 1, 4, tzinfo=UTC)  # in New York
    no = answered("day_one", arrived="no")

    evening = decided(decide, a_hire(forms=no), as_of=midnight - timedelta(seconds=1))
    day = decided(decide, a_hire(), as_of=midnight)

    move = the_move(evening)
    assert move.due is not None
    assert (move.to_state, move.due.at, evening.effects) == ("before_start", midnight, [])
    assert told(day) == ["day_one", "welcome"]


def test_on_the_first_day_the_manager_is_asked_and_the_new_hire_welcomed() -> None:
    decisions = decided(decide, a_hire(), as_of=MORNING)

    assert told(decisions) == ["day_one", "welcome"]
    assert requests(decisions, SendMessage)[0].to_email == "daniel.reyes@harborworks.example"


def test_after_arrival_hr_has_three_business_days_for_section_2() -> None:
    decisions = decided(decide, a_hire(forms=ARRIVED), as_of=MORNING)

    due = the_move(decisions).due
    assert due is not None
    assert (due.at.date(), due.legal) == (date(2026, 7, 7), True)
    (message,) = requests(decisions, SendMessage)
    assert message.to_email == HARBOR.people["hr"].email
    assert "2026-07-07" in message.subject


def test_documents_that_were_not_examined_are_asked_for_again() -> None:
    forms = ARRIVED | answered("i9_section_2", documents_examined="no")

    assert told(decided(decide, a_hire(forms=forms), as_of=MORNING)) == ["i9_section_2"]


def test_arrival_and_section_2_pass_on() -> None:
    forms = ARRIVED | answered("i9_section_2", documents_examined="yes")

    assert the_move(decided(decide, a_hire(forms=forms), as_of=MORNING)).ready_for == "payroll"


OFFER = {"work_place": fields()["places"][0], "entity": "Harbor Works Inc."}
BY_HR = HARBOR.model_copy(update={"payroll": Payroll(new_hire_report="hr")})
EXAMINED = ARRIVED | answered("i9_section_2", documents_examined="yes")


def at_work(**values: Any) -> Row:
    return a_hire(offer=OFFER, **values)


def test_hr_is_asked_for_the_report_on_the_first_day_and_waited_for_after_section_2() -> None:
    first = decided(decide, at_work(forms=ARRIVED), as_of=MORNING, process=BY_HR)
    later = decided(decide, at_work(forms=EXAMINED), as_of=MORNING, process=BY_HR)

    assert told(first) == ["i9_section_2", "new_hire_report"]
    letter = requests(first, SendMessage)[1]
    assert letter.to_email == HARBOR.people["hr"].email
    assert "US-CA, due 2026-07-21" in letter.subject
    move = the_move(later)
    assert move.due is not None
    assert (move.to_state, move.due.at.date()) == ("report_due", date(2026, 7, 21))
    assert (move.due.owner, move.due.legal) == ("client", True)


def test_a_state_that_asks_sooner_is_told_sooner() -> None:
    decisions = decided(
        decide, at_work(forms=EXAMINED, report_days=7), as_of=MORNING, process=BY_HR
    )
    due = the_move(decisions).due
    assert due is not None and due.at.date() == date(2026, 7, 8)


@pytest.mark.parametrize(
    ("process", "values", "reported"),
    [(HARBOR, {}, None), (BY_HR, {"report_days": None}, None), (BY_HR, {}, "yes")],
    ids=["payroll reports", "no law asks for it", "it is done"],
)
def test_nobody_waits_for_a_report_that_is_not_hrs_to_make(
    process: Process, values: dict[str, Any], reported: str | None
) -> None:
    forms = EXAMINED | (answered("new_hire_report", reported=reported) if reported else {})

    decisions = decided(decide, at_work(forms=forms, **values), as_of=MORNING, process=process)

    assert the_move(decisions).ready_for == "payroll"
    assert told(decisions) == []


def test_a_report_that_was_not_made_is_still_due() -> None:
    forms = EXAMINED | answered("new_hire_report", reported="no")
    decisions = decided(decide, at_work(forms=forms), as_of=MORNING, process=BY_HR)
    assert the_move(decisions).to_state == "report_due"


def not_arrived(word: str = "no") -> Row:
    """A hire of whom the manager has said at nine on the first day that they are not there."""
    given = {"fields": {"arrived": word}, "at": MORNING.isoformat()}
    return a_hire(forms={"day_one:": given})


@pytest.mark.parametrize("hours", [0, 1, 23])
def test_who_is_not_there_at_nine_has_a_day_to_come(hours: int) -> None:
    decisions = decided(decide, not_arrived(), as_of=MORNING + timedelta(hours=hours))

    move = the_move(decisions)
    assert (move.to_state, move.disposition) == ("not_arrived", None)
    assert move.due is not None
    assert (move.due.at, move.due.owner) == (MORNING + timedelta(days=1), "client")
    assert not decisions.effects


@pytest.mark.parametrize("word", ["no", ""])
def test_who_does_not_arrive_ends_as_a_no_show_and_is_not_told_that_they_asked_for_it(
    word: str,
) -> None:
    decisions = decided(decide, not_arrived(word), as_of=MORNING + timedelta(days=1))

    assert the_move(decisions).disposition == "NO_SHOW"
    assert told(decisions) == ["no_response"]


def test_a_hire_without_a_start_date_stays_put() -> None:
    decisions = decided(decide, a_hire(start_on=None), as_of=MORNING)

    assert not decisions.moves
    assert not decisions.effects
