"""Before the first pay run: arrived, section 2 of the I-9 done, reported to the state?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "PAY-001",
        "arrived",
        Owner.CLIENT,
        "arrival is not confirmed",
        "the manager confirms the first day by the link that was sent",
    ),
    Rule(
        "PAY-002",
        "section_2",
        Owner.CLIENT,
        "form I-9 section 2 is not complete",
        "examine the documents within 3 business days of the first day (8 CFR 274a.2)",
        releasable=False,
    ),
    Rule(
        "PAY-003",
        "reported",
        Owner.CLIENT,
        "the state was not told of the new hire",
        "report them to the state's directory, and confirm it by the link that was sent",
    ),
    fresh("PAY-900", "payroll"),
)
