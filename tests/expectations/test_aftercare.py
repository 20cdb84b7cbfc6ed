"""Before a hire counts: paid as signed."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {"paid_as_signed": True}
CASES: list[Case] = [({}, set()), ({"paid_as_signed": False}, {"AFT-001"})]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("aftercare", database, GOOD, CASES) == [rules for _, rules in CASES]
