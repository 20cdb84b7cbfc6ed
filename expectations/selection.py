"""Before anyone is compared: were all rounds held, and is every interviewer's scorecard in?"""

from expectations.suite import Owner, Rule

RULES = (
    Rule(
        id="SEL-001",
        expect="ExpectColumnPairValuesAToBeGreaterThanB",
        args={"column_A": "rounds_completed", "column_B": "rounds_planned", "or_equal": True},
        owner=Owner.CLIENT,
        reason="a planned interview round was not held",
        remedy="hold it, or change the plan for everyone",
    ),
    Rule(
        id="SEL-002",
        expect="ExpectColumnPairValuesAToBeGreaterThanB",
        args={"column_A": "scorecards_in", "column_B": "scorecards_planned", "or_equal": True},
        owner=Owner.CLIENT,
        reason="an interviewer's scorecard is missing",
        remedy="ask that interviewer; nobody sees the others' before",
        releasable=False,
    ),
)
