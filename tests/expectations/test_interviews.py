"""At the door of the interviews: a packet was read, and accepted."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {"packet_sent": True, "accepted": True}
CASES: list[Case] = [
    ({}, set()),
    ({"packet_sent": False}, {"IVW-001"}),
    ({"accepted": False}, {"IVW-002"}),
    ({"accepted": None}, {"IVW-002"}),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("interviews", database, GOOD, CASES) == [rules for _, rules in CASES]
