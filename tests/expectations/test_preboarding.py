"""At the door of preboarding: signed, cleared, with references, and payable."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "offer_accepted": True,
    "cleared": True,
    "references_done": True,
    "payable": True,
}
CASES: list[Case] = [
    ({}, set()),
    ({"offer_accepted": False}, {"PRE-001"}),
    ({"cleared": False}, {"PRE-002"}),
    ({"cleared": None}, {"PRE-002"}),
    ({"references_done": False}, {"PRE-003"}),
    ({"payable": False}, {"PRE-004"}),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("preboarding", database, GOOD, CASES) == [rules for _, rules in CASES]
