"""Before referees are troubled: was this person chosen by the hiring manager?"""

from expectations.suite import Owner, true

RULES = (
    true(
        "REF-001",
        "selected",
        Owner.CLIENT,
        "not chosen by the hiring manager",
        "the hiring manager decides in the applicant tracking system",
    ),
)
