"""At the door of submittal: qualified and interested are computed, not typed."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "musts": 4,
    "shown": 4,
    "met": 4,
    "interest_at": "2026-03-02T15:00:00+00:00",
    "interest_days": 3.5,
    "interest_lasts_days": 14,
    "expects_cents": 7_000_000,
    "pay_max_cents": 8_000_000,
}
CASES: list[Case] = [
    ({}, set()),
    ({"shown": 3, "met": 3}, {"SUB-001"}),
    ({"met": 3}, {"SUB-002"}),
    ({"interest_at": None, "interest_days": None}, {"SUB-003"}),
    ({"interest_days": 14.0}, set()),
    ({"interest_days": 14.01}, {"SUB-004"}),
    ({"expects_cents": 8_000_001}, {"SUB-005"}),
    ({"expects_cents": None}, set()),
    ({"pay_max_cents": None}, set()),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("submittal", database, GOOD, CASES) == [rules for _, rules in CASES]
