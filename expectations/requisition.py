"""Before a request is taken to approval: could it be posted, screened and decided at all?"""

from expectations.suite import Owner, Rule, at_most

RULES = (
    Rule(
        "REQ-001",
        "has_pay",
        Owner.CLIENT,
        "pay range missing",
        "set pay.min_cents and pay.max_cents; most places demand the range in the posting",
    ),
    Rule(
        "REQ-002",
        "coalesce(pay_max_cents >= pay_min_cents, true)",
        Owner.CLIENT,
        "the top of the pay range is below its bottom",
        "swap pay.min_cents and pay.max_cents",
    ),
    Rule(
        "REQ-003",
        "must_haves BETWEEN 1 AND 12",
        Owner.CLIENT,
        "no must-have, or more than twelve",
        "name the few requirements that decide, each with how it is evidenced",
    ),
    Rule(
        "REQ-004",
        "first_of_its_kind",
        Owner.CLIENT,
        "another open requisition has the same title and places",
        "raise its headcount instead, or confirm that this is a separate role",
        critical=False,
    ),
    at_most("REQ-900", 20_000, "more than 20,000 requisitions at once"),
)
