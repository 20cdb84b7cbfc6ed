"""At the door of screening: known, stamped, and in the tracker."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "person_id": 3,
    "source_stamped": True,
    "owner_stamped": True,
    "tracker_ref": "tracker-7",
}
CASES: list[Case] = [
    ({}, set()),
    ({"person_id": None}, {"SCR-001"}),
    ({"source_stamped": False}, {"SCR-002"}),
    ({"owner_stamped": False}, {"SCR-003"}),
    ({"tracker_ref": None}, {"SCR-004"}),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("screening", database, GOOD, CASES) == [rules for _, rules in CASES]
