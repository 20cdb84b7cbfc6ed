"""The finish line: only a pay statement that says what was signed fills the opening."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.payroll import Row
from connectors.records import CorrectHire, SendMessage
from tasks.payroll import decide, mismatches
from tests.tasks.factories import (
    HARBOR,
    an_application,
    asked,
    decided,
    fields,
    kinds,
    requests,
    the_move,
    told,
)

OFFER = {
    "rate_cents": 7_000_000,
    "unit": "year",
    "start_on": "2026-03-18",
    "entity": HARBOR.brand.legal_entity,
    "work_place": fields()["places"][0],
}
WRONG = {
    "rate_cents": ("rate", 7_000_001),
    "unit": ("unit", "hour"),
    "start_on": ("start date", "2026-03-19"),
    "entity": ("entity", "Harbor Holdings LLC"),
    "work_place": ("work place", "Oakland, CA"),
}


def a_statement(number: int = 1, **terms: Any) -> dict[str, Any]:
    common: dict[str, Any] = {
        "external_id": f"statement-{number}",
        "gross_cents": 123_456,  # a partial first period
        "rate_cents": 7_000_000,
        "unit": "year",
        "start_on": "2026-03-18",
        "entity": HARBOR.brand.legal_entity,
        "work_place": "San Francisco, CA",
    }
    return common | terms


def a_hire(*statements: dict[str, Any], **values: Any) -> Row:
    common: dict[str, Any] = {
        "offer": OFFER,
        "offer_hash": "v1",
        "start_on": None,
        "signature": "signed",
        "signed_at": None,
        "employee_ref": "employee-7",
        "onboarding": "complete",
        "hired_entity": None,
        "hired_start_on": None,
        "hired_cents": None,
        "hired_unit": None,
        "hired_place": None,
        "arrived": True,
        "section_2": True,
        "reported": True,
        "report_days": 20,
        "statements": list(statements),
    }
    return an_application(Row, **common | values)


def test_without_a_statement_nothing_is_filled() -> None:
    decisions = decided(decide, a_hire())

    assert the_move(decisions).to_state == "pay_run_pending"
    assert not decisions.filled


def test_a_statement_that_says_what_was_signed_fills_the_opening() -> None:
    decisions = decided(decide, a_hire(a_statement()))

    assert [subject.id for subject in decisions.filled] == [7]
    assert the_move(decisions).ready_for == "aftercare"
    assert not decisions.effects


@given(st.sets(st.sampled_from(sorted(WRONG)), min_size=1))
def test_any_term_that_differs_opens_a_correction_and_fills_nothing(wrong: set[str]) -> None:
    terms: dict[str, Any] = {term: WRONG[term][1] for term in wrong}
    statement = a_statement(**terms)

    decisions = decided(decide, a_hire(statement))

    names = [name for term, (name, _) in WRONG.items() if term in wrong]
    assert sorted(mismatches(statement, OFFER)) == sorted(names)
    assert not decisions.filled
    assert the_move(decisions).ready_for is None
    (correction,) = requests(decisions, CorrectHire)
    assert (correction.rate_cents, correction.unit) == (7_000_000, "year")
    assert correction.start_on.isoformat() == "2026-03-18"
    (message,) = requests(decisions, SendMessage)
    assert all(name in message.body for name in names)
    assert all(name in the_move(decisions).reason for name in names)
    assert "7,000,001" not in message.body
    assert "7000001" not in message.body


@pytest.mark.parametrize("gross", [0, 1, 99_999_999])
def test_the_gross_amount_does_not_matter(gross: int) -> None:
    assert decided(decide, a_hire(a_statement(gross_cents=gross))).filled


def test_a_correction_is_opened_once_for_each_statement() -> None:
    effects = asked("payroll.correct", "statement:statement-1")
    same = a_hire(a_statement(rate_cents=1), effects=effects)
    another = a_hire(a_statement(rate_cents=1), a_statement(2, rate_cents=1), effects=effects)

    assert not kinds(decided(decide, same))
    assert told(decided(decide, another)) == ["correct_payroll"]


def test_the_newest_statement_counts() -> None:
    healed = a_hire(a_statement(rate_cents=1), a_statement(2), state="mismatch")
    broken = a_hire(a_statement(), a_statement(2, rate_cents=1))

    assert decided(decide, healed).filled
    assert not decided(decide, broken).filled
