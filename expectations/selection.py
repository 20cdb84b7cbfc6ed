"""Before anyone is compared: were all rounds held, and is every interviewer's scorecard in?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "SEL-001",
        "rounds_completed >= rounds_planned",
        Owner.CLIENT,
        "a planned interview round was not held",
        "hold it, or change the plan for everyone",
    ),
    Rule(
        "SEL-002",
        "scorecards_in >= scorecards_planned",
        Owner.CLIENT,
        "an interviewer's scorecard is missing",
        "ask that interviewer; nobody sees the others' before",
        releasable=False,
    ),
    fresh("SEL-900", "applicant_tracking"),
)
