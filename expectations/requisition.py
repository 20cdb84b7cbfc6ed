"""Before a request is taken to approval: could it be posted, screened and decided at all?"""

from expectations.suite import Owner, Rule, at_most, true

RULES = (
    true(
        "REQ-001",
        "has_pay",
        Owner.CLIENT,
        "pay range missing",
        "set pay.min_cents and pay.max_cents; most places demand the range in the posting",
    ),
    Rule(
        id="REQ-002",
        expect="ExpectColumnPairValuesAToBeGreaterThanB",
        args={
            "column_A": "pay_max_cents",
            "column_B": "pay_min_cents",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        owner=Owner.CLIENT,
        reason="the top of the pay range is below its bottom",
        remedy="swap pay.min_cents and pay.max_cents",
    ),
    Rule(
        id="REQ-003",
        expect="ExpectColumnValuesToBeBetween",
        args={"column": "must_haves", "min_value": 1, "max_value": 12},
        owner=Owner.CLIENT,
        reason="no must-have, or more than twelve",
        remedy="name the few requirements that decide, each with how it is evidenced",
    ),
    true(
        "REQ-004",
        "first_of_its_kind",
        Owner.CLIENT,
        "another open requisition has the same title and places",
        "raise its headcount instead, or confirm that this is a separate role",
        critical=False,
    ),
    at_most("REQ-900", 20_000, "more than 20,000 requisitions at once"),
)
