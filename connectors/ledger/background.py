"""Applications in the background check: what the place's law allows, and for how long it waits."""

from dataclasses import dataclass
from datetime import datetime

from connectors.ledger.rows import OFFER, REPORT, OfferRow, applications, law


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(OfferRow):
    """The newest order of a check, and its report; None before the screener has told of it.

    `adverse_*_days`: the longest wait before a final notice in the row's places.
    `notice_at`: when the first notice left, where a person sends it. `report_at`: when the report
    was completed or revised; `reopened_at`: when a decision on it had to be made anew, for the last
    time.
    """

    offer_first: bool
    offer_accepted: bool
    check_planned: bool
    check_reasoned: bool
    certified: bool
    order_ref: str | None
    report_ref: str | None
    report_status: str | None
    report_result: str | None
    report_at: datetime | None
    reopened_at: datetime | None
    adverse_ref: str | None
    adverse_status: str | None
    final_notice_at: datetime | None
    notice_at: datetime | None = None
    adverse_business_days: int
    adverse_calendar_days: int


# An employer's archive in the tracker (arrival v of application s) is no ending while a report that
# is not clear is decided on, nor later if it was made until then: it would cut short what the
# candidate is owed (15 USC 1681b(b)(3)).
ARCHIVED_TOO_EARLY = """
    (v.archive_kind <> 'by_candidate'
     AND (EXISTS (SELECT 1 FROM transition t
                  WHERE t.subject_kind = 'application' AND t.subject_id = s.id
                    AND t.to_stage = 'background' AND t.to_state = 'consider')
          OR s.stage = 'background' AND EXISTS (
              SELECT 1 FROM background_report b WHERE b.application_id = s.id
                AND b.status = 'complete' AND b.result IS DISTINCT FROM 'clear'))
     AND NOT EXISTS (SELECT 1 FROM transition t
                     WHERE t.subject_kind = 'application' AND t.subject_id = s.id
                       AND t.to_stage = 'background' AND t.to_state = 'complete'
                       AND t.as_of < v.landed_at))
"""
ROWS = applications(
    columns=f"""
        , offer, offer_hash, start_on, signature, signed_at
        , EXISTS (SELECT 1 {law("stage_order")} AND l.first = 'offer' AND l.then = 'background')
          AS offer_first
        , coalesce(signature = 'signed', false) AS offer_accepted
        , r.fields -> 'background' <> 'null' AS check_planned
        , coalesce(r.fields -> 'background' ->> 'reason', 'none planned') <> '' AS check_reasoned
        , (SELECT c.process -> 'background' ->> 'certified_on' IS NOT NULL FROM client c
           WHERE c.client = s.client) AS certified
        , order_ref, report_ref, report_status, report_result, report_at
        , (SELECT max(t.as_of) FROM transition t
           WHERE t.subject_kind = 'application' AND t.subject_id = s.id
             AND t.to_stage = 'background' AND t.to_state = 'reassess') AS reopened_at
        , adverse_ref, adverse_status, notice_at, final_notice_at
        , coalesce((SELECT max(l.wait_days) {law("adverse_wait")} AND l.wait_unit = 'business'), 5)
          AS adverse_business_days
        , coalesce((SELECT max(l.wait_days) {law("adverse_wait")} AND l.wait_unit = 'calendar'), 0)
          AS adverse_calendar_days
    """,
    joins=OFFER + REPORT,
)
