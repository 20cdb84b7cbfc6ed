"""At the door of advertising: what the law of a place demands, and only there."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "approved": True,
    "pay_required": False,
    "has_pay": True,
    "benefits_required": False,
    "has_benefits": True,
    "deadline_required": False,
    "closes_on": "2026-05-01",
    "vacancy_required": False,
    "has_vacancy": True,
    "pay_order": True,
    "forbidden": False,
    "has_regions": True,
}
CASES: list[Case] = [
    ({}, set()),
    ({"approved": False}, {"SRC-001"}),
    ({"has_pay": False}, set()),
    ({"has_pay": False, "pay_required": True}, {"SRC-002"}),
    ({"has_benefits": False}, set()),
    ({"has_benefits": False, "benefits_required": True}, {"SRC-003"}),
    ({"closes_on": None}, set()),
    ({"closes_on": None, "deadline_required": True}, {"SRC-004"}),
    ({"has_vacancy": False}, set()),
    ({"has_vacancy": False, "vacancy_required": True}, {"SRC-005"}),
    ({"pay_order": False}, {"SRC-006"}),
    ({"forbidden": True}, {"SRC-007"}),
    ({"has_regions": False}, {"SRC-008"}),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("sourcing", database, GOOD, CASES) == [rules for _, rules in CASES]
