"""Before referees are troubled: was this person chosen by the hiring manager?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "REF-001",
        "selected",
        Owner.CLIENT,
        "not chosen by the hiring manager",
        "the hiring manager decides in the applicant tracking system",
    ),
    fresh("REF-900", "applicant_tracking"),
)
