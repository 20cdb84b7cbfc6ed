"""At the door of the offer: chosen, approved, and an opening is free."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "selected": True,
    "requisition_approved": True,
    "rank": 1,
    "free": 1,
    "references_first": False,
    "answered": 2,
    "references_required": 2,
}
CASES: list[Case] = [
    ({}, set()),
    ({"selected": False}, {"OFR-001"}),
    ({"requisition_approved": False}, {"OFR-002"}),
    ({"rank": 2}, {"OFR-003"}),
    ({"free": 0}, {"OFR-003"}),
    ({"answered": 0}, set()),
    ({"answered": 1, "references_first": True}, {"OFR-004"}),
    ({"answered": 2, "references_first": True}, set()),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("offer", database, GOOD, CASES) == [rules for _, rules in CASES]
