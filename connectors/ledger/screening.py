"""Applications being screened: what they answered, what they sent, what the recruiter heard."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.ledger.rows import APPROVED, ApplicationRow, applications, read_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(ApplicationRow):
    """`answers` and `screen_answers` map a question or field to its value.

    `approved`: whether the requisition's present version is. `screens_read_at`: when recruiters'
    screens were last read from the tracker; None: never.
    """

    approved: bool
    source_stamped: bool
    owner_stamped: bool
    answers: list[dict[str, str]]
    resume_text: str = field(repr=False)
    screened_at: datetime | None
    screens_read_at: datetime | None
    screen_answers: list[dict[str, str]]
    evidence: dict[str, Any]


EVIDENCE = """
    coalesce((SELECT jsonb_object_agg(v.must_have, v.met) FROM evidence v
              WHERE v.application_id = s.id), '{}') AS evidence
"""
SCREEN = """
    LEFT JOIN LATERAL (
        SELECT DISTINCT ON (k.application_id)
               k.application_id, k.submitted_at AS screened_at, k.answers AS screen_answers
        FROM scorecard k WHERE k.application_id = s.id AND k.round = 'recruiter_screen'
        ORDER BY k.application_id, k.submitted_at DESC
    ) screen ON screen.application_id = s.id
"""
ROWS = applications(
    columns=f"""
        , {APPROVED} AS approved
        , s.source <> '' AS source_stamped
        , s.owner <> '' AS owner_stamped
        , s.answers, s.resume_text, screened_at, coalesce(screen_answers, '[]') AS screen_answers
        , {read_at("applicant_tracking", "scorecards")} AS screens_read_at
        , {EVIDENCE}
    """,
    joins=SCREEN,
)
