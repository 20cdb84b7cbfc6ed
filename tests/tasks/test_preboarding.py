"""Preboarding: payroll holds what was signed, and the new hire's own tasks are done."""

from datetime import date, timedelta
from typing import Any

import pytest

from connectors.ledger.preboarding import Row
from connectors.records import CorrectHire, CreateHire
from tasks.forms import FORMS
from tasks.preboarding import decide, differences
from tests.tasks.factories import (
    HARBOR,
    NOW,
    an_application,
    answered,
    asked,
    decided,
    fields,
    kinds,
    requests,
    the_move,
    told,
)

START = date(2026, 3, 18)
TASKS = FORMS["preboarding"].until
OFFER = {
    "title": "Accounting Clerk",
    "rate_cents": 7_000_000,
    "unit": "year",
    "start_on": START.isoformat(),
    "entity": HARBOR.brand.legal_entity,
    "work_place": fields()["places"][0],
}
DONE = answered("preboarding", **dict.fromkeys(TASKS, "yes"))
WRONG = {
    "hired_cents": 6_999_999,
    "hired_unit": "hour",
    "hired_start_on": date(2026, 3, 19),
    "hired_entity": "Harbor Holdings LLC",
}


def a_hire(**values: Any) -> Row:
    common: dict[str, Any] = {
        "offer": OFFER,
        "offer_hash": "v1",
        "start_on": START,
        "signature": "signed",
        "signed_at": None,
        "employee_ref": "employee-7",
        "onboarding": "invited",
        "hired_entity": HARBOR.brand.legal_entity,
        "hired_start_on": START,
        "hired_cents": 7_000_000,
        "hired_unit": "year",
        "hired_place": "San Francisco, CA",
        "report_days": 20,
        "offer_accepted": True,
        "cleared": True,
        "references_done": True,
        "state": "tasks_open",
        "effects": asked("payroll.create"),
    }
    return an_application(Row, **common | values)


def test_the_hire_is_created_with_exactly_the_signed_terms() -> None:
    row = a_hire(state="entered", effects={}, employee_ref=None, name="Dr. Ada King Lovelace")

    decisions = decided(decide, row)

    (hire,) = requests(decisions, CreateHire)
    assert (hire.rate_cents, hire.unit, hire.start_on) == (7_000_000, "year", START)
    assert (hire.first_name, hire.last_name) == ("Ada", "Lovelace")
    assert hire.entity == HARBOR.brand.legal_entity
    assert told(decisions) == ["preboarding"]


@pytest.mark.parametrize(
    ("days", "by"), [(20, date(2026, 4, 7)), (7, date(2026, 3, 25)), (None,) * 2]
)
def test_payroll_is_told_until_when_the_state_is_to_be_told(
    days: int | None, by: date | None
) -> None:
    row = a_hire(state="entered", effects={}, employee_ref=None, report_days=days)

    (hire,) = requests(decided(decide, row), CreateHire)

    assert hire.report_by == by


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sting", ("Sting", "Sting")),
        ("Lovelace, Ada", ("Ada", "Lovelace")),
        ("李 小龙", ("小龙", "李")),
        ("Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
    ],
)
def test_a_name_always_gives_payroll_both_its_parts(name: str, expected: tuple[str, str]) -> None:
    row = a_hire(state="entered", effects={}, employee_ref=None, name=name)

    (hire,) = requests(decided(decide, row), CreateHire)

    assert (hire.first_name, hire.last_name) == expected


def test_it_is_created_once() -> None:
    assert not kinds(decided(decide, a_hire()))


def test_all_tasks_and_an_equal_record_pass_on() -> None:
    assert the_move(decided(decide, a_hire(forms=DONE))).ready_for == "day_one"


@pytest.mark.parametrize("task", TASKS)
def test_one_open_task_keeps_the_hire_here(task: str) -> None:
    forms = answered("preboarding", **dict.fromkeys(TASKS, "yes") | {task: "no"})

    assert not decided(decide, a_hire(forms=forms)).moves


@pytest.mark.parametrize(("days", "expected"), [(0, []), (1, []), (2, ["preboarding"])])
def test_who_has_left_a_task_open_is_asked_again(days: int, expected: list[str]) -> None:
    forms = answered("preboarding", policies="yes", equipment="no", i9_section_1="yes")

    decisions = decided(decide, a_hire(forms=forms), as_of=NOW + timedelta(days=days))

    assert told(decisions) == expected


def test_who_has_done_everything_is_not_asked_again() -> None:
    waiting = a_hire(forms=DONE, employee_ref=None, hired_cents=None)

    assert not told(decided(decide, waiting, as_of=NOW + timedelta(days=9)))


def test_nobody_passes_before_payroll_has_the_record() -> None:
    assert not decided(decide, a_hire(forms=DONE, employee_ref=None, hired_cents=None)).moves


@pytest.mark.parametrize(
    ("column", "term"),
    [
        ("hired_cents", "rate"),
        ("hired_unit", "unit"),
        ("hired_start_on", "start date"),
        ("hired_entity", "entity"),
    ],
)
def test_a_record_that_differs_is_corrected_to_what_was_signed(column: str, term: str) -> None:
    row = a_hire(forms=DONE, **{column: WRONG[column]})

    decisions = decided(decide, row)

    assert differences(row) == [term]
    (correction,) = requests(decisions, CorrectHire)
    assert (correction.rate_cents, correction.start_on) == (7_000_000, START)
    assert (the_move(decisions).to_state, the_move(decisions).ready_for) == ("mismatch", None)
    assert the_move(decisions).reason == f"payroll differs: {term}"


def test_what_was_corrected_passes_on() -> None:
    assert the_move(decided(decide, a_hire(forms=DONE, state="mismatch"))).ready_for == "day_one"
