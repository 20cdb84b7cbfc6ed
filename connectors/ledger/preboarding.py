"""Applications being prepared for their first day: forms, payroll record, equipment."""

from dataclasses import dataclass
from datetime import date

from connectors.ledger.rows import EMPLOYEE, OFFER, REPORT, OfferRow, applications, law


@dataclass(frozen=True, slots=True, kw_only=True)
class HiredRow(OfferRow):
    """An application with its offer and the employee as payroll shows it.

    `report_days`: within how many days of the first one a place's law wants a new hire reported.
    """

    employee_ref: str | None
    onboarding: str | None
    hired_entity: str | None
    hired_start_on: date | None
    hired_cents: int | None
    hired_unit: str | None
    hired_place: str | None
    report_days: int | None


HIRED = f"""
        , offer, offer_hash, start_on, signature, signed_at
        , employee_ref, onboarding, hired_entity, hired_start_on, hired_cents, hired_unit
        , hired_place, (SELECT min(l.wait_days) {law("new_hire_report")}) AS report_days
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(HiredRow):
    """`cleared`: no background check was planned, it was clear, or a person cleared it."""

    offer_accepted: bool
    cleared: bool
    references_done: bool


ROWS = applications(
    columns=f"""
        {HIRED}
        , coalesce(signature = 'signed', false) AS offer_accepted
        , r.fields -> 'background' = 'null' OR report_result = 'clear'
          OR EXISTS (SELECT 1 FROM form_answer f WHERE f.client = s.client AND f.subject = s.key
              AND f.form = 'review_report' AND f.fields ->> 'decision' = 'clear') AS cleared
        , (SELECT jsonb_exists(c.process -> 'payroll' -> 'countries',
               r.fields -> 'places' -> 0 ->> 'country')
           FROM client c WHERE c.client = s.client) AS payable
        , EXISTS (SELECT 1 FROM transition t WHERE t.subject_kind = 'application'
              AND t.subject_id = s.id AND t.from_stage = 'references'
              AND t.to_state = 'complete') AS references_done
    """,
    joins=OFFER + REPORT + EMPLOYEE,
)
