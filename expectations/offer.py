"""Before an offer is made: chosen, on an approved requisition, for an opening that is free?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "OFR-001",
        "selected",
        Owner.CLIENT,
        "not chosen by the hiring manager",
        "the hiring manager decides in the applicant tracking system",
    ),
    Rule(
        "OFR-002",
        "requisition_approved",
        Owner.CLIENT,
        "the requisition was changed after its approval",
        "have the present version approved before offering on it",
        releasable=False,
    ),
    Rule(
        "OFR-003",
        "free >= rank",
        Owner.CLIENT,
        "no opening is free: as many offers are out as there are openings",
        "wait for an answer, or have another opening approved",
    ),
    Rule(
        "OFR-004",
        "answered >= references_required",
        Owner.CANDIDATE,
        "the place demands that references are complete before the offer, and they are not",
        "have the referees answer first",
        when="references_first",
        releasable=False,
    ),
    fresh("OFR-900", "applicant_tracking"),
)
