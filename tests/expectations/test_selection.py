"""At the door of selection: all rounds held, all scorecards in."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {
    "rounds_planned": 2,
    "rounds_completed": 2,
    "scorecards_planned": 3,
    "scorecards_in": 3,
}
CASES: list[Case] = [
    ({}, set()),
    ({"rounds_completed": 3, "scorecards_in": 4}, set()),
    ({"rounds_completed": 1}, {"SEL-001"}),
    ({"scorecards_in": 2}, {"SEL-002"}),
]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("selection", database, GOOD, CASES) == [rules for _, rules in CASES]
