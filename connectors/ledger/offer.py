"""Applications being made an offer: inside the band, on an approved version, for a free opening."""

from dataclasses import dataclass
from datetime import datetime

from connectors.ledger.references import ANSWERED
from connectors.ledger.rows import APPROVED, OFFER, OfferRow, applications, law, read_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(OfferRow):
    """`rank` numbers the people waiting for an offer on a requisition, `free` its open openings.

    `signatures_read_at`: up to when the signatures were last read to their end.
    """

    selected: bool
    answered: int
    references_first: bool
    requisition_approved: bool
    rank: int
    free: int
    expects_cents: int | None
    signatures_read_at: datetime | None


SIGNATURES_READ = read_at("signatures", "signature_requests")
# As far as was read, what effect `e` sent can no longer be signed.
CLOSED = """
    EXISTS (SELECT 1 FROM signature g WHERE g.client = e.client AND g.system = e.system
            AND g.external_id = e.external_id AND g.status <> 'awaiting')
"""
ROWS = applications(
    columns=f"""
        , offer, offer_hash, start_on, signature, signed_at
        , coalesce(tracker.stage = 'offer', false) AS selected
        , {ANSWERED} AS answered
        , EXISTS (SELECT 1 {law("stage_order")} AND l.first = 'references' AND l.then = 'offer')
          AS references_first
        , (SELECT CAST(c.process -> 'references' ->> 'required' AS int) FROM client c
           WHERE c.client = s.client) AS references_required
        , {APPROVED} AS requisition_approved
        , row_number() OVER (PARTITION BY s.requisition_id ORDER BY s.since, s.key) AS rank
        , r.headcount - (
            SELECT count(*) FROM transition t JOIN application a ON a.id = t.subject_id
            WHERE t.subject_kind = 'application' AND a.requisition_id = s.requisition_id
              AND a.id <> s.id AND t.to_stage = 'offer' AND t.from_stage <> 'offer'
              AND (a.disposition IS NULL OR a.disposition = 'HIRED_PAID')) AS free
        , (SELECT CAST(w ->> 'value' AS bigint) FROM scorecard k, jsonb_array_elements(k.answers) w
           WHERE k.application_id = s.id AND k.round = 'recruiter_screen'
             AND w ->> 'question' = 'pay_expectation_cents' AND w ->> 'value' ~ '^[0-9]+$'
           ORDER BY k.submitted_at DESC LIMIT 1) AS expects_cents
        , {SIGNATURES_READ} AS signatures_read_at
    """,
    joins=OFFER,
)
