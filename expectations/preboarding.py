"""Before a new hire is created in payroll: signed, checked, and references in?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "PRE-001",
        "offer_accepted",
        Owner.CANDIDATE,
        "the present version of the offer is not signed",
        "wait for the signature on the present version",
        releasable=False,
    ),
    Rule(
        "PRE-002",
        "cleared",
        Owner.CLIENT,
        "the background check is neither clear nor cleared by a person",
        "the compliance reviewer decides; a report never decides by itself",
        releasable=False,
    ),
    Rule(
        "PRE-004",
        "payable",
        Owner.CLIENT,
        "the connected payroll does not pay in the country of the place of work",
        "connect a payroll for that country and name it in the process under payroll.countries",
    ),
    Rule(
        "PRE-003",
        "references_done",
        Owner.CANDIDATE,
        "references are not complete",
        "ask the next referee",
    ),
    fresh("PRE-900", "background_checks"),
)
