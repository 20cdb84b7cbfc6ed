"""At the door of approval: what could not be posted, screened or decided."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "has_pay": True,
    "pay_min_cents": 6_000_000,
    "pay_max_cents": 8_000_000,
    "must_haves": 4,
    "first_of_its_kind": True,
}
CASES: list[Case] = [
    ({}, set()),
    ({"has_pay": False, "pay_min_cents": None, "pay_max_cents": None}, {"REQ-001"}),
    ({"pay_max_cents": 6_000_000}, set()),
    ({"pay_max_cents": 5_999_999}, {"REQ-002"}),
    ({"must_haves": 0}, {"REQ-003"}),
    ({"must_haves": 12}, set()),
    ({"must_haves": 13}, {"REQ-003"}),
    ({"first_of_its_kind": False}, {"REQ-004"}),
    ({"has_pay": False, "must_haves": 0}, {"REQ-001", "REQ-003"}),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("requisition", database, GOOD, CASES) == [rules for _, rules in CASES]
