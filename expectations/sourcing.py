"""Before a requisition is advertised: is it approved, and is the posting lawful in every place?

Which places demand what is data: expectations/law, joined to the row's places by the ledger.
"""

from expectations.suite import Owner, Rule, at_most

RULES = (
    Rule(
        "SRC-001",
        "approved",
        Owner.CLIENT,
        "the approval is for other pay, places, headcount, level or must-haves",
        "have the present version approved",
        releasable=False,
    ),
    Rule(
        "SRC-002",
        "has_pay",
        Owner.CLIENT,
        "pay range missing, and a place of work demands it in the posting",
        "set pay.min_cents and pay.max_cents",
        when="pay_required",
        releasable=False,
    ),
    Rule(
        "SRC-003",
        "has_benefits",
        Owner.CLIENT,
        "benefits missing, and a place of work demands them in the posting",
        "describe the benefits in the field benefits",
        when="benefits_required",
        releasable=False,
    ),
    Rule(
        "SRC-004",
        "closes_on IS NOT NULL",
        Owner.CLIENT,
        "application deadline missing, and a place of work demands it in the posting",
        "set closes_on",
        when="deadline_required",
        releasable=False,
    ),
    Rule(
        "SRC-005",
        "has_vacancy",
        Owner.CLIENT,
        "a place of work demands a statement that the vacancy exists, and it does not",
        "post only for an existing vacancy there, or say in the requisition that there is one",
        when="vacancy_required",
        releasable=False,
    ),
    Rule("SRC-006", "pay_order", Owner.CLIENT, "pay range upside down", "swap its two ends"),
    Rule(
        "SRC-007",
        "NOT forbidden",
        Owner.CLIENT,
        "the description uses a phrase that fair-chance or posting law forbids",
        "remove words on criminal records, home experience or age from the description",
        releasable=False,
    ),
    Rule(
        "SRC-008",
        "has_regions",
        Owner.CLIENT,
        "a place has no state or province, which the boards' feeds demand",
        "set region for each place; a remote role takes that of the office it reports to",
    ),
    at_most("SRC-900", 20_000, "more than 20,000 requisitions at once"),
)
