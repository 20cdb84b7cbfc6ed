"""Before anyone is screened: is it known who this is, whence they came, and were they answered?"""

from expectations.suite import Owner, Rule, true

RULES = (
    Rule(
        id="SCR-001",
        expect="ExpectColumnValuesToNotBeNull",
        args={"column": "person_id"},
        owner=Owner.PROVIDER,
        reason="not resolved to one person",
        remedy="decide on the proposed match",
    ),
    true("SCR-002", "source_stamped", Owner.PROVIDER, "source missing", "stamp the source"),
    true("SCR-003", "owner_stamped", Owner.PROVIDER, "owner missing", "stamp the owner"),
    Rule(
        id="SCR-004",
        expect="ExpectColumnValuesToNotBeNull",
        args={"column": "tracker_ref"},
        owner=Owner.VENDOR,
        reason="unknown to the applicant tracking system",
        remedy="look at the effect tracker.add of this application",
    ),
)
