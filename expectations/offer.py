"""Before an offer is made: chosen, on an approved requisition, for an opening that is free?"""

from expectations.suite import Owner, Rule, true

RULES = (
    true(
        "OFR-001",
        "selected",
        Owner.CLIENT,
        "not chosen by the hiring manager",
        "the hiring manager decides in the applicant tracking system",
    ),
    true(
        "OFR-002",
        "requisition_approved",
        Owner.CLIENT,
        "the requisition was changed after its approval",
        "have the present version approved before offering on it",
        releasable=False,
    ),
    Rule(
        id="OFR-003",
        expect="ExpectColumnPairValuesAToBeGreaterThanB",
        args={"column_A": "free", "column_B": "rank", "or_equal": True},
        owner=Owner.CLIENT,
        reason="no opening is free: as many offers are out as there are openings",
        remedy="wait for an answer, or have another opening approved",
    ),
    Rule(
        id="OFR-004",
        expect="ExpectColumnValuesToBeBetween",
        args={"column": "answered", "min_value": 2},
        owner=Owner.CANDIDATE,
        reason="the place demands that references are complete before the offer, and they are not",
        remedy="have the referees answer first",
        when="references_first",
        releasable=False,
    ),
)
