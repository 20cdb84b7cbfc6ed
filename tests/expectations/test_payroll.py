"""At the door of the first pay run: arrived, section 2 is done, the state was told."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {"arrived": True, "section_2": True, "reported": True}
CASES: list[Case] = [
    ({}, set()),
    ({"arrived": False}, {"PAY-001"}),
    ({"section_2": False}, {"PAY-002"}),
    ({"reported": False}, {"PAY-003"}),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("payroll", database, GOOD, CASES) == [rules for _, rules in CASES]
