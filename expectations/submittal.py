"""Before anyone is submitted: does every must-have have evidence, and is the interest fresh?

"Qualified" and "interested" are what these rules compute; nobody can type them.
"""

from expectations.suite import Owner, Rule

RULES = (
    Rule(
        id="SUB-001",
        expect="ExpectColumnPairValuesToBeEqual",
        args={"column_A": "shown", "column_B": "musts"},
        owner=Owner.PROVIDER,
        reason="a must-have has no evidence",
        remedy="complete the screen",
        releasable=False,
    ),
    Rule(
        id="SUB-002",
        expect="ExpectColumnPairValuesToBeEqual",
        args={"column_A": "met", "column_B": "musts"},
        owner=Owner.PROVIDER,
        reason="a must-have is not met",
        remedy="reject with that reason; it cannot be overridden by hand",
        releasable=False,
    ),
    Rule(
        id="SUB-003",
        expect="ExpectColumnValuesToNotBeNull",
        args={"column": "interest_at"},
        owner=Owner.CANDIDATE,
        reason="interest was never confirmed",
        remedy="ask the candidate",
    ),
    Rule(
        id="SUB-004",
        expect="ExpectColumnValuesToBeBetween",
        args={"column": "interest_days", "max_value": 14},
        owner=Owner.CANDIDATE,
        reason="interest was confirmed more than 14 days ago",
        remedy="have the candidate confirm it again; the link has been sent",
    ),
    Rule(
        id="SUB-005",
        expect="ExpectColumnPairValuesAToBeGreaterThanB",
        args={
            "column_A": "pay_max_cents",
            "column_B": "expects_cents",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        owner=Owner.CLIENT,
        reason="the candidate expects more than the posted band",
        remedy="talk about pay before submitting, or release for an exception",
    ),
)
