"""At the door of the background check: allowed now, reasoned, and certified."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "offer_first": True,
    "offer_accepted": True,
    "check_reasoned": True,
    "check_planned": True,
    "certified": True,
}
CASES: list[Case] = [
    ({}, set()),
    ({"offer_accepted": False}, {"BGC-001"}),
    ({"offer_accepted": False, "offer_first": False}, set()),
    ({"check_reasoned": False}, {"BGC-002"}),
    ({"certified": False}, {"BGC-003"}),
    ({"certified": False, "check_planned": False}, set()),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("background", database, GOOD, CASES) == [rules for _, rules in CASES]
