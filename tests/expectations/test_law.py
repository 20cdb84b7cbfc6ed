"""The legal rules: whole, consistent and dated."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from expectations.law import LegalRule, rules

FACTS = [
    # id, day, in force
    ("PAY-US-CA-1", date(2022, 12, 31), False),
    ("PAY-US-CA-1", date(2023, 1, 1), True),
    ("PAY-US-DE-1", date(2027, 1, 2), False),
    ("PAY-US-DE-1", date(2027, 9, 26), True),
    ("PAY-CA-ON-2", date(2026, 1, 1), True),
    ("FAIR-US-WA-1", date(2026, 6, 30), False),
    ("FAIR-US-WA-1", date(2026, 7, 1), True),
    ("FAIR-US-WA-3", date(2026, 12, 31), False),
    ("FAIR-US-WA-3", date(2027, 1, 2), True),
    ("FAIR-US-NY-NYC-3", date(2021, 7, 28), True),
    ("FAIR-US-NY-NYC-3", date(2021, 7, 29), False),
    ("FAIR-US-NY-NYC-4", date(2021, 7, 29), True),
]
WAITS = [
    ("FAIR-US-1", 5, "business"),
    ("FAIR-US-CA-2", 5, "business"),
    ("FAIR-US-CA-LACOUNTY-2", 15, "business"),
    ("FAIR-US-IL-2", 5, "business"),
    ("FAIR-US-WA-4", 2, "business"),
    ("FAIR-US-PA-PHL-2", 10, "business"),
    ("I9-US-2", 3, "business"),
    ("OUT-CA-ON-1", 45, "calendar"),
]


def rule(rule_id: str) -> LegalRule:
    """The rule with an id."""
    return next(rule for rule in rules() if rule.id == rule_id)


def variant(**changes: Any) -> LegalRule:
    """A valid adverse wait with some fields changed."""
    return LegalRule.model_validate(rule("FAIR-US-CA-2").model_dump() | changes)


@pytest.mark.parametrize(("rule_id", "day", "expected"), FACTS)
def test_a_rule_is_in_force_from_its_first_day_until_the_day_before_its_end(
    rule_id: str, day: date, expected: bool
) -> None:
    found = rule(rule_id)
    ended = found.effective_to is not None and day >= found.effective_to
    assert (found.effective_from <= day and not ended) is expected


@pytest.mark.parametrize(("rule_id", "days", "unit"), WAITS)
def test_a_wait_has_the_length_and_unit_of_its_law(rule_id: str, days: int, unit: str) -> None:
    assert (rule(rule_id).wait_days, rule(rule_id).wait_unit) == (days, unit)


def test_every_adverse_wait_is_at_least_a_day_and_every_topic_is_covered() -> None:
    assert {rule.topic for rule in rules()} == {
        "posting_pay",
        "posting_benefits",
        "posting_deadline",
        "posting_ai_statement",
        "posting_vacancy",
        "stage_order",
        "adverse_wait",
        "reference_consent",
        "i9_section_2",
        "new_hire_report",
        "outcome_notice",
    }
    assert all(rule.wait_days for rule in rules() if rule.topic == "adverse_wait")


def test_new_york_city_wants_references_before_the_offer_and_the_check_after_it() -> None:
    orders = {
        (rule.first, rule.then)
        for rule in rules()
        if rule.place == "US-NY-NYC" and rule.topic == "stage_order"
    }
    assert orders == {("references", "offer"), ("offer", "background")}


def test_small_employers_in_washington_are_bound_only_from_2027() -> None:
    bound_2026 = rule("FAIR-US-WA-1")
    bound_2027 = rule("FAIR-US-WA-3")
    assert bound_2026.min_employees == 15
    assert bound_2027.min_employees is None


def test_ids_are_unique_and_every_rule_was_reviewed() -> None:
    ids = [rule.id for rule in rules()]
    assert len(set(ids)) == len(ids)
    assert {rule.reviewed_on for rule in rules()} == {date(2026, 11, 22), date(2026, 11, 26)}


@pytest.mark.parametrize(
    "changes",
    [
        {"effective_to": date(2018, 1, 1)},
        {"wait_unit": None},
        {"wait_days": None, "wait_unit": None},
        {"first": "offer", "then": "background"},
        {"topic": "stage_order"},
        {"source": "somebody said so"},
        {"place": "California"},
        {"then": "probation"},
    ],
)
def test_an_inconsistent_rule_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        variant(**changes)
