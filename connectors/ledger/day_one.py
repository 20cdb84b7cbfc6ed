"""New hires around their start date: payroll has them as signed, and the form I-9 is in hand."""

from dataclasses import dataclass

from connectors.ledger.preboarding import HIRED, HiredRow
from connectors.ledger.rows import EMPLOYEE, OFFER, applications


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(HiredRow):
    """`read_back`: what payroll holds equals the signed offer."""

    read_back: bool
    section_1: bool
    days_to_start: int | None


READ_BACK = """
    coalesce(hired_cents = CAST(offer ->> 'rate_cents' AS bigint)
        AND hired_unit = offer ->> 'unit' AND hired_start_on = start_on
        AND hired_entity = offer ->> 'entity', false)
"""
ROWS = applications(
    columns=f"""
        {HIRED}
        , {READ_BACK} AS read_back
        , EXISTS (SELECT 1 FROM form_answer f WHERE f.client = s.client AND f.subject = s.key
              AND f.form = 'preboarding' AND f.fields ->> 'i9_section_1' = 'yes') AS section_1
        , start_on - CAST(:as_of AS timestamptz)::date AS days_to_start
    """,
    joins=OFFER + EMPLOYEE,
)
