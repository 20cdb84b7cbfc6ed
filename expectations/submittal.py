"""Before anyone is submitted: does every must-have have evidence, and is the interest fresh?

"Qualified" and "interested" are what these rules compute; nobody can type them.
"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "SUB-001",
        "shown = musts",
        Owner.PROVIDER,
        "a must-have has no evidence",
        "complete the screen",
        releasable=False,
    ),
    Rule(
        "SUB-002",
        "met = shown",
        Owner.PROVIDER,
        "a must-have is not met",
        "reject with that reason; it cannot be overridden by hand",
        releasable=False,
    ),
    Rule(
        "SUB-003",
        "interest_at IS NOT NULL",
        Owner.CANDIDATE,
        "interest was never confirmed",
        "ask the candidate",
    ),
    Rule(
        "SUB-004",
        "coalesce(interest_days <= interest_lasts_days, true)",
        Owner.CANDIDATE,
        "the interest was confirmed too long ago to count on",
        "have the candidate confirm it again; the link has been sent",
    ),
    Rule(
        "SUB-005",
        "coalesce(pay_max_cents >= expects_cents, true)",
        Owner.CLIENT,
        "the candidate expects more than the posted band",
        "talk about pay before submitting, or release for an exception",
    ),
    fresh("SUB-900", "applicant_tracking"),
)
