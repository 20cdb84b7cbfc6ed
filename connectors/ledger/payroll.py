"""New hires on payroll: does the first pay statement say what the signed offer said?"""

from dataclasses import dataclass
from typing import Any

from connectors.ledger.preboarding import HIRED, HiredRow
from connectors.ledger.rows import EMPLOYEE, OFFER, applications


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(HiredRow):
    """`statements` are the processed pay statements, oldest first."""

    arrived: bool
    section_2: bool
    statements: list[dict[str, Any]]


STATEMENTS = """
    coalesce((SELECT jsonb_agg(to_jsonb(p) - 'document' ORDER BY p.check_on) FROM pay_statement p
              WHERE p.application_id = s.id), '[]') AS statements
"""
_FORM = """
    EXISTS (SELECT 1 FROM form_answer f WHERE f.client = s.client AND f.subject = s.key
        AND f.form = '{form}' AND f.fields ->> '{field}' = 'yes')
"""
ROWS = applications(
    columns=f"""
        {HIRED}
        , {_FORM.format(form="day_one", field="arrived")} AS arrived
        , {_FORM.format(form="i9_section_2", field="documents_examined")} AS section_2
        , {STATEMENTS}
    """,
    joins=OFFER + EMPLOYEE,
)
