"""Before a hire counts: does the newest pay statement say what the signed offer said?"""

from expectations.suite import Owner, Rule, fresh

RULES = (
    Rule(
        "AFT-001",
        "paid_as_signed",
        Owner.CLIENT,
        "rate, unit, entity, start date or work place on the pay statement differ from the offer",
        "correct payroll to the signed offer and wait for the next statement",
        releasable=False,
    ),
    fresh("AFT-900", "payroll"),
)
