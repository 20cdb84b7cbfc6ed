"""Before anyone is taken in: may we and can we write to this person about an open role?"""

from expectations.suite import Owner, Rule, at_most

RULES = (
    Rule(
        "INT-001",
        "has_email",
        Owner.PROVIDER,
        "no e-mail address: this person could not be answered",
        "find the address, or release the application and answer by telephone",
    ),
    Rule(
        "INT-002",
        r"email ~ '^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]{2,}$'",
        Owner.PROVIDER,
        "the e-mail address cannot be written to",
        "correct the address with the person, then release",
        when="has_email",
    ),
    Rule(
        "INT-003",
        "length(name) BETWEEN 1 AND 300",
        Owner.PROVIDER,
        "no name",
        "ask the person for a name",
    ),
    Rule(
        "INT-004",
        r"phone ~ '^\+?[0-9 ()./\-]{7,24}$'",
        Owner.CANDIDATE,
        "the telephone number is malformed",
        "ask for it at the screen; nothing waits for it",
        when="has_phone",
        critical=False,
    ),
    at_most("INT-900", 50_000, "more than 50,000 arrivals at once: a board is echoing itself"),
)
