"""What must be true to enter a stage: one suite per stage, named like it."""

from expectations import (
    aftercare,
    background,
    day_one,
    intake,
    interviews,
    offer,
    payroll,
    preboarding,
    references,
    requisition,
    screening,
    selection,
    sourcing,
    submittal,
)
from expectations.suite import Rule

SUITES: dict[str, tuple[Rule, ...]] = {
    "requisition": requisition.RULES,
    "sourcing": sourcing.RULES,
    "intake": intake.RULES,
    "screening": screening.RULES,
    "submittal": submittal.RULES,
    "interviews": interviews.RULES,
    "selection": selection.RULES,
    "references": references.RULES,
    "offer": offer.RULES,
    "background": background.RULES,
    "preboarding": preboarding.RULES,
    "day_one": day_one.RULES,
    "payroll": payroll.RULES,
    "aftercare": aftercare.RULES,
}
