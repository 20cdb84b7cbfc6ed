"""Before interviews are arranged: did the hiring manager read a packet and accept this person?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "IVW-001",
        "packet_sent",
        Owner.PROVIDER,
        "no submittal packet has reached the hiring manager",
        "look at the effect tracker.note of this application",
    ),
    Rule(
        "IVW-002",
        "accepted",
        Owner.CLIENT,
        "not accepted by the hiring manager",
        "the hiring manager decides in the applicant tracking system",
    ),
    fresh("IVW-900", "applicant_tracking"),
)
