"""New hires on payroll: does the first pay statement say what the signed offer said?"""

from dataclasses import dataclass
from typing import Any

from connectors.ledger.preboarding import HIRED, HiredRow
from connectors.ledger.rows import EMPLOYEE, OFFER, applications, law


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(HiredRow):
    """`statements` are the processed pay statements, oldest first.

    `reported`: the state was told of the new hire, or payroll tells it.
    """

    arrived: bool
    section_2: bool
    reported: bool
    statements: list[dict[str, Any]]


STATEMENTS = """
    coalesce((SELECT jsonb_agg(to_jsonb(p) - 'document' ORDER BY p.check_on) FROM pay_statement p
              WHERE p.application_id = s.id), '[]') AS statements
"""
_FORM = """
    EXISTS (SELECT 1 FROM form_answer f WHERE f.client = s.client AND f.subject = s.key
        AND f.form = '{form}' AND f.fields ->> '{field}' = 'yes')
"""
REPORTED = f"""
    ((SELECT c.process -> 'payroll' ->> 'new_hire_report' FROM client c WHERE c.client = s.client)
        IS DISTINCT FROM 'hr'
     OR NOT EXISTS (SELECT 1 {law("new_hire_report")})
     OR {_FORM.format(form="new_hire_report", field="reported")})
"""
ROWS = applications(
    columns=f"""
        {HIRED}
        , {_FORM.format(form="day_one", field="arrived")} AS arrived
        , {_FORM.format(form="i9_section_2", field="documents_examined")} AS section_2
        , {REPORTED} AS reported
        , {STATEMENTS}
    """,
    joins=OFFER + EMPLOYEE,
)
