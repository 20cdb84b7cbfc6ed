"""Before the first day: does payroll hold what was signed, and is I-9 section 1 in?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "DAY-001",
        "read_back",
        Owner.PROVIDER,
        "payroll's record differs from the signed offer",
        "correct rate, unit, start date or entity in payroll to what was signed",
    ),
    Rule(
        "DAY-002",
        "section_1",
        Owner.CANDIDATE,
        "form I-9 section 1 is not complete",
        "the employee completes it on or before the first day (8 CFR 274a.2)",
        releasable=False,
    ),
    fresh("DAY-900", "payroll"),
)
