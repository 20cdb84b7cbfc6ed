"""Applications submitted to the hiring manager: is the packet complete and the interest fresh?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.ledger.rows import ApplicationRow, applications, read_at
from connectors.ledger.screening import EVIDENCE, SCREEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(ApplicationRow):
    """`interest_at` is when interest was last confirmed; `interest_days` how long ago that is.

    `tracker_read_at`: when the tracker's applications were last read; None: never.
    """

    musts: int
    shown: int
    met: int
    interest_at: datetime | None
    interest_days: float | None
    interest_lasts_days: int
    expects_cents: int | None
    pay_max_cents: int | None
    screen_answers: list[dict[str, str]]
    evidence: dict[str, Any]
    tracker_read_at: datetime | None


INTEREST = """
    LEFT JOIN LATERAL (
        SELECT max(h.at) AS interest_at FROM (
            SELECT k.submitted_at AS at FROM scorecard k
            WHERE k.application_id = s.id AND k.round = 'recruiter_screen'
              AND k.answers @> '[{"question": "interested", "value": "yes"}]'
            UNION ALL
            SELECT f.updated_at FROM form_answer f
            WHERE f.client = s.client AND f.subject = s.key AND f.form = 'interest'
              AND f.fields ->> 'interested' = 'yes'
        ) h
    ) interest ON true
"""
ROWS = applications(
    columns=f"""
        , jsonb_array_length(r.fields -> 'must_haves') AS musts
        , (SELECT count(*) FROM evidence v WHERE v.application_id = s.id) AS shown
        , (SELECT count(*) FROM evidence v WHERE v.application_id = s.id AND v.met) AS met
        , interest_at
        , extract(epoch FROM CAST(:as_of AS timestamptz) - interest_at) / 86400.0 AS interest_days
        , (SELECT CAST(c.process -> 'screening' ->> 'interest_days' AS int) FROM client c
           WHERE c.client = s.client) AS interest_lasts_days
        , (SELECT CAST(w ->> 'value' AS bigint) FROM jsonb_array_elements(screen_answers) w
           WHERE w ->> 'question' = 'pay_expectation_cents' AND w ->> 'value' ~ '^[0-9]+$'
           LIMIT 1) AS expects_cents
        , CAST(r.fields -> 'pay' ->> 'max_cents' AS bigint) AS pay_max_cents
        , coalesce(screen_answers, '[]') AS screen_answers
        , {read_at("applicant_tracking", "applications")} AS tracker_read_at
        , {EVIDENCE}
    """,
    joins=SCREEN + INTEREST,
)
