"""At the door of the references: nobody's referees are troubled in vain."""

from typing import Any

from deployments.postgres import Urls
from tests.expectations.judged import Case, broken

GOOD: dict[str, Any] = {"selected": True}
CASES: list[Case] = [({}, set()), ({"selected": False}, {"REF-001"})]


def test_each_rule_holds_exactly_who_breaks_it(database: Urls) -> None:
    assert broken("references", database, GOOD, CASES) == [rules for _, rules in CASES]
