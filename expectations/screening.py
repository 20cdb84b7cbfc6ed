"""Before anyone is screened: is it known who this is, whence they came, and were they answered?"""

from expectations.suite import Owner, Rule

RULES = (
    Rule(
        "SCR-001",
        "person_id IS NOT NULL",
        Owner.PROVIDER,
        "not resolved to one person",
        "decide on the proposed match",
    ),
    Rule("SCR-002", "source_stamped", Owner.PROVIDER, "source missing", "stamp the source"),
    Rule("SCR-003", "owner_stamped", Owner.PROVIDER, "owner missing", "stamp the owner"),
    Rule(
        "SCR-004",
        "tracker_ref IS NOT NULL",
        Owner.VENDOR,
        "unknown to the applicant tracking system",
        "look at the effect tracker.add of this application",
    ),
)
