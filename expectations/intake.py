"""Before anyone is taken in: may we and can we write to this person about an open role?"""

from expectations.suite import Owner, Rule, at_most, true

RULES = (
    true(
        "INT-001",
        "has_email",
        Owner.PROVIDER,
        "no e-mail address: this person could not be answered",
        "find the address, or release the application and answer by telephone",
    ),
    Rule(
        id="INT-002",
        expect="ExpectColumnValuesToMatchRegex",
        args={"column": "email", "regex": r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]{2,}$"},
        owner=Owner.PROVIDER,
        reason="the e-mail address cannot be written to",
        remedy="correct the address with the person, then release",
        when="has_email",
    ),
    Rule(
        id="INT-003",
        expect="ExpectColumnValueLengthsToBeBetween",
        args={"column": "name", "min_value": 1, "max_value": 300},
        owner=Owner.PROVIDER,
        reason="no name",
        remedy="ask the person for a name",
    ),
    Rule(
        id="INT-004",
        expect="ExpectColumnValuesToMatchRegex",
        args={"column": "phone", "regex": r"^\+?[0-9 ()./\-]{7,24}$"},
        owner=Owner.CANDIDATE,
        reason="the telephone number is malformed",
        remedy="ask for it at the screen; nothing waits for it",
        when="has_phone",
        critical=False,
    ),
    at_most("INT-900", 50_000, "more than 50,000 arrivals at once: a board is echoing itself"),
)
