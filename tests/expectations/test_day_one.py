"""At the door of the first day: payroll holds what was signed, section 1 is in."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {"read_back": True, "section_1": True}
CASES: list[Case] = [
    ({}, set()),
    ({"read_back": False}, {"DAY-001"}),
    ({"section_1": False}, {"DAY-002"}),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("day_one", database, GOOD, CASES) == [rules for _, rules in CASES]
