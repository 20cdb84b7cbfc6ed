"""At the door of intake: can this person be written to?"""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "has_email": True,
    "email": "ada@example.org",
    "name": "Ada Lovelace",
    "has_phone": True,
    "phone": "+1 (415) 555-0100",
}
CASES: list[Case] = [
    ({}, set()),
    ({"has_email": False, "email": None}, {"INT-001"}),
    ({"email": "ada at example.org"}, {"INT-002"}),
    ({"email": "ada@example"}, {"INT-002"}),
    ({"email": "ada@example.org, eve@example.org"}, {"INT-002"}),
    ({"name": ""}, {"INT-003"}),
    ({"name": "A" * 301}, {"INT-003"}),
    ({"phone": "call me"}, {"INT-004"}),
    ({"has_phone": False, "phone": None}, set()),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("intake", database, GOOD, CASES) == [rules for _, rules in CASES]
