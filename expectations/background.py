"""Before a background check is ordered: does the place allow it now, and is it reasoned?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "BGC-001",
        "offer_accepted",
        Owner.CANDIDATE,
        "the place allows this check only after an accepted conditional offer",
        "wait for the signature; no release shortens this",
        when="offer_first",
        releasable=False,
    ),
    Rule(
        "BGC-002",
        "check_reasoned",
        Owner.CLIENT,
        "no written job-related reason for the check",
        "write it into background.reason",
    ),
    Rule(
        "BGC-003",
        "certified",
        Owner.CLIENT,
        "the employer's certification to the screener is not on file",
        "set background.certified_on in the client's process (15 USC 1681b(b)(1))",
        when="check_planned",
        releasable=False,
    ),
    fresh("BGC-900", "signatures"),
)
